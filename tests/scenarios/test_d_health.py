"""D: cooldown, breaker, health. Routing trusts real traffic; a primary that is well again is taken back, once."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.core.health import BreakerLimits, BreakerState, Health, HealthState, observe
from pointsman.core.outcome import Failed, FailureKind
from support.fault_server import cut_after, good, held, limited, out_of_memory, status
from support.rows import Scene, Table
from support.stages import Stage, stage

K = FailureKind
NOT_HERE: dict[str, str] = {}
d = Table()
ONE_OF_EACH = ("openai", "anthropic")  # long stories about time: a local and a cloud endpoint
BAD = out_of_memory()  # a failure of the endpoint that is not retried: one chat, one failure


async def opened(s: Stage) -> None:
    """Three failures in a row."""
    s["p"].plays(BAD)
    for _ in range(3):
        await s.ask()
    assert s.health("p").breaker.state is BreakerState.OPEN


@d.row("D1")
async def one_500_in_a_quiet_minute_is_no_evidence(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(BAD, good())
        assert (await s.ask()).by == "f"  # a whole turn lost, and no retry that mends it
        assert s.health("p").breaker.state is BreakerState.CLOSED
        assert (await s.ask()).by == "p"


@d.row("D2")
async def more_than_half_of_five_cools_it_and_it_returns_without_a_restart(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(good(), BAD, BAD, good(), BAD, good())
        by = [(await s.ask()).by for _ in range(7)]
        assert by == ["p", "f", "f", "p", "f", "f", "f"] and len(s["p"].chats) == 5
        s.clock.advance(6.1 if dialect != "anthropic" else 18.1)
        by = [(await s.ask()).by for _ in range(2)]
    assert by == ["p", "p"]


@d.row("D3")
async def a_quarter_of_failures_cools_nobody(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        for name in "pf":
            s[name].plays(good(), good(), good(), BAD, cycle=True)
        by = [(await s.ask()).by for _ in range(32)]
        assert {s.health(name).breaker.state for name in "pf"} == {BreakerState.CLOSED}
    assert by == (["p", "p", "p", "f"] * 3 + ["p", "p", "p", "g"]) * 2
    assert (len(s["p"].chats), len(s["f"].chats)) == (32, 8)


@d.row("D4")
async def a_429_or_401_with_siblings_closes_the_door_at_once(dialect: str) -> None:
    for play in (limited(retry_after="20"), status(401, "no")):
        async with stage(dialect=dialect) as s:
            s["p"].plays(play)
            by = [(await s.ask()).by for _ in range(3)]
        assert by == ["f"] * 3 and len(s["p"].chats) == 1


@d.row("D5", "openai")
async def a_pause_of_zero_is_zero(dialect: str) -> None:
    health, limits = Health(), BreakerLimits(open_first=0.0, open_most=0.0)
    for _ in range(9):
        health = observe(health, Failed(kind=K.REFUSED), 50.0, limits, 1.0)
        assert health.callable(50.0)


@d.row("D6")
async def the_third_failure_opens_it_not_the_second(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(BAD)
        for calls in (1, 2, 3, 3, 3):
            await s.ask()
            assert len(s["p"].chats) == calls


@d.row("D7")
async def one_trial_at_a_time_and_success_closes(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await opened(s)
        s.clock.advance(30)
        gate = asyncio.Event()
        s["p"].plays(held(gate, good("trial")))
        before = len(s.called)
        trial = asyncio.create_task(s.ask())
        await s.log.count(before + 1)
        others = [(await s.ask()).by for _ in range(10)]
        assert others == ["f"] * 10 and len(s["p"].chats) == 4
        gate.set()
        assert (await trial).text == "trial" and (await s.ask()).by == "p"


@d.row("D7-fails")
async def a_failing_trial_opens_it_again_for_longer(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await opened(s)
        pauses = []
        for _ in range(5):
            retry_at = s.health("p").breaker.retry_at
            assert retry_at is not None
            pauses.append(retry_at - s.clock.at)
            s.clock.at = retry_at
            before = len(s["p"].chats)
            assert (await s.ask()).by == "f" and len(s["p"].chats) == before + 1
    assert pauses == ([15, 30, 60, 120, 120] if dialect == "anthropic" else [5, 10, 20, 30, 30])


@d.row("D7-hung")
async def a_hung_trial_is_handed_over_and_its_late_result_dropped(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await opened(s)
        s.clock.advance(30)
        first, second = asyncio.Event(), asyncio.Event()
        s["p"].plays(held(first, good("late")), held(second, BAD))
        n = len(s.called)
        hung = asyncio.create_task(s.ask())
        await s.log.count(n + 1)
        s.clock.advance(181)
        successor = asyncio.create_task(s.ask())
        await s.log.count(n + 2)
        assert len(s["p"].chats) == 5
        first.set()
        assert (await hung).text == "late"  # the user has the answer; the breaker waits for the trial in charge
        assert s.health("p").breaker.state is BreakerState.HALF_OPEN
        second.set()
        assert (await successor).by == "f"
        assert s.health("p").breaker.state is BreakerState.OPEN


@d.row("D7-unused")
async def a_trial_that_led_to_no_call_is_handed_back(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await opened(s)
        s.clock.advance(30)
        gate = asyncio.Event()
        s["p"].plays(held(gate, good()), good("mine"))
        n = len(s.called)
        asked = asyncio.create_task(s.ask())
        await s.log.count(n + 1)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        gate.set()
        assert (await s.ask()).text == "mine"


@d.row("D7-many")
async def many_failures_of_one_outage_open_it_once(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        gate = asyncio.Event()
        s["p"].plays(held(gate, BAD))
        asked = [asyncio.create_task(s.ask()) for _ in range(12)]
        await s.log.count(12)
        gate.set()
        assert {h.by for h in await asyncio.gather(*asked)} == {"f"}
        assert s.health("p").breaker.openings == 1


@d.row("D8", "openai")
async def a_dead_endpoint_is_looked_at_ever_more_rarely_up_to_a_cap(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s["p"].stop()
        await s.probe()
        pause = s.engine._monitor._pause
        pauses = [pause("p", s.health("p"), failures) for failures in range(1, 9)]
        await s["p"].start()
        await s.probe()
        assert pause("p", s.health("p"), 0) == 2.0
    assert pauses == [2, 2, 2, 4, 8, 16, 30, 30]


@d.row("D9", *ONE_OF_EACH)
async def a_minute_s_outage_is_served_by_the_fallback_and_ends_within_thirty_seconds(dialect: str) -> None:
    """One request and one probe every two seconds, as the monitor takes them: one line when it goes, one when it comes."""
    async with stage(dialect=dialect) as s:
        await s.probe()
        by: list[str] = []

        async def look_and_ask() -> None:
            await s.probe()
            by.append((await s.ask()).by)
            s.clock.advance(2)

        await look_and_ask()
        await s["p"].stop()
        for _ in range(30):
            await look_and_ask()
        await s["p"].start()
        recovered = s.clock.at
        for _ in range(15):
            await look_and_ask()
        assert recovered <= s.health("p").since <= recovered + 30  # the pane tells since when
        lines = [row.text for row in await s.audit("health")]
    assert by[0] == "p" and set(by[1:31]) == {"f"}
    back = by[31:].index("p")
    assert back <= 15 and set(by[31 + back :]) == {"p"}
    assert len([line for line in lines if line.startswith("p: up → down")]) == 1
    assert len([line for line in lines if line.startswith("p:") and "→ up" in line]) == 1


@d.row("D9-unseen", *ONE_OF_EACH)
async def without_probes_it_is_taken_back_within_thirty_seconds_too(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s["p"].stop()
        for _ in range(20):
            assert (await s.ask()).by == "f"
            s.clock.advance(3)
        await s["p"].start()
        waited = 0
        while (await s.ask()).by != "p":
            s.clock.advance(3)
            waited += 3
    assert waited <= (120 if dialect == "anthropic" else 30)  # a cloud's pauses are longer: choice D


@d.row("D10", *ONE_OF_EACH)
async def a_green_health_endpoint_does_not_take_it_back(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s.probe()
        await opened(s)
        for _ in range(30):
            await s.probe()
            assert (await s.ask()).by == "f"
            s.clock.advance(2)
        trials = len(s["p"].chats) - 3
        assert trials <= 6  # at 5, 10, 20 and 30 s, not after every green look
        assert s.health("p").state is HealthState.DOWN
        assert "the probe is good, but calls fail" in s.health("p").reason
        s["p"].plays(good())
        s.clock.advance(120)
        assert (await s.ask()).by == "p" and s.health("p").state is HealthState.UP


@d.row("D10-reverse")
async def a_red_health_endpoint_does_not_close_one_that_answers(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].health = (500, b"the health check is broken")
        assert (await s.ask()).by == "p"
        await s.probe()
        health = s.health("p")
        assert health.state is HealthState.UP and "calls succeed, but the probe fails" in health.reason
        assert health.probed is HealthState.DOWN
        assert (await s.ask()).by == "p"


@d.row("D11", *ONE_OF_EACH)
async def a_flapping_endpoint_does_not_fill_the_audit(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        for turn in range(40):
            s["p"].health = (500, b"no") if turn % 2 else None
            await s.probe()
            s.clock.advance(2)
        lines = [row.text for row in await s.audit("health")]
        assert len(lines) == 6 and "flapping" in lines[-1]
        s.clock.advance(601)
        s["p"].health = None
        await s.probe()
        (*_, after) = [row.text for row in await s.audit("health")]
    assert "33 earlier changes were not written" in after


@d.row("D12")
async def three_cut_streams_in_a_row_bench_it_and_one_does_not(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        cut, well, other = cut_after("a"), good(), limited(retry_after="20")
        s["p"].plays(well, well, well, well, well, cut, cut, other, cut, well)
        for _ in range(8):
            await s.ask()
        assert s.health("p").state is HealthState.RATE_LIMITED
        s.clock.advance(21)
        await s.ask()  # the third cut, but another kind broke the streak
        assert s.health("p").breaker.state is BreakerState.CLOSED
        assert (await s.ask()).by == "p"
    async with stage(dialect=dialect) as s:
        s["p"].plays(cut_after("a"))
        for _ in range(3):
            await s.ask()
        assert s.health("p").breaker.state is BreakerState.OPEN


@d.row("D13")
async def a_clock_set_back_an_hour_neither_sticks_nor_frees(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await opened(s)
        s["f"].plays(limited(retry_after="20"))
        await s.ask()
        s.clock.set_back(3600)
        assert (await s.ask()).by == "g"  # nothing is freed
        s["p"].plays(good("p again"))
        s["f"].plays(good("f again"))
        s.clock.advance(21)
        assert (await s.ask()).text == "p again"  # nothing is stuck
        assert (await s.ask(pin="f")).text == "f again"


@d.row("D13-loading", *ONE_OF_EACH)
async def a_clock_set_back_does_not_lengthen_the_load_budget(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        loading = status(503, "Loading model")

        async def and_the_clock(reply) -> None:  # type: ignore[no-untyped-def]
            s.clock.set_back(3600)
            await loading(reply)

        s["p"].plays(loading, and_the_clock, loading)
        heard = await s.ask()
    assert heard.by == "f" and 170 < sum(s.clock.slept) < 190


@d.row("D-last-local", "openai", "ollama")
async def the_last_local_endpoint_is_degraded_never_ejected(dialect: str) -> None:
    """Under local_only every request still tries it, audibly, whatever it did before."""
    async with stage("p", dialect=dialect) as s:
        await opened(s)
        for _ in range(4):
            heard = await s.ask()
            assert heard.kinds == [K.OUT_OF_MEMORY]
            assert any("not well" in told.text for told in heard.decision.decision.notices)
        s["p"].plays(good("at last"))
        assert (await s.ask()).text == "at last"


@pytest.mark.parametrize(*d.cases)
async def test_d(scene: Scene, dialect: str) -> None:
    await scene(dialect)
