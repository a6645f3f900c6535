"""One small SQLite file on a thread of its own: for what may be lost without costing a call (chats, memory).

Owns opening, transactions and the one error that comes out. Must never know what stands in the tables.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pointsman.ports import StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, and what makes it one of ours."""

    path: Path
    journal: str  # SQLite's journal mode
    busy_s: float  # how long another program of ours may write
    schema: str  # a script that may run again
    create: bool = True  # False: what is not there is empty, and stays so


class SqliteThread:
    """Opened when it is first needed, and again after a failure."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=file.path.stem)
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` as one transaction, undone if it fails. Raises StoreUnavailable where the file is at fault."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    async def aclose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        await asyncio.to_thread(self._thread.shutdown)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = _opened(self._file)
            with self._connection:
                return work(self._connection)
        except (sqlite3.Error, OSError, ValueError) as error:  # ValueError: what stands in it cannot be read
            self._close()
            raise StoreUnavailable(f"{self._file.path.name}: {error}") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _opened(file: File) -> sqlite3.Connection:
    if file.create:
        file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    there = file.create or file.path.exists()
    connection = sqlite3.connect(file.path if there else ":memory:", timeout=file.busy_s)
    try:
        connection.execute(f"PRAGMA journal_mode = {file.journal}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(file.schema)
    except BaseException:  # whatever it was, nobody else holds the connection to close it
        connection.close()
        raise
    return connection
