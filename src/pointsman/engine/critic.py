"""The critic: after an answer, another model may write notes about it. Off unless the policy says `critic = true`.

Non-blocking and without a say: it begins when the answer is complete, nobody waits for it, its notes change nothing,
and leaving the engine ends it (GR-001). Its calls are reserved, recorded and settled like any other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from pointsman.core.decision import Decision
from pointsman.core.fleet import Role
from pointsman.core.request import Request
from pointsman.core.stage_prompts import to_critic
from pointsman.core.workflow import opinion_role
from pointsman.engine import events
from pointsman.engine.dispatch import Dispatcher
from pointsman.engine.outcomes import Reply
from pointsman.ports import Clock

_WAITING_MOST = 100  # annotations that a slow listener may have waiting
_LONGEST_NOTES = 8_000  # characters

Explain = Callable[[Request], Decision]


class Critic:
    def __init__(self, dispatcher: Dispatcher, explain: Explain, clock: Clock) -> None:
        self._dispatcher, self._explain, self._clock = dispatcher, explain, clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: set[_Listener] = set()

    def see(self, reply: Reply, decision: Decision) -> None:
        """Begins to annotate the reply, in a task of its own; returns at once."""
        fleet = self._dispatcher.board.fleet
        if not fleet.critic or decision.role not in fleet.roles:
            return
        task = asyncio.create_task(self._annotate(reply, opinion_role(fleet, fleet.roles[decision.role])))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, reply))

    async def annotations(self) -> AsyncIterator[events.Annotated]:
        """Every annotation from now on."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while True:
                yield await listener.next()
        finally:
            self._listeners.discard(listener)

    async def aclose(self) -> None:
        """Hangs up; what it had begun is settled."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _annotate(self, reply: Reply, role: Role | None) -> None:
        asked = reply.request.id
        model = self._other(reply, role.name) if role is not None else None
        if role is None or model is None:
            self._tell(events.Annotated(request=asked, by=None, problem="no other model may annotate this answer now"))
            return
        heard: deque[events.EngineEvent] = deque(maxlen=1)
        request = to_critic(reply.request, self._clock.new_id(), role.name, model, reply.text)
        await self._dispatcher.serve(request, heard.append)
        self._tell(_annotation(asked, heard[0], model))

    def _other(self, reply: Reply, role: str) -> str | None:
        """The first model of the role's ladder that did not write the answer."""
        ladder = self._explain(to_critic(reply.request, reply.request.id, role, None, reply.text)).ladder
        return next((rung.model for rung in ladder if rung.model != reply.model), None)

    def _ended(self, task: asyncio.Task[None], reply: Reply) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:  # ours; the answer it is about is not touched by it
            problem = f"the critic failed: {type(fault).__name__}"
            self._tell(events.Annotated(request=reply.request.id, by=None, problem=problem))

    def _tell(self, annotation: events.Annotated) -> None:
        for listener in self._listeners:
            listener.hear(annotation)


class _Listener:
    """What one reader has not read yet; the oldest is dropped when it falls far behind."""

    def __init__(self) -> None:
        self._waiting: deque[events.Annotated] = deque(maxlen=_WAITING_MOST)
        self._there = asyncio.Event()

    def hear(self, annotation: events.Annotated) -> None:
        self._waiting.append(annotation)
        self._there.set()

    async def next(self) -> events.Annotated:
        while not self._waiting:
            self._there.clear()
            await self._there.wait()
        return self._waiting.popleft()


def _annotation(asked: str, last: events.EngineEvent, model: str) -> events.Annotated:
    if isinstance(last, events.Answered):
        return events.Annotated(request=asked, by=last.attempt.model, text=last.text[:_LONGEST_NOTES])
    why = last.why if isinstance(last, events.Blocked) else "it ended without an answer"
    return events.Annotated(request=asked, by=model, problem=f"no notes: {why}")
