"""One conversation as data: turns folded from the engine's events. No widget, no clock.

Text is kept as it came, because it goes back to the models; it is cleaned where it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import singledispatchmethod

from pointsman.core.decision import Decision, Rung
from pointsman.core.outcome import Attempt, Cancelled, Failed
from pointsman.core.request import Message
from pointsman.engine import events
from pointsman.engine.events import EngineEvent


class Phase(StrEnum):
    ROUTING = "routing"
    CALLING = "calling"
    WAITING = "waiting"
    STREAMING = "streaming"
    ANSWERED = "answered"
    STOPPED = "stopped"
    BLOCKED = "blocked"
    BROKEN = "broken"  # our own fault: the engine raised


@dataclass(frozen=True, slots=True)
class Divider:
    """Another model takes over, and why."""

    switch: events.Switched


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a failed attempt had already shown: kept, collapsed, marked as cut."""

    model: str
    text: str


@dataclass(slots=True)
class Turn:
    request: str
    prompt: str
    phase: Phase = Phase.ROUTING
    decision: Decision | None = None
    rung: Rung | None = None
    waiting: events.Waiting | None = None
    text: str = ""
    reasoning: int = 0  # characters thought so far
    settled: list[Divider | Fragment] = field(default_factory=list)
    attempt: Attempt | None = None
    blocked: events.Blocked | None = None
    problem: str = ""

    @property
    def over(self) -> bool:
        return self.phase in (Phase.ANSWERED, Phase.STOPPED, Phase.BLOCKED, Phase.BROKEN)

    @singledispatchmethod
    def see(self, event: EngineEvent) -> None:
        raise TypeError(f"not an engine event: {event!r}")

    @see.register
    def _(self, event: events.Decided) -> None:
        self.decision = event.decision

    @see.register
    def _(self, event: events.Attempting) -> None:
        self.rung, self.waiting, self.phase = event.rung, None, Phase.CALLING

    @see.register
    def _(self, event: events.Waiting) -> None:
        self.waiting, self.phase = event, Phase.WAITING

    @see.register
    def _(self, event: events.TextDelta) -> None:
        self.text += event.text
        self.phase = Phase.STREAMING

    @see.register
    def _(self, event: events.ReasoningDelta) -> None:
        self.reasoning += len(event.text)
        self.phase = Phase.STREAMING

    @see.register
    def _(self, event: events.AttemptEnded) -> None:
        if isinstance(event.attempt.outcome, Failed) and self.text:
            self.settled.append(Fragment(event.attempt.model, self.text))
            self.text = ""

    @see.register
    def _(self, event: events.Switched) -> None:
        self.settled.append(Divider(event))

    @see.register
    def _(self, event: events.Answered) -> None:
        self.attempt, self.decision, self.text = event.attempt, event.decision, event.text
        self.phase = Phase.ANSWERED

    @see.register
    def _(self, event: events.Cancelled) -> None:
        self.attempt = event.attempt
        self.phase = Phase.STOPPED

    @see.register
    def _(self, event: events.Blocked) -> None:
        self.blocked, self.phase = event, Phase.BLOCKED

    def stopped(self) -> None:
        if not self.over:
            self.phase = Phase.STOPPED

    def broken(self, problem: str) -> None:
        self.problem, self.phase = problem, Phase.BROKEN

    @property
    def model(self) -> str | None:
        """Who answers or answered."""
        if self.attempt is not None and not isinstance(self.attempt.outcome, Cancelled):
            return self.attempt.model
        return self.rung.model if self.rung else None


@dataclass(slots=True)
class Conversation:
    turns: list[Turn] = field(default_factory=list)
    pin: str | None = None

    @property
    def last(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @property
    def running(self) -> Turn | None:
        return self.last if self.last is not None and not self.last.over else None

    def find(self, request: str) -> Turn | None:
        return next((turn for turn in reversed(self.turns) if turn.request == request), None)

    def before(self, turn: Turn | None, prompt: str) -> tuple[Message, ...]:
        """The messages as they were, or would be, sent for that turn's prompt; None: for a new one."""
        place = next((at for at, each in enumerate(self.turns) if each is turn), len(self.turns))
        return Conversation(self.turns[:place]).messages(prompt)

    def messages(self, prompt: str) -> tuple[Message, ...]:
        """Every answered turn, then the prompt: alternating roles, as every dialect wants them."""
        told: list[Message] = []
        for turn in self.turns:
            if turn.phase is Phase.ANSWERED and turn.text:
                told += [Message(role="user", text=turn.prompt), Message(role="assistant", text=turn.text)]
        return (*told, Message(role="user", text=prompt))
