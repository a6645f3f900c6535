"""Measures a model by asking it, as anybody asks: each call is decided, paid from its budget and audited.

Never another model in its place: the request is pinned and has no fallback. Knows no screen and no command line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Protocol

from pointsman.core.bench import Plan, Timed, point, prompt_of
from pointsman.core.conditions import FactValue
from pointsman.core.fleet import Fleet, Model
from pointsman.core.measured import Speed, SpeedPoint
from pointsman.core.outcome import Completed
from pointsman.core.request import Message, Request
from pointsman.engine.events import Answered, Blocked, Cancelled, EngineEvent
from pointsman.ports import Clock

# The request is about nothing: stated, so that no rule of the policy makes something of its words.
_FACTS: Mapping[str, FactValue] = {"kind": "general", "complexity": 3, "high_risk": False}


class Asking(Protocol):
    """The part of `Console` that is needed to ask."""

    @property
    def fleet(self) -> Fleet: ...

    def submit(self, request: Request) -> AsyncIterator[EngineEvent]: ...

    def new_request_id(self) -> str: ...


class NotAnswered(Exception):
    """The model did not answer. `blocked`: no call was allowed at all."""

    def __init__(self, why: str, blocked: bool = False) -> None:
        super().__init__(why)
        self.blocked = blocked


Heard = Callable[[int, int, SpeedPoint | None], None]  # prompt tokens, concurrency, its figures once it is done


async def ask_one(console: Asking, model: Model, text: str, output: int) -> Answered:
    """One answer of that very model. Raises NotAnswered."""
    request = Request(
        id=console.new_request_id(),
        messages=(Message(role="user", text=text),),
        facts=_FACTS,
        pin=model.name,
        allow_fallback=False,
        max_output=output,
        actor="job",
        planned=True,
    )
    last: EngineEvent | None = None
    async with aclosing(console.submit(request)) as heard:  # type: ignore[type-var]
        async for event in heard:
            if isinstance(event, Answered | Blocked | Cancelled):
                last = event
    if isinstance(last, Answered):
        return last
    if isinstance(last, Blocked):
        raise NotAnswered(f"{last.code}: {last.why}", last.by_policy)
    raise NotAnswered("cancelled")


async def bench(console: Asking, model: Model, plan: Plan, clock: Clock, hear: Heard) -> Speed:
    """Warms up with the shortest prompt, takes every step of the plan. Raises NotAnswered if that fails already."""
    numbers = iter(range(1, plan.calls + 1))
    started = clock.monotonic()
    await ask_one(console, model, prompt_of(min(plan.prompts), next(numbers)), plan.output)
    warm_up = clock.monotonic() - started
    points = []
    for prompt, concurrency in plan.steps():
        hear(prompt, concurrency, None)
        rounds = []
        for _ in range(plan.rounds):
            texts = [prompt_of(prompt, next(numbers)) for _ in range(concurrency)]
            rounds.append(await _round(console, model, texts, plan.output, clock))
        points.append(point(prompt, concurrency, rounds))
        hear(prompt, concurrency, points[-1])
    return Speed(
        model=model.name,
        model_id=model.id,
        endpoint=model.endpoint,
        at=clock.now(),
        points=tuple(points),
        warm_up_s=warm_up,
        simulated=console.fleet.endpoint_of(model).simulated,
    )


async def _round(
    console: Asking, model: Model, texts: list[str], output: int, clock: Clock
) -> tuple[float, list[Timed]]:
    """All at once; how long until the last one had ended."""
    started = clock.monotonic()
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_timed(console, model, text, output, clock)) for text in texts]
    return clock.monotonic() - started, [task.result() for task in asked]


async def _timed(console: Asking, model: Model, text: str, output: int, clock: Clock) -> Timed:
    started = clock.monotonic()
    try:
        answer = await ask_one(console, model, text, output)
    except NotAnswered:
        return Timed(done=None, seconds=clock.monotonic() - started)
    done = answer.attempt.outcome
    return Timed(done=done if isinstance(done, Completed) else None, seconds=clock.monotonic() - started)
