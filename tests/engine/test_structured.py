"""A role that must emit structured output: told in the system message, checked at the end, failed when it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pointsman.core.fleet import OnCut, Role
from pointsman.core.health import HealthState
from pointsman.core.outcome import Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Message
from pointsman.core.tokens import estimate_tokens
from pointsman.engine import events
from pointsman.ports import InvalidOutput
from support.fleets import ask, small_fleet
from support.worlds import World, heard, say

SCHEMA = "Answer with a number."


class Numbers:
    """An `Outputs` whose one shape is a number that stands in the material."""

    def instruction(self, emits: str) -> str:
        return SCHEMA

    def read(self, emits: str, answer: str, material: str) -> Mapping[str, object]:
        if not answer.isdigit() or answer not in material:
            raise InvalidOutput(f"not a number of the material: {len(answer)} characters")
        return {"number": int(answer)}


def world(*answers: str, on_cut: OnCut = OnCut.RESTART) -> World:
    """The planner asks sonnet, then flash; each gives its answer."""
    planner = Role(name="planner", primary="sonnet", fallbacks=("flash",), emits="plan.json", on_cut=on_cut)
    fleet = small_fleet(roles={**small_fleet().roles, "planner": planner}, bands=())
    scripts = {name: [say(answer)] for name, answer in zip(("anthropic", "deepseek"), answers, strict=False)}
    return World(scripts, fleet=fleet, outputs=Numbers())


PLAN = ask("pick 7 or 9", facts={"role": "planner", "tokens": 100})


async def test_a_valid_answer_is_the_answer() -> None:
    """One call, completed."""
    there = world("7")
    async with there.engine:
        told = await heard(there, PLAN)
    assert isinstance(told[-1], events.Answered) and told[-1].text == "7"
    assert isinstance(told[-1].attempt.outcome, Completed)


async def test_an_invalid_answer_is_a_failed_attempt_and_the_next_model_answers() -> None:
    """It falls back audibly, and both calls are paid with the figures their endpoints gave."""
    there = world("seven", "9")
    async with there.engine:
        told = await heard(there, PLAN)
        health = there.engine.snapshot.health["anthropic"]
    (switch,) = [e for e in told if isinstance(e, events.Switched)]
    assert (switch.kind, switch.from_model, switch.to_model) == (FailureKind.INVALID_OUTPUT, "sonnet", "flash")
    assert "no valid plan.json" in switch.why
    assert isinstance(told[-1], events.Answered) and told[-1].text == "9"
    assert [s.usage for _, s in there.store.settled.values()] == [TokenUsage(input=10, output=1)] * 2
    assert health.state is not HealthState.DOWN


async def test_two_invalid_answers_are_a_refusal_that_names_both() -> None:
    """Nothing invalid is ever handed on as the answer."""
    there = world("seven", "nine")
    async with there.engine:
        told = await heard(there, PLAN)
    assert isinstance(told[-1], events.Blocked) and told[-1].code == "invalid_output"
    assert "sonnet" in told[-1].why and "flash" in told[-1].why


async def test_a_role_that_stops_on_cuts_still_falls_back_from_an_invalid_answer() -> None:
    """`on_cut` is about answers that broke off, and this one did not."""
    there = world("seven", "9", on_cut=OnCut.STOP)
    async with there.engine:
        told = await heard(there, PLAN)
    assert isinstance(told[-1], events.Answered) and told[-1].text == "9"


SYSTEM = Message(role="system", text="Be brief.")
CONVERSATIONS = [
    ((), (Message(role="system", text=SCHEMA),)),
    ((SYSTEM,), (Message(role="system", text=f"Be brief.\n\n{SCHEMA}"),)),
]


@pytest.mark.parametrize(("before", "expected"), CONVERSATIONS, ids=["no system message", "a system message"])
async def test_the_instruction_stands_in_one_system_message(before: tuple, expected: tuple) -> None:
    """The caller's own system message is kept in front of it, and what is asked stays as it was."""
    there = world("7")
    async with there.engine:
        await heard(there, replace(PLAN, messages=(*before, *PLAN.messages)))
    (call,) = there.backends["anthropic"].calls
    assert call.messages == (*expected, *PLAN.messages)


async def test_the_instruction_is_part_of_what_must_fit() -> None:
    """The decision's estimate and the reserve count what is added to the prompt."""
    there = world("7")
    async with there.engine:
        told = await heard(there, PLAN)
    (decided,) = [e for e in told if isinstance(e, events.Decided)]
    assert decided.decision.task.tokens == 100 + estimate_tokens(SCHEMA)


async def test_free_text_roles_are_left_alone() -> None:
    """No instruction, no check."""
    there = world("seven")
    async with there.engine:
        told = await heard(there, ask("hi", facts={"role": "general", "tokens": 100}))
    assert isinstance(told[-1], events.Answered) and told[-1].text == "seven"
    assert all(message.role != "system" for call in there.backends["anthropic"].calls for message in call.messages)
    assert not any(isinstance(e, events.AttemptEnded) and isinstance(e.attempt.outcome, Failed) for e in told)
