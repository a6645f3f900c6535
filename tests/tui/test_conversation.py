"""Turns folded from events, without a widget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pointsman.core.decision import Told
from pointsman.core.request import Request
from pointsman.core.rules import Notice
from pointsman.engine.events import Answered, AttemptEnded, Cancelled, ReasoningDelta
from pointsman.tui.conversation import Conversation, Divider, Fragment, Phase, Turn
from pointsman.tui.render import replies, why
from pointsman.tui.render.paint import paint, stack


def played(script: list[Any]) -> Turn:
    turn = Turn("?", "hi")
    for event in script:
        turn.see(event)
    return turn


def test_an_answer_ends_the_turn_with_who_answered(console: Any) -> None:
    turn = played(console.answer("yes"))
    assert (turn.phase, turn.text, turn.model, turn.over) == (Phase.ANSWERED, "yes", "coder-next", True)


def test_a_cut_answer_becomes_a_fragment_before_the_divider_and_is_not_part_of_the_answer(console: Any) -> None:
    turn = played(console.switched("half", "whole"))
    assert [type(part) for part in turn.settled] == [Fragment, Divider]
    assert turn.text == "whole" and turn.model == "deepseek-chat"


def test_a_failure_before_any_text_leaves_no_fragment(console: Any) -> None:
    assert [type(part) for part in played(console.switched()).settled] == [Divider]


def test_only_answered_turns_go_back_to_the_models(console: Any) -> None:
    talk = Conversation([played(console.answer("a")), played(console.blocked()), Turn("x", "unfinished")])
    assert [message.text for message in talk.messages("next")] == ["hi", "a", "next"]
    again = talk.messages("again")
    assert all(again[place] is talk.messages("next")[place] for place in range(2))  # kept once, not with each request
    assert talk.running is talk.turns[-1] and talk.find("x") is talk.turns[-1] and talk.find("y") is None


def test_what_ended_stays_as_it_ended(console: Any) -> None:
    turn = played(console.answer())
    turn.stopped()
    assert turn.phase is Phase.ANSWERED
    cancelled = Turn("?", "hi")
    cancelled.see(Cancelled(request="?", attempt=None))
    assert cancelled.phase is Phase.STOPPED and cancelled.model is None


def test_what_is_not_an_engine_event_is_refused() -> None:
    with pytest.raises(TypeError):
        Turn("?", "hi").see("text")  # type: ignore[arg-type]


def test_a_model_that_was_passed_over_is_told_under_the_headline_with_its_reason(console: Any) -> None:
    turn = played(console.answer())
    assert turn.decision is not None and replies.told(turn) == ()
    passed = Told(notice=Notice.STEP_DOWN, text="qwen → flash: llama-qwen is down")
    turn.decision = replace(turn.decision, notices=(passed,))
    assert stack(replies.told(turn)).plain == "▼ step-down  qwen → flash: llama-qwen is down"


def line(turn: Turn) -> str:
    return paint(replies.head(turn)).plain


def test_the_headline_of_each_phase(console: Any) -> None:
    script = console.answer("yes", cost=None)
    turn = Turn("?", "hi")
    assert "choosing a model" in line(turn)
    for event, shown in zip(
        [*script[:2], ReasoningDelta(request="?", text="hm"), script[2]],
        ["choosing a model", "waiting for the first token", "thinking, 2 characters", "streaming, 3 characters"],
        strict=True,
    ):
        turn.see(event)
        assert shown in line(turn)
    turn.see(console.waiting())
    assert "waiting 12s: the model is loading, 40% done   esc stops" in line(turn)
    for event in script[3:]:
        turn.see(event)
    assert line(turn) == "coder-next · coder-gpu · TTFT 0.31s · 61 tok/s · cost n/a · 812→411 tok"
    assert isinstance(script[-1], Answered) and isinstance(script[-2], AttemptEnded)


def test_a_blocked_turn_names_its_code_and_its_offer(console: Any) -> None:
    assert "[pin] opus is pinned" in line(played(console.blocked()))
    assert paint(replies.offer(played(console.blocked()))).plain == "ctrl+n asks codex instead   w explains"
    assert paint(replies.offer(played(console.blocked(None)))).plain == "w explains"


def test_why_names_a_blocked_decision_and_an_empty_ladder(world: Any) -> None:
    decision = world.replace(
        world.decision_for(Request(id="r", messages=()), ()), blocked="local_only closes the cloud"
    )
    text = stack(why.lines(decision)).plain
    assert "blocked  local_only closes the cloud" in text and "nobody" in text
