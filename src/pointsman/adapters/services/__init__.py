"""Services of this machine: `ports.Services` over one adapter per kind of service manager.

Only services named in the configuration can be touched; that mapping is the allow-list. Nothing here starts a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from pointsman.adapters.services.port_owner import find_owner
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.ports import LogLine, LogPieces, PortOwner, ServiceResult, StartLimit

VERBS = ("start", "stop", "restart", "reset-failed")


class ServiceAdapter(Protocol):
    """Speaks to one service manager. Answers with reasons instead of raising: no manager is a normal case."""

    async def status(self, services: Sequence[Service]) -> tuple[ServiceStatus, ...]:
        """One status per service, in their order."""
        ...

    def command(self, service: Service, verb: str) -> tuple[str, ...]:
        """The argv of `verb`, empty if there is none."""
        ...

    async def act(self, service: Service, verb: str) -> ServiceResult: ...

    async def logs(self, service: Service, lines: int) -> tuple[str, ...]:
        """The last lines, oldest first, each one printable line."""
        ...

    def follow(self, service: Service, lines: int) -> LogPieces:
        """As `ports.Services.follow`."""
        ...


@runtime_checkable
class LimitsStarts(Protocol):
    """A manager that gives a service up when it is started too often."""

    async def start_limit(self, service: Service) -> StartLimit | None: ...


@runtime_checkable
class TellsChanges(Protocol):
    """A manager that says so when something changed, instead of waiting to be asked."""

    def tell(self, changed: Callable[[], None]) -> None: ...


class ServiceRouter:
    """`ports.Services`: finds each configured service's adapter by its kind."""

    def __init__(self, services: Mapping[str, Service], adapters: Mapping[ServiceKind, ServiceAdapter]) -> None:
        self._services = MappingProxyType(dict(services))
        self._adapters = MappingProxyType(dict(adapters))
        self._news = asyncio.Event()
        for adapter in self._adapters.values():
            if isinstance(adapter, TellsChanges):
                adapter.tell(self._news.set)

    async def changed(self) -> None:
        await self._news.wait()
        self._news.clear()

    def take(self, services: Mapping[str, Service]) -> None:
        """Others are configured from now on. One that is configured no more is left as it runs."""
        self._services = MappingProxyType(dict(services))

    async def status(self) -> tuple[ServiceStatus, ...]:
        """All configured services, in the configuration's order."""
        by_kind: dict[ServiceKind, list[Service]] = {}
        for service in self._services.values():
            by_kind.setdefault(service.kind, []).append(service)
        told = await asyncio.gather(*(self._status_of(kind, members) for kind, members in by_kind.items()))
        found = {status.name: status for statuses in told for status in statuses}
        return tuple(found[name] for name in (service.name for service in self._services.values()) if name in found)

    def command(self, name: str, verb: str) -> tuple[str, ...]:
        service = self._services[name]
        adapter = self._adapters.get(service.kind)
        return () if adapter is None or verb not in VERBS else adapter.command(service, verb)

    async def act(self, name: str, verb: str) -> ServiceResult:
        service = self._services.get(name)
        if service is None:
            return ServiceResult(ok=False, text=f"{name} is not a configured service")
        adapter = self._adapters.get(service.kind)
        if adapter is None:
            return ServiceResult(ok=False, text=_unsupported(service.kind))
        if verb not in VERBS:
            return ServiceResult(ok=False, text=f"a service can be told {', '.join(VERBS)}, not {verb}")
        return await adapter.act(service, verb)

    async def start_limit(self, name: str) -> StartLimit | None:
        """Raises KeyError for an unknown service."""
        service = self._services[name]
        adapter = self._adapters.get(service.kind)
        return await adapter.start_limit(service) if isinstance(adapter, LimitsStarts) else None

    async def port_owner(self, name: str, url: str) -> PortOwner:
        """Raises KeyError for an unknown service."""
        service = self._services[name]
        (status,) = await self._status_of(service.kind, [service])
        return await asyncio.to_thread(find_owner, service, status.unit, status.pid, url)

    async def aclose(self) -> None:
        """Ends what adapters do by themselves, not the services."""
        for adapter in self._adapters.values():
            close: Callable[[], Awaitable[None]] | None = getattr(adapter, "aclose", None)
            if close is not None:
                await close()

    async def logs(self, name: str, lines: int) -> tuple[str, ...]:
        """Raises KeyError for an unknown service."""
        service = self._services[name]
        adapter = self._adapters.get(service.kind)
        return (_unsupported(service.kind),) if adapter is None else await adapter.logs(service, lines)

    async def follow(self, name: str, lines: int) -> LogPieces:
        """Raises KeyError for an unknown service."""
        service = self._services[name]
        adapter = self._adapters.get(service.kind)
        if adapter is None:
            yield (LogLine(text=_unsupported(service.kind), note=True),)
            return
        async with aclosing(adapter.follow(service, lines)) as pieces:
            async for piece in pieces:
                yield piece

    async def _status_of(self, kind: ServiceKind, members: list[Service]) -> tuple[ServiceStatus, ...]:
        adapter = self._adapters.get(kind)
        if adapter is not None:
            return await adapter.status(members)
        return tuple(unavailable(service, _unsupported(kind)) for service in members)


def unavailable(service: Service, reason: str) -> ServiceStatus:
    return ServiceStatus(name=service.name, unit=service.unit, state=ServiceState.UNAVAILABLE, reason=reason)


def _unsupported(kind: ServiceKind) -> str:
    return f"services of kind {kind} are not supported on this machine yet"
