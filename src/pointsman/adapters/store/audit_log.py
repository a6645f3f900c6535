"""The audit's hash chain: append, read, check. Lines are only ever added.

`hash = SHA256("pointsman-audit-v1" || prev || body)`, over the bytes as stored. The first line's `prev` is 32 zero
bytes, or the last hash of the segment before. A chain alone cannot tell that its end was cut off: `inspection` holds it
against the anchor.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NoReturn

from pointsman.adapters.store.foreign import SALT_BYTES, Line, each_text, hide, reveal
from pointsman.core.audit import AuditEvent, AuditRow, EventType
from pointsman.ports import AuditQuery

_DOMAIN = b"pointsman-audit-v1"
GENESIS = bytes(32)
COPIED = ("type", "actor", "request", "model", "rule")
_INSERT = (
    "INSERT INTO audit (seq, prev, body, hash, type, actor, request, model, rule) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# The sentence as a person reads it: foreign words stand beside it.
_SAYS = (
    r"EXISTS (SELECT 1 FROM (SELECT ? AS p) WHERE json_extract(body, '$.text') LIKE p ESCAPE '\'"
    r" OR EXISTS (SELECT 1 FROM payload WHERE payload.seq = audit.seq AND value LIKE p ESCAPE '\'))"
)


def line_hash(prev: bytes, body: bytes) -> bytes:
    return sha256(_DOMAIN + prev + body).digest()


def lines_of(events: Iterable[AuditEvent], redact: Callable[[str], str] = str) -> tuple[Line, ...]:
    """What to store of each event. Raises ValueError for figures JSON does not know (NaN, infinity).

    A lone surrogate, which foreign JSON can smuggle into a text, has no UTF-8 form and becomes `?`. `redact` takes
    known secrets out of every text.
    """
    return tuple(_line(event, redact) for event in events)


def _line(event: AuditEvent, redact: Callable[[str], str]) -> Line:
    value = decoded(_writable(event.body()))
    value = each_text(value, redact)
    return hide(event, value, lambda: os.urandom(SALT_BYTES), lambda text: redact(_writable(text)))


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def decoded(body: str) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object without NaN and infinity."""
    value = _DECODER.decode(body)
    if not isinstance(value, dict):
        raise ValueError("an audit line is a JSON object")
    return value


def copies_of(value: Mapping[str, Any]) -> tuple[object, ...]:
    """The values of the filter columns."""
    return tuple([value.get(column) for column in COPIED])  # a list first: this is called for every line


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"an audit line cannot hold {constant}")


_DECODER = json.JSONDecoder(parse_constant=_not_json)


def append(connection: sqlite3.Connection, lines: Sequence[Line]) -> range:
    """Adds the lines to the chain; returns their sequence numbers."""
    head = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    last, prev = head or (0, GENESIS)
    for seq, line in enumerate(lines, start=last + 1):
        prev = insert(connection, seq, prev, line)
    return range(last + 1, last + 1 + len(lines))


def insert(connection: sqlite3.Connection, seq: int, prev: bytes, line: Line) -> bytes:
    """Writes one line as number `seq` after the hash `prev`; returns its own hash."""
    digest = line_hash(prev, line.body.encode())
    connection.execute(_INSERT, (seq, prev, line.body, digest, *copies_of(decoded(line.body))))
    connection.executemany(
        "INSERT INTO payload (seq, field, salt, value) VALUES (?, ?, ?, ?)",
        [(seq, kept.field, kept.salt, kept.value) for kept in line.kept],
    )
    return digest


def opening(connection: sqlite3.Connection) -> dict[str, Any] | None:
    """What the first line says of the segment before; None if this is the first segment, or empty."""
    row = connection.execute("SELECT CAST(body AS BLOB) FROM audit ORDER BY seq LIMIT 1").fetchone()
    value = {} if row is None else decoded(row[0].decode())
    data = value.get("data", {})
    return dict(data) if value.get("type") == EventType.ROTATED and "file" in data else None


def erase(connection: sqlite3.Connection, seq: int, fields: Sequence[str], lines: Sequence[Line]) -> None:
    """Removes foreign texts of line `seq`, all of the named or none, and adds the lines that say so."""
    for field in fields:
        if not connection.execute("DELETE FROM payload WHERE seq = ? AND field = ?", (seq, field)).rowcount:
            raise LookupError(f"line {seq} has no foreign text {field!r}")
    append(connection, lines)


def foreign_fields(connection: sqlite3.Connection, seq: int) -> tuple[str, ...]:
    """Which foreign texts of that line are still there."""
    return tuple(name for (name,) in connection.execute("SELECT field FROM payload WHERE seq = ?", (seq,)))


def read(connection: sqlite3.Connection, query: AuditQuery) -> tuple[AuditRow, ...]:
    """The newest lines that match, newest first."""
    sql, values = select(query)
    found = connection.execute(sql, values).fetchall()
    return tuple(_row(seq, reveal(body, _kept(connection, seq)) if _has_foreign(body) else body) for seq, body in found)


def _has_foreign(body: str) -> bool:
    """May be wrong in one direction only, and is quick."""
    return '"foreign":[[' in body


def _kept(connection: sqlite3.Connection, seq: int) -> dict[str, str]:
    return dict(connection.execute("SELECT field, value FROM payload WHERE seq = ?", (seq,)).fetchall())


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
        (_SAYS, pattern),
        ("body ->> '$.at' >= ?", query.since),
        ("body ->> '$.at' <= ?", query.until),
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
