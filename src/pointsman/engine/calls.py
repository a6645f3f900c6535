"""One call to one model: its clocks, its text, its outcome. Knows nothing of ladders, budgets or audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from pointsman.core.fleet import Endpoint, Locality, Model
from pointsman.core.outcome import Completed, Failed, FailureKind, TokenUsage
from pointsman.core.tokens import estimate_tokens
from pointsman.ports import (
    Backend,
    Call,
    CallFailed,
    Chunk,
    Clock,
    Finish,
    Progress,
    Reasoning,
    Seen,
    Text,
    Ticket,
)

# First-token limits in seconds where neither model nor endpoint states one (scenarios.md G2; document 003's 120 s).
CLOUD_FIRST_TOKEN_S = 12.0
REASONING_FIRST_TOKEN_S = 120.0
LOCAL_FIRST_TOKEN_S = 120.0


def first_token_limit(endpoint: Endpoint, model: Model, locality: Locality) -> float:
    stated = model.first_token if model.first_token is not None else endpoint.deadlines.first_token
    if stated is not None:
        return stated
    if "reasoning" in model.capabilities:
        return REASONING_FIRST_TOKEN_S
    return LOCAL_FIRST_TOKEN_S if locality is Locality.LOCAL else CLOUD_FIRST_TOKEN_S


@dataclass(slots=True)
class Running:
    """A call under way. `interrupt` ends it from outside, with a reason, whatever it waits for."""

    ticket: Ticket
    locality: Locality
    began: float = 0.0  # by the monotonic clock
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    seen: TokenUsage | None = None
    reported_model: str | None = None
    first_token_at: float | None = None
    interrupted: str | None = None
    _clock: asyncio.Timeout | None = None

    def interrupt(self, reason: str) -> None:
        self.interrupted = reason
        if self._clock is not None:
            self._clock.reschedule(asyncio.get_running_loop().time())

    @property
    def answer(self) -> str:
        return "".join(self.text)

    @property
    def everything(self) -> str:
        """All the model produced, for estimates: reasoning is billed as output."""
        return self.answer + "".join(self.reasoning)


Hear = Callable[[Chunk], None]


async def run_call(
    backend: Backend, call: Call, running: Running, clock: Clock, hear: Hear, left_s: float | None = None
) -> Completed | Failed:
    """Streams one call to its end. Cancelling the caller hangs up and propagates.

    `left_s`: seconds that the whole request has left; they end the call if they are fewer than its own total.
    """
    started = clock.monotonic()
    limits = _Limits(call, running.locality, left_s)
    try:
        async with asyncio.timeout(None) as timer:
            running._clock = timer
            if running.interrupted:
                running.interrupt(running.interrupted)
            finish = await _listen(backend.stream(running.ticket, call), running, clock, timer, limits, hear)
    except TimeoutError:
        return _timed_out(running, limits)
    except CallFailed as ended:
        return replace(ended.failed, shown=bool(running.text))
    finally:
        running._clock = None
    return _completed(finish, running, started, clock.monotonic())


@dataclass(slots=True)
class _Limits:
    """Which clock runs now, and what it is called when it runs out."""

    call: Call
    locality: Locality
    left_s: float | None = None
    waiting_for: FailureKind = FailureKind.FIRST_TOKEN_TIMEOUT
    seconds: float = 0.0

    @property
    def total(self) -> tuple[FailureKind, float]:
        """What ends the call whatever it says, and after how many seconds."""
        own = self.call.endpoint.deadlines.total
        if self.left_s is not None and self.left_s < own:
            return FailureKind.DEADLINE, max(self.left_s, 0.0)
        return FailureKind.TOTAL_TIMEOUT, own

    def arm(self, timer: asyncio.Timeout, total_at: float, chunk: Chunk | None) -> None:
        now = asyncio.get_running_loop().time()
        self.seconds = self._next(chunk)
        at = now + self.seconds
        if at >= total_at:
            self.waiting_for, self.seconds = self.total
        timer.reschedule(min(at, total_at))

    def _next(self, chunk: Chunk | None) -> float:
        if isinstance(chunk, Text | Reasoning):
            self.waiting_for = FailureKind.IDLE_TIMEOUT
        if self.waiting_for is FailureKind.IDLE_TIMEOUT:
            return self.call.endpoint.deadlines.idle
        if isinstance(chunk, Progress):  # it told that it works: loading or reading the prompt
            return self.call.endpoint.deadlines.load
        return first_token_limit(self.call.endpoint, self.call.model, self.locality)


async def _listen(
    chunks: AsyncIterator[Chunk],
    running: Running,
    clock: Clock,
    timer: asyncio.Timeout,
    limits: _Limits,
    hear: Hear,
) -> Finish:
    total_at = asyncio.get_running_loop().time() + limits.total[1]
    limits.arm(timer, total_at, None)
    async with aclosing(chunks) as stream:  # type: ignore[type-var]
        async for chunk in stream:
            if isinstance(chunk, Finish):
                return chunk
            if running.interrupted:
                raise TimeoutError  # a stream that never pauses would arm the clock anew before it could ring
            _note(chunk, running, clock)
            if not isinstance(chunk, Seen):
                limits.arm(timer, total_at, chunk)
            hear(chunk)
    raise CallFailed(Failed(kind=FailureKind.STREAM_CUT, detail="the stream ended without an end marker"))


def _note(chunk: Chunk, running: Running, clock: Clock) -> None:
    if isinstance(chunk, Text | Reasoning):
        if running.first_token_at is None:
            running.first_token_at = clock.monotonic()
        (running.text if isinstance(chunk, Text) else running.reasoning).append(chunk.text)
    elif isinstance(chunk, Seen):
        running.seen = chunk.usage or running.seen
        running.reported_model = chunk.model or running.reported_model


def _timed_out(running: Running, limits: _Limits) -> Failed:
    shown = bool(running.text)
    if running.interrupted:
        return Failed(kind=FailureKind.INTERRUPTED, detail=running.interrupted, shown=shown)
    words = {
        FailureKind.FIRST_TOKEN_TIMEOUT: f"no first token within {limits.seconds:g} s",
        FailureKind.IDLE_TIMEOUT: f"silent for {limits.seconds:g} s in mid-answer",
        FailureKind.TOTAL_TIMEOUT: f"not done within {limits.seconds:g} s",
        FailureKind.DEADLINE: f"not done within the {limits.seconds:.3g} s that the request had left",
    }
    return Failed(kind=limits.waiting_for, detail=words[limits.waiting_for], shown=shown)


def _completed(finish: Finish, running: Running, started: float, ended: float) -> Completed:
    usage = finish.usage
    first = running.first_token_at
    speed = finish.tokens_per_s
    if usage is None:
        usage = TokenUsage(output=estimate_tokens(running.everything), estimated=True)
    if speed is None and first is not None and ended > first and usage.output > 1:
        speed = usage.output / (ended - first)
    return Completed(
        finish_reason=finish.reason,
        usage=usage,
        reported_model=finish.model or running.reported_model,
        first_token_s=None if first is None else first - started,
        tokens_per_s=speed,
        notes=finish.notes,
    )
