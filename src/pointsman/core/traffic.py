"""Our own calls to an endpoint as a rolling window: time to first token, speed, error rate. Pure; `now` is an argument.

Only what the endpoint did counts: a call that our budget, breaker, guard or patience ended says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.outcome import Cancelled, Completed, Failed, FailureKind, Outcome

WINDOW_S = 3600.0
_MOST = 200  # calls kept of one endpoint
_OURS = frozenset(
    {
        FailureKind.BUDGET,
        FailureKind.COOLING,
        FailureKind.DEADLINE,
        FailureKind.INTERNAL,
        FailureKind.INTERRUPTED,
        FailureKind.LOCAL_GUARD,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCall:
    """One call that ended by itself. Seconds and tokens/s; None = not told."""

    at: float
    failed: FailureKind | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFigures:
    """What the calls of the last `window_s` seconds tell. A figure is None where no call told it."""

    calls: int
    failed: int
    window_s: float = WINDOW_S
    first_token_p50: float | None = None  # seconds
    first_token_p95: float | None = None
    tokens_per_s_p50: float | None = None

    @property
    def error_percent(self) -> float | None:
        return None if not self.calls else 100.0 * self.failed / self.calls


def with_call(calls: tuple[OwnCall, ...], outcome: Outcome, now: float) -> tuple[OwnCall, ...]:
    """The window with one more call; those that fell out of it are gone."""
    seen = _call(outcome, now)
    kept = tuple(call for call in calls if now - WINDOW_S < call.at <= now)
    return kept if seen is None else (*kept, seen)[-_MOST:]


def _call(outcome: Outcome, now: float) -> OwnCall | None:
    if isinstance(outcome, Completed):
        return OwnCall(at=now, first_token_s=outcome.first_token_s, tokens_per_s=outcome.tokens_per_s)
    if isinstance(outcome, Cancelled) or outcome.kind in _OURS:
        return None
    return OwnCall(at=now, failed=outcome.kind)


def figures(calls: tuple[OwnCall, ...], now: float) -> TrafficFigures:
    inside = [call for call in calls if now - WINDOW_S < call.at <= now]
    first = [call.first_token_s for call in inside if call.first_token_s is not None]
    speed = [call.tokens_per_s for call in inside if call.tokens_per_s is not None]
    return TrafficFigures(
        calls=len(inside),
        failed=sum(call.failed is not None for call in inside),
        first_token_p50=percentile(first, 50),
        first_token_p95=percentile(first, 95),
        tokens_per_s_p50=percentile(speed, 50),
    )


def percentile(values: list[float], percent: float) -> float | None:
    """Between the two nearest values in proportion; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100.0
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


# --- what the detail screen shows --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenProbe:
    """One probe. `reason` may quote the server."""

    at: float
    state: str
    reason: str
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFailure:
    """One call of ours that failed. `detail` is the server's text: untrusted."""

    at: float
    kind: FailureKind
    detail: str
    status: int | None = None
    request: str = ""


def failure(outcome: Failed, at: float, by: str | None) -> SeenFailure:
    """`by` is the claim that made the call: `request/attempt`."""
    request = (by or "").rpartition("/")[0] or (by or "")
    return SeenFailure(at=at, kind=outcome.kind, detail=outcome.detail, status=outcome.status, request=request)
