"""One request on its way: who is called, what is told, what is written down, what is paid."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from pointsman.core.fleet import Deadlines, OnCut
from pointsman.core.outcome import Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Request
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine import events
from pointsman.ports import CallFailed, Finish, Reasoning, Text
from support.fleets import BUDGET, ENDPOINTS, FLEET_ROLES, ask, small_fleet
from support.worlds import MemoryStore, World, fail, heard, say

K = FailureKind


def code(**more: object) -> Request:
    return ask("hi", **{"facts": {"kind": "coding", "tokens": 100}, **more})


async def test_a_good_primary_is_one_call_and_three_audit_lines() -> None:
    world = World({"gpu": [say("all ", "good")]})
    async with world.engine:
        told = await heard(world, code())
    assert isinstance(told[-1], events.Answered) and told[-1].text == "all good"
    assert world.called() == ["gpu"]
    assert [str(line.type) for line in world.store.lines] == ["decision", "intent", "outcome"]


async def test_the_intent_is_written_before_the_call_and_the_ticket_settled_after_it() -> None:
    seen: list[int] = []
    world = World()

    async def look() -> None:
        seen.append(len(world.store.open))
        assert world.audit("intent")

    world.backends["gpu"].scripts[:] = [(look, *say("x"))]
    async with world.engine:
        await heard(world, code())
    assert seen == [1] and not world.store.open and len(world.store.settled) == 1


async def test_a_refused_primary_steps_down_visibly() -> None:
    world = World({"gpu": [fail(K.REFUSED, detail="connection refused")]})
    async with world.engine:
        told = await heard(world, code())
    switch = next(e for e in told if isinstance(e, events.Switched))
    assert (switch.from_model, switch.to_model, switch.kind, switch.fragment) == ("coder", "flash", K.REFUSED, False)
    assert isinstance(told[-1], events.Answered) and told[-1].attempt.model == "flash"
    kinds = [str(line.type) for line in world.store.lines]
    assert kinds == ["decision", "intent", "outcome", "step-down", "intent", "outcome"]


async def test_a_5xx_is_retried_once_on_the_same_endpoint() -> None:
    world = World({"gpu": [fail(K.SERVER_ERROR, status=500), say("again")]})
    async with world.engine:
        told = await heard(world, code())
    assert world.called() == ["gpu", "gpu"]
    assert not any(isinstance(e, events.Switched) for e in told)


async def test_every_model_failing_is_one_error_that_names_them_all() -> None:
    bad = [fail(K.OUT_OF_MEMORY, detail="no room", status=500)]
    world = World({"gpu": bad, "deepseek": bad, "anthropic": bad})
    async with world.engine:
        told = await heard(world, code())
    blocked = told[-1]
    assert isinstance(blocked, events.Blocked) and not blocked.by_policy
    assert all(name in blocked.why for name in ("coder", "flash", "sonnet"))
    assert world.audit("blocked") == [blocked.why]


async def test_a_cut_after_shown_text_is_answered_afresh_and_both_are_paid() -> None:
    cut = (Text("half an ans"), CallFailed(Failed(kind=K.STREAM_CUT, detail="gone")))
    world = World({"deepseek": [cut], "anthropic": [say("whole answer")]})
    async with world.engine:
        told = await heard(world, ask("hi", prefer="flash"))
    switch = next(e for e in told if isinstance(e, events.Switched))
    answer = told[-1]
    assert switch.fragment and isinstance(answer, events.Answered) and answer.text == "whole answer"
    charges = [s.charge.nano_usd for _, s in world.store.settled.values()]
    assert len(charges) == 2 and all(charges)
    first = next(s for r, s in world.store.settled.values() if r.model == "flash")
    assert first.estimated and first.usage is not None and first.usage.output >= 3


async def test_a_role_that_stops_at_a_cut_offers_the_next_model() -> None:
    roles = {**FLEET_ROLES, "implementer": replace(FLEET_ROLES["implementer"], on_cut=OnCut.STOP)}
    cut = (Text("half"), CallFailed(Failed(kind=K.STREAM_CUT)))
    world = World({"gpu": [cut]}, fleet=small_fleet(roles=roles))
    async with world.engine:
        told = await heard(world, code())
    assert isinstance(told[-1], events.Blocked) and told[-1].offer == "flash"


async def test_leaving_the_stream_hangs_up_settles_and_is_no_failure() -> None:
    never = asyncio.Event()
    world = World({"deepseek": [(Text("one "), never.wait)]})  # type: ignore[list-item]
    async with world.engine:
        stream = world.engine.submit(ask("hi", prefer="flash"))
        async for event in stream:
            if isinstance(event, events.TextDelta):
                break
        await stream.aclose()  # type: ignore[attr-defined]
        assert world.backends["deepseek"].hung_up == 1
        (_, settlement), *rest = world.store.settled.values()
        assert not rest and settlement.estimated and settlement.charge.tokens > 0
        assert world.engine.snapshot.health["deepseek"].breaker.streak == 0
    assert "cancelled by the user" in world.audit("outcome")[0]


async def test_leaving_the_engine_settles_what_is_under_way() -> None:
    never = asyncio.Event()
    world = World({"gpu": [(Text("one "), never.wait)]})  # type: ignore[list-item]
    async with world.engine:
        stream = world.engine.submit(code())
        async for event in stream:
            if isinstance(event, events.TextDelta):
                break
    assert not world.store.open and len(world.store.settled) == 1
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("deadlines", "script", "kind"),
    [
        (Deadlines(first_token=0.02), (), K.FIRST_TOKEN_TIMEOUT),
        (Deadlines(idle=0.02), (Text("a"),), K.IDLE_TIMEOUT),
        (Deadlines(idle=5.0, total=0.03), (Text("a"),), K.TOTAL_TIMEOUT),
        (Deadlines(idle=0.02), (Reasoning("hm"),), K.IDLE_TIMEOUT),
    ],
)
async def test_each_clock_ends_a_call_in_its_own_words(deadlines: Deadlines, script: tuple, kind: K) -> None:  # type: ignore[type-arg]
    never = asyncio.Event()
    endpoints = {e.name: replace(e, deadlines=deadlines) if e.name == "gpu" else e for e in ENDPOINTS}
    world = World({"gpu": [(*script, never.wait)]}, fleet=small_fleet(endpoints=endpoints))
    async with world.engine:
        told = await heard(world, code())
    ended = next(e for e in told if isinstance(e, events.AttemptEnded))
    assert isinstance(ended.attempt.outcome, Failed) and ended.attempt.outcome.kind is kind
    assert world.backends["gpu"].hung_up == 1
    assert isinstance(told[-1], events.Answered)


async def test_after_three_failures_the_endpoint_is_not_called_any_more() -> None:
    world = World({"gpu": [fail(K.REFUSED)]})
    async with world.engine:
        for _ in range(5):
            await heard(world, code())
    assert len(world.backends["gpu"].calls) == 3
    assert len(world.backends["deepseek"].calls) == 5


async def test_a_good_trial_takes_the_primary_back() -> None:
    world = World({"gpu": [fail(K.REFUSED)] * 3 + [say("back")]})
    async with world.engine:
        for _ in range(3):
            await heard(world, code())
        world.clock.at += 30
        told = await heard(world, code())
        assert isinstance(told[-1], events.Answered) and told[-1].attempt.model == "coder"
        assert world.engine.snapshot.health["gpu"].callable(world.clock.at)


async def test_one_trial_at_a_time_the_others_use_the_fallback() -> None:
    gate = asyncio.Event()
    world = World({"gpu": [fail(K.REFUSED)] * 3 + [(gate.wait, *say("back"))]})  # type: ignore[list-item]
    async with world.engine:
        for _ in range(3):
            await heard(world, code())
        world.clock.at += 30
        requests = [asyncio.create_task(heard(world, code(id=f"r{n}"))) for n in range(20)]
        others = asyncio.as_completed(requests)
        done = [await next(others) for _ in range(19)]
        gate.set()
        done.append(await next(others))
    assert len(world.backends["gpu"].calls) == 4
    assert sorted(d[-1].attempt.model for d in done) == ["coder"] + ["flash"] * 19  # type: ignore[union-attr]


async def test_what_does_not_fit_the_budget_is_not_sent() -> None:
    store = MemoryStore()
    fleet = small_fleet(bands=(), budgets=(replace(BUDGET, limit=1_000_000),))
    world = World(fleet=fleet, store=store)
    async with world.engine:
        told = await heard(world, ask("hi", pin="opus"))
    assert isinstance(told[-1], events.Blocked) and told[-1].by_policy and "GR-011" in told[-1].code
    assert world.called() == []


async def test_fifty_at_once_never_overshoot_the_budget() -> None:
    price = 10 * 300 + 5 * 1200
    fleet = small_fleet(bands=(), budgets=(replace(BUDGET, limit=price * 10),))
    answer = say("x", usage=TokenUsage(input=10, output=5))
    world = World({"deepseek": [answer]}, fleet=fleet)
    async with world.engine:
        asked = [ask("hi", id=f"r{n}", pin="flash", max_output=5, facts={"tokens": 10}) for n in range(50)]
        ends = await asyncio.gather(*(heard(world, one) for one in asked))
    answered = sum(isinstance(told[-1], events.Answered) for told in ends)
    assert answered == 10 == len(world.backends["deepseek"].calls)


async def test_an_unwritable_audit_lets_local_work_go_on_and_nothing_leave() -> None:
    world = World(store=MemoryStore(full="disk full"))
    async with world.engine:
        local = await heard(world, code())
        away = await heard(world, ask("hi", pin="opus"))
        down = await heard(world, code(facts={"kind": "coding", "tokens": 150_000}))
    assert isinstance(local[-1], events.Answered)
    assert isinstance(away[-1], events.Blocked) and "GR-005" in away[-1].code
    assert world.backends["anthropic"].calls == []
    assert isinstance(down[-1], events.Answered | events.Blocked)
    assert any("disk full" in banner for banner in world.engine.banners)


async def test_a_settlement_that_could_not_be_written_is_written_when_the_disk_is_well_again() -> None:
    world = World()

    async def fill() -> None:
        world.store.full = "disk full"

    world.backends["deepseek"].scripts[:] = [(fill, *say("x"))]
    async with world.engine:
        await heard(world, ask("hi", pin="flash"))
        assert len(world.store.open) == 1
        world.store.full = None
        await world.engine._monitor.see_store()
        assert not world.store.open and len(world.store.settled) == 1
        assert world.engine.banners == ()


async def test_switching_local_only_on_ends_cloud_streams() -> None:
    never = asyncio.Event()
    world = World({"deepseek": [(Text("one "), never.wait)]})  # type: ignore[list-item]
    async with world.engine:
        told: list[events.EngineEvent] = []
        async for event in world.engine.submit(ask("hi", pin="flash")):
            told.append(event)
            if isinstance(event, events.TextDelta):
                await world.engine.set_override(Override(id="o", kind=OverrideKind.LOCAL_ONLY))
    assert world.backends["deepseek"].hung_up == 1
    assert isinstance(told[-1], events.Blocked) and "local_only" in str(told[-2])


async def test_a_restart_ends_our_own_streams_first_and_they_fail_over() -> None:
    never = asyncio.Event()
    world = World({"gpu": [(never.wait,)]})  # type: ignore[list-item]
    async with world.engine:
        told: list[events.EngineEvent] = []
        async for event in world.engine.submit(code()):
            told.append(event)
            if isinstance(event, events.Attempting) and event.rung.model == "coder":
                await asyncio.sleep(0)
                assert world.engine.streams_on("llama-gpu") == 1
                result = await world.engine.service_action("llama-gpu", "restart")
                assert result.ok
    assert isinstance(told[-1], events.Answered) and told[-1].attempt.model == "flash"
    assert any("cutting 1 of our streams" in text for text in world.audit("service"))


async def test_explain_calls_nobody_and_answers_what_if() -> None:
    world = World()
    async with world.engine:
        now = world.engine.explain(code())
        then = world.engine.explain(code(), {"down": "gpu"})
    assert (now.model, then.model) == ("coder", "flash")
    assert world.called() == [] and world.store.lines == []


async def test_the_reply_carries_figures() -> None:
    usage = TokenUsage(input=100, output=40)
    world = World({"deepseek": [(Text("x"), Finish(reason="stop", usage=usage, model="flash-2", tokens_per_s=61.0))]})
    async with world.engine:
        told = await heard(world, ask("hi", pin="flash"))
    answer = told[-1]
    assert isinstance(answer, events.Answered) and isinstance(answer.attempt.outcome, Completed)
    assert answer.attempt.cost == 100 * 300 + 40 * 1200
    assert answer.attempt.outcome.reported_model == "flash-2" and answer.attempt.outcome.tokens_per_s == 61.0


async def test_a_stream_that_never_pauses_can_be_interrupted() -> None:
    """Each piece arms the idle clock anew; that must not undo an interruption."""
    pieces = 0

    async def interrupt_once() -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 5:
            for call in world.engine._dispatcher.running.values():
                call.interrupt("because")

    script = [step for _ in range(2000) for step in (interrupt_once, Text("x"))]
    world = World({"gpu": [(*script, Finish(reason="stop"))]})
    async with world.engine:
        told = await heard(world, code())
    ended = next(e for e in told if isinstance(e, events.AttemptEnded)).attempt.outcome
    assert isinstance(ended, Failed) and ended.kind is K.INTERRUPTED and pieces < 10
