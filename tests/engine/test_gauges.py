"""What the engine remembers of figures, calls, probes and failures."""

from __future__ import annotations

import pytest

from pointsman.core.health import HealthState, Probe
from pointsman.core.outcome import FailureKind
from pointsman.core.snapshot import EndpointStatus, Gpu, GpuProcess, HostSample
from pointsman.engine.engine import Engine
from pointsman.ports import Probed
from support.fleets import ask
from support.worlds import StillHost, World, fail, heard, say


async def test_the_detail_of_an_endpoint_has_its_last_probes_and_failures() -> None:
    world = World({"anthropic": [fail(FailureKind.OVERLOADED, detail="busy", status=529), say("well")]})
    async with world.engine as engine:
        for second in range(25):
            world.clock.at = 1_000.0 + second
            await engine.look_at_endpoints()
        await heard(world, ask("hi", id="r9"))
        detail = engine.endpoint_detail("anthropic")
    assert [probe.at for probe in detail.probes] == [1_000.0 + second for second in range(5, 25)]
    assert detail.probes[-1].state == "up" and detail.health.state is HealthState.UP
    (failure,) = detail.failures
    assert (failure.request, failure.kind, failure.status) == ("r9", FailureKind.OVERLOADED, 529)
    assert detail.traffic is not None
    assert (detail.traffic.calls, detail.traffic.failed, detail.traffic.error_percent) == (2, 1, 50.0)
    with pytest.raises(KeyError):
        engine.endpoint_detail("nowhere")


async def test_own_calls_are_in_the_picture_and_forgotten_after_an_hour() -> None:
    world = World()
    async with world.engine as engine:
        assert engine.snapshot.traffic == {}
        await heard(world, ask("hi"))
        (told,) = engine.snapshot.traffic.values()
        assert told.calls == 1 and told.first_token_p50 is not None
        world.clock.at += 3_601
        assert engine.snapshot.traffic == {}


async def test_figures_have_a_history() -> None:
    world = World()
    async with world.engine as engine:
        await engine.look()
        world.clock.at += 1
        await engine.look()
        assert "ram" in engine.metrics and "cpu" not in engine.metrics
        assert [(point.at, point.value) for point in engine.history("ram")] == [(1_000.0, 2.0**30), (1_001.0, 2.0**30)]
        assert engine.history("no such figure") == ()


class OneCard:
    async def sample(self) -> HostSample:
        held = GpuProcess(pid=1, vram=5, ports=(9,))
        return HostSample(taken_at=0.0, gpus=(Gpu(index=0, name="far", vram_used=5, processes=(held,)),))


async def test_a_machine_elsewhere_has_its_place_and_its_figures_their_names() -> None:
    world = World()
    engine = Engine(
        fleet=world.fleet, backends=world.backends, store=world.store, prober=world.prober, host=StillHost(),
        services=world.services, clock=world.clock, monitor=False, remotes={"box": OneCard()},
    )  # fmt: skip
    async with engine:
        await engine.look()
        assert engine.snapshot.hosts["box"].gpus[0].name == "far"
        assert "host.box.gpu0.vram" in engine.metrics


async def test_a_figure_that_is_not_told_any_more_is_a_gap() -> None:
    world = World()
    async with world.engine as engine:
        gauges = engine._board.gauges
        up = Probe(state=HealthState.UP, reason="ok")
        gauges.probed("gpu", Probed(health=up, status=EndpointStatus(checked_at=1.0, latency_ms=4.0)), 1_000.0)
        gauges.probed("gpu", Probed(health=Probe(state=HealthState.DOWN, reason="refused")), 1_001.0)
        world.clock.at = 1_001.0
        assert [point.value for point in engine.history("endpoint.gpu.latency_ms")] == [4.0, None]
        assert engine.metrics == ("endpoint.gpu.latency_ms",)
