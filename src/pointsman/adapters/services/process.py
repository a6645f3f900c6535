"""Processes that Pointsman starts itself: for a machine without a service manager, or without a model server at all.

Each runs in a session of its own and outlives the screen; the next screen adopts it by pid and start time. Two copies
cannot run, because a copy holds a lock that the kernel gives back only when it is gone. While a screen is open, one
that dies is started again, ever more slowly; with no screen open nobody does that, and the log is not cut.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pointsman.adapters.lenient import one_line
from pointsman.adapters.services.log_file import follow_log, last_lines
from pointsman.adapters.services.process_record import Record, ServiceFiles, is_alive, mark_of, memory_of
from pointsman.core.fleet import Service
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.ports import LogPieces, ServiceResult

# What a model server may need of our environment; nothing that could be a key.
_PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "TZ", "XDG_CACHE_HOME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),
    *("ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "OLLAMA_MODELS", "HF_HOME"),
)
_KILLED_S = 5.0  # a killed process is gone by then, unless the kernel holds it
_LET_GO_S = 1.0  # a dead process's lock is free by then
_LOOK_S = 0.25  # between two looks at a process where the kernel cannot tell of its end
_LOCK_FD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Seconds before one that died is started again: `first`, doubled each time up to `most`; after `deaths` within
    `within` seconds it is given up."""

    first: float = 1.0
    most: float = 30.0
    deaths: int = 5
    within: float = 120.0


class ProcessServices:
    """Owns a watching task per live process; `aclose` ends the watching, not the processes."""

    def __init__(
        self,
        folder: Path,
        *,
        environ: Mapping[str, str] | None = None,
        wall: Callable[[], float] = time.time,
        backoff: Backoff | None = None,
    ) -> None:
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._wall = wall
        self._backoff = backoff or Backoff()
        self._watching: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._next_start: dict[str, float] = {}  # Unix seconds, of those that wait to be started again
        self._turns: dict[str, asyncio.Lock] = {}
        self._changed: Callable[[], None] = lambda: None

    def tell(self, changed: Callable[[], None]) -> None:
        """`changed` is called when a process has ended."""
        self._changed = changed

    def _files(self, service: Service) -> ServiceFiles:
        return ServiceFiles(self._folder, service.name)

    # --- looking

    async def status(self, services: Sequence[Service]) -> tuple[ServiceStatus, ...]:
        """Adopts what runs, and keeps its log within bounds."""
        return tuple([await self._status_of(service) for service in services])

    async def _status_of(self, service: Service) -> ServiceStatus:
        files = self._files(service)
        seen, memory, held = await asyncio.to_thread(_look, files)
        alive = seen.pid is not None and seen.ended is None and memory is not _GONE
        if alive and seen.pid is not None:
            self._watch(service, seen.pid, seen.mark)
        state, reason = self._state(service, seen, alive, held)
        return ServiceStatus(
            name=service.name,
            unit=service.unit,
            state=state,
            reason=reason,
            since=seen.started if alive else seen.ended,
            pid=seen.pid if alive else None,
            restarts=seen.restarts,
            memory=memory if isinstance(memory, int) else None,
            invocation=f"{seen.pid}@{seen.mark}" if alive else None,
        )

    def _state(self, service: Service, seen: Record, alive: bool, held: bool) -> tuple[ServiceState, str]:
        if alive:
            return ServiceState.ACTIVE, "running"
        if service.name in self._next_start:
            left = max(self._next_start[service.name] - self._wall(), 0.0)
            again = f"{_ending(seen)}; starts again in {left:.0f} s"
            return (ServiceState.CRASH_LOOP if len(seen.deaths) > 1 else ServiceState.STARTING), again
        if held:
            return ServiceState.UNAVAILABLE, "something that it started still runs and holds its lock"
        if not seen.wanted:
            return ServiceState.INACTIVE, ""
        if seen.gave_up:
            return ServiceState.FAILED, f"{_ending(seen)}; died {len(seen.deaths)} times, not started again"
        return (ServiceState.INACTIVE if seen.code == 0 else ServiceState.FAILED), _ending(seen)

    # --- acting

    def command(self, service: Service, verb: str) -> tuple[str, ...]:
        """The argv that is started; to stop it, what a person would type."""
        if verb in ("start", "restart"):
            return service.command
        pid = self._files(service).read().pid
        return ("kill", "-TERM", f"-{pid}") if verb == "stop" and pid is not None else ()

    async def act(self, service: Service, verb: str) -> ServiceResult:
        turn = self._turns.setdefault(service.name, asyncio.Lock())
        argv = self.command(service, verb)
        if verb not in ("start", "stop", "restart"):
            return ServiceResult(ok=False, text=f"a process of ours cannot be told to {verb}")
        async with turn:
            self._next_start.pop(service.name, None)
            try:
                if verb in ("stop", "restart"):
                    problem = await self._stop(service)
                    if problem is not None or verb == "stop":
                        return ServiceResult(ok=problem is None, text=problem or "stopped", argv=argv)
                return await self._start(service)
            except OSError as error:
                text = f"{one_line(error.filename or service.name, 120)}: {error.strerror}"
                return ServiceResult(ok=False, text=text, argv=argv)

    async def _start(self, service: Service, again: bool = False) -> ServiceResult:
        started = await asyncio.to_thread(self._spawn, service, again)
        if isinstance(started, str):
            return ServiceResult(ok=False, text=started, argv=service.command)
        assert started.pid is not None
        self._watch(service, started.pid, started.mark)
        return ServiceResult(ok=True, text=f"started as pid {started.pid}", argv=service.command)

    def _spawn(self, service: Service, again: bool) -> Record | str:
        """The new record, or why nothing was started. In a thread: locks may be waited for."""
        files = self._files(service)
        with files.changing():
            seen = files.read()
            if seen.alive:
                return f"already runs as pid {seen.pid}"
            if again and not seen.wanted:
                return "it was stopped meanwhile"
            lock = files.wait_for_life_lock(_LET_GO_S)
            if lock is None:
                return "something that it started still runs and holds its lock"
            try:
                pid = self._make(service, files, lock)
            except OSError as error:
                return f"{one_line(service.command[0], 120)}: {error.strerror}"
            finally:
                os.close(lock)
            made = Record(pid=pid, mark=mark_of(pid), started=self._wall(), wanted=True)
            if again:
                made = replace(made, restarts=seen.restarts + 1, deaths=seen.deaths)
            files.write(made)
            return made

    def _make(self, service: Service, files: ServiceFiles, lock: int) -> int:
        log = files.open_log()
        try:
            return os.posix_spawnp(
                service.command[0],
                list(service.command),
                {name: self._environ[name] for name in _PASSED_ON if name in self._environ},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                    (os.POSIX_SPAWN_DUP2, lock, _LOCK_FD),
                ],
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
            )
        finally:
            os.close(log)

    async def _stop(self, service: Service) -> str | None:
        """Asks it to end, and kills it if it does not. None: it is gone; else why not. Raises OSError."""
        files = self._files(service)
        seen = await asyncio.to_thread(_want_stopped, files)
        if not seen.alive or seen.pid is None:
            return None
        self._forget(service)
        _signal(seen.pid, signal.SIGTERM)
        if not await _gone_within(seen.pid, seen.mark, service.stop_s):
            _signal(seen.pid, signal.SIGKILL)
            if not await _gone_within(seen.pid, seen.mark, _KILLED_S):
                return f"pid {seen.pid} does not end, not even when killed"
        if await asyncio.to_thread(files.life_lock_held):
            _signal(seen.pid, signal.SIGKILL)  # what it left behind in its group
        await asyncio.to_thread(_note_end, files, seen.pid, _collect(seen.pid), self._wall())
        return None

    # --- watching

    def _watch(self, service: Service, pid: int, mark: str) -> None:
        old = self._watching.get(service.name)
        if old is not None and old[0] == pid:
            return
        self._forget(service)
        self._watching[service.name] = (pid, asyncio.create_task(self._mourn(service, pid, mark)))

    def _forget(self, service: Service) -> None:
        old = self._watching.pop(service.name, None)
        if old is not None and old[1] is not asyncio.current_task():
            old[1].cancel()

    async def _mourn(self, service: Service, pid: int, mark: str) -> None:
        """Waits for its end, writes it down, and starts it again where the policy says so."""
        await _end_of(pid, mark)
        code = _collect(pid)
        with suppress(OSError):
            seen = await asyncio.to_thread(_note_end, self._files(service), pid, code, self._wall())
            self._changed()
            if seen is not None and seen.wanted:
                await self._start_again(service, seen)

    async def _start_again(self, service: Service, seen: Record) -> None:
        if service.keep == "never" or (service.keep == "on-failure" and seen.code == 0):
            return
        now, limits = self._wall(), self._backoff
        deaths = (*(at for at in seen.deaths if now - at < limits.within), now)
        gave_up = len(deaths) >= limits.deaths
        await asyncio.to_thread(_amend, self._files(service), seen.pid, deaths, gave_up)
        if gave_up:
            return
        pause = min(limits.first * 2.0 ** (len(deaths) - 1), limits.most)
        self._next_start[service.name] = now + pause
        try:
            await asyncio.sleep(pause)
        finally:
            self._next_start.pop(service.name, None)
        await self._start(service, again=True)

    async def logs(self, service: Service, lines: int) -> tuple[str, ...]:
        files = self._files(service)
        return await asyncio.to_thread(_log, files, lines)

    async def follow(self, service: Service, lines: int) -> LogPieces:
        """Its log's own file; a log that is cut while it grows is read on from its new beginning."""
        async with aclosing(follow_log(str(self._files(service).log), lines)) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        tasks = [task for _, task in self._watching.values()]
        self._watching.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --- blocking parts, for threads ---------------------------------------------------------------------------------


class _Gone:
    """It is not running."""


_GONE = _Gone()


def _look(files: ServiceFiles) -> tuple[Record, int | None | _Gone, bool]:
    """The record, the memory of what runs, and whether anything holds its lock."""
    files.bound_log()
    seen = files.read()
    if seen.alive and seen.pid is not None:
        return seen, memory_of(seen.pid), True
    return seen, _GONE, files.life_lock_held()


def _want_stopped(files: ServiceFiles) -> Record:
    with files.changing():
        seen = files.read()
        files.write(replace(seen, wanted=False, gave_up=False))
        return seen


def _note_end(files: ServiceFiles, pid: int, code: int | None, now: float) -> Record | None:
    """Writes the end down; None if another copy has been started since."""
    with files.changing():
        seen = files.read()
        if seen.pid != pid:
            return None
        ended = seen if seen.ended is not None else replace(seen, ended=now, code=code)
        files.write(ended)
        return ended


def _amend(files: ServiceFiles, pid: int | None, deaths: tuple[float, ...], gave_up: bool) -> None:
    with files.changing():
        seen = files.read()
        if seen.pid == pid:
            files.write(replace(seen, deaths=deaths, gave_up=gave_up))


def _log(files: ServiceFiles, lines: int) -> tuple[str, ...]:
    newest = last_lines(files.log, lines)
    if len(newest) >= lines or not files.older_log.exists():
        return newest
    return (*last_lines(files.older_log, lines - len(newest)), *newest)


def _ending(seen: Record) -> str:
    if seen.ended is None or seen.code is None:
        return "ended while nobody watched" if seen.pid is not None else "never started"
    if seen.code < 0:
        return f"killed by signal {-seen.code}"
    return "ended by itself" if seen.code == 0 else f"exited with code {seen.code}"


# --- signals and ends --------------------------------------------------------------------------------------------


def _signal(pid: int, number: signal.Signals) -> None:
    """To the whole group: the process leads its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _collect(pid: int) -> int | None:
    """The exit code of a child of ours that has ended; None for one that somebody else started."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if ended == pid else None


async def _gone_within(pid: int, mark: str, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await _end_of(pid, mark)
    except TimeoutError:
        return False
    return True


async def _end_of(pid: int, mark: str) -> None:
    """Returns once that process is gone. The kernel tells where it can (Linux), else it is looked at."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        while is_alive(pid, mark):  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(_LOOK_S)
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(descriptor, ended.set)
        if is_alive(pid, mark):  # opened before it was looked at: it cannot be a later one with the same pid
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
