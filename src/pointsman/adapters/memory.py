"""The memory of similar tasks: hashed fingerprints and how replies to them were found, searched by SQLite's FTS5.

A file of its own beside the ledger: it can be deleted to forget everything without touching the audit, and a fault in
it costs a preference, never a call. Holds no word of a prompt (see `core.similar`).
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from pathlib import Path

from pointsman.adapters.sqlite_thread import File, SqliteThread
from pointsman.core.request import Task
from pointsman.core.similar import Fingerprint, Past, SimilarEvidence, alike, best, fingerprint

MEMORY = "memory.db"
_BUSY_S = 2.0  # how long another program of ours may write
_CANDIDATES = 200  # nearest rated tasks that are looked at
_UNRATED_DAYS = 30  # a fingerprint that nobody rated is forgotten after this
_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (only INTEGER PRIMARY KEY CHECK (only = 1), key BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS fingerprint (
    id         INTEGER PRIMARY KEY,
    request    TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    language   TEXT NOT NULL,
    complexity INTEGER NOT NULL,
    at         REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS verdict (
    fingerprint INTEGER NOT NULL REFERENCES fingerprint (id) ON DELETE CASCADE,
    model       TEXT NOT NULL,
    good        INTEGER NOT NULL CHECK (good IN (0, 1)),
    at          REAL NOT NULL,
    PRIMARY KEY (fingerprint, model)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS term USING fts5(terms, tokenize = 'ascii');
"""
_NEAREST = """
SELECT f.id, f.kind, f.language, f.complexity, term.terms FROM term JOIN fingerprint f ON f.id = term.rowid
WHERE term MATCH ? AND f.kind = ? AND f.language = ? AND EXISTS (SELECT 1 FROM verdict v WHERE v.fingerprint = f.id)
ORDER BY bm25(term), f.id LIMIT ?
"""


class SqliteMemory:
    """`ports.Memory` in `state_dir/memory.db`."""

    def __init__(self, state_dir: Path) -> None:
        secret = f"INSERT OR IGNORE INTO secret (only, key) VALUES (1, x'{os.urandom(16).hex()}');"
        self._file = SqliteThread(File(path=state_dir / MEMORY, journal="WAL", busy_s=_BUSY_S, schema=_SCHEMA + secret))

    async def recall(self, task: Task, text: str) -> SimilarEvidence | None:
        return await self._file.run(lambda c: _recall(c, task, text))

    async def remember(self, request: str, task: Task, text: str, at: float) -> None:
        await self._file.run(lambda c: _remember(c, request, fingerprint(task, text, _key(c)), at))

    async def record(self, request: str, model: str, good: bool, at: float) -> bool:
        return await self._file.run(lambda c: _record(c, request, model, good, at))

    async def aclose(self) -> None:
        await self._file.aclose()


def recall_now(state_dir: Path, task: Task, text: str) -> SimilarEvidence | None:
    """As `recall`, at once and without creating anything; blocking. None if there is no memory or it cannot be read."""
    path = state_dir / MEMORY
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return _recall(connection, task, text)
        finally:
            connection.close()
    except sqlite3.Error:
        return None


def _key(connection: sqlite3.Connection) -> bytes:
    found: tuple[bytes] = connection.execute("SELECT key FROM secret").fetchone()
    return found[0]


def _recall(connection: sqlite3.Connection, task: Task, text: str) -> SimilarEvidence | None:
    own = fingerprint(task, text, _key(connection))
    if not own.terms:
        return None
    asked = " OR ".join(f'"{term}"' for term in sorted(own.terms))
    rows = connection.execute(_NEAREST, (asked, own.kind, own.language, _CANDIDATES)).fetchall()
    near = [row_id for row_id, *parts in rows if alike(own, _restored(*parts))]
    return best(_pasts(connection, near))


def _restored(kind: str, language: str, complexity: int, terms: str) -> Fingerprint:
    return Fingerprint(kind=kind, language=language, complexity=complexity, terms=frozenset(terms.split()))


def _pasts(connection: sqlite3.Connection, tasks: list[int]) -> list[Past]:
    good: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for task in tasks:
        for model, was_good in connection.execute("SELECT model, good FROM verdict WHERE fingerprint = ?", (task,)):
            good[model] += was_good
            total[model] += 1
    return [Past(model=model, good=good[model], total=count) for model, count in total.items()]


def _remember(connection: sqlite3.Connection, request: str, seen: Fingerprint, at: float) -> None:
    """The first fingerprint of a request stays: a retry is the same task."""
    if not seen.terms:
        return
    row = (request, seen.kind, seen.language, seen.complexity, at)
    added = connection.execute(
        "INSERT OR IGNORE INTO fingerprint (request, kind, language, complexity, at) VALUES (?, ?, ?, ?, ?)", row
    )
    if added.rowcount:
        terms = " ".join(sorted(seen.terms))
        connection.execute("INSERT INTO term (rowid, terms) VALUES (?, ?)", (added.lastrowid, terms))
    _forget_unrated(connection, at - _UNRATED_DAYS * 86_400)


def _forget_unrated(connection: sqlite3.Connection, before: float) -> None:
    old = connection.execute(
        "SELECT id FROM fingerprint f WHERE at < ?"
        " AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.fingerprint = f.id) LIMIT 100",
        (before,),
    ).fetchall()
    connection.executemany("DELETE FROM term WHERE rowid = ?", old)
    connection.executemany("DELETE FROM fingerprint WHERE id = ?", old)


def _record(connection: sqlite3.Connection, request: str, model: str, good: bool, at: float) -> bool:
    found = connection.execute("SELECT id FROM fingerprint WHERE request = ?", (request,)).fetchone()
    if found is None:
        return False
    row = (found[0], model, int(good), at)
    connection.execute("INSERT OR REPLACE INTO verdict (fingerprint, model, good, at) VALUES (?, ?, ?, ?)", row)
    return True
