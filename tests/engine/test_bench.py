"""A bench asks as anybody asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from pointsman.core.bench import Plan
from pointsman.core.measured import Measurement, SpeedPoint
from pointsman.core.outcome import FailureKind, TokenUsage
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine.bench import NotAnswered
from pointsman.engine.engine import Engine
from pointsman.ports import StoreUnavailable
from support.worlds import StillHost, World, fail, say

PLAN = Plan(prompts=(64, 128), concurrencies=(1, 3), rounds=2, output=16)
ANSWER = say("a", "b", usage=TokenUsage(input=70, output=16))


@dataclass
class Kept:
    there: list[Measurement] = field(default_factory=list)

    async def put_measurement(self, measurement: Measurement) -> None:
        self.there.append(measurement)

    async def measurements(self) -> tuple[Measurement, ...]:
        return tuple(self.there)


def engine_of(world: World, kept: Kept | None) -> Engine:
    return Engine(
        fleet=world.fleet, backends=world.backends, store=world.store, prober=world.prober, host=StillHost(),
        services=world.services, clock=world.clock, monitor=False, measurements=kept,
    )  # fmt: skip


async def test_every_call_has_a_ticket_and_a_line_and_the_result_is_kept() -> None:
    world, kept, heard = World({"gpu": [ANSWER]}), Kept(), []

    def hear(prompt: int, concurrency: int, done: SpeedPoint | None) -> None:
        heard.append((prompt, concurrency, done is not None))

    async with engine_of(world, kept) as engine:
        speed = await engine.bench("coder", PLAN, hear)
        assert await engine.measurements() == (speed,)
    assert world.called() == ["gpu"] * PLAN.calls
    assert len(world.store.settled) == PLAN.calls and not world.store.open
    assert {str(line.type) for line in world.store.lines} == {"decision", "intent", "outcome"}
    assert {line.actor for line in world.store.lines if line.type == "decision"} == {"job"}
    assert [(p.prompt_tokens, p.concurrency, p.calls) for p in speed.points] == [(64, 1, 2), (64, 3, 6), (128, 1, 2), (128, 3, 6)]  # fmt: skip
    assert heard[:3] == [(64, 1, False), (64, 1, True), (64, 3, False)] and len(heard) == 8
    assert (speed.model, speed.model_id, speed.endpoint, speed.at) == ("coder", "coder-id", "gpu", 1_000.0)


async def test_calls_of_a_step_are_under_way_at_the_same_time() -> None:
    together = asyncio.Barrier(3)
    world = World({"gpu": [ANSWER, (together.wait, *ANSWER)]})
    async with engine_of(world, Kept()) as engine:
        async with asyncio.timeout(20):
            speed = await engine.bench("coder", Plan(prompts=(64,), concurrencies=(3,), rounds=2, output=8))
    assert speed.points[0].failed == 0


async def test_no_other_model_ever_takes_its_place() -> None:
    world = World({"gpu": [fail(FailureKind.REFUSED, detail="refused")]})
    async with engine_of(world, Kept()) as engine:
        with pytest.raises(NotAnswered):
            await engine.bench("coder", PLAN)
    assert set(world.called()) == {"gpu"}


async def test_a_call_that_fails_later_is_counted_and_the_rest_measured() -> None:
    world = World({"gpu": [ANSWER, ANSWER, fail(FailureKind.BAD_REQUEST, detail="no"), ANSWER]})
    async with engine_of(world, Kept()) as engine:
        speed = await engine.bench("coder", Plan(prompts=(64,), concurrencies=(1,), rounds=3, output=8))
    assert (speed.points[0].calls, speed.points[0].failed) == (3, 1)


async def test_what_policy_forbids_is_not_called() -> None:
    world = World()
    world.store.standing["l"] = Override(id="l", kind=OverrideKind.LOCAL_ONLY)
    async with engine_of(world, Kept()) as engine:
        with pytest.raises(NotAnswered) as silent:
            await engine.bench("opus", PLAN)
    assert silent.value.blocked and world.called() == []


async def test_without_a_store_the_result_is_not_silently_lost() -> None:
    world = World({"gpu": [ANSWER]})
    async with engine_of(world, None) as engine:
        with pytest.raises(StoreUnavailable):
            await engine.bench("coder", Plan(prompts=(64,), concurrencies=(1,), rounds=1, output=8))
        assert await engine.measurements() == ()
