"""Closing a segment of the audit and deleting old ones on purpose. Blocking; only while no other instance is alive.

The ledger in use is always `ledger.db`. A closed segment is a copy of its audit alone, read-only, called
`ledger-NNNN.db`; the first line of the ledger that follows holds its name, its first and last line and its hash.
Foreign texts stay in the ledger in use, where they can still be erased.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pointsman.adapters.store import audit_log
from pointsman.adapters.store.anchor import Anchor
from pointsman.adapters.store.anchored import Anchored
from pointsman.adapters.store.files import LEDGER, LiveLocks, WriteLock, prepare
from pointsman.adapters.store.inspection import sha256_of
from pointsman.adapters.store.reasons import unavailable
from pointsman.adapters.store.schema import open_writer
from pointsman.core.audit import AuditEvent, EventType
from pointsman.ports import StoreUnavailable

T = TypeVar("T")

_NEXT = "ledger.next"
_OTHER_TABLES = ("payload", "claim", "reservation", "override", "instance", "task_outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A segment as the ledger that follows it describes it."""

    file: str
    first: int
    last: int
    sha256: str
    head: str


def rotate(state_dir: Path, anchor: Anchor | None, now: float) -> Closed:
    """Closes the ledger's audit as a segment and goes on in a new ledger. A crash on the way leaves the old ledger in
    use, with a line that says a segment was to end there. Raises StoreUnavailable."""

    def work() -> Closed:
        ledger = state_dir / LEDGER
        with closing(open_writer(ledger)) as connection:
            last, head = _ending(connection, now)
            _level(connection, anchor)
            first = connection.execute("SELECT min(seq) FROM audit").fetchone()[0]
            segment = _free_name(state_dir, first)
            _copy_audit(connection, state_dir / _NEXT)
            (state_dir / _NEXT).chmod(0o400)
            (state_dir / _NEXT).replace(segment)
            closed = Closed(file=segment.name, first=first, last=last, sha256=sha256_of(segment), head=head.hex())
            _copy_rest(connection, state_dir / _NEXT, closed, now)
            _clear(connection)
        for suffix in ("-wal", "-shm"):
            ledger.with_name(LEDGER + suffix).unlink(missing_ok=True)
        (state_dir / _NEXT).replace(ledger)
        _sync(state_dir)
        with closing(open_writer(ledger)) as connection:
            _level(connection, anchor)
        return closed

    return _alone(state_dir, work)


def retire(state_dir: Path, anchor: Anchor | None, keep: int, now: float) -> tuple[str, ...]:
    """Deletes all closed segments but the newest `keep`, a line that says so first. Raises StoreUnavailable."""

    def work() -> tuple[str, ...]:
        with closing(open_writer(state_dir / LEDGER)) as connection:
            chain = chain_of(state_dir, connection)
            old = chain[: max(0, len(chain) - keep)]
            for closed in old:
                connection.execute("BEGIN IMMEDIATE")
                audit_log.append(connection, audit_log.lines_of([_retired(closed, now)]))
                connection.execute("DELETE FROM payload WHERE seq <= ?", (closed.last,))
                connection.execute("COMMIT")
                _level(connection, anchor)
                (state_dir / closed.file).unlink(missing_ok=True)
        return tuple(closed.file for closed in old)

    return _alone(state_dir, work)


# --- the steps -----------------------------------------------------------------------------------------------------


def _alone(state_dir: Path, work: Callable[[], T]) -> T:
    try:
        prepare(state_dir)
        with WriteLock(state_dir).held():
            if LiveLocks(state_dir).others():
                raise StoreUnavailable("the ledger is open in another Pointsman: close it first")
            return work()
    except (sqlite3.Error, OSError) as error:
        raise unavailable(error) from error


def _ending(connection: sqlite3.Connection, now: float) -> tuple[int, bytes]:
    """Writes the segment's last line; its number and hash. Raises StoreUnavailable if there is nothing to close."""
    if audit_log.size(connection) < 2:
        raise StoreUnavailable("there is nothing to close: the audit has no lines since the last segment")
    line = AuditEvent(type=EventType.ROTATED, at=now, actor="user", text="this segment of the audit ends here")
    connection.execute("BEGIN IMMEDIATE")
    audit_log.append(connection, audit_log.lines_of([line]))
    connection.execute("COMMIT")
    last, head = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return int(last), bytes(head)


def _free_name(state_dir: Path, first: int) -> Path:
    """The next number. What a crash left under it, a copy of lines that are still in the ledger, is replaced."""
    taken = sorted(int(path.stem.removeprefix("ledger-")) for path in state_dir.glob("ledger-[0-9]*.db"))
    if taken:
        newest = state_dir / f"ledger-{taken[-1]:04d}.db"
        with closing(sqlite3.connect(f"{newest.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("SELECT min(seq) FROM audit").fetchone()[0] == first:
                return newest
    return state_dir / f"ledger-{(taken[-1] if taken else 0) + 1:04d}.db"


def _copy(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    copy = sqlite3.connect(path, isolation_level=None)
    connection.backup(copy)
    copy.execute("PRAGMA journal_mode = DELETE")
    copy.execute("PRAGMA synchronous = FULL")
    copy.execute("PRAGMA secure_delete = ON")
    return copy


def _copy_audit(connection: sqlite3.Connection, path: Path) -> None:
    with closing(_copy(connection, path)) as copy:
        for table in _OTHER_TABLES:
            copy.execute(f"DELETE FROM {table}")
        copy.execute("VACUUM")


def _copy_rest(connection: sqlite3.Connection, path: Path, closed: Closed, now: float) -> None:
    """Everything but the audit's lines, and the first line of the new segment, which continues the closed one."""
    with closing(_copy(connection, path)) as copy:
        copy.execute("BEGIN IMMEDIATE")
        (trigger,) = copy.execute("SELECT sql FROM sqlite_schema WHERE name = 'audit_no_delete'").fetchone()
        copy.execute("DROP TRIGGER audit_no_delete")
        copy.execute("DELETE FROM audit")
        copy.execute(trigger)
        (line,) = audit_log.lines_of([_opening(closed, now)])
        audit_log.insert(copy, closed.last + 1, bytes.fromhex(closed.head), line)
        copy.execute("COMMIT")
        copy.execute("VACUUM")


def _opening(closed: Closed, now: float) -> AuditEvent:
    return AuditEvent(
        type=EventType.ROTATED,
        at=now,
        actor="user",
        text=f"continues {closed.file}, lines {closed.first} to {closed.last}",
        data=_described(closed),
    )


def _retired(closed: Closed, now: float) -> AuditEvent:
    return AuditEvent(
        type=EventType.RETIRED,
        at=now,
        actor="user",
        text=f"{closed.file}, lines {closed.first} to {closed.last}, is deleted on purpose",
        data=_described(closed),
    )


def _described(closed: Closed) -> dict[str, object]:
    return {name: getattr(closed, name) for name in ("file", "first", "last", "sha256", "head")}


def chain_of(state_dir: Path, connection: sqlite3.Connection) -> list[Closed]:
    """The closed segments that are there, oldest first."""
    found: list[Closed] = []
    data = audit_log.opening(connection)
    while data is not None and (state_dir / str(data["file"])).exists():
        found.insert(0, Closed(**data))
        path = state_dir / str(data["file"])
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as segment:
            data = audit_log.opening(segment)
    return found


def _level(connection: sqlite3.Connection, anchor: Anchor | None) -> None:
    if anchor is not None:
        if not anchor.exists():
            raise StoreUnavailable(f"the audit's anchor {anchor.path} is missing")
        Anchored(anchor)(connection)


def _clear(connection: sqlite3.Connection) -> None:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreUnavailable("the ledger is being read: try again")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
