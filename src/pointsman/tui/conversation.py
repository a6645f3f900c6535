"""One conversation as data: turns folded from the engine's events. No widget, no clock.

Text is kept as it came, because it goes back to the models; it is cleaned where it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import singledispatchmethod

from pointsman.core.chats import ChatTurn
from pointsman.core.decision import Decision, Rung
from pointsman.core.outcome import Attempt, Cancelled, Failed
from pointsman.core.request import Attachment, Message, with_attachments
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
    PLANNED = "planned"  # a plan waits for the user


@dataclass(frozen=True, slots=True)
class Divider:
    """Another model takes over, and why."""

    switch: events.Switched


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a failed attempt had already shown: kept, collapsed, marked as cut."""

    model: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What was said in a stage that is over: a plan, a second opinion, an answer that its check refused."""

    model: str
    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A stage of a workflow begins."""

    stage: events.StageBegan


@dataclass(frozen=True, slots=True)
class Verdict:
    """The user's thumb on a reply. `failed`: replies of its task that failed since the last good one."""

    good: bool
    failed: int = 0


Part = Divider | Fragment | Said | Marked
After = events.CheckEnded | events.Judged | events.Annotated | Verdict


@dataclass(slots=True)
class Turn:
    request: str
    prompt: str
    attachments: tuple[Attachment, ...] = ()
    flowing: bool = False  # a workflow is under way: more may follow an answer
    answer: str | None = None  # the request that was answered: what verdicts and checks are about
    plan: events.PlanReady | None = None
    ruled: bool | None = None  # what the user said to the plan
    after: list[After] = field(default_factory=list)  # what was found about the answer
    phase: Phase = Phase.ROUTING
    decision: Decision | None = None
    rung: Rung | None = None
    waiting: events.Waiting | None = None
    text: str = ""
    reasoning: int = 0  # characters thought so far
    settled: list[Part] = field(default_factory=list)
    attempt: Attempt | None = None
    blocked: events.Blocked | None = None
    problem: str = ""
    at: float = 0.0  # Unix seconds, when it was asked
    kept: ChatTurn | None = None  # as it was found on the disk: it was asked in an earlier run
    complete: bool = True  # False: how it was drawn is still on the disk only
    _exchange: tuple[Message, ...] = field(default=(), repr=False, compare=False)

    @property
    def exchange(self) -> tuple[Message, ...]:
        """What was asked and answered, as it is sent with later prompts: the same values each time, because the engine
        remembers whole requests."""
        if not self._exchange or self._exchange[1].text is not self.text:
            asked = with_attachments(self.prompt, self.attachments)
            self._exchange = (asked, Message(role="assistant", text=self.text))
        return self._exchange

    @property
    def over(self) -> bool:
        return not self.flowing and self.phase in _ENDS

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

        self.answer = event.request

    @see.register
    def _(self, event: events.StageBegan) -> None:
        self._put_aside()
        self.flowing, self.phase = True, Phase.ROUTING
        self.settled.append(Marked(event))

    @see.register
    def _(self, event: events.PlanReady) -> None:
        self.plan, self.phase = event, Phase.PLANNED

    @see.register
    def _(self, event: events.CheckEnded) -> None:
        self.after.append(event)
        self.phase = Phase.ANSWERED

    @see.register
    def _(self, event: events.Judged) -> None:
        self.after.append(event)

    @see.register
    def _(self, event: events.Annotated) -> None:
        self.after.append(event)

    def note(self, what: After) -> None:
        """Something was found about the answer. The opposite verdict undoes the one before it."""
        if isinstance(what, Verdict):
            self.after = [each for each in self.after if not isinstance(each, Verdict)]
        self.after.append(what)

    @property
    def good(self) -> bool | None:
        """What the user said of it."""
        return next((each.good for each in self.after if isinstance(each, Verdict)), None)

    def _put_aside(self) -> None:
        """What the stage before has said makes room for the next."""
        if self.text and self.attempt is not None:
            self.settled.append(Said(self.attempt.model, self.text))
        self.text, self.attempt, self.answer = "", None, None  # nobody judges a plan or an opinion as an answer

    @see.register
    def _(self, event: events.Cancelled) -> None:
        self.attempt = event.attempt
        self.phase = Phase.STOPPED

    @see.register
    def _(self, event: events.Blocked) -> None:
        self.blocked, self.phase = event, Phase.BLOCKED

    def stopped(self) -> None:
        """Nothing more will come."""
        self.flowing = False
        if not self.over:
            self.phase = Phase.STOPPED

    def broken(self, problem: str) -> None:
        self.flowing, self.problem, self.phase = False, problem, Phase.BROKEN

    @property
    def waits_for_ruling(self) -> bool:
        return self.phase is Phase.PLANNED and self.ruled is None

    @property
    def next_model(self) -> str | None:
        """The next on the ladder after whoever answered, or was asked last."""
        names = [rung.model for rung in self.decision.ladder] if self.decision is not None else []
        place = names.index(self.model) if self.model in names else -1
        return names[place + 1] if place + 1 < len(names) else None

    @property
    def model(self) -> str | None:
        """Who answers or answered."""
        if self.attempt is not None and not isinstance(self.attempt.outcome, Cancelled):
            return self.attempt.model
        if self.rung is not None:
            return self.rung.model
        return self.kept.model if self.kept is not None else None


_ENDS = frozenset({Phase.ANSWERED, Phase.STOPPED, Phase.BLOCKED, Phase.BROKEN, Phase.PLANNED})


@dataclass(slots=True)
class Conversation:
    turns: list[Turn] = field(default_factory=list)
    pin: str | None = None
    role: str | None = None
    id: str | None = None  # known to the engine: attempts of one conversation count together
    title: str = ""  # empty until the first prompt
    named: bool = False  # by the user
    began: float = 0.0  # Unix seconds
    copy_of: str | None = None  # the conversation that it branched from

    @property
    def last(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @property
    def running(self) -> Turn | None:
        return self.last if self.last is not None and not self.last.over else None

    def answered_as(self, request: str) -> Turn | None:
        """The turn whose answer is known by that request."""
        return next((turn for turn in reversed(self.turns) if turn.answer == request), None)

    def find(self, request: str) -> Turn | None:
        return next((turn for turn in reversed(self.turns) if turn.request == request), None)

    def place(self, turn: Turn | None) -> int:
        """Where it stands, from 0; for one that does not: where the next will."""
        return next((at for at, each in enumerate(self.turns) if each is turn), len(self.turns))

    def branch(self, place: int) -> Conversation:
        """A new conversation with the turns before that place; this one stays as it is."""
        return Conversation(list(self.turns[:place]), self.pin, self.role, title=self.title, copy_of=self.id)

    def before(self, turn: Turn | None, prompt: str) -> tuple[Message, ...]:
        """The messages as they were, or would be, sent for that turn's prompt; None: for a new one."""
        return Conversation(self.turns[: self.place(turn)]).messages(prompt, turn.attachments if turn else ())

    def messages(self, prompt: str, attachments: tuple[Attachment, ...] = ()) -> tuple[Message, ...]:
        """Every answered turn, then the prompt: alternating roles, as every dialect wants them."""
        told: list[Message] = []
        for turn in self.turns:
            if turn.phase is Phase.ANSWERED and turn.text:
                told += turn.exchange
        return (*told, with_attachments(prompt, attachments))
