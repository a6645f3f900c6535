"""Is the audit what was written? Every segment, every line, every foreign text, held against the anchor.

Reads only, also from a read-only disk. The rules are small functions in two tables, so that a test can take each one
away and show that an attack then goes unnoticed (promises.md A4, A5). Exit codes: promises.md §1.3.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from pointsman.adapters.store.anchor import Anchor, BadAnchor, Checkpoint
from pointsman.adapters.store.audit_log import COPIED, GENESIS, copies_of, decoded, line_hash, opening
from pointsman.adapters.store.files import LEDGER
from pointsman.adapters.store.foreign import salted
from pointsman.adapters.store.pace import Paced, at_once
from pointsman.adapters.store.reasons import primary_code, unavailable
from pointsman.adapters.store.schema import open_reader
from pointsman.core.audit import EventType

_SEGMENT = re.compile(r"ledger-\d{4,}\.db\Z")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, None})
_ROWS = f"SELECT seq, prev, CAST(body AS BLOB), hash, {', '.join(COPIED)} FROM audit ORDER BY seq"
_PIECE = 1 << 20


class Code(IntEnum):
    """What `audit verify` exits with."""

    INTACT = 0
    ALTERED = 2
    SHORT = 3  # shorter than its anchor, or gone
    NO_ANCHOR = 4
    NOT_RUN = 5
    GAPS = 6  # intact, with gaps that the audit itself records


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`bad` is the first line that does not fit, `head` the hash of the last one that does."""

    code: Code
    lines: int = 0
    head: bytes = GENESIS
    bad: int | None = None
    why: str = ""
    gaps: tuple[str, ...] = ()
    anchored: int | None = None  # the newest line the anchor knows

    @property
    def intact(self) -> bool:
        return self.code in (Code.INTACT, Code.NO_ANCHOR, Code.GAPS)


Kept = Mapping[str, tuple[bytes, bytes]]  # the foreign texts beside a line: field -> (salt, text)


class Row(NamedTuple):
    """One line as stored."""

    seq: int
    prev: bytes
    body: bytes
    hash: bytes
    copies: tuple[bytes | None, ...]
    value: Mapping[str, Any]
    kept: Kept


@dataclass(slots=True)
class Walk:
    """What is known on the way from the first line to the last."""

    anchors: Mapping[int, Sequence[bytes]]
    head: bytes = GENESIS
    expected: int | None = None
    lines: int = 0
    unkept: dict[tuple[int, str], None] = field(default_factory=dict)
    kept: set[tuple[int, str]] = field(default_factory=set)
    erased: set[tuple[int, str]] = field(default_factory=set)
    retired: dict[str, int] = field(default_factory=dict)  # file -> its last line
    begun_anew: list[int] = field(default_factory=list)
    absent: tuple[str, int] | None = None  # the newest segment that is not there, and its last line
    paced: Paced = at_once

    def take(self, row: Row) -> None:
        """Raises Misfit if a rule does not hold."""
        for rule in LINE_RULES:
            rule(self, row)
        self._learn(row)
        self.head, self.expected, self.lines = row.hash, row.seq + 1, self.lines + 1

    def _learn(self, row: Row) -> None:
        for name, _ in row.value.get("foreign", ()):
            self.kept.add((row.seq, name))
            if name not in row.kept:
                self.unkept[row.seq, name] = None
        kind, data = row.value.get("type"), row.value.get("data", {})
        if kind == EventType.ERASED:
            self.erased.update((data["line"], name) for name in data["fields"])
        elif kind == EventType.RETIRED:
            self.retired[data["file"]] = data["last"]
        elif kind == EventType.ANCHOR:
            self.begun_anew.append(row.seq)


class Misfit(Exception):
    def __init__(self, bad: int | None, why: str, code: Code = Code.ALTERED) -> None:
        super().__init__(why)
        self.bad, self.why, self.code = bad, why, code


# --- the rules of a line -------------------------------------------------------------------------------------------


def numbered(walk: Walk, row: Row) -> None:
    if walk.expected is not None and row.seq != walk.expected:
        raise Misfit(walk.expected, "this line is missing")


def continues(walk: Walk, row: Row) -> None:
    if row.prev != walk.head:
        raise Misfit(row.seq, "it does not continue the line before")


def hashed(walk: Walk, row: Row) -> None:
    if row.hash != line_hash(row.prev, row.body):
        raise Misfit(row.seq, "its text does not match its hash")


def copied(walk: Walk, row: Row) -> None:
    if row.copies != stored_copies(row.value):
        raise Misfit(row.seq, "its filter columns do not match its text")


def stored_copies(value: Mapping[str, Any]) -> tuple[bytes | None, ...]:
    """The filter columns as they are stored."""
    return tuple(each.encode("utf-8", "surrogatepass") if isinstance(each, str) else None for each in copies_of(value))


def anchored(walk: Walk, row: Row) -> None:
    if any(head != row.hash for head in walk.anchors.get(row.seq, ())):
        raise Misfit(row.seq, "it is not the line that was anchored")


def foreign_fits(walk: Walk, row: Row) -> None:
    for name, digest in row.value.get("foreign", ()):
        if name in row.kept and salted(*row.kept[name]) != digest:
            raise Misfit(row.seq, f"its foreign text ({name}) was changed")


# --- the rules of the whole ----------------------------------------------------------------------------------------


def reaches_the_anchor(walk: Walk) -> None:
    last = (walk.expected or 1) - 1
    furthest = max(walk.anchors, default=0)
    if furthest > last:
        raise Misfit(last + 1, f"the anchor knows line {furthest}, the audit ends at {last}", Code.SHORT)


def erasures_are_recorded(walk: Walk) -> None:
    for seq, name in walk.unkept:
        if (seq, name) not in walk.erased:
            raise Misfit(seq, f"its foreign text ({name}) is gone and no line says so")


def absences_are_recorded(walk: Walk) -> None:
    if walk.absent is not None and walk.retired.get(walk.absent[0]) != walk.absent[1]:
        raise Misfit(None, f"the segment {walk.absent[0]} is missing and no line says so", Code.SHORT)


LINE_RULES: tuple[Callable[[Walk, Row], None], ...] = (numbered, continues, hashed, copied, anchored, foreign_fits)
END_RULES: tuple[Callable[[Walk], None], ...] = (reaches_the_anchor, erasures_are_recorded, absences_are_recorded)


# --- the whole audit -----------------------------------------------------------------------------------------------


def inspect(state_dir: Path, anchor: Anchor | None, paced: Paced = at_once) -> Verdict:
    """Never raises for what is on the disk. Blocking; about ten microseconds a line, and `paced` may let others go
    first. Without an `anchor` to hold it against, the best verdict is NO_ANCHOR."""
    walk = Walk({}, paced=paced)
    try:
        checkpoints = start(walk, anchor)
        _walk_all(walk, state_dir)
    except Misfit as found:
        return failed(walk, found)
    except sqlite3.Error as error:
        damaged = Misfit(walk.expected, str(unavailable(error)))
        return failed(walk, damaged if primary_code(error) in _DAMAGED else not_run(damaged.why))
    except OSError as error:
        return failed(walk, not_run(str(unavailable(error))))
    except UnicodeDecodeError:  # SQLite's own complaint quotes what is damaged
        return failed(walk, Misfit(walk.expected, "the ledger file is damaged"))
    return sound(walk, checkpoints)


def start(walk: Walk, anchor: Anchor | None) -> tuple[Checkpoint, ...] | None:
    """Holds the walk against the anchor from now on; what the anchor knows."""
    checkpoints = None if anchor is None else _checkpoints(anchor, walk.paced)
    by_line: dict[int, list[bytes]] = {}
    for checkpoint in checkpoints or ():
        by_line.setdefault(checkpoint.size, []).append(checkpoint.head)
    walk.anchors = by_line
    return checkpoints


def _checkpoints(anchor: Anchor, paced: Paced) -> tuple[Checkpoint, ...] | None:
    try:
        return anchor.checkpoints(paced)
    except BadAnchor as bad:
        raise Misfit(None, str(bad)) from None
    except OSError as error:
        raise not_run(f"the anchor cannot be read: {error.strerror}") from None


def _walk_all(walk: Walk, state_dir: Path) -> None:
    ledger = state_dir / LEDGER
    if not ledger.is_file() or not ledger.stat().st_size:
        reaches_the_anchor(walk)
        raise not_run("there is no audit yet")
    with closing(open_to_inspect(ledger)) as connection:
        check_file(connection, LEDGER)
        kept = _kept(connection, walk.paced)
        for segment in _segments(walk, state_dir, connection):
            with closing(open_to_inspect(segment)) as closed:
                check_file(closed, segment.name)
                for row in walk.paced(rows(closed, kept), walk.lines):
                    walk.take(row)
        for row in walk.paced(rows(connection, kept), walk.lines):
            walk.take(row)
    for rule in END_RULES:
        rule(walk)
    nothing_strays(walk, kept)


def nothing_strays(walk: Walk, kept: Mapping[int, Kept]) -> None:
    """Of the lines that were walked over; a line that is not there may have had it."""
    first, last = (walk.expected or 1) - walk.lines, (walk.expected or 1) - 1
    stray = {(seq, name) for seq, fields in kept.items() for name in fields if first <= seq <= last} - walk.kept
    if stray:
        raise Misfit(min(stray)[0], "there is foreign text for it that it never had")


def open_to_inspect(path: Path) -> sqlite3.Connection:
    """A reading connection, also on a read-only disk, where SQLite refuses a file with a write-ahead log."""
    connection = open_reader(path)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if primary_code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
            raise
        return _open_unchanging(path)
    except BaseException:  # such as SQLite's own complaint, which quotes what is damaged and is no text
        connection.close()
        raise
    connection.text_factory = bytes  # what is stored may have become no text
    return connection


def _open_unchanging(path: Path) -> sqlite3.Connection:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise not_run(f"{log.name} holds lines that a read-only disk does not let us join: copy both files elsewhere")
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes  # what is stored may have become no text
    return connection


def segment_fits(path: Path, described: Mapping[str, Any]) -> None:
    if sha256_of(path) != described["sha256"]:
        raise Misfit(described["first"], f"{path.name} is not the file that was closed")


def check_file(connection: sqlite3.Connection, name: str) -> None:
    """A damaged index would hide lines from who filters by it, though the lines themselves are sound."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != b"ok":
        raise Misfit(None, f"{name} is damaged: {found.decode('utf-8', 'replace')}")


def _kept(connection: sqlite3.Connection, paced: Paced = at_once) -> dict[int, dict[str, tuple[bytes, bytes]]]:
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'payload'").fetchone():
        return {}
    kept: dict[int, dict[str, tuple[bytes, bytes]]] = {}
    for seq, name, salt, value in paced(connection.execute("SELECT seq, field, salt, value FROM payload")):
        kept.setdefault(seq, {})[name.decode("utf-8", "surrogateescape")] = (salt, value)
    return kept


def rows(connection: sqlite3.Connection, kept: Mapping[int, Kept]) -> Iterator[Row]:
    for seq, prev, body, digest, *copies in connection.execute(_ROWS):
        yield Row(seq, prev, body, digest, tuple(copies), _value(seq, body), kept.get(seq, {}))


def _value(seq: int, body: bytes) -> dict[str, Any]:
    try:
        return decoded(body.decode())
    except (ValueError, RecursionError, AttributeError):
        raise Misfit(seq, "its text is no audit line") from None


def _segments(walk: Walk, state_dir: Path, connection: sqlite3.Connection) -> list[Path]:
    """The closed segments that are there, oldest first, as each one's successor names them."""
    found: list[Path] = []
    begins = _opening(connection)
    while begins is not None:
        path = state_dir / begins["file"]
        if not path.exists():
            walk.absent, walk.head = (begins["file"], begins["last"]), bytes.fromhex(begins["head"])
            walk.expected = begins["last"] + 1
            break
        segment_fits(path, begins)
        found.insert(0, path)
        with closing(open_to_inspect(path)) as closed:
            begins = _opening(closed)
    return found


def _opening(connection: sqlite3.Connection) -> dict[str, Any] | None:
    """What the first line says of the segment before; None if this is the first segment."""
    try:
        data = opening(connection)
    except (ValueError, RecursionError, TypeError, AttributeError):
        return None  # not readable: the walk says so, with its number
    if data is not None and not _SEGMENT.match(str(data["file"])):
        raise Misfit(None, "the first line names no segment")
    return data


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


# --- verdicts ------------------------------------------------------------------------------------------------------


def not_run(why: str) -> Misfit:
    return Misfit(None, why, Code.NOT_RUN)


def failed(walk: Walk, found: Misfit) -> Verdict:
    furthest = max(walk.anchors, default=None)
    return Verdict(code=found.code, lines=walk.lines, head=walk.head, bad=found.bad, why=found.why, anchored=furthest)


def sound(walk: Walk, checkpoints: Sequence[Checkpoint] | None) -> Verdict:
    gaps = [f"lines up to {last} were in {name}, deleted on purpose" for name, last in walk.retired.items()]
    gaps += [f"the anchor began anew at line {seq}: earlier lines rest on the chain alone" for seq in walk.begun_anew]
    code, why = (Code.GAPS, gaps[0]) if gaps else (Code.INTACT, "")
    if not checkpoints:
        code, why = Code.NO_ANCHOR, "there is no anchor to hold the audit against: lines cut from its end go unnoticed"
    return Verdict(
        code=code,
        lines=walk.lines,
        head=walk.head,
        why=why,
        gaps=tuple(gaps),
        anchored=max(walk.anchors, default=None),
    )


# --- one file alone ------------------------------------------------------------------------------------------------


def verify(ledger: Path) -> Verdict:
    """The chain of one file, without segments or anchor. Raises sqlite3.Error if the file cannot be read."""
    walk = Walk({})
    with closing(open_to_inspect(ledger)) as connection:
        kept = _kept(connection)
        try:
            begins = _opening(connection)
            if begins is not None:
                walk.head = bytes.fromhex(begins["head"])
            for row in rows(connection, kept):
                walk.take(row)
        except Misfit as found:
            return failed(walk, found)
    return Verdict(code=Code.INTACT, lines=walk.lines, head=walk.head)
