"""The only writing connection, on its own thread. Work queued while a commit is under way shares the next commit.

Every piece of work is answered only after the commit that holds it is durable. A piece that fails is undone alone;
a disk that fails undoes them all, and each is told so. Never touches the event loop.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pointsman.adapters.store.files import WriteLock, identity
from pointsman.adapters.store.reasons import unavailable
from pointsman.adapters.store.schema import open_writer
from pointsman.ports import StoreUnavailable

T = TypeVar("T")

_BATCH = 64  # pieces of work per commit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    done: Future[Any] = field(default_factory=Future)


class Writer:
    def __init__(
        self,
        path: Path,
        lock: WriteLock,
        connect: Callable[[Path], sqlite3.Connection] = open_writer,
        committed: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> None:
        """`committed` is called after every commit, still under the lock; if it fails, so has the work."""
        self._path = path
        self._committed = committed
        self._lock = lock
        self._connect = connect
        self._file: tuple[int, int] | None = None  # which file the connection has open
        self._connection: sqlite3.Connection | None = None
        self._queue: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        self._closed = False

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queues work that runs inside a transaction of the writer's. Cancelling the future before the work began
        means it is never done. Raises StoreUnavailable once closed."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        job = _Job(work=work)
        self._queue.append(job)
        self._thread.submit(self._commit_waiting)
        return job.done

    def clear_log(self) -> Future[bool]:
        """Moves all that is committed into the main file and empties the write-ahead log; True if it is empty now."""
        return self._thread.submit(self._clear_log)

    def close(self) -> None:
        """Finishes what is queued, then closes the connection. Blocks; call it off the event loop."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._close_connection)
        self._thread.shutdown(wait=True)

    # --- on the writer's thread -----------------------------------------------------------------------------------

    def _commit_waiting(self) -> None:
        jobs = self._take()
        if not jobs:
            return
        try:
            answers = self._commit(jobs)
        except (sqlite3.Error, OSError, StoreUnavailable) as error:
            answers = [unavailable(error)] * len(jobs)
        except BaseException as error:  # our own fault: nobody may wait for ever because of it
            for job in jobs:
                _tell(job, error)
            raise
        for job, answer in zip(jobs, answers, strict=True):
            _tell(job, answer)

    def _take(self) -> list[_Job]:
        jobs: list[_Job] = []
        while self._queue and len(jobs) < _BATCH:
            job = self._queue.popleft()
            if job.done.set_running_or_notify_cancel():
                jobs.append(job)
        return jobs

    def _commit(self, jobs: list[_Job]) -> list[object]:
        with self._lock.held():
            connection = self._connected()
            try:
                answers = _in_transaction(connection, jobs)
                self._committed(connection)
                return answers
            except (sqlite3.Error, OSError):
                self._drop(connection)
                raise

    def _clear_log(self) -> bool:
        try:
            with self._lock.held():
                busy, _, _ = self._connected().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise unavailable(error) from error
        return not busy

    def _connected(self) -> sqlite3.Connection:
        """A connection to the file that bears the ledger's name now; lines written to another would be lost."""
        file = identity(self._path)
        if self._connection is not None and file != self._file:
            self._drop(self._connection)
        if self._connection is None:
            self._connection, self._file = self._connect(self._path), file
        return self._connection

    def _drop(self, connection: sqlite3.Connection) -> None:
        """Closing undoes an open transaction; the next work opens a new connection, sound or not at all."""
        self._connection = None
        connection.close()

    def _close_connection(self) -> None:
        if self._connection is None:
            return
        # Closing the last connection checkpoints, which must not meet another process's commit.
        with self._lock.held():
            self._connection.close()
        self._connection = None


def _in_transaction(connection: sqlite3.Connection, jobs: list[_Job]) -> list[object]:
    connection.execute("BEGIN IMMEDIATE")
    answers = [_run(connection, job) for job in jobs]
    connection.execute("COMMIT")
    return answers


def _run(connection: sqlite3.Connection, job: _Job) -> object:
    """The work's result, or the exception to hand to whoever asked for it."""
    connection.execute("SAVEPOINT work")
    try:
        answer: object = job.work(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise  # SQLite undid the whole transaction (disk full, I/O error): nobody's work is in
        connection.execute("ROLLBACK TO work")
        answer = unavailable(error) if isinstance(error, (sqlite3.Error, OSError)) else error
    connection.execute("RELEASE work")
    return answer


def _tell(job: _Job, answer: object) -> None:
    if isinstance(answer, BaseException):
        job.done.set_exception(answer)
    else:
        job.done.set_result(answer)
