"""systemd units, of the user and of the system, by D-Bus, `systemctl` and `journalctl` (protocols.md §17.1).

Units are shown with `show`, whose output is meant for programs. User units can be started, stopped and restarted;
for system units the command is shown to be run by hand, because a password prompt has no place in a screen program.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

from pointsman.adapters.lenient import one_line
from pointsman.adapters.services import unavailable, unit_journal
from pointsman.adapters.services.commands import Ran, run_command
from pointsman.adapters.services.unit_bus import NoBus, Properties
from pointsman.core.fleet import Service
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.ports import LogLine, LogPieces, ServiceResult, StartLimit

# No glob signs, no path, no leading dash: systemctl itself would take `*` for every unit there is.
_UNIT = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9:_.\\@-]{0,199}")
_PROPERTIES = (
    "Id,Names,LoadState,ActiveState,SubState,Result,NRestarts,MainPID,ExecMainStatus,MemoryCurrent,"
    "InvocationID,StateChangeTimestampMonotonic"
)
_SHOW_SECONDS = 5.0
_ACT_SECONDS = 120.0  # a unit may use 90 s of its own to stop
_LOOP_RESTARTS, _LOOP_SECONDS = 2, 60.0  # restarts within seconds that make a running unit a crash loop
_UNKNOWN_MEMORY = 1 << 63
_GONE_SECONDS = 15.0  # that a manager which is not there is not looked for again
_GONE = ("not been booted with systemd", "Failed to connect to bus", "Host is down")
_SPAN = re.compile(r"(\d+)(us|ms|s|min|h|d|w)")
_SPAN_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class Bus(Protocol):
    """Looks at units without starting a program. See `unit_bus`."""

    changed: Callable[[], None]

    async def show(self, units: Sequence[str]) -> Sequence[Properties]:
        """As `systemctl show` would print them. Raises NoBus."""
        ...

    async def aclose(self) -> None: ...


class SystemdServices:
    """The units of one manager: the user's, or the system's."""

    def __init__(
        self,
        *,
        user: bool,
        environ: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        act_seconds: float = _ACT_SECONDS,
        bus: Bus | None = None,
    ) -> None:
        """`bus` is asked first, where there is one; it only looks."""
        self._bus = bus
        self._user = user
        self._environ = os.environ if environ is None else environ
        self._monotonic = monotonic
        self._wall = wall
        self._act_seconds = act_seconds
        self._journal = unit_journal.UnitJournal(user=user, environ=self._environ)
        self._gone: tuple[float, Ran] | None = None  # when, and what systemctl said
        self._restarts: dict[str, deque[tuple[float, int]]] = {}
        self._started: dict[str, deque[float]] = {}

    # --- looking

    async def status(self, services: Sequence[Service]) -> tuple[ServiceStatus, ...]:
        """One `show` for all; one each if that failed, so that one odd unit does not hide the others."""
        sound = [service for service in services if unit_name(service) is not None]
        found = await self._show(sound) if sound else {}
        return tuple(
            found.get(service.name) or unavailable(service, f"{one_line(service.unit, 80)} is not a unit name")
            for service in services
        )

    def tell(self, changed: Callable[[], None]) -> None:
        """`changed` is called when a unit has changed; never where there is no bus."""
        if self._bus is not None:
            self._bus.changed = changed

    async def aclose(self) -> None:
        if self._bus is not None:
            await self._bus.aclose()

    async def _told(self, services: Sequence[Service]) -> Sequence[Properties] | None:
        """By the bus; None where it cannot be asked."""
        if self._bus is None:
            return None
        try:
            return await self._bus.show([unit_name(service) or "" for service in services])
        except NoBus:
            return None

    async def _show(self, services: Sequence[Service]) -> dict[str, ServiceStatus]:
        told = await self._told(services)
        if told is not None:
            return {service.name: self._status_of(service, told, Ran(code=0)) for service in services}
        ran = await self._look(services)
        if not ran.ok and len(services) > 1 and not _manager_is_gone(ran):
            single = await asyncio.gather(*(self._show([service]) for service in services))
            return {name: status for each in single for name, status in each.items()}
        blocks = tuple(parse_show(ran.out)) if ran.ok else ()
        return {service.name: self._status_of(service, blocks, ran) for service in services}

    async def _look(self, services: Sequence[Service]) -> Ran:
        """Not a program every few seconds to hear again that this machine has no systemd, or this user no session."""
        if self._gone is not None and self._monotonic() - self._gone[0] < _GONE_SECONDS:
            return self._gone[1]
        ran = await self._systemctl("show", ("-p", _PROPERTIES), services)
        self._gone = (self._monotonic(), ran) if any(text in ran.err for text in _GONE) else None
        return ran

    def _status_of(self, service: Service, blocks: Sequence[Properties], ran: Ran) -> ServiceStatus:
        unit = unit_name(service) or service.unit
        seen = next((block for block in blocks if unit in (block.get("Id"), *block.get("Names", "").split())), None)
        if seen is None:
            return unavailable(service, why_failed(ran) or "systemd said nothing of it")
        state, reason = read_state(seen)
        if state is ServiceState.ACTIVE and self._keeps_restarting(unit, seen):
            state, reason = ServiceState.CRASH_LOOP, f"starts and dies again, {seen['NRestarts']} restarts so far"
        return ServiceStatus(
            name=service.name,
            unit=unit,
            state=state,
            reason=reason,
            since=self._since(seen),
            pid=_integer(seen, "MainPID") or None,
            restarts=_integer(seen, "NRestarts"),
            memory=_memory(seen),
            invocation=seen.get("InvocationID") or None,
        )

    def _keeps_restarting(self, unit: str, seen: Properties) -> bool:
        """A unit that lives for seconds is mostly seen running; its restart counter gives it away."""
        restarts, now = _integer(seen, "NRestarts"), self._monotonic()
        if restarts is None:
            return False
        history = self._restarts.setdefault(unit, deque(maxlen=64))
        if history and history[-1][1] > restarts:
            history.clear()  # a manual start resets the counter
        history.append((now, restarts))
        while history[0][0] < now - _LOOP_SECONDS:
            history.popleft()
        return restarts - history[0][1] >= _LOOP_RESTARTS

    def _since(self, seen: Properties) -> float | None:
        """From the boot clock, which systemd prints as a number whatever its version and the locale; whole seconds."""
        changed = _integer(seen, "StateChangeTimestampMonotonic")
        if not changed:
            return None
        return float(round(self._wall() - (self._monotonic() - changed / 1e6)))

    # --- acting

    def command(self, service: Service, verb: str) -> tuple[str, ...]:
        """What `act` runs; for a system unit what its owner may run."""
        unit = unit_name(service)
        if unit is None:
            return ()
        if not self._user:
            return ("sudo", "systemctl", verb, "--", unit)
        return ("systemctl", "--user", "--no-pager", "--no-ask-password", verb, "--", unit)

    async def act(self, service: Service, verb: str) -> ServiceResult:
        """Runs it to the end of the job. `ok` is systemd's word only: it says nothing of the model (trap T44)."""
        argv = self.command(service, verb)
        if not argv:
            return ServiceResult(ok=False, text=f"{one_line(service.unit, 80)} is not a unit name")
        if not self._user:
            return ServiceResult(ok=False, text=f"a system unit: run it yourself: {' '.join(argv)}", argv=argv)
        refusal = await self._too_often(service, argv[-1]) if verb in ("start", "restart") else None
        if refusal is not None:
            return ServiceResult(ok=False, text=refusal, argv=argv)
        ran = await run_command(argv, self._environ, self._act_seconds)
        if ran.ok and verb == "reset-failed":
            self._started.pop(argv[-1], None)  # systemd forgets its count of starts with the failure
        if ran.ok:
            return ServiceResult(ok=True, text=f"systemd did {verb} {argv[-1]}", argv=argv)
        return ServiceResult(ok=False, text=why_failed(ran), argv=argv)

    async def _too_often(self, service: Service, unit: str) -> str | None:
        """Why starting it once more might make systemd give the unit up; starts are only allowed so often."""
        limit = await self.start_limit(service)
        now, started = self._monotonic(), self._started.setdefault(unit, deque(maxlen=64))
        if limit is not None:
            recent = [at for at in started if now - at < limit.seconds]
            if len(recent) >= max(limit.burst - 1, 1):
                wait = limit.seconds - (now - recent[0])
                return f"systemd allows {limit.burst} starts in {limit.seconds:g} s: wait {wait:.0f} s"
        started.append(now)
        return None

    async def start_limit(self, service: Service) -> StartLimit | None:
        """How often it may be started, by its own unit; None where it may as often as one likes."""
        if unit_name(service) is None:
            return None
        told = await self._told([service])
        if told is None:
            ran = await self._systemctl("show", ("-p", "StartLimitBurst,StartLimitIntervalUSec"), [service])
            told = tuple(parse_show(ran.out)) if ran.ok else ()
        seen = told[0] if told else {}
        burst, seconds = _integer(seen, "StartLimitBurst"), read_span(seen.get("StartLimitIntervalUSec", ""))
        return StartLimit(burst=burst, seconds=seconds) if burst and seconds else None

    # --- logs

    async def logs(self, service: Service, lines: int) -> tuple[str, ...]:
        """The last lines of the journal, each with its local time. One line that says why when there are none."""
        unit = unit_name(service)
        if unit is None:
            return (f"{one_line(service.unit, 80)} is not a unit name",)
        found = await self._journal.last(unit, lines)
        if isinstance(found, str):
            return (found,)
        shown = tuple(f"{unit_journal.clock_time(entry.at)} {entry.text}" for entry in found)
        return shown or (await self._why_empty(service, unit),)

    async def follow(self, service: Service, lines: int) -> LogPieces:
        unit = unit_name(service)
        if unit is None:
            yield (LogLine(text=f"{one_line(service.unit, 80)} is not a unit name", note=True),)
            return
        async with aclosing(self._journal.follow(unit, lines, lambda: self._why_empty(service, unit))) as pieces:
            async for piece in pieces:
                yield piece

    async def _why_empty(self, service: Service, unit: str) -> str:
        """An empty answer of the journal means many things (trap T48)."""
        (seen,) = await self.status([service])
        if seen.state is ServiceState.NOT_FOUND:
            return f"there is no unit {unit}, so nothing can be logged"
        if seen.state is ServiceState.UNAVAILABLE:
            return seen.reason
        return await self._journal.why_empty(unit)

    async def _systemctl(self, verb: str, options: Sequence[str], services: Sequence[Service]) -> Ran:
        scope = ("--user",) if self._user else ("--system",)
        units = [unit for service in services if (unit := unit_name(service)) is not None]
        argv = ("systemctl", *scope, "--no-pager", "--no-ask-password", verb, *options, "--", *units)
        return await run_command(argv, self._environ, _SHOW_SECONDS)


# --- reading, pure ---------------------------------------------------------------------------------------------------


def unit_name(service: Service) -> str | None:
    """The unit's full name, or None for anything that is not plainly the name of one service unit."""
    if _UNIT.fullmatch(service.unit) is None:
        return None
    return service.unit if service.unit.endswith(".service") else f"{service.unit}.service"


def parse_show(out: str) -> Iterator[Properties]:
    """The `key=value` blocks of `systemctl show`, one per unit, separated by a blank line."""
    for block in re.split(r"\n\s*\n", out):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if properties:
            yield properties


def read_state(seen: Properties) -> tuple[ServiceState, str]:
    """State and reason. LoadState goes first: a unit that does not exist otherwise reads as a success (trap T44)."""
    load, active, sub = seen.get("LoadState", ""), seen.get("ActiveState", ""), seen.get("SubState", "")
    if active in ("inactive", "failed") and load != "loaded":
        return _not_loaded(load)
    if active == "activating" and sub.startswith("auto-restart"):
        return ServiceState.CRASH_LOOP, f"keeps dying ({_result(seen)}), {seen.get('NRestarts', '?')} restarts so far"
    if active == "failed":
        tail = "; systemd gave up restarting it" if (_integer(seen, "NRestarts") or 0) > 0 else ""
        return ServiceState.FAILED, _result(seen) + tail
    if active == "inactive":
        return ServiceState.INACTIVE, "" if seen.get("Result") == "success" else _result(seen)
    state = _ACTIVE_STATES.get(active)
    if state is None:
        return ServiceState.UNAVAILABLE, f"in a state of its own: {one_line(active, 40)}/{one_line(sub, 40)}"
    return state, one_line(sub, 40) + ("" if load == "loaded" else ", though its unit file is gone")


_ACTIVE_STATES = {
    "active": ServiceState.ACTIVE,
    "reloading": ServiceState.ACTIVE,
    "activating": ServiceState.STARTING,
    "deactivating": ServiceState.STOPPING,
}


def _not_loaded(load: str) -> tuple[ServiceState, str]:
    if load == "not-found":
        return ServiceState.NOT_FOUND, "there is no such unit"
    if load == "masked":
        return ServiceState.INACTIVE, "masked: it cannot be started"
    return ServiceState.FAILED, f"its unit file cannot be used ({one_line(load, 40) or 'unknown load state'})"


def _result(seen: Properties) -> str:
    result, status = seen.get("Result", "unknown"), _integer(seen, "ExecMainStatus")
    if result == "start-limit-hit":
        return "start-limit-hit: started too often, needs reset-failed"
    return f"{one_line(result, 40)}, status {status}" if status else one_line(result, 40)


def _integer(seen: Properties, name: str) -> int | None:
    written = seen.get(name, "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 21 else None


def _memory(seen: Properties) -> int | None:
    """`[not set]` and the largest 64-bit number both mean unknown."""
    memory = _integer(seen, "MemoryCurrent")
    return None if memory is None or memory >= _UNKNOWN_MEMORY else memory


def read_span(written: str) -> float | None:
    """Seconds of a time span as systemd prints it (`1min 30s`); None for `infinity`, 0 and nonsense."""
    if not written or _SPAN.sub("", written).strip():
        return None
    return sum(int(figure) * _SPAN_SECONDS[unit] for figure, unit in _SPAN.findall(written)) or None


def _manager_is_gone(ran: Ran) -> bool:
    return ran.code is None or any(text in ran.err for text in _GONE)


def why_failed(ran: Ran) -> str:
    """systemd's complaint as one line, with what to do where that is known; empty if it did not fail."""
    if ran.ok:
        return ""
    if "not been booted with systemd" in ran.err:
        return "systemd does not run this machine (a container, or WSL)"
    if "Failed to connect to bus" in ran.err:
        return one_line(f"no systemd user session here ({ran.err.strip()}); `loginctl enable-linger` keeps one")
    return one_line(ran.err) or f"systemctl ended with code {ran.code}"
