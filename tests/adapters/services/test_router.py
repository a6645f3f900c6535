"""The router over service managers: order, honest words for what is not there, and the configuration as allow-list."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pointsman.adapters.services import ServiceRouter
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.ports import ServiceResult


class Pretend:
    """An adapter that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def status(self, services: Sequence[Service]) -> tuple[ServiceStatus, ...]:
        return tuple(ServiceStatus(name=s.name, unit=s.unit, state=ServiceState.ACTIVE) for s in services)

    def command(self, service: Service, verb: str) -> tuple[str, ...]:
        return ("pretend", verb, service.unit)

    async def act(self, service: Service, verb: str) -> ServiceResult:
        self.told.append((service.name, verb))
        return ServiceResult(ok=True, text="done")

    async def logs(self, service: Service, lines: int) -> tuple[str, ...]:
        return ("a line",)


def fleet(*kinds: ServiceKind) -> dict[str, Service]:
    return {f"s{i}": Service(name=f"s{i}", kind=kind, unit=f"u{i}") for i, kind in enumerate(kinds)}


async def test_statuses_come_in_the_configurations_order_and_a_missing_adapter_is_said() -> None:
    services = fleet(ServiceKind.SIMULATED, ServiceKind.DOCKER, ServiceKind.SIMULATED)
    statuses = await ServiceRouter(services, {ServiceKind.SIMULATED: Pretend()}).status()
    assert [(s.name, s.state) for s in statuses] == [
        ("s0", ServiceState.ACTIVE),
        ("s1", ServiceState.UNAVAILABLE),
        ("s2", ServiceState.ACTIVE),
    ]
    assert statuses[1].reason == "services of kind docker are not supported on this machine yet"


@pytest.mark.parametrize(
    ("name", "verb", "ok", "text"),
    [
        ("s0", "restart", True, "done"),
        ("s0", "disable", False, "a service can be told start, stop, restart, reset-failed, not disable"),
        ("s0", "", False, "a service can be told start, stop, restart, reset-failed, not "),
        ("s1", "restart", False, "services of kind launchd are not supported on this machine yet"),
        ("u0", "restart", False, "u0 is not a configured service"),
    ],
)
async def test_only_configured_services_and_known_verbs_reach_an_adapter(name, verb, ok, text) -> None:
    adapter = Pretend()
    router = ServiceRouter(fleet(ServiceKind.SIMULATED, ServiceKind.LAUNCHD), {ServiceKind.SIMULATED: adapter})
    result = await router.act(name, verb)
    assert (result.ok, result.text) == (ok, text)
    assert adapter.told == ([(name, verb)] if ok else [])


async def test_commands_and_logs_are_the_adapters_and_unknown_names_are_errors() -> None:
    router = ServiceRouter(fleet(ServiceKind.SIMULATED, ServiceKind.PODMAN), {ServiceKind.SIMULATED: Pretend()})
    assert router.command("s0", "stop") == ("pretend", "stop", "u0")
    assert router.command("s0", "kill") == ()
    assert router.command("s1", "stop") == ()
    assert await router.logs("s0", 5) == ("a line",)
    assert await router.logs("s1", 5) == ("services of kind podman are not supported on this machine yet",)
    with pytest.raises(KeyError):
        router.command("nobody", "stop")
    with pytest.raises(KeyError):
        await router.logs("nobody", 5)
