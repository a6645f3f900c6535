"""The audit's hash chain: append, read, verify. Lines are only ever added.

`hash = SHA256("pointsman-audit-v1" || prev || body)`, over the bytes as stored. The first line's `prev` is 32 zero
bytes, or the last hash of the segment before. Without an anchor outside the file a chain cannot tell that its end was
cut off.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from pointsman.adapters.store.schema import open_reader
from pointsman.core.audit import AuditEvent, AuditRow
from pointsman.ports import AuditQuery

_DOMAIN = b"pointsman-audit-v1"
GENESIS = bytes(32)
_COPIED = ("type", "actor", "request", "model", "rule")
_INSERT = (
    "INSERT INTO audit (seq, prev, body, hash, type, actor, request, model, rule) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_Row = tuple[int, bytes, bytes, bytes, tuple[object, ...]]  # seq, prev, body, hash, filter columns


def line_hash(prev: bytes, body: bytes) -> bytes:
    return sha256(_DOMAIN + prev + body).digest()


def bodies(lines: Iterable[AuditEvent]) -> tuple[str, ...]:
    """The text to store for each line. Raises ValueError for figures JSON does not know (NaN, infinity).

    A lone surrogate, which foreign JSON can smuggle into a text, has no UTF-8 form and becomes `?`.
    """
    return tuple(_body(line) for line in lines)


def _body(line: AuditEvent) -> str:
    body = line.body().encode("utf-8", "replace").decode("utf-8")
    _copies(body)
    return body


def _copies(body: str) -> tuple[object, ...]:
    """The values of the filter columns."""
    line = json.loads(body, parse_constant=_not_json)
    return tuple(line.get(column) for column in _COPIED)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"an audit line cannot hold {constant}")


def append(connection: sqlite3.Connection, texts: Sequence[str]) -> range:
    """Adds the lines to the chain; returns their sequence numbers."""
    head = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    last, prev = head or (0, GENESIS)
    for seq, body in enumerate(texts, start=last + 1):
        digest = line_hash(prev, body.encode())
        connection.execute(_INSERT, (seq, prev, body, digest, *_copies(body)))
        prev = digest
    return range(last + 1, last + 1 + len(texts))


def read(connection: sqlite3.Connection, query: AuditQuery) -> tuple[AuditRow, ...]:
    """The newest lines that match, newest first."""
    sql, values = select(query)
    return tuple(_row(seq, body) for seq, body in connection.execute(sql, values))


def select(query: AuditQuery) -> tuple[str, tuple[object, ...]]:
    """The statement and its values for a query; every stated part becomes one condition."""
    pattern = None if query.text is None else f"%{_escaped(query.text)}%"
    stated: tuple[tuple[str, object], ...] = (
        ("seq < ?", query.before),
        ("seq > ?", query.after),
        ("type = ?", query.type),
        ("request = ?", query.request),
        ("model = ?", query.model),
        ("rule = ?", query.rule),
        ("actor = ?", query.actor),
        (r"json_extract(body, '$.text') LIKE ? ESCAPE '\'", pattern),
    )
    used = [(condition, value) for condition, value in stated if value is not None]
    where = " AND ".join(condition for condition, _ in used) or "TRUE"
    values = (*(value for _, value in used), max(query.limit, 0))
    return f"SELECT seq, body FROM audit WHERE {where} ORDER BY seq DESC LIMIT ?", values


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _row(seq: int, body: str) -> AuditRow:
    line = json.loads(body)
    return AuditRow(
        seq=seq,
        at=float(line["at"]),
        type=line["type"],
        actor=line["actor"],
        text=line["text"],
        body=body,
        request=line.get("request"),
        model=line.get("model"),
        from_model=line.get("from_model"),
        rule=line.get("rule"),
        cost=line.get("cost"),
    )


def size(connection: sqlite3.Connection) -> int:
    """How many lines there are. Numbers have no gaps, so the ends are enough."""
    (count,) = connection.execute(
        "SELECT coalesce((SELECT max(seq) FROM audit) - (SELECT min(seq) FROM audit) + 1, 0)"
    ).fetchone()
    return int(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a check of the chain found. `bad` is the first line that does not fit, None if all do."""

    lines: int
    head: bytes  # hash of the last good line
    bad: int | None = None
    why: str = ""

    @property
    def intact(self) -> bool:
        return self.bad is None


def verify(ledger: Path) -> Verified:
    """Checks every line of the file against its predecessor. Raises sqlite3.Error if the file cannot be read."""
    connection = open_reader(ledger)
    try:
        rows = connection.execute(
            "SELECT seq, prev, CAST(body AS BLOB), hash, type, actor, request, model, rule FROM audit ORDER BY seq"
        )
        return check_chain((seq, prev, body, digest, tuple(copies)) for seq, prev, body, digest, *copies in rows)
    finally:
        connection.close()


def check_chain(rows: Iterable[_Row], prev: bytes = GENESIS) -> Verified:
    """`rows` are (seq, prev, body, hash, filter columns) in order; `prev` is what the first one must continue."""
    lines, head = 0, prev
    for bad, why, digest in _faults(rows, prev):
        if why:
            return Verified(lines=lines, head=head, bad=bad, why=why)
        lines, head = lines + 1, digest
    return Verified(lines=lines, head=head)


def _faults(rows: Iterable[_Row], head: bytes) -> Iterator[tuple[int, str, bytes]]:
    expected: int | None = None
    for seq, prev, body, digest, copies in rows:
        if expected is not None and seq != expected:
            yield expected, "this line is missing", digest
        if prev != head:
            yield seq, "it does not continue the line before", digest
        if digest != line_hash(prev, body):
            yield seq, "its text does not match its hash", digest
        if copies != _copies(body.decode()):
            yield seq, "its filter columns do not match its text", digest
        yield seq, "", digest
        head, expected = digest, seq + 1
