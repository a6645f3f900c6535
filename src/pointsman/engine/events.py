"""What the engine tells a door (screen or headless) while it serves a request. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.checks import Checked
from pointsman.core.decision import Decision, Rung
from pointsman.core.outcome import Attempt, FailureKind
from pointsman.core.ruling import Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Event):
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempting(Event):
    """A call is on its way. `number` counts the attempts of this request from 1."""

    rung: Rung
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Event):
    """Nothing is sent for a while: a short Retry-After, a loading model, a queue. Cancellable."""

    why: str
    seconds: float
    done: float | None = None  # 0..1 where the server tells
    position: int | None = None  # place in a queue, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta(Event):
    text: str  # untrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta(Event):
    text: str  # untrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(Event):
    """One call ended, well or not. After a failure that showed text, what was shown is a fragment: collapse it."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched(Event):
    """The next model takes over: a divider in the transcript, never a silent switch."""

    from_model: str
    to_model: str
    kind: FailureKind
    why: str
    seconds: float  # from the failed attempt's start to now
    fragment: bool  # text of the failed attempt was shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """The request is done: this attempt's answer is the answer."""

    attempt: Attempt
    decision: Decision
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Event):
    attempt: Attempt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Event):
    """No answer. `code` is a rule or failure code, `offer` the next model the user may try on one key."""

    code: str
    why: str
    attempts: tuple[Attempt, ...] = ()
    offer: str | None = None
    retry_at: float | None = None
    by_policy: bool = False  # True: no call was allowed; False: calls were made and failed


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBegan(Event):
    """A workflow enters a stage. `request` is the workflow's own; the calls of a stage have ids of their own."""

    stage: str  # plan, compare, approve, specialist, check
    number: int  # 1-based
    of: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReady(Event):
    """A plan waits for the user; nothing is sent until it is approved. The stream ends here."""

    plan: str  # id, for `approve` and `reject`
    text: str  # untrusted
    planner: str  # model
    opinion: str = ""  # a second model's notes, untrusted; they decide nothing
    opinion_by: str | None = None
    judge_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEnded(Event):
    """A check of a reply ended. `failed` counts the failed replies of its task since the last good one."""

    checked: Checked
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Event):
    """What is recorded of the judge's verdict on that request's reply."""

    ruling: Ruling
    judge: str | None  # model; None: no judge answered
    recorded: bool = True  # False: the audit could not be written


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated(Event):
    """The critic's notes on that request's answer. They change nothing; `problem`: why there are none."""

    by: str | None
    text: str = ""  # untrusted
    problem: str | None = None


EngineEvent = (
    Decided
    | Attempting
    | Waiting
    | TextDelta
    | ReasoningDelta
    | AttemptEnded
    | Switched
    | Answered
    | Cancelled
    | Blocked
    | StageBegan
    | PlanReady
    | CheckEnded
    | Judged
    | Annotated
)
