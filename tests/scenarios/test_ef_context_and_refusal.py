"""E and F: the context window, cut-off answers, and refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pointsman.core.conditions import parse_condition
from pointsman.core.fleet import Fleet, Role, Route
from pointsman.core.health import BreakerState
from pointsman.core.outcome import Failed, FailureKind
from pointsman.core.rules import Code
from support.fault_server import good, status
from support.rows import Scene, Table
from support.stages import stage

K = FailureKind
NOT_HERE: dict[str, str] = {}
e = Table()
f = Table()
WINDOWS = {"p": {"context": 8_000}, "f": {"context": 4_000}, "g": {"context": 32_000}}


@e.row("E1")
async def what_does_not_fit_is_not_sent_there(dialect: str) -> None:
    async with stage(dialect=dialect, models=WINDOWS) as s:
        heard = await s.ask(facts={"tokens": 9_000})
        (line,) = await s.audit("step-down")
    assert s.called == ["g"] and heard.by == "g" and line.rule == "context"
    assert "9,000 tokens do not fit p's window of 8,000" in line.text


@e.row("E2")
async def an_overflow_told_by_the_provider_goes_to_a_larger_window_only(dialect: str) -> None:
    async with stage(dialect=dialect, models=WINDOWS) as s:
        s["p"].plays(status(400, "This model's maximum context length is 8192 tokens"))
        heard = await s.ask()
        assert s.health("p").breaker.streak == 0
    assert s.called == ["p", "g"] and heard.kinds == [K.CONTEXT_OVERFLOW]


@e.row("E3")
async def too_large_for_everybody_is_refused_before_any_call(dialect: str) -> None:
    async with stage(dialect=dialect, models=WINDOWS) as s:
        heard = await s.ask(facts={"tokens": 40_000})
    assert s.called == [] and heard.blocked.by_policy and heard.blocked.code == "context"
    assert all(size in heard.blocked.why for size in ("40,000", "8,000", "4,000", "32,000"))


@e.row("E4")
async def a_pinned_model_that_is_outgrown_says_so_and_offers_the_next(dialect: str) -> None:
    async with stage(dialect=dialect, models=WINDOWS) as s:
        heard = await s.ask(pin="p", facts={"tokens": 9_000})
    assert s.called == [] and "do not fit p's window" in heard.blocked.why and heard.blocked.offer == "g"


@e.row("E4-prefer")
async def a_preferred_model_that_is_outgrown_is_let_go_with_a_line(dialect: str) -> None:
    async with stage(dialect=dialect, models=WINDOWS) as s:
        first = await s.ask(prefer="f")
        grown = await s.ask(prefer="f", facts={"tokens": 9_000})
        (line,) = await s.audit("step-down")
    assert (first.by, grown.by) == ("f", "g") and s.called == ["f", "g"]
    assert line.rule == "context" and "f → g" in line.text and "do not fit f's window of 4,000" in line.text


@e.row("E5", "openai")
async def the_live_window_wins_over_the_card_s(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].context = 512
        await s.probe()
        heard = await s.ask(facts={"tokens": 600})
    assert s.called == ["f"] and "window of 512" in heard.decision.decision.notices[0].text


CAPS = {"openai": ("max_tokens",), "anthropic": ("max_tokens",), "ollama": ("options", "num_predict")}


@e.row("E6")
async def more_output_than_the_model_may_give_is_clamped_where_one_can_see_it(dialect: str) -> None:
    async with stage(dialect=dialect, models={"p": {"max_output": 200}}) as s:
        heard = await s.ask(max_output=5_000)
        (intent,) = await s.audit("intent")
        sent = s["p"].chats[0].body
    for key in CAPS[dialect]:
        sent = sent[key]
    assert sent == 200 and json.loads(intent.body)["data"]["max_output"] == 200
    assert "at most 200 tokens of output instead of 5,000" in heard.decision.decision.ladder[0].why


def with_a_librarian(fleet: Fleet) -> Fleet:
    def when(fact: str, written: object) -> tuple:  # type: ignore[type-arg]
        return (parse_condition(fact, written),)

    routes = (
        Route(name="long", role="librarian", when=when("tokens", ">100k")),
        Route(name="torn", role="librarian", when=when("contradictions", True)),
    )
    return replace(
        fleet, routes=routes, roles={**fleet.roles, "librarian": Role(name="librarian", primary="g", fallbacks=("p",))}
    )


@e.row("E7")
async def long_or_contradictory_material_goes_to_the_librarian(dialect: str) -> None:
    async with stage(dialect=dialect, change=with_a_librarian, models={"g": {"context": 2_000_000}}) as s:
        by = [(await s.ask(facts=facts)).by for facts in ({"tokens": 150_000}, {"contradictions": True}, {})]
    assert by == ["g", "g", "p"] == s.called


@e.row("E8")
async def an_answer_cut_at_its_length_is_told_and_not_continued(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(good("half a sent", reason="length"))
        heard = await s.ask()
    assert s.called == ["p"] and heard.done.finish_reason == "length" and heard.text == "half a sent"


@f.row("F1")
async def a_refused_prompt_is_shown_and_sent_to_nobody_else(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(400, "rejected by our content_policy"))
        heard = await s.ask()
    assert s.called == ["p"] and heard.blocked.code == "refusal" and "content_policy" in heard.blocked.why


@f.row("F1-role")
async def a_role_may_ask_the_next_model(dialect: str) -> None:
    async with stage(dialect=dialect, role={"fall_back_on_refusal": True}) as s:
        s["p"].plays(status(400, "rejected by our content_policy"))
        heard = await s.ask()
    assert s.called == ["p", "f"] and heard.by == "f"


@f.row("F2")
async def a_filter_in_mid_answer_keeps_what_was_said_and_marks_it(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(good("this far and ", "no further", reason="content_filter"))
        heard = await s.ask()
        (outcome,) = await s.audit("outcome")
    assert s.called == ["p"] and heard.pieces() == ["this far and no further"]
    failed = heard.attempts[0].outcome
    assert isinstance(failed, Failed) and failed.kind is K.REFUSAL and failed.shown
    assert heard.blocked.code == "refusal" and outcome.rule == "refusal" and (outcome.cost or 0) > 0


@f.row("F3", "anthropic")
async def a_stop_reason_refusal_is_shown_and_nothing_is_doubled(dialect: str) -> None:
    for opted in (False, True):
        async with stage(dialect=dialect, role={"fall_back_on_refusal": opted}) as s:
            s["p"].plays(good("I cannot", reason="refusal"))
            s["f"].plays(good("I can"))
            heard = await s.ask()
        assert heard.pieces() == (["I cannot", "I can"] if opted else ["I cannot"])
        assert s.called == (["p", "f"] if opted else ["p"])


@f.row("F4")
async def twenty_refusals_are_no_failure_of_the_endpoint(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(400, "content_filter"))
        for _ in range(20):
            await s.ask()
        assert s.health("p").breaker.state is BreakerState.CLOSED and len(s["p"].chats) == 20


@e.row("E3-code", "openai")
async def the_reason_has_a_code(dialect: str) -> None:
    async with stage(dialect=dialect, models=WINDOWS) as s:
        heard = await s.ask(facts={"tokens": 40_000})
    assert {r.code for r in heard.decision.decision.rejected} == {Code.CONTEXT}


@pytest.mark.parametrize(*e.cases)
async def test_e(scene: Scene, dialect: str) -> None:
    await scene(dialect)


@pytest.mark.parametrize(*f.cases)
async def test_f(scene: Scene, dialect: str) -> None:
    await scene(dialect)
