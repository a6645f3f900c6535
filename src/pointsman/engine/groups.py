"""Exclusive groups at work: requests take a seat before they are sent, and a swap happens while nobody is seated.

The rules are `core.groups`; here are the waiting, the stopping, the looking at VRAM and the loading. A swap belongs to
nobody's request: it goes on when the one that asked for it leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pointsman.core import groups as rules
from pointsman.core.fleet import Endpoint, Fleet, Model
from pointsman.core.groups import Admit, GroupLimits, GroupState, Hold, Swap, Waiter
from pointsman.core.health import HealthState
from pointsman.core.memory import cannot_fit, free_vram, gib, is_manager, members, need_of, occupied
from pointsman.core.outcome import Failed, FailureKind
from pointsman.core.snapshot import GroupStatus, ServiceState
from pointsman.engine import events
from pointsman.engine.board import Board
from pointsman.engine.monitor import Monitor
from pointsman.ports import CallFailed, Clock, Residency, ServiceResult, Services

Emit = Callable[[events.EngineEvent], None]
_BROKEN = frozenset({ServiceState.FAILED, ServiceState.CRASH_LOOP, ServiceState.NOT_FOUND, ServiceState.UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapTimes:
    """Seconds: between looks; for the memory of what was stopped to come back; for the streams of others to end."""

    poll: float = 0.25
    release: float = 60.0
    others: float = 600.0


class SwapFailed(Exception):
    """Why the model is not in memory, in one sentence."""


@dataclass(slots=True)
class _Seeker:
    """A request that waits, and what it was last told."""

    request: str
    emit: Emit
    seat: asyncio.Future[None]
    told: tuple[int, str] | None = None


@dataclass(slots=True)
class _Group:
    state: GroupState
    seekers: dict[str, _Seeker] = field(default_factory=dict)
    alarm: asyncio.TimerHandle | None = None


class Groups:
    """`act` tells a service's manager something, audited; it answers for whether that was possible."""

    def __init__(
        self,
        *,
        board: Board,
        monitor: Monitor,
        services: Services,
        residency: Residency | None,
        clock: Clock,
        act: Callable[[str, str], Awaitable[ServiceResult]],
        limits: GroupLimits | None = None,
        times: SwapTimes | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._board, self._monitor, self._services = board, monitor, services
        self._residency, self._clock, self._act, self._sleep = residency, clock, act, sleep
        self._stated, self._times = limits, times or SwapTimes()
        self._groups: dict[str, _Group] = {}
        self._swaps: set[asyncio.Task[None]] = set()
        self._count = 0
        self._closed = False

    @property
    def _fleet(self) -> Fleet:
        return self._board.fleet

    @property
    def _limits(self) -> GroupLimits:
        waiting = self._fleet.queue_limit
        return self._stated or GroupLimits(queue=rules.QUEUE_LIMIT if waiting is None else waiting)

    async def aclose(self) -> None:
        """Ends swaps under way and begins no more: requests that leave now must not have a service stopped."""
        self._closed = True
        for group in self._groups.values():
            self._disarm(group)
        for task in self._swaps:
            task.cancel()
        await asyncio.gather(*self._swaps, return_exceptions=True)

    # --- seats --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def seat(self, request: str, fleet: Fleet, model: str, emit: Emit) -> AsyncIterator[None]:
        """Holds the model's endpoint in memory for as long as this is entered. Raises CallFailed: the queue is full,
        or the model could not be loaded. Cancelling leaves the queue."""
        endpoint = fleet.endpoints[fleet.models[model].endpoint]
        if endpoint.group is None or not self._may_wake(endpoint):
            yield
            return
        group = self._groups.setdefault(endpoint.group, _Group(GroupState(name=endpoint.group)))
        self._count += 1
        waiter = Waiter(id=f"{request}/{self._count}", member=endpoint.name, model=model, since=self._clock.monotonic())
        seeker = _Seeker(request, emit, asyncio.get_running_loop().create_future())
        self._enter(group, waiter, seeker)
        try:
            await seeker.seat
            yield
        finally:
            group.seekers.pop(waiter.id, None)
            group.state = rules.left(group.state, waiter.id)
            self._turn(group)

    def _may_wake(self, endpoint: Endpoint) -> bool:
        """Can it be brought into memory from here at all? What cannot is served as it stands."""
        manager = is_manager(endpoint, self._board.snapshot().status.get(endpoint.name))
        return (manager and self._residency is not None) or endpoint.service in self._fleet.services

    def _enter(self, group: _Group, waiter: Waiter, seeker: _Seeker) -> None:
        entered = rules.ask(group.state, waiter, self._limits)
        if entered is None:
            place, limit = len(group.state.queue) + 1, self._limits.queue
            detail = f"the queue of group {group.state.name} is full: this would be number {place} of at most {limit}"
            raise CallFailed(Failed(kind=FailureKind.BUSY, detail=detail))
        group.state = entered
        group.seekers[waiter.id] = seeker
        self._turn(group)

    def _turn(self, group: _Group) -> None:
        """Does what the rules say until they say to hold, then tells everybody where they stand."""
        self._disarm(group)
        if self._closed:
            return
        group.state = rules.seen(group.state, self._loaded(group.state.name))
        while True:
            step = rules.next_step(group.state, self._clock.monotonic(), self._limits)
            if isinstance(step, Admit):
                self._admit(group, step)
                continue
            if isinstance(step, Swap):
                self._begin(group, step)
                continue
            self._hold(group, step)
            break
        self._tell(group, step)
        self._board.put_group(_status_of(group.state))

    def _admit(self, group: _Group, step: Admit) -> None:
        group.state = rules.admitted(group.state, step.waiters)
        for waiter in step.waiters:
            seeker = group.seekers.get(waiter.id)
            if seeker is not None and not seeker.seat.done():
                seeker.seat.set_result(None)

    def _begin(self, group: _Group, swap: Swap) -> None:
        group.state = rules.began(group.state, swap)
        task = asyncio.create_task(self._swap(group, swap))
        self._swaps.add(task)
        task.add_done_callback(self._swaps.discard)

    def _hold(self, group: _Group, hold: Hold) -> None:
        if hold.until is not None:
            delay = max(hold.until - self._clock.monotonic(), 0.0)
            group.alarm = asyncio.get_running_loop().call_later(delay, self._turn, group)

    def _disarm(self, group: _Group) -> None:
        if group.alarm is not None:
            group.alarm.cancel()
            group.alarm = None

    def _tell(self, group: _Group, hold: Hold) -> None:
        for place, waiter in enumerate(group.state.queue, start=1):
            seeker = group.seekers.get(waiter.id)
            if seeker is None or seeker.told == (place, hold.why):
                continue
            seeker.told = (place, hold.why)
            why = f"number {place} in the queue of {group.state.name}: {hold.why}"
            seeker.emit(events.Waiting(request=seeker.request, why=why, seconds=0.0, position=place))

    def _loaded(self, group: str) -> frozenset[str]:
        snapshot = self._board.snapshot()
        return frozenset(m for m in members(self._fleet, group) if occupied(self._fleet, snapshot, m))

    # --- swaps --------------------------------------------------------------------------------------------------

    async def _swap(self, group: _Group, swap: Swap) -> None:
        problem: str | None = "the swap was cancelled"
        try:
            problem = await self._exchanged(swap)
        finally:
            group.state = rules.swapped(group.state, self._loaded(group.state.name), self._clock.monotonic())
            if problem is not None:
                self._fail(group, swap.waiter.member, problem)
            self._turn(group)

    async def _exchanged(self, swap: Swap) -> str | None:
        """None once the model is in memory; else why it is not."""
        model = self._fleet.models.get(swap.waiter.model)
        if model is None or swap.waiter.member not in self._fleet.endpoints:
            return f"{swap.waiter.model} is not in the configuration any more"
        try:
            for other in sorted(swap.out):
                await self._release(other)
            free = await self._room_for(model)
            await self._wake(self._fleet.endpoints[swap.waiter.member], model)
        except SwapFailed as failed:
            return str(failed)
        except Exception as problem:  # noqa: BLE001 - whatever an adapter does, the waiting requests must go on
            return f"loading {model.name} failed: {type(problem).__name__}: {problem}"
        await self._measure(model, free)
        return None

    def _fail(self, group: _Group, member: str, problem: str) -> None:
        """Everybody who waited for it fails over at once (scenarios.md M4); the endpoint's health hears of it once."""
        failed = Failed(kind=FailureKind.LOAD_FAILED, detail=problem)
        self._board.saw(member, failed)
        group.state, gone = rules.failed(group.state, member)
        for waiter in gone:
            seeker = group.seekers.get(waiter.id)
            if seeker is not None and not seeker.seat.done():
                seeker.seat.set_exception(CallFailed(failed))

    async def _release(self, name: str) -> None:
        """Takes what the endpoint holds out of memory, once nobody at all is being answered there."""
        endpoint = self._board.endpoint(name)
        await self._until(lambda: self._is_quiet(name), self._times.others, f"{name} is still answering somebody")
        if is_manager(endpoint, self._board.snapshot().status.get(name)):
            await self._unload(endpoint)
        elif endpoint.service is not None:
            await self._told(endpoint.service, "stop")
        else:
            raise SwapFailed(f"{name} holds the memory and cannot be stopped from here")
        await self._until(lambda: self._is_empty(name), self._times.release, f"{name} did not give its memory back")

    async def _unload(self, endpoint: Endpoint) -> None:
        status = self._board.snapshot().status.get(endpoint.name)
        for held in status.loaded if status is not None else ():
            if self._residency is None or held.state == "sleeping":
                continue
            result = await self._residency.unload(endpoint, held.id)
            if not result.ok:
                raise SwapFailed(result.text)

    async def _told(self, service: str, verb: str) -> None:
        result = await self._act(service, verb)
        if not result.ok:
            raise SwapFailed(f"{verb} of {service} failed: {result.text}")

    async def _room_for(self, model: Model) -> int | None:
        """Waits until the VRAM has really come back; returns what is free then, where it is known."""
        need = need_of(model, self._board.snapshot().vram_overhead.get(model.name))

        async def fits() -> bool:
            await self._monitor.see_host()
            free = free_vram(self._board.snapshot().host)
            return need is None or free is None or need.total <= free

        try:
            await self._until(fits, self._times.release, "")
        except SwapFailed:
            arithmetic = cannot_fit(self._fleet, self._board.snapshot(), model)
            free = free_vram(self._board.snapshot().host)
            words = arithmetic or f"{model.name} needs {need}; free are {gib(free or 0)}"
            raise SwapFailed(f"{words}, {self._times.release:g} s after others were stopped") from None
        return free_vram(self._board.snapshot().host)

    async def _wake(self, endpoint: Endpoint, model: Model) -> None:
        if is_manager(endpoint, self._board.snapshot().status.get(endpoint.name)):
            await self._load(endpoint, model)
        elif endpoint.service is not None:
            await self._told(endpoint.service, "start")
        load = endpoint.deadlines.load
        await self._until(lambda: self._is_ready(endpoint), load, f"{endpoint.name} did not load within {load:g} s")

    async def _load(self, endpoint: Endpoint, model: Model) -> None:
        if self._residency is None:
            raise SwapFailed(f"{endpoint.name} cannot be told to load")
        result = await self._residency.load(endpoint, model)
        if not result.ok:
            raise SwapFailed(result.text)

    async def _measure(self, model: Model, free_before: int | None) -> None:
        """What the load took beyond the stated figures; a figure that cannot be true is not kept."""
        await self._monitor.see_host()
        free, need = free_vram(self._board.snapshot().host), need_of(model)
        if free is None or free_before is None or need is None:
            return
        beyond = free_before - free - need.total
        if 0 <= beyond <= need.total:
            self._board.put_overhead(model.name, beyond)

    # --- looks --------------------------------------------------------------------------------------------------

    async def _is_quiet(self, name: str) -> bool:
        """Our own streams there have ended before a swap begins; those of other programs are seen in its counters."""
        await self._monitor.see_endpoint(name)
        status = self._board.snapshot().status.get(name)
        return status is None or not status.running

    async def _is_empty(self, name: str) -> bool:
        await self._monitor.see_services()
        await self._monitor.see_endpoint(name)
        snapshot = self._board.snapshot()
        service = self._board.endpoint(name).service
        states = [s.state for s in snapshot.services if s.name == service]
        manager = is_manager(self._board.endpoint(name), snapshot.status.get(name))
        gone = manager or not states or states[0] is not ServiceState.STOPPING
        return gone and not occupied(self._fleet, snapshot, name)

    async def _is_ready(self, endpoint: Endpoint) -> bool:
        await self._monitor.see_services()
        snapshot = self._board.snapshot()
        status = next((s for s in snapshot.services if s.name == endpoint.service), None)
        if status is not None and status.state in _BROKEN:
            raise SwapFailed(await self._why_broken(status.name, f"{status.name} is {status.state}: {status.reason}"))
        health = await self._monitor.see_endpoint(endpoint.name)
        return health.probed in (HealthState.UP, HealthState.BUSY)

    async def _why_broken(self, service: str, words: str) -> str:
        lines = await self._services.logs(service, 3)
        return f"{words}; its log ends: {lines[-1]}" if lines else words

    async def _until(self, holds: Callable[[], Awaitable[bool]], seconds: float, why: str) -> None:
        give_up = self._clock.monotonic() + seconds
        while not await holds():
            if self._clock.monotonic() >= give_up:
                raise SwapFailed(why)
            await self._sleep(self._times.poll)


def _status_of(state: GroupState) -> GroupStatus:
    return GroupStatus(name=state.name, loaded=state.loaded, loading=state.swapping_to, waiting=len(state.queue))
