"""How a call ended. One tree, used by adapters (who classify), the engine (who acts) and the audit (who tells)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FailureKind(StrEnum):
    """Everything that can go wrong with a call, told apart by what should follow."""

    REFUSED = "refused"  # connection refused, unreachable, DNS
    CONNECT_TIMEOUT = "connect_timeout"
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    LOADING = "loading"  # the server is warming up: wait, never a failure of the endpoint
    BUSY = "busy"  # local queue full
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"  # out of money: waiting does not help
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    MODEL_MISSING = "model_missing"
    CONTEXT_OVERFLOW = "context_overflow"
    OUT_OF_MEMORY = "out_of_memory"
    LOAD_FAILED = "load_failed"
    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"  # the feature is switched off on that server (501), or no image input
    OVERLOADED = "overloaded"  # 529, engine overloaded
    SERVER_ERROR = "server_error"
    STREAM_CUT = "stream_cut"
    BAD_STREAM = "bad_stream"  # not the protocol: HTML, garbage, oversized lines
    EMPTY = "empty"  # 200 and nothing in it
    INVALID_OUTPUT = "invalid_output"  # not the structured output that the role must emit (GR-012)
    REFUSAL = "refusal"  # content policy: an answer, not an endpoint failure
    LOCAL_GUARD = "local_guard"  # our own network guard refused the connection
    BUDGET = "budget"  # our own ledger said no: no call was made
    COOLING = "cooling"  # the endpoint's breaker is open or its one trial is taken: no call was made
    DEADLINE = "deadline"  # the request's own time for all its attempts ran out: nobody's fault
    INTERRUPTED = "interrupted"  # we ended it: its service is restarted, or local_only was switched on
    INTERNAL = "internal"  # our own fault


# Same endpoint once more, quickly (scenarios.md B5). Never after a refused connection or a first-token timeout.
RETRY_SAME = frozenset({FailureKind.SERVER_ERROR, FailureKind.OVERLOADED})
# Our fault: another model would answer the same (B1).
NO_FALLBACK = frozenset({FailureKind.BAD_REQUEST, FailureKind.REFUSAL, FailureKind.INTERNAL})
# No bytes left the machine.
NOT_SENT = frozenset(
    {
        FailureKind.REFUSED,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.LOCAL_GUARD,
        FailureKind.BUDGET,
        FailureKind.COOLING,
        FailureKind.INTERNAL,
    }
)
# The endpoint answered, if not with an answer: it works, so failures before it are not failures in a row (D12).
ANSWERED = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.QUOTA,
        FailureKind.AUTH,
        FailureKind.FORBIDDEN,
        FailureKind.MODEL_MISSING,
        FailureKind.CONTEXT_OVERFLOW,
        FailureKind.BAD_REQUEST,
        FailureKind.TOO_LARGE,
        FailureKind.UNSUPPORTED,
        FailureKind.INVALID_OUTPUT,
        FailureKind.REFUSAL,
    }
)
# Counts against the endpoint's breaker: the endpoint itself failed, not our key, quota, request or patience.
TRIPS_BREAKER = frozenset(
    {
        FailureKind.REFUSED,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.FIRST_TOKEN_TIMEOUT,
        FailureKind.IDLE_TIMEOUT,
        FailureKind.TOTAL_TIMEOUT,
        FailureKind.OUT_OF_MEMORY,
        FailureKind.LOAD_FAILED,
        FailureKind.SERVER_ERROR,
        FailureKind.OVERLOADED,
        FailureKind.STREAM_CUT,
        FailureKind.BAD_STREAM,
        FailureKind.EMPTY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens of one call. `input` includes cached ones, `output` includes reasoning ones (protocols.md §1.3)."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: bool = False

    @property
    def total(self) -> int:
        return self.input + self.output


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The protocol's own end marker arrived. `finish_reason` in OpenAI's words: stop, length, tool_calls, ..."""

    finish_reason: str
    usage: TokenUsage
    reported_model: str | None = None  # what the reply says answered; compare with what was asked (trap T57)
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    notes: tuple[str, ...] = ()  # e.g. "2 broken frames skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    kind: FailureKind
    detail: str = ""  # one line, what the endpoint answered or what happened; untrusted text
    status: int | None = None  # HTTP status, an int even where http.HTTPStatus does not know it
    retry_after: float | None = None  # seconds, parsed and capped
    usage: TokenUsage | None = None  # of a stream that broke off
    shown: bool = False  # the user saw part of the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    usage: TokenUsage | None = None
    reason: str = "cancelled by the user"


Outcome = Completed | Failed | Cancelled


def never_sent(outcome: Outcome) -> bool:
    """True if no byte of the prompt left this process: also a key that was missing before anything was sent."""
    if not isinstance(outcome, Failed):
        return False
    if outcome.kind in (FailureKind.AUTH, FailureKind.LOCAL_GUARD):
        return outcome.status is None
    return outcome.kind in NOT_SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of a request and how it ended."""

    model: str
    endpoint: str
    outcome: Outcome
    number: int = 1  # 1-based among the attempts on this model
    started: float = 0.0  # wall clock, Unix seconds
    seconds: float = 0.0
    cost: int | None = None  # nano-USD
    notices: tuple[str, ...] = field(default_factory=tuple)
