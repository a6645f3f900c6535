"""A: the order of fallback. Exactly who is called, in which order, and what the user and the audit are told."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.core.fleet import Fleet, Role
from pointsman.core.outcome import FailureKind
from pointsman.core.rules import Notice
from pointsman.core.snapshot import Override, OverrideKind
from support.fault_server import DIALECTS, good, held, out_of_memory, status
from support.rows import Scene, Table
from support.stages import stage, with_roles

K = FailureKind
NOT_HERE = {
    "A9": "tests/config/test_load.py::test_what_still_works_is_a_warning and "
    "tests/config/test_load.py::test_switched_off_models_leave_the_fleet; a name that does not exist at all is refused "
    "at load: tests/config/test_problems.py::test_a_mistake_is_named_with_its_key_and_the_nearest_valid_one"
}
a = Table()


@a.row("A1")
async def a1_a_good_primary_is_one_request(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        heard = await s.ask()
        rows = await s.audit()
    assert s.called == ["p"] and heard.by == "p" and len(heard.attempts) == 1
    assert [row.type for row in rows] == ["decision", "intent", "outcome"]


@a.row("A2")
async def a2_refused_then_the_first_fallback(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s["p"].stop()
        heard = await s.ask()
        (down,) = await s.audit("step-down")
    assert s.called == ["f"] and heard.by == "f" and heard.kinds == [K.REFUSED]
    assert (down.from_model, down.model, down.rule) == ("p", "f", "refused")


@a.row("A2-5xx")
async def a2_5xx_then_the_first_fallback(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(502))
        heard = await s.ask()
        assert len(await s.audit("step-down")) == 1
        (switch,) = heard.switches
    assert s.called == ["p", "p", "f"] and heard.by == "f"
    assert (switch.from_model, switch.to_model, switch.kind) == ("p", "f", K.SERVER_ERROR)


@a.row("A3")
async def a3_the_configured_order_one_after_the_other(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        gate = asyncio.Event()
        s["p"].plays(out_of_memory())
        s["f"].plays(held(gate, out_of_memory()))
        asked = asyncio.create_task(s.ask())
        await s.log.count(2)
        assert s.called == ["p", "f"]  # g is not asked while f has not answered
        gate.set()
        heard = await asked
    assert s.called == ["p", "f", "g"] and heard.by == "g"


@a.row("A4")
async def a4_the_whole_chain_fails(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(out_of_memory())
        s["f"].plays(status(404, "model not found"))
        s["g"].plays(status(401, "no such key"))
        heard = await s.ask()
        (line,) = await s.audit("blocked")
    assert sorted(set(s.called)) == ["f", "g", "p"]
    for part in ("p: out_of_memory (cudaMalloc", "f: model_missing (model not found)", "g: auth (no such key)"):
        assert part in heard.blocked.why and part in line.text
    assert not heard.blocked.by_policy


@a.row("A5")
async def a5_a_model_listed_twice_is_tried_once(dialect: str) -> None:
    async with stage(dialect=dialect, role={"fallbacks": ("f", "p", "f", "P", "f-id")}) as s:
        s["p"].plays(out_of_memory())
        s["f"].plays(out_of_memory())
        heard = await s.ask()
    assert s.called == ["p", "f"] and heard.blocked.code == "out_of_memory"


@a.row("A6")
async def a6_a_chain_of_groups_is_walked(dialect: str) -> None:
    def chained(fleet: Fleet) -> Fleet:
        return with_roles(fleet, Role(name="general", primary="p", escalate_to=("f",), fallbacks=("f", "g")))

    async with stage(dialect=dialect, change=chained) as s:
        s["p"].plays(out_of_memory())
        s["f"].plays(out_of_memory())
        heard = await s.ask()
    assert s.called == ["p", "f", "g"] and heard.by == "g"


@a.row("A7")
async def a7_no_fallback_when_the_request_says_so(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(out_of_memory())
        heard = await s.ask(allow_fallback=False)
    assert s.called == ["p"] and heard.blocked.code == "out_of_memory" and heard.blocked.offer == "f"


@a.row("A8")
async def a8_the_request_s_own_fallbacks_are_used(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(out_of_memory())
        heard = await s.ask(fallbacks=("g", "nobody"))
    assert s.called == ["p", "g"] and heard.by == "g"
    assert any("nobody, given as fallback, is no model" in told.text for told in heard.decision.decision.notices)


@a.row("A10")
async def a10_another_protocol_is_spoken_from_the_canonical_conversation(dialect: str) -> None:
    other = {"openai": "anthropic", "anthropic": "ollama", "ollama": "openai"}[dialect]
    own = {"p": {"params": {"temperature": 0.3, "think": False}}}
    async with stage("p", "f", dialects={"p": dialect, "f": other}, models=own) as s:
        s["p"].plays(out_of_memory())
        await s.ask("the very prompt")
        after_failure = s["f"].chats[-1]
        await s.ask("the very prompt", pin="f")
        fresh = s["f"].chats[-1]
    assert after_failure.path == DIALECTS[other].chat
    assert after_failure.raw == fresh.raw  # byte for byte what it would have been asked first
    assert b"temperature" not in fresh.raw and b"think" not in fresh.raw and b"the very prompt" in fresh.raw
    leftovers = {"anthropic-version", "x-api-key"} if other != "anthropic" else set()
    assert not leftovers & set(after_failure.headers)
    assert s["p"].chats[0].body.get("temperature", s["p"].chats[0].body.get("options", {}).get("temperature")) == 0.3


@a.row("A11")
async def a11_a_pin_is_strict_and_offers_the_next(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["f"].plays(out_of_memory())
        heard = await s.ask(pin="f")
    assert s.called == ["f"]
    assert heard.blocked.code == "out_of_memory" and heard.blocked.offer == "p"


@a.row("A11-standing")
async def a11_a_standing_pin_is_strict_too(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s.engine.set_override(Override(id="o", kind=OverrideKind.PIN, model="g"))
        await s["g"].stop()
        heard = await s.ask()
    assert s.called == [] and heard.kinds == [K.REFUSED] and heard.blocked.offer == "p"


@a.row("A11-prefer")
async def a11_a_preference_falls_back_loudly(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["f"].plays(out_of_memory())
        heard = await s.ask(prefer="f")
        (line,) = await s.audit("step-down")
    assert s.called == ["f", "p"] and heard.by == "p" and line.from_model == "f"


@a.row("A12")
async def a12_odd_case_spaces_and_aliases_are_the_same_model(dialect: str) -> None:
    async with stage(dialect=dialect, models={"f": {"aliases": ("Old Name",)}}) as s:
        by = [(await s.ask(pin=name)).by for name in (" F ", "f-ID", "old name", "f/f-id")]
    assert by == ["f"] * 4


@a.row("A12-wrong")
async def a12_a_wrong_name_is_an_error_that_lists_near_ones(dialect: str) -> None:
    async with stage("coder", "codex", dialect=dialect) as s:
        heard = await s.ask(pin="codr")
    assert s.called == [] and heard.blocked.by_policy
    assert "codr is pinned and is no model of this fleet; near: coder" in heard.blocked.why


@a.row("A13")
async def a13_a_cooling_model_is_passed_over_at_once(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s["p"].stop()
        for _ in range(3):
            await s.ask()
        heard = await s.ask()
    assert heard.by == "f" and len(heard.attempts) == 1 and not heard.waits
    assert any(told.notice is Notice.STEP_DOWN and "cooling" in told.text for told in heard.decision.decision.notices)


@a.row("A14")
async def a14_the_only_candidate_is_tried_once_with_a_notice(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(*[status(500)] * 5, good("back"))
        for _ in range(2):
            await s.ask()
        before = len(s.called)
        failed = await s.ask()
        assert len(s.called) == before + 1  # one try, no quick retry on top
        assert any(told.notice is Notice.TRIAL for told in failed.decision.decision.notices)
        assert failed.blocked.retry_at is not None and 0 < failed.blocked.retry_at - s.clock.at <= 30
        await s.ask()
        healed = await s.ask()
    assert healed.text == "back"


@a.row("A15")
async def a15_every_turn_decides_afresh(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(out_of_memory(), good("primary again"))
        first = await s.ask(conversation="c1")
        second = await s.ask(conversation="c1")
    assert (first.by, second.by) == ("f", "p")
    assert [h.answer.decision.ladder[0].why for h in (first, second)] == ["primary of role general"] * 2
    assert len(first.switches) == 1 and not second.switches  # each reply tells who answered, and why not the primary


@pytest.mark.parametrize(*a.cases)
async def test_a(scene: Scene, dialect: str) -> None:
    await scene(dialect)
