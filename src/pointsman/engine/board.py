"""The one place where the present state is kept, and from which frozen Snapshots are taken.

Owned by the event loop's thread: every write is synchronous and between awaits, so nobody ever sees half a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from pointsman.core.fleet import Fleet
from pointsman.core.health import Health, HealthState, Probe, begin_trial, limits_for, observe
from pointsman.core.outcome import Completed, Outcome
from pointsman.core.snapshot import EndpointStatus, HostSample, Override, ServiceStatus, Snapshot
from pointsman.core.usage import Usage
from pointsman.ports import Clock


class Board:
    """Health, status, usage, host, services and overrides as last seen."""

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self.fleet = fleet
        self._clock = clock
        self._health: dict[str, Health] = {name: _initial(fleet, name) for name in fleet.endpoints}
        self._status: dict[str, EndpointStatus] = {}
        self._usage: Mapping[str, Usage] = {}
        self._host: HostSample | None = None
        self._services: tuple[ServiceStatus, ...] = ()
        self._overrides: tuple[Override, ...] = ()
        self._audit_problem: str | None = None
        self._troubles: dict[str, str] = {}
        self._watchers: set[asyncio.Event] = set()

    # --- reading

    def snapshot(self) -> Snapshot:
        return Snapshot(
            now=self._clock.now(),
            health=dict(self._health),
            status=dict(self._status),
            usage=self._usage,
            host=self._host,
            services=self._services,
            overrides=self._overrides,
            local_only=self.fleet.local_only,
            audit_writable=self._audit_problem is None,
        )

    @property
    def audit_problem(self) -> str | None:
        return self._audit_problem

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

    def publish(self) -> None:
        for watcher in self._watchers:
            watcher.set()

    def saw(self, endpoint: str, seen: Probe | Outcome) -> tuple[Health, Health]:
        """Folds a probe or an outcome into the endpoint's health; returns (before, after)."""
        old = self._health[endpoint]
        limits = limits_for(self.fleet.endpoints[endpoint].locality)
        new = observe(old, seen, self._clock.now(), limits, self._clock.jitter())
        self._health[endpoint] = new
        if isinstance(seen, Completed):
            self._own_traffic(endpoint, seen)
        self.publish()
        return old, new

    def claim(self, endpoint: str) -> bool:
        """May a call go there now? Takes the half-open trial if that is what it would be."""
        now, health = self._clock.now(), self._health[endpoint]
        if health.callable(now):
            self._health[endpoint] = begin_trial(health, now)
            return True
        return False

    def force(self, endpoint: str) -> None:
        """Takes the trial although the cool-down is not over: the last resort of a decision (scenarios.md A14)."""
        self._health[endpoint] = begin_trial(self._health[endpoint], self._clock.now())

    def put_status(self, endpoint: str, status: EndpointStatus | None) -> None:
        if status is None:
            self._status.pop(endpoint, None)
            return
        old = self._status.get(endpoint)
        if old is not None:
            speed = status.tokens_per_s if status.tokens_per_s is not None else old.tokens_per_s
            status = replace(status, first_token_s=old.first_token_s, tokens_per_s=speed)
        self._status[endpoint] = status

    def put_usage(self, usage: Mapping[str, Usage]) -> None:
        self._usage = usage
        self.publish()

    def put_host(self, host: HostSample) -> None:
        self._host = host
        self.publish()

    def put_services(self, services: tuple[ServiceStatus, ...]) -> None:
        self._services = services
        self.publish()

    def put_overrides(self, overrides: tuple[Override, ...]) -> None:
        self._overrides = overrides
        self.publish()

    def put_audit_problem(self, problem: str | None) -> None:
        if problem != self._audit_problem:
            self._audit_problem = problem
            self.publish()

    def put_trouble(self, source: str, why: str | None) -> None:
        """`None`: the source is well again."""
        if why is None:
            self._troubles.pop(source, None)
        else:
            self._troubles[source] = why

    def _own_traffic(self, endpoint: str, done: Completed) -> None:
        old = self._status.get(endpoint) or EndpointStatus(checked_at=self._clock.now())
        speed = done.tokens_per_s if done.tokens_per_s is not None else old.tokens_per_s
        self._status[endpoint] = replace(old, first_token_s=done.first_token_s, tokens_per_s=speed)


def _initial(fleet: Fleet, name: str) -> Health:
    retired = fleet.endpoints[name].retired
    return Health(state=HealthState.RETIRED, reason=retired) if retired else Health()
