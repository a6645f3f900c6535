"""C: rate limits. A wait is what the server said, in any shape; never years, never a stampede, never a lost 429."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from pointsman.core.fleet import Budget, BudgetUnit, Deadlines, Fleet, Scope, Window
from pointsman.core.health import BreakerState, HealthState
from pointsman.core.outcome import FailureKind
from support.fault_server import Play, good, held, limited, out_of_memory, status
from support.rows import Scene, Table
from support.stages import NOW, HeldClock, StageClock, stage

K = FailureKind
NOT_HERE: dict[str, str] = {}
c = Table()


def date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@c.row("C1-short")
async def a_short_wait_is_waited_for_and_the_same_model_tried_once(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(limited(retry_after="2"), good("after the wait"))
        heard = await s.ask()
    assert s.called == ["p", "p"] and heard.text == "after the wait" and not heard.switches
    assert [w.seconds for w in heard.waits] == [2.0] and s.clock.slept == [2.0]


@c.row("C1-long")
async def a_long_wait_falls_back_now(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(limited(retry_after="20"))
        heard = await s.ask()
    assert s.called == ["p", "f"] and heard.by == "f" and s.clock.slept == []


@c.row("C1-unstated")
async def a_429_that_says_nothing_gets_one_jittered_retry(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(limited())
        heard = await s.ask()
    assert s.called == ["p", "p", "f"] and heard.by == "f"
    (wait,) = s.clock.slept
    assert 0.3 <= wait <= 1.5


@c.row("C1-alone")
async def without_another_up_to_thirty_seconds_are_waited(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(limited(retry_after="25"), good("patience"), limited(retry_after="31"))
        assert (await s.ask()).text == "patience" and s.clock.slept == [25.0]
        heard = await s.ask()
    assert heard.blocked.retry_at == pytest.approx(s.clock.at + 31)


@c.row("C1-next")
async def the_next_request_waits_for_a_limit_that_stands(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(limited(retry_after="31"), good("in time"))
        await s.ask()
        s.clock.advance(20)
        heard = await s.ask()
    assert heard.text == "in time" and 11 <= heard.waits[0].seconds < 15


SHAPES: dict[str, tuple[Play, float]] = {
    "C2-date": (limited(retry_after=date(2)), 2.0),
    "C3-seconds": (limited(retry_after="1.5"), 1.5),
    "C3-ms": (limited(retry_after_ms="1500"), 1.5),
    "C3-body": (status(429, body=b'{"error":{"message":"rate limit","details":[{"retryDelay":"2.3s"}]}}'), 2.3),
    "C3-reset": (limited(x_ratelimit_reset_requests="2s"), 2.0),
    "C3-epoch-s": (limited(x_ratelimit_reset=str(int(NOW + 2))), 2.0),
    "C3-epoch-ms": (limited(x_ratelimit_reset=str(int((NOW + 2) * 1000))), 2.0),
    "C3-resets-at": (
        status(429, body=b'{"error":{"message":"rate limit","resets_at":%d}}' % int(NOW + 2)),
        2.0,
    ),
}


async def waits_exactly(dialect: str, play: Play, seconds: float) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(play, good())
        heard = await s.ask()
    assert s.called == ["p", "p"] and heard.by == "p"
    assert s.clock.slept == [pytest.approx(seconds, abs=0.01)]


for name, (play, seconds) in SHAPES.items():
    c.row(name)(lambda dialect, play=play, seconds=seconds: waits_exactly(dialect, play, seconds))

NONSENSE = {"negative": "-5", "zero": "0", "garbage": "soon", "past": date(-3600), "ten-years": str(315_360_000)}


async def falls_to_the_default(dialect: str, written: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(limited("the original words of the rate limit", retry_after=written))
        heard = await s.ask()
    assert len(s.called) == 2 and len(s.clock.slept) == 1 and 0.3 <= s.clock.slept[0] <= 1.5
    assert heard.blocked.code == "rate_limited" and "the original words" in heard.blocked.why
    assert heard.blocked.retry_at is not None and heard.blocked.retry_at - s.clock.at <= 30


for name, written in NONSENSE.items():
    c.row(f"C4-{name}")(lambda dialect, written=written: falls_to_the_default(dialect, written))


@c.row("C4-capped")
async def an_hour_is_capped_and_nobody_sleeps_it(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(limited(retry_after="3600"))
        heard = await s.ask()
    assert s.clock.slept == [] and heard.blocked.retry_at == pytest.approx(NOW + 60)


@c.row("C5")
async def unstated_limits_grow_while_they_are_met_again(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(limited())
        pauses = []
        for _ in range(6):
            met = s.clock.at
            await s.ask()
            until = s.health("p").until
            assert until is not None
            pauses.append(until - met)
            s.clock.at = until
        s["p"].plays(good())
        await s.ask()
        assert s.health("p").limits_hit == 0
    assert pauses == pytest.approx([15, 30, 60, 120, 120, 120], abs=0.01)


@c.row("C5-jitter")
async def the_pause_of_an_unstated_limit_is_spread(dialect: str) -> None:
    """A fifth up and down, so that many programs do not come back at one moment."""
    pauses = []
    for dice in (0.0, 1.0):
        async with stage(dialect=dialect, clock=StageClock(dice)) as s:
            s["p"].plays(limited())
            await s.ask()
            pauses.append((s.health("p").until or 0.0) - NOW)
    assert pauses == pytest.approx([12.0, 18.0], abs=0.01)


@c.row("C6")
async def a_limited_endpoint_is_not_poked_and_not_called_down(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(limited(retry_after="20"))
        await s.ask()
        for _ in range(9):
            await s.probe()
            s.clock.advance(2)
        assert s["p"].probes == []
        assert s.health("p").state is HealthState.RATE_LIMITED
        assert s.health("p").breaker.state is BreakerState.CLOSED and s.health("p").breaker.streak == 0
        s.clock.advance(2.1)
        await s.probe()
        assert s["p"].probes and s.health("p").state is HealthState.UP


@c.row("C7")
async def twenty_at_once_make_one_cooldown_one_line_and_one_retry(dialect: str) -> None:
    async with stage("p", "f", dialect=dialect) as s:
        await s.probe()
        gate, later = asyncio.Event(), asyncio.Event()
        s["p"].plays(*[held(gate, limited())] * 20, held(later, good("the one retry")))
        asked = [asyncio.create_task(s.ask()) for _ in range(20)]
        await s.log.count(20)
        gate.set()
        ended = asyncio.as_completed(asked)
        heard = [await next(ended) for _ in range(19)]  # nobody waits for the one that tries again
        later.set()
        heard.append(await next(ended))
        lines = await s.audit("health")
    assert len(s["p"].chats) == 21
    assert sorted(h.by for h in heard) == ["f"] * 19 + ["p"]
    assert [line.rule for line in lines if "p:" in line.text and line.rule == "rate-limited"] == ["rate-limited"]


@c.row("C7-alone")
async def twenty_at_once_on_the_only_model_look_again_before_they_retry(dialect: str) -> None:
    clock = HeldClock()
    async with stage("p", dialect=dialect, clock=clock) as s:
        gate = asyncio.Event()
        s["p"].plays(*[held(gate, limited(retry_after="2"))] * 20, limited(retry_after="50"))
        asked = [asyncio.create_task(s.ask()) for _ in range(20)]
        await s.log.count(20)
        gate.set()
        await clock.asleep(20)
        clock.run(2.0)
        await s.log.count(21)
        clock.run(2.0)  # by now all are awake
        heard = await asyncio.gather(*asked)
    assert len(s["p"].chats) == 21  # one tried again; what it learned kept the others from it
    (told,) = {round(h.blocked.retry_at or 0) for h in heard}
    assert told - NOW in (52, 54)


@c.row("C8")
async def an_exhausted_chain_tells_the_earliest_time(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(out_of_memory())
        s["f"].plays(limited(retry_after="40"))
        s["g"].plays(limited(retry_after="55"))
        first = await s.ask()
        s.clock.advance(5)
        second = await s.ask(deadline_s=600)
    assert first.blocked.retry_at == pytest.approx(NOW + 40, abs=0.1)
    assert second.blocked.retry_at == pytest.approx(NOW + 40, abs=0.1)


A_MINUTE = {"C9": (2, BudgetUnit.REQUESTS), "C9-tokens": (2 * (11 + 7), BudgetUnit.TOKENS)}


async def kept_before_sending(dialect: str, limit: int, unit: BudgetUnit) -> None:
    """Two calls fit into a minute; each is eleven tokens in and seven out."""

    def capped(fleet: Fleet) -> Fleet:
        cap = Budget(name="p-cap", limit=limit, unit=unit, window=Window(seconds=60), scope=Scope(endpoint="p"))
        return replace(fleet, budgets=(cap,))

    async with stage(dialect=dialect, change=capped, deadlines=Deadlines()) as s:

        async def ask() -> str:
            return (await s.ask(facts={"tokens": 11}, max_output=7)).by

        by = [await ask() for _ in range(4)]
        s.clock.advance(61)
        await s.see_ledger()
        by.append(await ask())
    assert by == ["p", "p", "f", "f", "p"] and s.called == by


for name, (limit, unit) in A_MINUTE.items():
    c.row(name)(lambda dialect, limit=limit, unit=unit: kept_before_sending(dialect, limit, unit))


@pytest.mark.parametrize(*c.cases)
async def test_c(scene: Scene, dialect: str) -> None:
    await scene(dialect)
