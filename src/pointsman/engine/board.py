"""The one place where the present state is kept, and from which frozen Snapshots are taken.

Owned by the event loop's thread: every write is synchronous and between awaits, so nobody ever sees half a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace

from pointsman.core.audit import AuditEvent, AuditState
from pointsman.core.belonging import attributed
from pointsman.core.drift import Drift
from pointsman.core.flapping import Told, tell
from pointsman.core.fleet import Endpoint, Fleet
from pointsman.core.health import (
    Health,
    HealthState,
    Probe,
    begin_trial,
    give_back,
    limits_for,
    moved_in_time,
    observe,
)
from pointsman.core.outcome import Completed, Outcome
from pointsman.core.reconfigured import same_place
from pointsman.core.snapshot import (
    EndpointStatus,
    GroupStatus,
    HostSample,
    Override,
    RestartProgress,
    ServiceStatus,
    Snapshot,
)
from pointsman.core.usage import Usage
from pointsman.engine.gauges import Gauges
from pointsman.ports import Clock

_CLOCK_SET_BACK_S = 1.0  # a smaller step back is the clock being adjusted, and changes nothing


class Board:
    """Health, status, usage, host, services and overrides as last seen."""

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self.fleet = fleet  # the one that is in force; whoever began under another one keeps that (scenarios.md N6)
        self._clock = clock
        self._endpoints: dict[str, Endpoint] = dict(fleet.endpoints)  # with those that are gone, as they last were
        self._health: dict[str, Health] = {name: _initial(fleet, name) for name in fleet.endpoints}
        self._status: dict[str, EndpointStatus] = {}
        self._usage: Mapping[str, Usage] = {}
        self._host: HostSample | None = None
        self._attributed: HostSample | None = None  # the same with whose each GPU process is; None: to be told anew
        self._hosts: dict[str, HostSample] = {}
        self.gauges = Gauges()
        self._services: tuple[ServiceStatus, ...] = ()
        self._services_at: float | None = None
        self._overrides: tuple[Override, ...] = ()
        self._audit_problem: str | None = None
        self._audit_state = AuditState()
        self._troubles: dict[str, str] = {}
        self.drift: Drift | None = None  # as last seen
        self._watchers: set[asyncio.Event] = set()
        self.on_cloud_forbidden: Callable[[], None] = lambda: None  # told once whenever local_only comes into force
        self._told: dict[str, Told] = {}
        self._retrying: dict[str, asyncio.Event] = {}
        self._last_now: float | None = None
        self._restarts: dict[str, RestartProgress] = {}
        self._groups: dict[str, GroupStatus] = {}
        self._overhead: dict[str, int] = {}

    # --- reading

    def snapshot(self) -> Snapshot:
        now = self._now()
        return Snapshot(
            now=now,
            health=dict(self._health),
            status=dict(self._status),
            usage=self._usage,
            host=self._own_host(),
            hosts=dict(self._hosts),
            traffic=self.gauges.traffic(now),
            services=self._services,
            services_at=self._services_at,
            restarts=tuple(self._restarts.values()),
            groups=tuple(self._groups.values()),
            vram_overhead=dict(self._overhead),
            overrides=self._overrides,
            local_only=self.fleet.local_only,
            audit_writable=self._audit_problem is None,
        )

    def _own_host(self) -> HostSample | None:
        if self._attributed is None and self._host is not None:
            self._attributed = attributed(self._host, self.fleet, self._services, self._status)
        return self._attributed

    def health(self, endpoint: str) -> Health:
        return self._health[endpoint]

    def endpoint(self, name: str) -> Endpoint:
        """Also one that the configuration has no more, for calls that began before."""
        return self._endpoints[name]

    @property
    def audit_problem(self) -> str | None:
        return self._audit_problem

    @property
    def audit_state(self) -> AuditState:
        return self._audit_state

    @property
    def troubles(self) -> tuple[str, ...]:
        """Sources that could not be read at the last look, and why."""
        return tuple(f"{source} cannot be read: {why}" for source, why in self._troubles.items())

    async def watch(self) -> AsyncIterator[Snapshot]:
        """The present picture, then each newer one; what happened while the reader was busy comes as one."""
        changed = asyncio.Event()
        self._watchers.add(changed)
        try:
            while True:
                yield self.snapshot()
                await changed.wait()
                changed.clear()
        finally:
            self._watchers.discard(changed)

    # --- writing

    def take(self, fleet: Fleet) -> None:
        """Another configuration is in force from now on. What is known of an endpoint stays known, unless its name now
        means another place."""
        forbidden = self.snapshot().cloud_forbidden
        for name, endpoint in fleet.endpoints.items():
            if name not in self._endpoints or not same_place(self._endpoints[name], endpoint):
                self._health[name] = _initial(fleet, name)
                self._status.pop(name, None)
        self.fleet, self._attributed = fleet, None
        self._endpoints.update(fleet.endpoints)
        self._tell_if_forbidden(forbidden)
        self.publish()

    def publish(self) -> None:
        """Tells the watchers now. Figures that moved and nothing else wait for the monitor's next beat."""
        for watcher in self._watchers:
            watcher.set()

    def _now(self) -> float:
        """The wall clock. Once it was set back, all health moves with it: nothing is stuck for an hour (D13)."""
        now = self._clock.now()
        if self._last_now is not None and now < self._last_now - _CLOCK_SET_BACK_S:
            step = now - self._last_now
            self._health = {name: moved_in_time(health, step) for name, health in self._health.items()}
        self._last_now = now
        return now

    def saw(self, endpoint: str, seen: Probe | Outcome, by: str | None = None) -> tuple[Health, Health]:
        """Folds a probe or an outcome into the endpoint's health; returns (before, after). `by`: whose call it was."""
        now, limits = self._now(), limits_for(self._endpoints[endpoint].locality)
        old = self._health[endpoint]
        new = observe(old, seen, now, limits, self._clock.jitter(), by)
        self._health[endpoint] = new
        if not isinstance(seen, Probe):
            self.gauges.called(endpoint, seen, now, by)
        if isinstance(seen, Completed):
            self._own_traffic(endpoint, seen)
        if not isinstance(seen, Probe) or (old.state, old.reason) != (new.state, new.reason):
            self.publish()
        return old, new

    def claim(self, endpoint: str, by: str = "") -> bool:
        """May `by` call there now? Takes the half-open trial if that is what it would be."""
        now = self._now()
        health = self._health[endpoint]
        if health.callable(now):
            self._health[endpoint] = begin_trial(health, now, by, limits_for(self._endpoints[endpoint].locality))
            return True
        return False

    def force(self, endpoint: str, by: str = "") -> None:
        """Takes the trial although the cool-down is not over: the last resort of a decision (scenarios.md A14)."""
        health, now = self._health[endpoint], self._now()
        if health.breaker.trial_since is None:
            self._health[endpoint] = begin_trial(health, now, by, limits_for(self._endpoints[endpoint].locality))

    def give_back(self, endpoint: str, by: str) -> None:
        """The claim led to no call; without one, nothing."""
        self._health[endpoint] = give_back(self._health[endpoint], by)

    def closed(self, endpoints: Iterable[str]) -> frozenset[str]:
        """Those that may not be called now."""
        now = self._now()
        return frozenset(name for name in endpoints if not self._health[name].callable(now))

    def opens_at(self, endpoint: str) -> float | None:
        """When an endpoint that may not be called may be again, by time alone; None: now, or nobody can say."""
        now = self._now()
        health = self._health[endpoint]
        at = health.until if health.state is HealthState.RATE_LIMITED else health.breaker.retry_at
        return at if at is not None and at > now and not health.callable(now) else None

    def retry_free(self, endpoint: str) -> bool:
        """Nobody is about to try that endpoint again before its rate limit is over."""
        return endpoint not in self._retrying

    def take_retry(self, endpoint: str) -> None:
        self._retrying[endpoint] = asyncio.Event()

    def end_retry(self, endpoint: str) -> None:
        """It is known now whether the limit still stands; whoever waits for that may look."""
        over = self._retrying.pop(endpoint, None)
        if over is not None:
            over.set()

    async def retry_over(self, endpoint: str) -> None:
        """Waits while somebody tries that endpoint again."""
        over = self._retrying.get(endpoint)
        if over is not None:
            await over.wait()

    def worth_telling(self, endpoint: str, lines: tuple[AuditEvent, ...]) -> tuple[AuditEvent, ...]:
        """The lines of a change of health, unless the endpoint changes so often that they would fill the audit."""
        if not lines:
            return ()
        self._told[endpoint], note = tell(self._told.get(endpoint, Told()), self._now())
        return () if note is None else tuple(replace(line, text=line.text + note) for line in lines)

    def put_status(self, endpoint: str, status: EndpointStatus | None) -> None:
        self._attributed = None
        if status is None:
            self._status.pop(endpoint, None)
            return
        old = self._status.get(endpoint)
        if old is not None:
            speed = status.tokens_per_s if status.tokens_per_s is not None else old.tokens_per_s
            status = replace(status, first_token_s=old.first_token_s, tokens_per_s=speed)
        self._status[endpoint] = status

    def put_usage(self, usage: Mapping[str, Usage]) -> None:
        old, self._usage = self._usage, usage
        if usage != old:
            self.publish()

    def put_host(self, host: HostSample) -> None:
        first = self._host is None
        self._host, self._attributed = host, None
        self.gauges.host(host, self._now())
        if first:
            self.publish()

    def put_remote(self, name: str, host: HostSample) -> None:
        """A machine elsewhere, as its own exporter told."""
        first = name not in self._hosts
        self._hosts[name] = host
        self.gauges.host(host, self._now(), name)
        if first:
            self.publish()

    def put_services(self, services: tuple[ServiceStatus, ...]) -> None:
        old, self._services, self._attributed = self._services, services, None
        self._services_at = self._now()
        if services != old:
            self.publish()

    def restart_of(self, service: str) -> RestartProgress | None:
        """The newest start or restart of that service, under way or over."""
        return self._restarts.get(service)

    def put_restart(self, progress: RestartProgress) -> None:
        self._restarts[progress.service] = progress
        self.publish()

    def put_group(self, group: GroupStatus) -> None:
        self._groups[group.name] = group
        self.publish()

    def put_overhead(self, model: str, size: int) -> None:
        """What loading that model took beyond its stated figures, in bytes."""
        self._overhead[model] = size

    def put_overrides(self, overrides: tuple[Override, ...]) -> None:
        if overrides == self._overrides:
            return
        before, self._overrides = self.snapshot().cloud_forbidden, overrides
        self._tell_if_forbidden(before)
        self.publish()

    def _tell_if_forbidden(self, before: bool) -> None:
        if not before and self.snapshot().cloud_forbidden:
            self.on_cloud_forbidden()

    def put_audit_problem(self, problem: str | None) -> None:
        if problem != self._audit_problem:
            self._audit_problem = problem
            self.publish()

    def put_audit_state(self, state: AuditState) -> None:
        if state != self._audit_state:
            self._audit_state = state
            self.publish()

    def put_trouble(self, source: str, why: str | None) -> None:
        """`None`: the source is well again."""
        if why is None:
            self._troubles.pop(source, None)
        else:
            self._troubles[source] = why

    def put_drift(self, drift: Drift | None) -> None:
        if drift != self.drift:
            self.drift = drift
            self.publish()

    def _own_traffic(self, endpoint: str, done: Completed) -> None:
        old = self._status.get(endpoint) or EndpointStatus(checked_at=self._clock.now())
        speed = done.tokens_per_s if done.tokens_per_s is not None else old.tokens_per_s
        self._status[endpoint] = replace(old, first_token_s=done.first_token_s, tokens_per_s=speed)


def _initial(fleet: Fleet, name: str) -> Health:
    retired = fleet.endpoints[name].retired
    return Health(state=HealthState.RETIRED, reason=retired) if retired else Health()
