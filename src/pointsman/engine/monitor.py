"""Watches the world and writes what it sees to the board: endpoints, machine, services, budgets, overrides.

One loop per source; a slow source delays nobody. A source that fails is a state on the board, never an exception here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from pointsman.core import narrate
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.drift import changed, drift_of, last_claim
from pointsman.core.fleet import Band, Fleet, Locality
from pointsman.core.health import Health, HealthState
from pointsman.core.rules import Notice
from pointsman.core.usage import announced_band
from pointsman.engine.board import Board
from pointsman.engine.ledger import Ledger
from pointsman.ports import (
    AuditQuery,
    Clock,
    GatewayFile,
    HostProbe,
    Prober,
    Services,
    Store,
    StoreUnavailable,
    TellsChanges,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Seconds between two looks at a source."""

    local_endpoint: float = 2.0
    cloud_endpoint: float = 30.0
    down_most: float = 30.0  # an endpoint that is down is looked at ever more rarely, up to this
    host: float = 1.0
    beat: float = 1.0  # between two pictures in which nothing but figures and ages have moved
    services: float = 3.0
    store: float = 2.0
    disk: float = 0.5
    chain: float = 30.0
    gateway: float = 15.0
    remote_host: float = 5.0
    together: float = 0.05  # within which several words of one change come
    configuration: float = 1.0


@dataclass(slots=True, kw_only=True)
class Monitor:
    board: Board
    ledger: Ledger
    store: Store
    prober: Prober
    host: HostProbe
    services: Services
    clock: Clock
    intervals: Intervals = field(default_factory=Intervals)
    gateway: GatewayFile | None = None
    remotes: Mapping[str, HostProbe] = field(default_factory=dict)
    configuration: Callable[[], Awaitable[None]] | None = None
    _bands: dict[str, Band] = field(default_factory=dict)
    _looks: dict[str, asyncio.Event] = field(default_factory=dict)
    _group: asyncio.TaskGroup | None = None  # None: nothing is watched, only looked at when asked
    _probing: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def fleet(self) -> Fleet:
        return self.board.fleet

    def start(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """One task per source, in the caller's group."""
        self._group = group
        self.watch_endpoints()
        loops = [
            self._every(self.intervals.host, "this machine", self.see_host),
            self._beats(),
            self._every(self.intervals.services, "services", self.see_services, self._services_changed),
            self._every(self.intervals.store, "the ledger", self.see_store),
            self._every(self.intervals.disk, "the ledger's disk", self.see_disk),
            self._every(self.intervals.chain, "the audit's chain", self.see_chain),
        ]
        if self.configuration is not None:
            loops.append(self._every(self.intervals.configuration, "the configuration", self.configuration))
        if self.gateway is not None:
            loops.append(self._every(self.intervals.gateway, "the gateway's configuration", self.see_gateway))
        for name in self.remotes:
            look = partial(self.see_remote, name)
            loops.append(self._every(self.intervals.remote_host, f"machine {name}", look))
        return [group.create_task(loop) for loop in loops]

    def watch_endpoints(self) -> None:
        """One task per endpoint of the present fleet: begins those that lack one, ends those whose endpoint is gone."""
        if self._group is None:
            return
        wanted = {name for name, endpoint in self.fleet.endpoints.items() if endpoint.retired is None}
        for name in self._probing.keys() - wanted:
            self._probing.pop(name).cancel()
        for name in sorted(wanted - self._probing.keys()):
            self._probing[name] = self._group.create_task(self._endpoint_loop(name))
        for name in wanted:
            self.look_again(name)  # it may be another place by now

    def stop(self) -> None:
        self._group = None
        for task in self._probing.values():
            task.cancel()

    def look_again(self, endpoint: str) -> None:
        """Probe that endpoint now rather than at its next turn."""
        if endpoint in self._looks:
            self._looks[endpoint].set()

    # --- endpoints

    async def _endpoint_loop(self, name: str) -> None:
        look = self._looks.setdefault(name, asyncio.Event())
        failures = 0
        while True:
            await self._guarded(f"endpoint {name}", partial(self.see_endpoint, name))
            health = self.board.snapshot().health[name]
            failures = failures + 1 if health.state is HealthState.DOWN else 0
            pause = self._pause(name, health, failures)
            try:
                async with asyncio.timeout(pause):
                    await look.wait()
            except TimeoutError:
                continue
            look.clear()

    def _pause(self, name: str, health: Health, failures: int) -> float:
        local = self.board.endpoint(name).locality is Locality.LOCAL
        base = self.intervals.local_endpoint if local else self.intervals.cloud_endpoint
        if health.state is HealthState.RATE_LIMITED and health.until is not None:
            return max(health.until - self.clock.now(), base)  # not poked before its time (scenarios.md C6)
        return min(base * 2.0 ** min(max(failures - 3, 0), 6), max(self.intervals.down_most, base))

    async def see_endpoint(self, name: str) -> Health:
        """One probe. Under local_only a cloud endpoint is not even looked at (GR-009)."""
        endpoint = self.board.endpoint(name)
        snapshot = self.board.snapshot()
        old = snapshot.health[name]
        if endpoint.locality is Locality.CLOUD and snapshot.cloud_forbidden:
            return old
        if old.state is HealthState.RATE_LIMITED and not old.callable(snapshot.now):
            return old
        probed = await self.prober.probe(endpoint)
        self.board.gauges.probed(name, probed, self.clock.now())
        before, after = self.board.saw(name, probed.health)
        self.board.put_status(name, probed.status)
        lines = narrate.health_changed(name, before, after, self.clock.now())
        await self.ledger.write(*self.board.worth_telling(name, lines))
        return after

    # --- the machine, its services, the store

    async def see_host(self) -> None:
        self.board.put_host(await self.host.sample())

    async def _beats(self) -> None:
        """By itself, so that ages go on whichever source hangs."""
        while True:
            await asyncio.sleep(self.intervals.beat)
            self.board.publish()

    async def see_remote(self, name: str) -> None:
        self.board.put_remote(name, await self.remotes[name].sample())

    async def see_services(self) -> None:
        self.board.put_services(await self.services.status())

    async def see_store(self) -> None:
        """Budgets and overrides, which other processes may have changed, and whether the audit can be written."""
        now = self.clock.now()
        try:
            usage = await self.store.usage(self.fleet.budgets, now)
            overrides = await self.store.overrides(now)
            problem = await self.store.writable()
            await self._see_first_lines()
        except StoreUnavailable as gone:
            self.board.put_audit_problem(str(gone))
            return
        self.board.put_usage(usage)
        self.board.put_overrides(overrides)
        self.board.put_audit_problem(problem)
        if problem is None:
            await self.ledger.settle_owed()
        await self.ledger.write(*self._crossings())

    async def see_disk(self) -> None:
        """A full or read-only disk is told within a second, though nobody writes and trying costs a flush."""
        if self.board.audit_problem is None and await self.store.doubtful():
            await self.see_store()

    async def see_chain(self) -> None:
        """Whether the audit is still what was written (promises.md A4)."""
        self.board.put_audit_state(await self.store.check_audit(self.board.put_audit_state))

    async def _see_first_lines(self) -> None:
        """An audit that was empty when it was checked is checked again once it is not, and not half a minute later."""
        state = self.board.audit_state
        if state.lines == 0 and state.problem is None and await self.store.audit_size():
            await self.see_chain()

    def _crossings(self) -> list[AuditEvent]:
        """One line per band crossing, with hysteresis so that a budget on an edge does not chatter."""
        lines = []
        for name, usage in self.board.snapshot().usage.items():
            old = self._bands.get(name)
            new = announced_band(old, usage, self.fleet.bands)
            self._bands[name] = new
            if old is not None and old != new:
                lines.append(narrate.band_crossed(usage, old, new, self.clock.now()))
        return lines

    async def see_gateway(self) -> None:
        """What the gateway's file claims as default; a change of it since the last audit line gets one."""
        if self.gateway is None:
            return
        claim = await self.gateway.claim()
        problem = None if claim is None or claim.problem is None else f"{claim.path} {claim.problem}"
        self.board.put_trouble("the gateway's default model", problem)
        drift = drift_of(self.fleet, claim)
        self.board.put_drift(drift)
        try:
            last = await self.store.audit(AuditQuery(type=str(EventType.CONFIG), rule=str(Notice.DRIFT), limit=20))
        except StoreUnavailable as gone:
            self.board.put_audit_problem(str(gone))
            return
        await self.ledger.write(*changed(last_claim(row.body for row in last), drift, claim, self.clock.now()))

    async def _services_changed(self) -> None:
        """A change is told in several words at once: they are seen with one look."""
        if not isinstance(self.services, TellsChanges):
            await asyncio.Event().wait()
        else:
            await self.services.changed()
            await asyncio.sleep(self.intervals.together)

    async def _every(
        self,
        seconds: float,
        source: str,
        look: Callable[[], Awaitable[None]],
        sooner: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`sooner` returns when there is something to see before the time is over."""
        while True:
            await self._guarded(source, look)
            if sooner is None:
                await asyncio.sleep(seconds)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await sooner()

    async def _guarded(self, source: str, look: Callable[[], Awaitable[object]]) -> None:
        """A source that fails in a way its adapter did not foresee becomes a banner; the others go on."""
        try:
            await look()
        except Exception as problem:  # noqa: BLE001 - one broken sensor must never take the screen down
            self.board.put_trouble(source, f"{type(problem).__name__}: {problem}")
        else:
            self.board.put_trouble(source, None)
