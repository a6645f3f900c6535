"""Health of an endpoint as a pure fold: what was seen, and when, gives the state. `now` is an argument.

Two inputs feed one state: active probes and the outcomes of real calls. Routing trusts real traffic: a green probe
alone never closes a breaker, it only allows the half-open trial at once. Figures: scenarios.md, choice D.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from pointsman.core.fleet import Locality
from pointsman.core.outcome import TRIPS_BREAKER, Cancelled, Completed, Failed, FailureKind, Outcome


class HealthState(StrEnum):
    UNKNOWN = "unknown"
    WARMING = "warming"
    UP = "up"
    BUSY = "busy"
    RATE_LIMITED = "rate-limited"
    MISCONFIGURED = "misconfigured"
    DOWN = "down"
    RETIRED = "retired"


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When a breaker opens (`consecutive` failures, or a share of a sample) and for how long, in seconds."""

    consecutive: int = 3
    sample: int = 5
    share_percent: int = 50
    window: float = 120.0
    open_first: float = 5.0
    open_most: float = 30.0
    trial: float = 180.0  # a half-open trial that has not ended by then is handed over


LOCAL_LIMITS = BreakerLimits()
CLOUD_LIMITS = BreakerLimits(open_first=15.0, open_most=120.0)


def limits_for(locality: Locality) -> BreakerLimits:
    return LOCAL_LIMITS if locality is Locality.LOCAL else CLOUD_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    state: BreakerState = BreakerState.CLOSED
    recent: tuple[tuple[float, bool], ...] = ()  # (when, good) of calls inside the window
    streak: int = 0  # failures in a row
    openings: int = 0  # how often it opened since the last good completion
    retry_at: float | None = None  # when open: the half-open trial is allowed from then on
    trial_since: float | None = None  # when half-open: the one trial under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State of one endpoint, with its reason and since when (Unix seconds)."""

    state: HealthState = HealthState.UNKNOWN
    reason: str = "not probed yet"
    since: float = 0.0
    breaker: Breaker = Breaker()
    until: float | None = None  # rate-limited until then
    last_seen: float | None = None  # of the last probe or call, for the age column

    def callable(self, now: float) -> bool:
        """May a request be sent there now? The half-open trial counts as yes while nobody holds it."""
        if self.state in (HealthState.MISCONFIGURED, HealthState.RETIRED):
            return False
        if self.state is HealthState.RATE_LIMITED:
            return self.until is not None and now >= self.until
        if self.breaker.state is BreakerState.CLOSED:
            return self.state is not HealthState.DOWN
        return self.trial_ready(now)

    def trial_ready(self, now: float) -> bool:
        if self.breaker.state is BreakerState.HALF_OPEN:
            return self.breaker.trial_since is None
        return self.breaker.retry_at is not None and now >= self.breaker.retry_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one active look at an endpoint found."""

    state: HealthState  # up, warming, busy, misconfigured, down, rate-limited or retired
    reason: str
    until: float | None = None


def observe(health: Health, seen: Probe | Outcome, now: float, limits: BreakerLimits, jitter: float = 0.5) -> Health:
    """The next health. `jitter` in 0..1 spreads the time a breaker stays open by -20 % to +20 %."""
    if isinstance(seen, Probe):
        return _probed(health, seen, now, limits)
    if isinstance(seen, Completed):
        return _completed(health, now)
    if isinstance(seen, Cancelled):
        return replace(health, breaker=replace(health.breaker, trial_since=None), last_seen=now)
    return _failed(health, seen, now, limits, jitter)


def begin_trial(health: Health, now: float) -> Health:
    """Marks the one half-open trial as taken. No change unless the breaker is not closed."""
    if health.breaker.state is BreakerState.CLOSED:
        return health
    breaker = replace(health.breaker, state=BreakerState.HALF_OPEN, trial_since=now)
    return replace(health, breaker=breaker)


def _moved(health: Health, state: HealthState, reason: str, now: float, until: float | None = None) -> Health:
    since = health.since if state is health.state and health.since else now
    return replace(health, state=state, reason=reason, since=since, until=until, last_seen=now)


def _probed(health: Health, probe: Probe, now: float, limits: BreakerLimits) -> Health:
    health = _release_stale_trial(health, now, limits)
    limited = health.state is HealthState.RATE_LIMITED and health.until is not None and now < health.until
    if limited and probe.state is HealthState.UP:
        return replace(health, last_seen=now)
    if probe.state in (HealthState.UP, HealthState.BUSY) and health.breaker.state is not BreakerState.CLOSED:
        breaker = replace(health.breaker, state=BreakerState.HALF_OPEN)
        reason = "the probe is good again; waiting for one good completion"
        return _moved(replace(health, breaker=breaker), HealthState.DOWN, reason, now)
    return _moved(health, probe.state, probe.reason, now, probe.until)


def _release_stale_trial(health: Health, now: float, limits: BreakerLimits) -> Health:
    since = health.breaker.trial_since
    if since is None or now - since < limits.trial:
        return health
    return replace(health, breaker=replace(health.breaker, trial_since=None))


def _completed(health: Health, now: float) -> Health:
    recent = (*health.breaker.recent, (now, True))[-64:]
    return _moved(replace(health, breaker=Breaker(recent=recent)), HealthState.UP, "answered", now)


def _failed(health: Health, failed: Failed, now: float, limits: BreakerLimits, jitter: float) -> Health:
    released = replace(health, breaker=replace(health.breaker, trial_since=None))
    if failed.kind in (FailureKind.AUTH, FailureKind.FORBIDDEN):
        return _moved(released, HealthState.MISCONFIGURED, failed.detail or str(failed.kind), now)
    if failed.kind in (FailureKind.RATE_LIMITED, FailureKind.QUOTA):
        wait = failed.retry_after if failed.retry_after is not None else _default_wait(failed.kind)
        return _moved(released, HealthState.RATE_LIMITED, failed.detail or str(failed.kind), now, now + wait)
    if failed.kind is FailureKind.LOADING:
        return _moved(released, HealthState.WARMING, failed.detail or "loading the model", now)
    if failed.kind is FailureKind.BUSY:
        return _moved(released, HealthState.BUSY, failed.detail or "queue full", now)
    if failed.kind not in TRIPS_BREAKER:
        return replace(released, last_seen=now)
    return _counted(released, failed, now, limits, jitter)


def _default_wait(kind: FailureKind) -> float:
    return 600.0 if kind is FailureKind.QUOTA else 15.0


def _counted(health: Health, failed: Failed, now: float, limits: BreakerLimits, jitter: float) -> Health:
    old = health.breaker
    recent = tuple((t, ok) for t, ok in old.recent if now - t < limits.window)[-63:] + ((now, False),)
    streak = old.streak + 1
    breaker = replace(old, recent=recent, streak=streak)
    if old.state is BreakerState.CLOSED and not _should_open(recent, streak, limits):
        # One refused connection already says that nothing listens there; the next probe will tell.
        return _moved(replace(health, breaker=breaker), health.state, failed.detail or str(failed.kind), now)
    openings = old.openings + 1
    spread = 0.8 + 0.4 * jitter
    pause = min(limits.open_first * 2.0 ** (openings - 1), limits.open_most) * spread
    breaker = replace(breaker, state=BreakerState.OPEN, openings=openings, retry_at=now + pause, trial_since=None)
    return _moved(replace(health, breaker=breaker), HealthState.DOWN, failed.detail or str(failed.kind), now)


def _should_open(recent: tuple[tuple[float, bool], ...], streak: int, limits: BreakerLimits) -> bool:
    if streak >= limits.consecutive:
        return True
    bad = sum(1 for _, good in recent if not good)
    return len(recent) >= limits.sample and bad * 100 >= limits.share_percent * len(recent)
