"""launchd agents of the user, by `launchctl` (protocols.md §17.2).

Written after its manual, not tried on a Mac: `launchctl print` is declared no interface, so what it says is read with
doubt, and whatever is not understood is unknown. launchd keeps no log and no count of restarts.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from pointsman.adapters.lenient import one_line
from pointsman.adapters.services import unavailable
from pointsman.adapters.services.commands import Ran, run_command
from pointsman.adapters.services.log_file import follow_log, last_lines
from pointsman.core.fleet import Service
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.ports import LogLine, LogPieces, ServiceResult

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_SECONDS = 30.0
_FIELD = re.compile(r"^\s*(state|pid|last exit code|runs)\s*=\s*(.+?)\s*$", re.MULTILINE)


class LaunchdServices:
    """The agents of this user's session."""

    def __init__(self, *, environ: Mapping[str, str] | None = None, user: int | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._user = os.getuid() if user is None else user

    async def status(self, services: Sequence[Service]) -> tuple[ServiceStatus, ...]:
        return tuple(await asyncio.gather(*(self._status_of(service) for service in services)))

    async def _status_of(self, service: Service) -> ServiceStatus:
        if not _LABEL.fullmatch(service.unit):
            return unavailable(service, f"{one_line(service.unit, 80)} is not the label of an agent")
        ran = await run_command(("launchctl", "print", self._target(service)), self._environ, _SECONDS)
        return read_print(service, ran)

    def command(self, service: Service, verb: str) -> tuple[str, ...]:
        """`stop` ends the process; launchd starts an agent with KeepAlive again at once."""
        if not _LABEL.fullmatch(service.unit):
            return ()
        target = self._target(service)
        verbs = {
            "start": ("launchctl", "kickstart", target),
            "restart": ("launchctl", "kickstart", "-k", target),
            "stop": ("launchctl", "kill", "SIGTERM", target),
        }
        return verbs.get(verb, ())

    async def act(self, service: Service, verb: str) -> ServiceResult:
        argv = self.command(service, verb)
        if not argv:
            return ServiceResult(ok=False, text=f"{one_line(service.unit, 80)} cannot be told to {verb}")
        ran = await run_command(argv, self._environ, _SECONDS)
        text = f"launchctl did {verb} {service.unit}" if ran.ok else _why_failed(ran)
        return ServiceResult(ok=ran.ok, text=text, argv=argv)

    async def logs(self, service: Service, lines: int) -> tuple[str, ...]:
        if service.log is None:
            return ("launchd keeps no log: name the agent's StandardOutPath as `log` in the configuration",)
        log = service.log
        return await asyncio.to_thread(lambda: last_lines(os.path.expanduser(log), lines))

    async def follow(self, service: Service, lines: int) -> LogPieces:
        if service.log is None:
            for why in await self.logs(service, lines):
                yield (LogLine(text=why, note=True),)
            return
        async with aclosing(follow_log(_expanded(service.log), lines)) as pieces:
            async for piece in pieces:
                yield piece

    def _target(self, service: Service) -> str:
        return f"gui/{self._user}/{service.unit}"


def _expanded(path: str) -> str:
    return os.path.expanduser(path)


def read_print(service: Service, ran: Ran) -> ServiceStatus:
    """State by what `launchctl print` said; the first of each field, later ones belong to parts of the service."""
    if not ran.ok:
        if "Could not find service" in ran.err or ran.code == 113:
            reason = "launchd does not know it (is it bootstrapped?)"
            return ServiceStatus(name=service.name, unit=service.unit, state=ServiceState.NOT_FOUND, reason=reason)
        return unavailable(service, _why_failed(ran))
    seen: dict[str, str] = {}
    for field, value in _FIELD.findall(ran.out):
        seen.setdefault(field, value)
    pid = int(seen["pid"]) if seen.get("pid", "").isdigit() else None
    state, reason = _state(seen, pid)
    runs = seen.get("runs", "")
    invocation = f"run {runs}" if pid is not None and runs.isdigit() else None
    return ServiceStatus(
        name=service.name, unit=service.unit, state=state, reason=reason, pid=pid, invocation=invocation
    )


def _state(seen: Mapping[str, str], pid: int | None) -> tuple[ServiceState, str]:
    if pid is not None:
        return ServiceState.ACTIVE, "running"
    code = seen.get("last exit code", "")
    if code.split(":")[0].isdigit() and int(code.split(":")[0]) != 0:
        return ServiceState.FAILED, f"exited with code {one_line(code, 60)}"
    if "state" in seen:
        return ServiceState.INACTIVE, one_line(seen["state"], 40)
    return ServiceState.UNAVAILABLE, "what launchctl says of it is not understood"


def _why_failed(ran: Ran) -> str:
    return one_line(ran.err) or f"launchctl ended with code {ran.code}"
