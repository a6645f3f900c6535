"""What the monitor sees, and what it leaves alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from pointsman.core.caps import order
from pointsman.core.fleet import BudgetUnit
from pointsman.core.health import HealthState, Probe
from pointsman.core.snapshot import Override, OverrideKind, ServiceState, ServiceStatus
from pointsman.engine.engine import Engine
from pointsman.engine.monitor import Intervals
from pointsman.ports import StoreUnavailable
from support.fleets import ask, small_fleet
from support.worlds import MemoryStore, PaperServices, World


async def test_one_look_sees_every_endpoint_the_machine_and_its_services() -> None:
    world = World()
    async with world.engine:
        await world.engine.look()
        picture = world.engine.snapshot
    assert {h.state for h in picture.health.values()} == {HealthState.UP}
    assert picture.host is not None and picture.services[0].name == "llama-gpu"


async def test_under_local_only_no_cloud_endpoint_is_even_probed() -> None:
    world = World(fleet=small_fleet(local_only=True))
    async with world.engine:
        await world.engine.look()
    assert sorted(world.prober.looked) == ["cpu", "gpu", "ollama"]


async def test_a_watcher_gets_the_latest_not_a_backlog() -> None:
    world = World()
    async with world.engine:
        pictures = world.engine.watch()
        await anext(pictures)
        await world.engine.look()
        newest = await anext(pictures)
        assert newest.host is not None
        await pictures.aclose()  # type: ignore[attr-defined]


async def test_a_look_that_finds_what_was_known_waits_for_the_beat_and_a_change_is_told_at_once() -> None:
    board = World().engine._board
    pictures = board.watch()
    up, told = Probe(state=HealthState.UP, reason="ready"), []
    await anext(pictures)
    next_one = asyncio.ensure_future(anext(pictures))
    for seen in (up, up, replace(up, state=HealthState.BUSY)):
        board.saw("gpu", seen)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        told.append(next_one.done())
        if next_one.done():
            next_one = asyncio.ensure_future(anext(pictures))
            await asyncio.sleep(0)
    assert told == [True, False, True]
    next_one.cancel()


async def test_the_running_monitor_fills_the_board_and_stops_cleanly() -> None:
    world = World()
    engine = Engine(
        fleet=world.fleet, backends=world.backends, store=world.store, prober=world.prober,
        host=world.engine._monitor.host, services=world.services, clock=world.clock,
    )  # fmt: skip
    async with engine:
        async for picture in engine.watch():
            if picture.host and all(h.state is HealthState.UP for h in picture.health.values()):
                break


async def test_overrides_are_audited_and_come_into_force() -> None:
    world = World()
    async with world.engine:
        await world.engine.set_override(Override(id="o1", kind=OverrideKind.PIN, model="big"))
        assert world.engine.explain(ask()).model == "big"
        await world.engine.clear_override("o1")
        assert world.engine.explain(ask()).model == "sonnet"
    assert world.audit("override") == ["override set: pin big for global", "override cleared: pin big for global"]


async def test_a_cap_is_in_force_with_its_line_and_not_at_all_while_no_line_can_be_written() -> None:
    world = World()
    (budget,) = world.fleet.budgets

    def limit() -> int:
        return world.engine.snapshot.usage[budget.name].limit

    async with world.engine:
        await world.engine.set_override(order(budget, 12 * 10**9, 0.0))
        assert limit() == 12 * 10**9
        world.store.full = "disk full"
        with pytest.raises(StoreUnavailable, match="disk full"):
            await world.engine.clear_override("cap:cloud-day")
        assert limit() == 12 * 10**9
        world.store.full = None
        await world.engine.clear_override("cap:cloud-day")
        assert limit() == budget.limit
        with pytest.raises(ValueError, match="counts nano_usd, not tokens"):
            await world.engine.set_override(replace(order(budget, 5, 0.0), unit=BudgetUnit.TOKENS))
    assert world.audit("override") == ["cap cloud-day $10.00 → $12.00", "cap cloud-day $12.00 → $10.00, cleared"]


async def test_an_audit_that_was_empty_when_it_was_checked_is_checked_at_the_next_look_after_its_first_line() -> None:
    world = World()
    async with world.engine:
        await world.engine._monitor.see_chain()
        assert world.engine.audit_state.lines == 0
        await world.engine.set_override(Override(id="x", kind=OverrideKind.LOCAL_ONLY))
        await world.engine._monitor.see_store()
        assert world.engine.audit_state.lines == len(world.store.lines) > 0


async def test_a_broken_sensor_is_a_banner_not_a_crash() -> None:
    world = World(store=MemoryStore())

    async def broken() -> None:
        raise OSError("sensor gone")

    async with world.engine:
        await world.engine._monitor._guarded("this machine", broken)
        assert world.engine.banners == ("this machine cannot be read: OSError: sensor gone",)
        await world.engine._monitor._guarded("this machine", world.engine._monitor.see_host)
        assert world.engine.banners == ()


class TellingServices(PaperServices):
    """They say so when something changed."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()
        self.state = ServiceState.ACTIVE

    async def changed(self) -> None:
        await self.news.wait()
        self.news.clear()

    async def status(self) -> tuple[ServiceStatus, ...]:
        return (ServiceStatus(name="llama-gpu", unit="llama-gpu.service", state=self.state),)


async def test_a_service_that_tells_of_its_end_is_looked_at_before_its_turn() -> None:
    world, services = World(), TellingServices()
    engine = Engine(
        fleet=world.fleet, backends=world.backends, store=world.store, prober=world.prober,
        host=world.engine._monitor.host, services=services, clock=world.clock,
        intervals=Intervals(services=3600, together=0),
    )  # fmt: skip
    async with engine, asyncio.timeout(20):
        async for picture in engine.watch():
            seen = [status.state for status in picture.services]
            if seen == [ServiceState.ACTIVE]:
                services.state = ServiceState.FAILED
                services.news.set()
            elif seen == [ServiceState.FAILED]:
                break
