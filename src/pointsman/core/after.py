"""What follows an attempt: the same model again, the next one, a wait, or the end. Pure; `now` and `jitter` come in.

The figures are the choices at the top of scenarios.md (B5, C1, G2, H5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pointsman.core.decision import Decision, Rung
from pointsman.core.fleet import OnCut
from pointsman.core.outcome import (
    NO_FALLBACK,
    RETRY_SAME,
    Attempt,
    Cancelled,
    Completed,
    Failed,
    FailureKind,
)

QUICK_RETRY_S = 0.25  # at most, jittered: a 5xx or reset before the first byte
SHORT_WAIT_S = 3.0  # a Retry-After up to this is waited for although others are ready
LONG_WAIT_S = 30.0  # a Retry-After up to this is waited for when nobody else is left
BLIND_WAIT_S = 1.5  # at most, jittered: a 429 that does not say how long
LOAD_POLL_S = 3.0  # at most between two tries on a server that is loading
# Failures of the endpoint rather than of the model: its other models would fail the same way.
_WHOLE_ENDPOINT = frozenset(
    {FailureKind.REFUSED, FailureKind.CONNECT_TIMEOUT, FailureKind.AUTH, FailureKind.QUOTA, FailureKind.LOCAL_GUARD}
)
_NEEDS_LARGER = frozenset({FailureKind.CONTEXT_OVERFLOW, FailureKind.TOO_LARGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the role, the request and the endpoints' health allow after a failure.

    `load_s`: how long a loading server is waited for. `left_s`: what is left of the request's own deadline; None: it
    has none. `closed`: endpoints that may not be called now. After a 429, `may_retry`: nobody else is about to try
    that endpoint again; `limited_s`: how long it is known to be limited.
    """

    on_cut: OnCut = OnCut.RESTART
    fall_back_on_refusal: bool = False
    load_s: float = 180.0
    left_s: float | None = None
    closed: frozenset[str] = frozenset()
    may_retry: bool = True
    limited_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    rung: Rung
    delay: float = 0.0  # seconds to wait first
    why: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The last attempt's outcome is the request's outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """No answer. `offer` is the next model, for one key."""

    code: str
    why: str
    offer: str | None = None
    retry_after: float | None = None  # seconds, the earliest that any of those tried named


Step = Try | Done | Stop


def after(decision: Decision, attempts: Sequence[Attempt], now: float, jitter: float, rules: Rules) -> Step:
    """The next step. `attempts` in order, oldest first; `jitter` in 0..1."""
    if not attempts:
        return _first(decision)
    last = attempts[-1]
    if isinstance(last.outcome, Completed | Cancelled):
        return Done()
    if last.outcome.kind is FailureKind.DEADLINE or (rules.left_s is not None and rules.left_s <= 0):
        return _out_of_time(decision, attempts)
    same = _again(decision, attempts, last.outcome, now, jitter, rules)
    if same is not None and (rules.left_s is None or same.delay < rules.left_s):
        return same
    return _onward(decision, attempts, last.outcome, rules)


def _first(decision: Decision) -> Step:
    if decision.ladder:
        return Try(rung=decision.ladder[0], why=decision.ladder[0].why)
    return Stop(code="blocked", why=decision.blocked or "no model may do this")


# --- the same model once more ------------------------------------------------------------------------------------


def _again(
    decision: Decision, attempts: Sequence[Attempt], failed: Failed, now: float, jitter: float, rules: Rules
) -> Try | None:
    rung = next(r for r in decision.ladder if r.model == attempts[-1].model)
    tries = [a for a in attempts if a.model == rung.model]
    delay = _retry_delay(decision, attempts, tries, failed, jitter, rules)
    if failed.kind is FailureKind.LOADING and now - tries[0].started < rules.load_s:
        delay = min(0.25 * 2.0 ** min(len(tries), 8), LOAD_POLL_S)
    if delay is None or failed.shown:
        return None
    return Try(rung=rung, delay=delay, why=f"{rung.model} again: {failed.kind}")


def _retry_delay(
    decision: Decision,
    attempts: Sequence[Attempt],
    tries: Sequence[Attempt],
    failed: Failed,
    jitter: float,
    rules: Rules,
) -> float | None:
    if sum(isinstance(a.outcome, Failed) and a.outcome.kind is failed.kind for a in tries) > 1:
        return None
    if failed.kind in RETRY_SAME or _reset_before_first_byte(failed):
        # Not once the breaker has opened: what it is for is to spare us this very call.
        return None if tries[-1].endpoint in rules.closed else QUICK_RETRY_S * jitter
    if failed.kind is FailureKind.RATE_LIMITED:
        return _limited_delay(decision, attempts, failed, jitter, rules)
    return None


def _limited_delay(
    decision: Decision, attempts: Sequence[Attempt], failed: Failed, jitter: float, rules: Rules
) -> float | None:
    """Of many requests that met one limit, one tries again early; the others move on, or wait it out if they cannot."""
    alone = _next_rung(decision, attempts, rules) is None
    if not rules.may_retry and not alone:
        return None
    wait = failed.retry_after if rules.may_retry or failed.retry_after is not None else rules.limited_s
    if wait is None:
        return 0.3 + (BLIND_WAIT_S - 0.3) * jitter
    if wait > (LONG_WAIT_S if alone else SHORT_WAIT_S):
        return None
    return wait if rules.may_retry else wait + 0.1 + jitter


def _reset_before_first_byte(failed: Failed) -> bool:
    return failed.kind is FailureKind.STREAM_CUT and failed.status is None and not failed.shown


# --- the next model, or the end ----------------------------------------------------------------------------------


def _onward(decision: Decision, attempts: Sequence[Attempt], failed: Failed, rules: Rules) -> Step:
    following = _next_rung(decision, attempts, rules)
    refused = failed.kind is FailureKind.REFUSAL
    if failed.kind in NO_FALLBACK and not (refused and rules.fall_back_on_refusal):
        return Stop(code=str(failed.kind), why=failed.detail or str(failed.kind))
    cut = failed.shown and failed.kind is not FailureKind.INVALID_OUTPUT
    if cut and rules.on_cut is OnCut.STOP:
        offer = following.model if following else None
        return Stop(code=str(failed.kind), why=f"the answer was cut: {failed.detail}", offer=offer)
    if following is None:
        return _exhausted(decision, attempts, rules)
    return Try(rung=following, why=following.why)


def _next_rung(decision: Decision, attempts: Sequence[Attempt], rules: Rules) -> Rung | None:
    """The first untried rung that could do better: its endpoint neither failed as a whole nor is closed by now, and
    it is larger if need be."""
    tried = {a.model for a in attempts}
    dead = {a.endpoint for a in attempts if isinstance(a.outcome, Failed) and a.outcome.kind in _WHOLE_ENDPOINT}
    fits = _fits(decision, attempts)
    rest = [r for r in decision.ladder if r.model not in tried and r.endpoint not in dead | rules.closed]
    return next((r for r in rest if fits(r)), None)


def _fits(decision: Decision, attempts: Sequence[Attempt]) -> Callable[[Rung], bool]:
    too_small = {a.model for a in attempts if isinstance(a.outcome, Failed) and a.outcome.kind in _NEEDS_LARGER}
    windows = [r.context for r in decision.ladder if r.model in too_small and r.context is not None]
    largest = max(windows, default=None)
    return lambda rung: largest is None or rung.context is None or rung.context > largest


def _exhausted(decision: Decision, attempts: Sequence[Attempt], rules: Rules) -> Stop:
    latest = {a.model: a.outcome for a in attempts if isinstance(a.outcome, Failed)}
    reasons = _reasons(attempts)
    for rung in decision.ladder:
        why = "its endpoint is closed by now" if rung.endpoint in rules.closed else "it could not do better"
        reasons.setdefault(rung.model, f"{rung.model}: not tried, {why}")
    waits = [failed.retry_after for failed in latest.values() if failed.retry_after is not None]
    return Stop(
        code=str(latest[attempts[-1].model].kind),
        why="every model failed: " + "; ".join(reasons.values()),
        retry_after=min(waits, default=None),
    )


def _out_of_time(decision: Decision, attempts: Sequence[Attempt]) -> Stop:
    reasons = _reasons(attempts)
    untried = [rung.model for rung in decision.ladder if rung.model not in reasons]
    rest = f"; no time was left for {', '.join(untried)}" if untried else ""
    why = "the request's deadline is over: " + "; ".join(reasons.values()) + rest
    return Stop(code=str(FailureKind.DEADLINE), why=why, offer=untried[0] if untried else None)


def _reasons(attempts: Sequence[Attempt]) -> dict[str, str]:
    """The last failure of each model tried, in words."""
    reasons: dict[str, str] = {}
    for attempt in attempts:
        if isinstance(attempt.outcome, Failed):
            said = f" ({attempt.outcome.detail})" if attempt.outcome.detail else ""
            reasons[attempt.model] = f"{attempt.model}: {attempt.outcome.kind}{said}"
    return reasons
