"""The services of the simulated fleet: what `ports.Services` asks for, played on the simulated servers.

Restarting one really closes its listener. Never runs a command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman.core.fleet import Service
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.demo.server import Life, SimulatedServer
from pointsman.ports import ServiceResult

VERBS = ("start", "stop", "restart")

_STATES: Mapping[Life, ServiceState] = {
    Life.UP: ServiceState.ACTIVE,
    Life.LOADING: ServiceState.STARTING,
    Life.DOWN: ServiceState.INACTIVE,
    Life.FAILED: ServiceState.FAILED,
}
_REASONS: Mapping[Life, str] = {
    Life.UP: "simulated",
    Life.LOADING: "loading the model (simulated)",
    Life.DOWN: "stopped (simulated)",
    Life.FAILED: "killed by signal 9 (simulated)",
}
Seen = tuple[int, ...]  # lines of each server
_WORST_FIRST = (Life.FAILED, Life.DOWN, Life.LOADING, Life.UP)


class ServicePlay:
    """The services, played in the loop of the simulated servers. One service may run several endpoints."""

    def __init__(self, services: Mapping[str, Service], servers: Mapping[str, Sequence[SimulatedServer]]) -> None:
        self._services = services
        self._servers = servers

    def command(self, name: str, verb: str) -> tuple[str, ...]:
        """Says what a real fleet would run; `simulated:` in front, because nothing is."""
        if verb not in VERBS:
            raise KeyError(verb)
        return ("simulated:", "systemctl", "--user", verb, self._services[name].unit)

    def status(self) -> tuple[ServiceStatus, ...]:
        return tuple(self._status(service) for service in self._services.values())

    async def act(self, name: str, verb: str) -> ServiceResult:
        argv = self.command(name, verb)
        for server in self._servers[name]:
            if verb in ("stop", "restart"):
                await server.stop()
            if verb in ("start", "restart"):
                await server.start()
        return ServiceResult(ok=True, text=f"{name}: {verb} accepted (simulated)", argv=argv)

    def logs(self, name: str, lines: int) -> tuple[str, ...]:
        merged = sorted(line for server in self._servers[name] for line in server.log)
        one = list(self._servers[name][0].log) if len(self._servers[name]) == 1 else merged
        return tuple(one[-lines:]) if lines > 0 else ()

    def written_since(self, name: str, seen: Seen, lines: int) -> tuple[Seen, tuple[str, ...]]:
        """What its servers wrote after `seen`, how many lines of each that was; at first nothing is seen."""
        servers = self._servers[name]
        before = dict(zip(servers, seen, strict=False))
        fresh = (
            list(server.log)[-(server.noted - before.get(server, 0)) :]
            for server in servers
            if server.noted > before.get(server, 0)
        )
        written = sorted((line for each in fresh for line in each), key=lambda line: line.partition(" ")[0])
        return tuple(server.noted for server in servers), tuple(written[-lines:])

    def _status(self, service: Service) -> ServiceStatus:
        servers = self._servers[service.name]
        worst = min(servers, key=lambda server: _WORST_FIRST.index(server.life))
        alive = worst.life in (Life.UP, Life.LOADING)
        starts = sum(server.starts for server in servers)
        return ServiceStatus(
            name=service.name,
            unit=service.unit,
            state=_STATES[worst.life],
            reason=_REASONS[worst.life],
            since=worst.since,
            pid=worst.pid,
            restarts=0,
            memory=None,
            invocation=f"simulated-{service.name}-{starts}" if alive else None,
        )
