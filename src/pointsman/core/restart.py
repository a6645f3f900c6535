"""When may a restarted service be called healthy? A fold over looks at it; `now` comes in with each look. Pure.

The manager's word is not enough (trap T44): healthy needs a new life of the service that has stayed, a port that
belongs to it, a good probe, and last an answer, which the caller asks for once everything else holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pointsman.core.health import HealthState
from pointsman.core.snapshot import RestartStage, ServiceState, ServiceStatus

STABLE_S = 5.0  # seconds a service must have stayed without dying
_ANSWERS = frozenset({HealthState.UP, HealthState.BUSY, HealthState.RATE_LIMITED})
_NOT_WELL = {
    ServiceState.CRASH_LOOP: "it keeps dying",
    ServiceState.FAILED: "it failed",
    ServiceState.NOT_FOUND: "there is no such service",
    ServiceState.UNAVAILABLE: "its manager cannot be asked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Which run of a service this is. Managers that count no invocations are told by pid."""

    invocation: str | None = None
    pid: int | None = None

    def follows(self, before: Life) -> bool:
        if self.invocation is not None:
            return self.invocation != before.invocation
        return self.pid is not None and self.pid != before.pid


def life_of(status: ServiceStatus | None) -> Life:
    return Life() if status is None else Life(invocation=status.invocation, pid=status.pid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a restarted service and at the endpoints it serves. `owner` None: not asked, or nobody can tell."""

    now: float
    status: ServiceStatus | None
    health: tuple[tuple[HealthState, str], ...] = ()  # of each endpoint it serves, with the reason
    owner_ours: bool | None = None
    owner_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is known of a restart so far. `stage` ANSWERING means: everything but the answer is well."""

    asked_at: float
    deadline_s: float
    before: Life = Life()
    stable_s: float = STABLE_S
    stage: RestartStage = RestartStage.STOPPING
    text: str = ""
    since: float | None = None  # the present life has been running since
    life: Life = Life()
    restarts: int | None = None  # the manager's counter when that life was first seen


def advance(watch: Watch, look: Look) -> Watch:
    """The watch after this look. Ends with UNHEALTHY by itself; HEALTHY is for whoever got the answer."""
    watch = _lived(watch, look)
    stage, text = _judge(watch, look)
    if stage is not RestartStage.UNHEALTHY and look.now - watch.asked_at >= watch.deadline_s:
        return replace(watch, stage=RestartStage.UNHEALTHY, text=f"not well within {watch.deadline_s:g} s: {text}")
    return replace(watch, stage=stage, text=text)


def _lived(watch: Watch, look: Look) -> Watch:
    """Remembers since when the present life runs; another life, or another count of restarts, begins anew."""
    status = look.status
    life = life_of(status)
    if status is None or status.state is not ServiceState.ACTIVE or not life.follows(watch.before):
        return replace(watch, since=None)
    if watch.since is not None and life == watch.life and status.restarts == watch.restarts:
        return watch
    return replace(watch, since=look.now, life=life, restarts=status.restarts)


def _judge(watch: Watch, look: Look) -> tuple[RestartStage, str]:
    status = look.status
    if status is None:
        return RestartStage.STARTING, "the manager says nothing of it yet"
    if status.state in _NOT_WELL:
        reason = f": {status.reason}" if status.reason else ""
        return RestartStage.UNHEALTHY, f"{_NOT_WELL[status.state]}{reason}"
    if status.state is ServiceState.STOPPING:
        return RestartStage.STOPPING, status.reason or "stopping"
    if status.state is not ServiceState.ACTIVE:
        return RestartStage.STARTING, status.reason or str(status.state)
    if watch.since is None:
        return RestartStage.STOPPING, "the old process is still the one that runs"
    if look.owner_ours is False:
        return RestartStage.UNHEALTHY, look.owner_text
    return _ready(watch, look, watch.since)


def _ready(watch: Watch, look: Look, since: float) -> tuple[RestartStage, str]:
    waiting = next(((state, why) for state, why in look.health if state not in _ANSWERS), None)
    if waiting is not None:
        state, why = waiting
        loading = state in (HealthState.WARMING, HealthState.UNKNOWN)
        return RestartStage.LOADING, why if loading else f"{state}: {why}"
    left = watch.stable_s - (look.now - since)
    if left > 0:
        return RestartStage.LOADING, f"running; watched for another {left:.0f} s"
    return RestartStage.ANSWERING, look.owner_text


def answered(watch: Watch, ok: bool, text: str) -> Watch:
    """The end, once one token was asked for."""
    note = f"; {watch.text}" if ok and watch.text else ""
    stage = RestartStage.HEALTHY if ok else RestartStage.UNHEALTHY
    return replace(watch, stage=stage, text=text + note)


def too_soon(starts: tuple[float, ...], burst: int, seconds: float, now: float) -> float | None:
    """Seconds to wait, if one more start could exhaust the manager's limit; None if it may be started now.

    One start is kept in reserve: systemd gives the unit up at the burst's edge, and only `reset-failed` mends that.
    """
    recent = sorted(at for at in starts if now - at < seconds)
    allowed = max(burst - 1, 1)
    return None if len(recent) < allowed else seconds - (now - recent[len(recent) - allowed])
