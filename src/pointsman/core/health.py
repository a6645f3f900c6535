"""Health of an endpoint as a pure fold: what was seen, and when, gives the state. `now` is an argument.

Two inputs feed one state: active probes and the outcomes of real calls. Routing trusts real traffic: a green probe
alone never closes a breaker, it only allows the half-open trial at once. Figures: scenarios.md, choice D.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from pointsman.core.fleet import Locality
from pointsman.core.outcome import ANSWERED, TRIPS_BREAKER, Cancelled, Completed, Failed, FailureKind, Outcome

LIMIT_PAUSE = 15.0  # seconds; a rate limit that does not say how long, doubling while it is met again
LONGEST_LIMIT_PAUSE = 120.0
QUOTA_PAUSE = 600.0  # an empty purse is not filled by waiting, but somebody may fill it


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
    trial_until: float | None = None  # a trial that has not ended by then is handed over
    trial_by: str = ""  # who holds it; the late result of a trial that was handed over counts for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State of one endpoint, with its reason and since when (Unix seconds)."""

    state: HealthState = HealthState.UNKNOWN
    reason: str = "not probed yet"
    since: float = 0.0
    breaker: Breaker = Breaker()
    until: float | None = None  # rate-limited until then
    last_seen: float | None = None  # of the last probe or call, for the age column
    probed: HealthState | None = None  # what the last probe found, whatever real calls say
    limits_hit: int = 0  # rate limits in a row, each met after the one before had ended

    def callable(self, now: float) -> bool:
        """May a request be sent there now? The half-open trial counts as yes while nobody holds it."""
        if self.state in (HealthState.MISCONFIGURED, HealthState.RETIRED):
            return False
        if self.state is HealthState.RATE_LIMITED:
            return self.until is None or now >= self.until  # a limit that names no end is tried
        if self.breaker.state is BreakerState.CLOSED:
            return self.state is not HealthState.DOWN
        return self.trial_ready(now)

    def trial_ready(self, now: float) -> bool:
        if self.breaker.state is BreakerState.HALF_OPEN:
            until = self.breaker.trial_until
            return self.breaker.trial_since is None or (until is not None and now >= until)
        return self.breaker.retry_at is not None and now >= self.breaker.retry_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one active look at an endpoint found."""

    state: HealthState  # up, warming, busy, misconfigured, down, rate-limited or retired
    reason: str
    until: float | None = None
    answered: bool = False  # down by its own words: a server is there, and real calls may well succeed


def observe(
    health: Health, seen: Probe | Outcome, now: float, limits: BreakerLimits, jitter: float = 0.5, by: str | None = None
) -> Health:
    """The next health. `jitter` in 0..1 spreads the time a breaker stays open by -20 % to +20 %.

    `by` is who made the call, as given to `begin_trial`: while somebody's trial is under way only its own outcome
    counts. None: not told, then it counts.
    """
    if isinstance(seen, Probe):
        return _probed(health, seen, now, limits)
    if by is not None and health.breaker.trial_since is not None and by != health.breaker.trial_by:
        return replace(health, last_seen=now)
    if isinstance(seen, Completed):
        return _completed(health, now)
    if isinstance(seen, Cancelled):
        return replace(_without_trial(health), last_seen=now)
    return _failed(health, seen, now, limits, jitter)


def begin_trial(health: Health, now: float, by: str = "", limits: BreakerLimits = LOCAL_LIMITS) -> Health:
    """Marks the one half-open trial as taken. No change unless the breaker is not closed."""
    if health.breaker.state is BreakerState.CLOSED:
        return health
    breaker = replace(
        health.breaker, state=BreakerState.HALF_OPEN, trial_since=now, trial_until=now + limits.trial, trial_by=by
    )
    return replace(health, breaker=breaker)


def give_back(health: Health, by: str) -> Health:
    """A trial that was taken and not used: no call was made after all."""
    return _without_trial(health) if health.breaker.trial_by == by else health


def moved_in_time(health: Health, by: float) -> Health:
    """The same health after the wall clock was set by that many seconds: every pause keeps its length."""
    old = health.breaker
    breaker = replace(
        old,
        recent=tuple((at + by, good) for at, good in old.recent),
        retry_at=_plus(old.retry_at, by),
        trial_since=_plus(old.trial_since, by),
        trial_until=_plus(old.trial_until, by),
    )
    return replace(
        health,
        since=health.since + by if health.since else health.since,
        until=_plus(health.until, by),
        last_seen=_plus(health.last_seen, by),
        breaker=breaker,
    )


def _plus(at: float | None, by: float) -> float | None:
    return None if at is None else at + by


def _without_trial(health: Health) -> Health:
    return replace(health, breaker=replace(health.breaker, trial_since=None, trial_until=None, trial_by=""))


def _without_streak(health: Health) -> Health:
    return replace(health, breaker=replace(health.breaker, streak=0))


def _moved(health: Health, state: HealthState, reason: str, now: float, until: float | None = None) -> Health:
    since = health.since if state is health.state and health.since else now
    return replace(health, state=state, reason=reason, since=since, until=until, last_seen=now)


_GOOD = (HealthState.UP, HealthState.BUSY)
_BUT = "the probe is good, but calls fail: "


def _probed(health: Health, probe: Probe, now: float, limits: BreakerLimits) -> Health:
    turned_good = health.probed not in _GOOD
    health = replace(_release_stale_trial(health, now, limits), probed=probe.state)
    limited = health.state is HealthState.RATE_LIMITED and health.until is not None and now < health.until
    if limited and health.until is not None and probe.state in (*_GOOD, HealthState.RATE_LIMITED):
        # What a server told a real call stands: a look never shortens it.
        return replace(health, until=max(health.until, probe.until or 0.0), last_seen=now)
    if probe.state in _GOOD and health.breaker.state is not BreakerState.CLOSED:
        return _green_but_open(health, turned_good, now)
    if probe.state is HealthState.DOWN and probe.answered and _answers(health, now, limits):
        return _moved(health, HealthState.UP, f"calls succeed, but the probe fails: {probe.reason}", now)
    return _moved(health, probe.state, probe.reason, now, probe.until)


def _answers(health: Health, now: float, limits: BreakerLimits) -> bool:
    """The last real call was good, and not long ago."""
    last = health.breaker.recent[-1] if health.breaker.recent else (0.0, False)
    return last[1] and now - last[0] < limits.window and health.breaker.state is BreakerState.CLOSED


def _green_but_open(health: Health, turned_good: bool, now: float) -> Health:
    """Only a probe that turns good allows the trial before its time: one that was good while calls failed says
    nothing new, and would have every failing trial followed by the next."""
    if turned_good:
        breaker = replace(health.breaker, state=BreakerState.HALF_OPEN)
        reason = "the probe is good again; waiting for one good completion"
        return _moved(replace(health, breaker=breaker), HealthState.DOWN, reason, now)
    reason = health.reason if health.reason.startswith((_BUT, "the probe is good again")) else _BUT + health.reason
    return _moved(health, HealthState.DOWN, reason, now)


def _release_stale_trial(health: Health, now: float, limits: BreakerLimits) -> Health:
    since = health.breaker.trial_since
    return health if since is None or now - since < limits.trial else _without_trial(health)


def _completed(health: Health, now: float) -> Health:
    recent = (*health.breaker.recent, (now, True))[-64:]
    well = replace(health, breaker=Breaker(recent=recent), limits_hit=0)
    return _moved(well, HealthState.UP, "answered", now)


def _failed(health: Health, failed: Failed, now: float, limits: BreakerLimits, jitter: float) -> Health:
    released = _without_streak(_without_trial(health)) if failed.kind in ANSWERED else _without_trial(health)
    if failed.kind in (FailureKind.AUTH, FailureKind.FORBIDDEN):
        return _moved(released, HealthState.MISCONFIGURED, failed.detail or str(failed.kind), now)
    if failed.kind in (FailureKind.RATE_LIMITED, FailureKind.QUOTA):
        return _limited(released, failed, now, jitter)
    if failed.kind is FailureKind.LOADING:
        return _moved(released, HealthState.WARMING, failed.detail or "loading the model", now)
    if failed.kind is FailureKind.BUSY:
        return _moved(released, HealthState.BUSY, failed.detail or "queue full", now)
    if failed.kind not in TRIPS_BREAKER:
        return replace(released, last_seen=now)
    return _counted(released, failed, now, limits, jitter)


def _limited(health: Health, failed: Failed, now: float, jitter: float) -> Health:
    """Not to be called until T. Many calls that meet one limit make one pause of it, not one each."""
    reason = failed.detail or str(failed.kind)
    under_way = health.state is HealthState.RATE_LIMITED and health.until is not None and now < health.until
    if under_way and health.until is not None:
        stated = health.until if failed.retry_after is None else max(health.until, now + failed.retry_after)
        return _moved(health, HealthState.RATE_LIMITED, reason, now, stated)
    hit = health.limits_hit + 1
    wait = failed.retry_after if failed.retry_after is not None else _unstated_wait(failed.kind, hit, jitter)
    return _moved(replace(health, limits_hit=hit), HealthState.RATE_LIMITED, reason, now, now + wait)


def _unstated_wait(kind: FailureKind, hit: int, jitter: float) -> float:
    if kind is FailureKind.QUOTA:
        return QUOTA_PAUSE
    return min(LIMIT_PAUSE * 2.0 ** min(hit - 1, 10), LONGEST_LIMIT_PAUSE) * (0.8 + 0.4 * jitter)


def _counted(health: Health, failed: Failed, now: float, limits: BreakerLimits, jitter: float) -> Health:
    old = health.breaker
    recent = tuple((t, ok) for t, ok in old.recent if now - t < limits.window)[-63:] + ((now, False),)
    streak = old.streak + 1
    breaker = replace(old, recent=recent, streak=streak)
    if old.state is BreakerState.CLOSED and not _should_open(recent, streak, limits):
        # One refused connection already says that nothing listens there; the next probe will tell.
        state, until = _still(health, now)
        return _moved(replace(health, breaker=breaker), state, failed.detail or str(failed.kind), now, until)
    if old.state is BreakerState.OPEN and old.retry_at is not None and now < old.retry_at:
        # A call from before the opening: it says what is known, and must not make the pause longer.
        return replace(health, breaker=replace(old, recent=recent), last_seen=now)
    openings = old.openings + 1
    spread = 0.8 + 0.4 * jitter
    # The most is the most, jitter included: "taken back within 30 s" counts on it.
    pause = min(limits.open_first * 2.0 ** min(openings - 1, 30) * spread, limits.open_most)
    breaker = replace(breaker, state=BreakerState.OPEN, openings=openings, retry_at=now + pause)
    return _moved(replace(health, breaker=breaker), HealthState.DOWN, failed.detail or str(failed.kind), now)


def _still(health: Health, now: float) -> tuple[HealthState, float | None]:
    """Its state after a failure that does not close it. A limit lasts to its end and no longer: without an end it
    would never be called or looked at again."""
    if health.state is not HealthState.RATE_LIMITED:
        return health.state, None
    limited = health.until is not None and now < health.until
    return (HealthState.RATE_LIMITED, health.until) if limited else (HealthState.UP, None)


def _should_open(recent: tuple[tuple[float, bool], ...], streak: int, limits: BreakerLimits) -> bool:
    if streak >= limits.consecutive:
        return True
    bad = sum(1 for _, good in recent if not good)
    return len(recent) >= limits.sample and bad * 100 >= limits.share_percent * len(recent)
