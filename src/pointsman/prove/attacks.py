"""Eight ways to falsify an audit for somebody who has its file and SQLite, but not its anchor (promises.md A4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pointsman.adapters.store import Anchor, audit_log
from pointsman.adapters.store.anchored import Anchored
from pointsman.adapters.store.files import prepare
from pointsman.adapters.store.foreign import Line
from pointsman.adapters.store.schema import open_writer
from pointsman.core.audit import AuditEvent, EventType

Attack = Callable[[sqlite3.Connection, int], object]
_TRIGGERS = ("audit_no_update", "audit_no_delete", "audit_only_append")


def write_ledger(state_dir: Path, anchor: Anchor, count: int) -> Path:
    """A ledger of `count` lines, each with a text of others, with its anchor kept level as the store does it."""
    if not anchor.exists():
        anchor.begin()
    ledger = prepare(state_dir)
    with closing(open_writer(ledger)) as connection:
        for number in range(count):
            connection.execute("BEGIN")
            audit_log.append(connection, audit_log.lines_of([_line(number)]))
            connection.execute("COMMIT")
            Anchored(anchor)(connection)
    return ledger


def _line(number: int) -> AuditEvent:
    detail = f"refused by host {number}"
    return AuditEvent(
        type=EventType.INTENT,
        at=float(number),
        actor="router",
        text=f"calling opus: {detail}",
        request=f"r{number}",
        model="opus",
        foreign={"detail": detail},
    )


def tamper(ledger: Path, work: Callable[[sqlite3.Connection], object]) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for trigger in _TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        work(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def last_line(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0])


def hash_before(connection: sqlite3.Connection, n: int) -> bytes:
    found = connection.execute("SELECT hash FROM audit WHERE seq = ?", (n - 1,)).fetchone()
    return bytes(found[0]) if found else audit_log.GENESIS


def rehash(connection: sqlite3.Connection, start: int) -> None:
    """Makes the chain whole again from line `start` on, as a careful forger would."""
    prev = hash_before(connection, start)
    for seq, body in connection.execute("SELECT seq, body FROM audit WHERE seq >= ? ORDER BY seq", (start,)).fetchall():
        digest = audit_log.line_hash(prev, body.encode())
        connection.execute("UPDATE audit SET prev = ?, hash = ? WHERE seq = ?", (prev, digest, seq))
        prev = digest


def edit(connection: sqlite3.Connection, n: int) -> None:
    connection.execute("UPDATE audit SET body = replace(body, 'calling', 'ringing') WHERE seq = ?", (n,))


def delete(connection: sqlite3.Connection, n: int) -> None:
    connection.execute("DELETE FROM audit WHERE seq = ?", (n,))


def delete_and_renumber(connection: sqlite3.Connection, n: int) -> None:
    delete(connection, n)
    for seq in range(n + 1, last_line(connection) + 1):
        connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (seq - 1, seq))


def swap(connection: sqlite3.Connection, n: int) -> None:
    other = n + 1 if n < last_line(connection) else n - 1
    for old, new in ((n, -1), (other, n), (-1, other)):
        connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (new, old))


def insert(connection: sqlite3.Connection, n: int) -> None:
    for seq in range(last_line(connection), n - 1, -1):
        connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (seq + 1, seq))
    line = Line('{"actor":"x","data":{},"text":"y","type":"intent"}')
    audit_log.insert(connection, n, hash_before(connection, n), line)


def truncate(connection: sqlite3.Connection, n: int) -> None:
    connection.execute("DELETE FROM audit WHERE seq >= ?", (n,))


def empty(connection: sqlite3.Connection, n: int) -> None:
    connection.execute("DELETE FROM audit")
    connection.execute("DELETE FROM payload")


def edit_and_rehash(connection: sqlite3.Connection, n: int) -> None:
    edit(connection, n)
    rehash(connection, n)


ATTACKS: tuple[Attack, ...] = (edit, delete, delete_and_renumber, swap, insert, truncate, empty, edit_and_rehash)
