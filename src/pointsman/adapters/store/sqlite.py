"""`SqliteStore`: the port over one file. Owns the writer, the readers and this instance's lock; holds no SQL of tables.

Several processes may have the same file open; each is an instance of its own.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

from pointsman.adapters.store import audit_log, ledger, measurements, outcomes, overrides
from pointsman.adapters.store.anchor import Anchor
from pointsman.adapters.store.anchored import Anchored
from pointsman.adapters.store.chain_watch import ChainWatch
from pointsman.adapters.store.files import LiveLocks, WriteLock, identity, is_doubtful, prepare
from pointsman.adapters.store.foreign import Line
from pointsman.adapters.store.reasons import unavailable
from pointsman.adapters.store.schema import open_reader
from pointsman.adapters.store.writer import Writer
from pointsman.core.attempts import TaskOutcome
from pointsman.core.audit import AuditEvent, AuditRow, AuditState
from pointsman.core.fleet import Budget
from pointsman.core.measured import Measurement
from pointsman.core.snapshot import Override
from pointsman.core.usage import Usage
from pointsman.ports import (
    AuditQuery,
    BudgetFull,
    Clock,
    ModelTotal,
    Reservation,
    Settlement,
    StoreUnavailable,
)

T = TypeVar("T")

_READERS = 2


class SqliteStore:
    """`ports.Store` in `state_dir/ledger.db`. `store = await SqliteStore.open(state_dir, clock)`, then `aclose()`; or
    `async with await SqliteStore.open(...) as store`.

    Reads raise StoreUnavailable as well, when the file cannot be read. A cancelled `reserve` leaves no open reserve;
    every other write, once called, is done even if its caller is cancelled.
    """

    def __init__(
        self, state_dir: Path, path: Path, clock: Clock, anchor: Anchor | None, redact: Callable[[str], str]
    ) -> None:
        """Use `open`."""
        self.path = path
        self._redact = redact
        self._anchored = None if anchor is None else Anchored(anchor)
        self._watch = ChainWatch(state_dir, anchor)
        self._clock = clock
        self._instance = clock.new_id()
        self._live = LiveLocks(state_dir)
        self._writer = Writer(path, WriteLock(state_dir), committed=self._anchored or _not_anchored)
        self._readers = _Readers(path)

    @classmethod
    async def open(
        cls, state_dir: Path, clock: Clock, *, anchor: Anchor | None = None, redact: Callable[[str], str] = str
    ) -> SqliteStore:
        """Opens or creates the store. Raises StoreUnavailable: not writable, not durable, not ours, or too new.

        `anchor` is the file outside that is kept level with the audit, `redact` takes known secrets out of its lines.
        """
        try:
            path = await asyncio.to_thread(prepare, state_dir)
        except OSError as error:
            raise unavailable(error) from error
        store = cls(state_dir, path, clock, anchor, redact)
        try:
            await store._write(store._register)
        except BaseException:
            await store.aclose()
            raise
        return store

    async def __aenter__(self) -> SqliteStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # --- writes -------------------------------------------------------------------------------------------------

    async def reserve(
        self, reservation: Reservation, budgets: Sequence[Budget], intent: Sequence[AuditEvent]
    ) -> BudgetFull | None:
        """As in the port. Raises ValueError when the named and the given budgets differ, or a price is unknown."""
        ledger.check(reservation, budgets)
        texts = self._lines(intent)
        answer = self._writer.submit(lambda c: ledger.reserve(c, reservation, budgets, texts, self._instance))
        try:
            return await asyncio.wrap_future(answer)
        except asyncio.CancelledError:
            self._release(reservation)
            raise
        except StoreUnavailable:  # if it was written all the same, as before an anchor that failed, it must not count
            self._release(reservation)
            raise

    async def settle(self, settlement: Settlement, lines: Sequence[AuditEvent]) -> None:
        """As in the port; a second time it does nothing. Raises LookupError for an unknown reservation."""
        texts = self._lines(lines)
        await self._write(lambda c: ledger.settle(c, settlement, texts))

    async def append(self, lines: Sequence[AuditEvent]) -> None:
        texts = self._lines(lines)
        await self._write(lambda c: audit_log.append(c, texts))

    async def recover(self, now: float) -> int:
        """As in the port. Calls of instances that still live, this one included, are left alone."""
        return await self._write(lambda c: self._recover(c, now))

    async def put_override(self, override: Override, line: AuditEvent) -> None:
        texts = self._lines([line])
        await self._write(lambda c: overrides.put(c, override, texts))

    async def drop_override(self, override_id: str, line: AuditEvent) -> None:
        texts = self._lines([line])
        await self._write(lambda c: overrides.drop(c, override_id, texts))

    async def put_outcome(self, outcome: TaskOutcome, lines: Sequence[AuditEvent]) -> None:
        texts = self._lines(lines)
        await self._write(lambda c: outcomes.put(c, outcome, texts))

    async def put_measurement(self, measurement: Measurement) -> None:
        await self._write(lambda c: measurements.put(c, measurement))

    async def erase(self, seq: int, fields: Sequence[str], line: AuditEvent) -> bool:
        """Removes foreign texts of an audit line, with `line` to say so. True if the write-ahead log is clear of them
        too; False while another process still reads there. Raises LookupError for texts the line does not have."""
        texts = self._lines([line])
        await self._write(lambda c: audit_log.erase(c, seq, fields, texts))
        return await asyncio.wrap_future(self._writer.clear_log())

    async def doubtful(self) -> bool:
        return await asyncio.to_thread(is_doubtful, self.path)

    async def writable(self) -> str | None:
        """As in the port, found out by a real durable commit of a few bytes."""
        try:
            await self._write(self._touch)
        except StoreUnavailable as error:
            return str(error)
        return None

    # --- reads --------------------------------------------------------------------------------------------------

    async def usage(self, budgets: Sequence[Budget], now: float) -> Mapping[str, Usage]:
        return await self._readers.run(lambda c: ledger.usage(c, budgets, now))

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        return await self._readers.run(lambda c: ledger.totals(c, since))

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        return await self._readers.run(lambda c: ledger.hourly(c, since))

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        return await self._readers.run(lambda c: audit_log.read(c, query))

    async def audit_size(self) -> int:
        return await self._readers.run(audit_log.size)

    async def check_audit(self, tell: Callable[[AuditState], None] | None = None) -> AuditState:
        """Every line the first time, then what was added since. In a thread of its own, which takes a fifth of a core:
        five seconds for every 100,000 lines."""
        loop = asyncio.get_running_loop()

        def pass_on(state: AuditState) -> None:
            if tell is not None and not loop.is_closed():
                loop.call_soon_threadsafe(tell, state)

        return await asyncio.to_thread(self._watch.look, pass_on)

    async def overrides(self, now: float) -> tuple[Override, ...]:
        return await self._readers.run(lambda c: overrides.active(c, now))

    async def measurements(self) -> tuple[Measurement, ...]:
        return await self._readers.run(measurements.newest)

    async def outcomes(self, task: str) -> tuple[TaskOutcome, ...]:
        return await self._readers.run(lambda c: outcomes.of_task(c, task))

    async def aclose(self) -> None:
        """Finishes queued writes and closes everything. Reserves still open become the next `recover`'s."""
        await asyncio.to_thread(self._close)

    # --- off the event loop -------------------------------------------------------------------------------------

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.shield(asyncio.wrap_future(self._writer.submit(work)))

    def _lines(self, events: Sequence[AuditEvent]) -> tuple[Line, ...]:
        return audit_log.lines_of(events, self._redact)

    def _release(self, reservation: Reservation) -> None:
        with suppress(StoreUnavailable):  # closed meanwhile: the next recovery finds it
            self._writer.submit(lambda c: ledger.release(c, reservation))

    def _register(self, connection: sqlite3.Connection) -> None:
        self._live.hold(self._instance)
        now = self._clock.now()
        if self._anchored is not None:
            self._anchored.begin(connection, now)
        row = (self._instance, os.getpid(), now, now)
        connection.execute("INSERT INTO instance (id, pid, started, seen) VALUES (?, ?, ?, ?)", row)

    def _touch(self, connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE instance SET seen = ? WHERE id = ?", (self._clock.now(), self._instance))

    def _recover(self, connection: sqlite3.Connection, now: float) -> int:
        count = ledger.recover(connection, now, self._live.alive)
        self._live.sweep()
        return count

    def _close(self) -> None:
        self._watch.stop()
        # Readers first: the last connection to close checkpoints, and only the writer does that under the lock.
        self._readers.close()
        self._writer.close()
        self._live.release()


def _not_anchored(_: sqlite3.Connection) -> None:
    """Without an anchor a commit is all there is to do."""


class _Readers:
    """A few read-only connections, each used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: SimpleQueue[tuple[tuple[int, int], sqlite3.Connection]] = SimpleQueue()
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="ledger-reader")
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            file = identity(self._path)
            connection = self._take(file)
            try:
                answer = work(connection)
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise unavailable(error) from error
        self._idle.put((file, connection))
        return answer

    def _take(self, file: tuple[int, int]) -> sqlite3.Connection:
        """An idle connection to that file, or a new one."""
        while True:
            try:
                opened, connection = self._idle.get_nowait()
            except Empty:
                return open_reader(self._path)
            if opened == file:
                return connection
            connection.close()

    def close(self) -> None:
        self._closed = True
        self._threads.shutdown(wait=True)
        while not self._idle.empty():
            self._idle.get_nowait()[1].close()
