"""Answers that break off anywhere: never one reply out of two, and every switch told and written (promise C6)."""

from __future__ import annotations

import random

from pointsman.core.fleet import Role
from pointsman.core.outcome import FailureKind
from pointsman.engine import events
from support.fleets import ask, small_fleet
from support.soak import SOAK
from support.worlds import ScriptedBackend, World, fail, heard, say

CUTS = 100 * SOAK  # a thousand in `make soak`
MODELS = {"gpu": "coder", "deepseek": "flash", "anthropic": "sonnet"}  # endpoint -> the model asked there, in order
KINDS = (FailureKind.STREAM_CUT, FailureKind.IDLE_TIMEOUT, FailureKind.BAD_STREAM, FailureKind.TOTAL_TIMEOUT)


def words(who: str, count: int) -> tuple[str, ...]:
    return tuple(f"{who}{number} " for number in range(count))


async def test_whatever_breaks_off_the_answer_is_one_models_own_and_every_switch_is_told() -> None:
    chance, cuts, number = random.Random(6), 0, 0
    role = Role(name="general", primary="coder", fallbacks=("flash", "sonnet"))
    while cuts < CUTS:
        number += 1
        broken = chance.randrange(1, 3)  # of the three, so that somebody answers
        world = World(fleet=small_fleet(roles={"general": role}, routes=(), budgets=()))
        for place, (endpoint, model) in enumerate(MODELS.items()):
            said = words(model, chance.randrange(0, 9))
            script = (*say(*said)[:-1], *fail(chance.choice(KINDS))) if place < broken else say(*words(model, 5))
            world.backends[endpoint] = ScriptedBackend([script])
        world.engine._dispatcher.backends = world.backends
        async with world.engine:
            told = await heard(world, ask(id=f"r{number}"))
        cuts += broken
        answered = told[-1]
        assert isinstance(answered, events.Answered)
        who = list(MODELS.values())[broken]
        assert answered.text == "".join(words(who, 5)) and answered.attempt.model == who
        switches = [index for index, event in enumerate(told) if isinstance(event, events.Switched)]
        assert len(switches) == broken == len(world.audit("step-down"))
        alone = "".join(event.text for event in told[switches[-1] :] if isinstance(event, events.TextDelta))
        assert alone == answered.text  # nothing after the last divider is anybody else's
