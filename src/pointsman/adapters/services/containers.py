"""Docker and Podman containers by their command lines, which read alike where it matters (protocols.md §17.2).

A container is only ever inspected, started, stopped, restarted and read: never made, changed or removed. Being
allowed to use Docker's socket equals being root, so a refusal there is said and never worked around.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from pointsman.adapters.lenient import JsonObject, count, decode_json, log_text, name, one_line, record, records
from pointsman.adapters.services import unavailable
from pointsman.adapters.services.commands import Ran, run_command
from pointsman.adapters.services.following import Ended, follow_command
from pointsman.core.fleet import Service
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.ports import LogLine, LogPieces, ServiceResult

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_INSPECT_SECONDS = 5.0
_ACT_SECONDS = 60.0  # beyond the time the container may use to stop
_LOG_LINES, _FOLLOWED_LINES = 1_000, 5_000
_AGAIN_S = 2.0  # before a container that stopped is asked again
_ASKED_TO_END = frozenset({137, 143})  # exit codes of SIGKILL and SIGTERM: what `stop` does
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
# Docker resolves its contexts and Podman its storage by these; neither holds a key.
_ENVIRONMENT = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "XDG_DATA_HOME", "XDG_CONFIG_HOME")


class ContainerServices:
    """The containers of one program, `docker` or `podman`."""

    def __init__(self, program: str, *, environ: Mapping[str, str] | None = None) -> None:
        self._program = program
        self._environ = os.environ if environ is None else environ

    async def status(self, services: Sequence[Service]) -> tuple[ServiceStatus, ...]:
        sound = [service.unit for service in services if _NAME.fullmatch(service.unit)]
        found, ran = await self._inspect(sound) if sound else ({}, Ran(code=0))
        return tuple(self._status_of(service, found, ran) for service in services)

    async def _inspect(self, names: Sequence[str]) -> tuple[Mapping[str, JsonObject], Ran]:
        """By name. One that does not exist makes the command fail, and the others are printed all the same."""
        ran = await self._run(("inspect", "--type", "container", *names), _INSPECT_SECONDS)
        entries = records(decode_json(ran.out.encode()))
        return {(name(entry.get("Name")) or "").removeprefix("/"): entry for entry in entries}, ran

    def _status_of(self, service: Service, found: Mapping[str, JsonObject], ran: Ran) -> ServiceStatus:
        if not _NAME.fullmatch(service.unit):
            return unavailable(service, f"{one_line(service.unit, 80)} is not the name of a container")
        entry = found.get(service.unit)
        if entry is not None:
            return read_container(service, entry)
        if not ran.ok and not _is_missing(ran):
            return unavailable(service, why_failed(self._program, ran))
        gone = unavailable(service, "there is no such container")
        return ServiceStatus(name=gone.name, unit=gone.unit, state=ServiceState.NOT_FOUND, reason=gone.reason)

    # --- acting

    def command(self, service: Service, verb: str) -> tuple[str, ...]:
        if not _NAME.fullmatch(service.unit) or verb not in ("start", "stop", "restart"):
            return ()
        patience = () if verb == "start" else ("-t", f"{max(service.stop_s, 0):.0f}")
        return (self._program, verb, *patience, service.unit)

    async def act(self, service: Service, verb: str) -> ServiceResult:
        argv = self.command(service, verb)
        if not argv:
            return ServiceResult(ok=False, text=f"{one_line(service.unit, 80)} cannot be told to {verb}")
        ran = await self._run(argv[1:], _ACT_SECONDS + service.stop_s)
        text = f"{self._program} did {verb} {service.unit}" if ran.ok else why_failed(self._program, ran)
        return ServiceResult(ok=ran.ok, text=text, argv=argv)

    # --- logs

    async def logs(self, service: Service, lines: int) -> tuple[str, ...]:
        """Both of its streams, which come apart, in order of their time stamps."""
        if not _NAME.fullmatch(service.unit):
            return (f"{one_line(service.unit, 80)} is not the name of a container",)
        wanted = max(1, min(lines, _LOG_LINES))
        ran = await self._run(("logs", "--timestamps", "--tail", str(wanted), service.unit), _INSPECT_SECONDS)
        if not ran.ok:
            return (why_failed(self._program, ran),)
        written = sorted((*ran.out.splitlines(), *ran.err.splitlines()), key=lambda line: line.partition(" ")[0])
        return tuple(_log_line(line) for line in written[-wanted:]) or ("it has written nothing",)

    async def follow(self, service: Service, lines: int) -> LogPieces:
        """Its last lines, then those to come, also those of its next lives: a container that stopped is asked again."""
        if not _NAME.fullmatch(service.unit):
            yield (LogLine(text=f"{one_line(service.unit, 80)} is not the name of a container", note=True),)
            return
        wanted = max(1, min(lines, _FOLLOWED_LINES))
        ran = await self._run(("logs", "--timestamps", "--tail", str(wanted), service.unit), _INSPECT_SECONDS)
        if not ran.ok:
            yield (LogLine(text=why_failed(self._program, ran), note=True),)
            return
        written = sorted((*ran.out.splitlines(), *ran.err.splitlines()), key=_stamp_of)[-wanted:]
        told = _Told().after(written)
        yield tuple(_told(line) for line in written) or (LogLine(text="it has written nothing", note=True),)
        while True:
            try:
                async with aclosing(self._written_since(service.unit, told)) as pieces:
                    async for piece in pieces:
                        told = told.after(piece)
                        yield tuple(_told(line) for line in piece)
            except Ended:
                await asyncio.sleep(_AGAIN_S)

    async def _written_since(self, unit: str, told: _Told) -> AsyncGenerator[list[str], None]:
        """Lines that were not told yet; `--since` itself tells those of its own moment once more."""
        since = ("--since", told.stamp) if told.stamp else ("--tail", "0")
        argv = (self._program, "logs", "--follow", "--timestamps", *since, unit)
        async with aclosing(follow_command(argv, self._environ, self._extra(), merged=True)) as pieces:
            async for piece in pieces:
                fresh = [line for line in piece if told.is_new(line)]
                if fresh:
                    yield fresh

    def _extra(self) -> dict[str, str]:
        return {key: self._environ[key] for key in _ENVIRONMENT if key in self._environ}

    async def _run(self, rest: Sequence[str], seconds: float) -> Ran:
        return await run_command((self._program, *rest), self._environ, seconds, self._extra())


# --- pure parts --------------------------------------------------------------------------------------------------


def read_container(service: Service, entry: JsonObject) -> ServiceStatus:
    """`Running` is also true while it is paused, and `RestartCount` is not in `State` (trap T49)."""
    seen = record(entry.get("State"))
    state, reason = _state(seen)
    started = name(seen.get("StartedAt")) or ""
    alive = state in (ServiceState.ACTIVE, ServiceState.STARTING)
    return ServiceStatus(
        name=service.name,
        unit=service.unit,
        state=state,
        reason=reason,
        since=read_stamp(started if alive else str(seen.get("FinishedAt"))),
        pid=count(seen.get("Pid")) or None,
        restarts=count(entry.get("RestartCount")),
        invocation=f"{(name(entry.get('Id')) or '')[:12]}@{one_line(started, 40)}" if alive else None,
    )


def _state(seen: JsonObject) -> tuple[ServiceState, str]:
    told = (name(seen.get("Status")) or "").lower()
    if told == "paused" or seen.get("Paused") is True:
        return ServiceState.INACTIVE, "paused: its processes are frozen; a restart ends that"
    if told == "restarting" or seen.get("Restarting") is True:
        return ServiceState.CRASH_LOOP, f"keeps dying ({_ending(seen)})"
    if told == "running":
        return _running(seen)
    if told in ("created", "configured", "initialized"):
        return ServiceState.INACTIVE, "never started"
    if told in ("exited", "stopped", "dead"):
        return _ended(seen)
    if told in ("removing", "stopping"):
        return ServiceState.STOPPING, told
    return ServiceState.UNAVAILABLE, f"in a state of its own: {one_line(told or 'none', 40)}"


def _running(seen: JsonObject) -> tuple[ServiceState, str]:
    health = record(seen.get("Health") or seen.get("Healthcheck"))
    told = (name(health.get("Status")) or "").lower()
    if told == "starting":
        return ServiceState.STARTING, "its health check has not passed yet"
    return ServiceState.ACTIVE, "running, but its health check fails" if told == "unhealthy" else "running"


def _ended(seen: JsonObject) -> tuple[ServiceState, str]:
    code = count(seen.get("ExitCode"))
    clean = code in (0, *_ASKED_TO_END) and seen.get("OOMKilled") is not True and seen.get("Dead") is not True
    return (ServiceState.INACTIVE, "stopped") if clean else (ServiceState.FAILED, _ending(seen))


def _ending(seen: JsonObject) -> str:
    if seen.get("OOMKilled") is True:
        return "killed for want of memory"
    error = one_line(seen.get("Error") or "", 120)
    return f"exited with code {count(seen.get('ExitCode'))}" + (f": {error}" if error else "")


def read_stamp(written: str) -> float | None:
    """Unix seconds of an RFC 3339 time with any number of decimals; None for year 1, which stands for never."""
    found = _STAMP.match(written)
    if found is None or found[1].startswith("0001-"):
        return None
    zone = "+00:00" if found[3] == "Z" else found[3]
    return datetime.fromisoformat(f"{found[1]}.{(found[2] or '0')[:6].ljust(6, '0')}{zone}").timestamp()


@dataclass(frozen=True, slots=True)
class _Told:
    """Up to where a log was told: the newest time stamp, and the lines that bear it. Podman's Docker socket stamps in
    whole seconds, so that one stamp is many lines."""

    stamp: str = ""
    lines: frozenset[str] = frozenset()

    def after(self, written: Sequence[str]) -> _Told:
        dated = [(at, line) for line in written if (at := read_stamp(_stamp_of(line))) is not None]
        if not dated:
            return self
        newest, line = max(dated)
        before = read_stamp(self.stamp)
        if before is not None and newest < before:
            return self
        lines = frozenset(each for at, each in dated if at == newest)
        return _Told(_stamp_of(line), lines | self.lines if newest == before else lines)

    def is_new(self, line: str) -> bool:
        at, last = read_stamp(_stamp_of(line)), read_stamp(self.stamp)
        return at is None or last is None or at > last or (at == last and line not in self.lines)


def _stamp_of(raw: str) -> str:
    return raw.partition(" ")[0]


def _told(raw: str) -> LogLine:
    stamp, _, text = raw.partition(" ")
    at = read_stamp(stamp)
    return LogLine(text=log_text(raw if at is None else text), at=at)


def _log_line(raw: str) -> str:
    stamp, _, text = raw.partition(" ")
    at = read_stamp(stamp)
    if at is None:
        return one_line(f"--:--:-- {raw}", 500)
    return one_line(f"{datetime.fromtimestamp(at, UTC).astimezone():%H:%M:%S} {text}", 500)


def _is_missing(ran: Ran) -> bool:
    return ran.code is not None and re.search(r"no such (object|container)", ran.err, re.IGNORECASE) is not None


def why_failed(program: str, ran: Ran) -> str:
    if ran.ok:
        return ""
    if "permission denied" in ran.err.lower() and "sock" in ran.err.lower():
        return f"this user may not use {program}'s socket (whoever may is as good as root)"
    if "cannot connect to the docker daemon" in ran.err.lower():
        return "the Docker daemon does not run"
    return one_line(ran.err) or f"{program} ended with code {ran.code}"
