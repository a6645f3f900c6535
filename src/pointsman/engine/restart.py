"""Starts and restarts, told honestly: planned, announced, watched to the end, and healthy only once it answered.

The rules of the watch are `core.restart`; here is the looking. One at a time per service.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from statistics import median

from pointsman.core.audit import AuditEvent, AuditRow, EventType
from pointsman.core.fleet import Fleet, Locality, Model
from pointsman.core.health import HealthState
from pointsman.core.memory import asleep, holds
from pointsman.core.outcome import Failed, FailureKind
from pointsman.core.request import Message, Request, Task
from pointsman.core.restart import STABLE_S, Life, Look, Watch, advance, answered, life_of, too_soon
from pointsman.core.route import decide
from pointsman.core.snapshot import RestartProgress, RestartStage, ServiceState, ServiceStatus, Snapshot
from pointsman.core.whatif import suppose
from pointsman.engine import events
from pointsman.engine.board import Board
from pointsman.engine.ledger import Ledger
from pointsman.engine.monitor import Monitor
from pointsman.engine.plans import RestartPlan, RoleEffect, SuggestedAction
from pointsman.ports import AuditQuery, Clock, ServiceResult, Services, StartLimit, Store, StoreUnavailable

_HISTORY = 64  # audit lines that are looked back at
_TAIL = 20  # log lines shown of one that is not healthy
_TOKENS = 4  # asked for to see that it answers; one alone may be half a character
_STARTING = ("start", "restart")
_DOWN = (ServiceState.INACTIVE, ServiceState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartTimes:
    """Seconds: between looks, a life must have lasted, an answer may take."""

    poll: float = 0.25
    stable: float = STABLE_S
    answer: float = 30.0


@dataclass(slots=True, kw_only=True)
class Restarts:
    """`act` does what the manager is told, audited and with our own streams ended first; `submit` asks as anybody."""

    board: Board
    ledger: Ledger
    store: Store
    services: Services
    monitor: Monitor
    clock: Clock
    streams_on: Callable[[str], int]
    act: Callable[[str, str], Awaitable[ServiceResult]]
    submit: Callable[[Request], AsyncIterator[events.EngineEvent]]
    times: RestartTimes
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def fleet(self) -> Fleet:
        return self.board.fleet

    # --- before -------------------------------------------------------------------------------------------------

    async def plan(self, name: str, verb: str) -> RestartPlan:
        """Raises KeyError for an unknown service."""
        argv = self.services.command(name, verb)
        lines = await self._history(name)
        starts = tuple(row.at for row in lines if _accepted(row, name))
        limit = await self.services.start_limit(name) if verb in _STARTING else None
        refusal, wait = self._refusal(name, verb, starts, limit)
        return RestartPlan(
            service=name,
            verb=verb,
            argv=argv,
            streams=self.streams_on(name),
            roles=tuple(self._effects(name)) if verb != "start" else (),
            last_at=max(starts, default=None),
            typical_s=_typical(lines, name),
            refusal=refusal,
            wait_s=wait,
            limit=limit,
            recent=0 if limit is None else sum(self.clock.now() - at < limit.seconds for at in starts),
        )

    async def refusal(self, name: str, verb: str) -> str | None:
        """Why it must not be started now; the audit remembers also what other programs of ours started."""
        starts = tuple(row.at for row in await self._history(name) if _accepted(row, name))
        limit = await self.services.start_limit(name) if verb in _STARTING else None
        return self._refusal(name, verb, starts, limit)[0]

    def _refusal(
        self, name: str, verb: str, starts: tuple[float, ...], limit: StartLimit | None
    ) -> tuple[str | None, float | None]:
        if verb not in _STARTING:
            return None, None
        under_way = self.board.restart_of(name)
        if under_way is not None and not under_way.over:
            return f"a {under_way.verb} of {name} is under way: {under_way.stage}", None
        if limit is None:
            return None, None
        wait = too_soon(starts, limit.burst, limit.seconds, self.clock.now())
        if wait is None:
            return None, None
        text = f"its manager allows {limit.burst} starts in {limit.seconds:g} s and would give it up: wait {wait:.0f} s"
        return text, wait

    async def _history(self, name: str) -> tuple[AuditRow, ...]:
        """What was done to the service, newest first; nothing where the audit cannot be read."""
        try:
            rows = await self.store.audit(AuditQuery(type=str(EventType.SERVICE), text=name, limit=_HISTORY))
        except StoreUnavailable:
            return ()
        return tuple(rows)

    def _effects(self, name: str) -> Iterable[RoleEffect]:
        """Every role whose first model is served there, with what `decide` would do without it."""
        places = self._places(name)
        snapshot = self.board.snapshot()
        without = suppose(snapshot, self.fleet, {"down": ",".join(places)}) if places else snapshot
        without = replace(without, services=tuple(s for s in without.services if s.name != name))
        for role in self.fleet.roles.values():
            request, task = Request(id="plan", messages=()), Task(role=role.name)
            now = decide(self.fleet, request, task, snapshot)
            primary = self.fleet.models.get(role.primary or "")
            if now.endpoint not in places and (primary is None or primary.endpoint not in places):
                continue
            then = decide(self.fleet, request, task, without)
            # A last resort would be the very endpoint that is not there.
            nobody = then.model is None or then.endpoint in places
            yield RoleEffect(role=role.name, takes_over=None if nobody else then.model, why=then.why())

    def _places(self, name: str) -> tuple[str, ...]:
        return tuple(each.name for each in self.fleet.endpoints.values() if each.service == name)

    def suggested(self, snapshot: Snapshot) -> SuggestedAction | None:
        """A service that was found down although somebody's work depends on it."""
        for status in snapshot.services:
            under_way = self.board.restart_of(status.name)
            if status.state not in _DOWN or (under_way is not None and not under_way.over):
                continue
            roles = self._needed_by(status.name, snapshot)
            if roles:
                verb = "reset-failed" if "reset-failed" in status.reason else "start"
                argv = self.services.command(status.name, verb)
                reason = f" ({status.reason})" if status.reason else ""
                why = f"{status.name} is {status.state}{reason}; {', '.join(roles)} need it"
                return SuggestedAction(service=status.name, verb=verb, argv=argv, why=why)
        return None

    def _needed_by(self, name: str, snapshot: Snapshot) -> tuple[str, ...]:
        """Roles whose primary it serves. A sleeping member of a group is woken by whoever needs it."""
        places = {each for each in self._places(name) if not asleep(self.fleet, snapshot, each)}
        primaries = ((r.name, self.fleet.models.get(r.primary or "")) for r in self.fleet.roles.values())
        return tuple(role for role, model in primaries if model is not None and model.endpoint in places)

    # --- doing --------------------------------------------------------------------------------------------------

    async def carry_out(self, name: str, verb: str, *, when_idle: bool = False) -> RestartProgress:
        """Starts or restarts it and watches until it is healthy or surely not. Progress is on every snapshot."""
        plan = await self.plan(name, verb)
        stage = RestartStage.STARTING if verb == "start" else RestartStage.STOPPING
        shown = RestartProgress(service=name, verb=verb, stage=stage, started=self.clock.now())
        if plan.refusal is not None:
            refused = replace(shown, stage=RestartStage.REFUSED, text=plan.refusal)
            under_way = self.board.restart_of(name)
            return refused if under_way is not None and not under_way.over else self._show(refused)
        shown = replace(shown, typical_s=plan.typical_s)
        self._show(shown)
        try:
            return await self._carried_out(shown, when_idle)
        except BaseException:
            # Whoever asked has left: nobody watches any more, and the screen must not show a stage for ever.
            self._show(replace(shown, stage=RestartStage.UNHEALTHY, text="not watched to its end"))
            raise

    async def _carried_out(self, shown: RestartProgress, when_idle: bool) -> RestartProgress:
        name, verb, began = shown.service, shown.verb, self.clock.monotonic()
        if when_idle:
            await self._until_idle(shown, began)
        await self.monitor.see_services()
        before = Life() if verb == "start" else life_of(self._status(name))
        result = await self.act(name, verb)
        if not result.ok:
            return self._show(replace(shown, stage=RestartStage.REFUSED, text=result.text))
        watch = Watch(asked_at=began, deadline_s=self._deadline(name), before=before, stable_s=self.times.stable)
        watch = await self._watched(shown, replace(watch, asked_at=self.clock.monotonic()), began)
        tail = await self.services.logs(name, _TAIL) if watch.stage is RestartStage.UNHEALTHY else ()
        seconds = self.clock.monotonic() - began
        ended = replace(shown, stage=watch.stage, text=watch.text, seconds=seconds, tail=tail)
        await self.ledger.write(_ended(ended, self.clock.now()))
        return self._show(ended)

    async def _until_idle(self, shown: RestartProgress, began: float) -> None:
        while count := self.streams_on(shown.service):
            text = f"until {count} of our own streams on it have ended"
            seconds = self.clock.monotonic() - began
            self._show(replace(shown, stage=RestartStage.WAITING, text=text, seconds=seconds))
            await self.sleep(self.times.poll)

    async def _watched(self, shown: RestartProgress, watch: Watch, began: float) -> Watch:
        while True:
            watch = advance(watch, await self._look(shown.service))
            seconds = self.clock.monotonic() - began
            done = self._done(shown.service) if watch.stage is RestartStage.LOADING else None
            self._show(replace(shown, stage=watch.stage, text=watch.text, seconds=seconds, done=done))
            if watch.stage is RestartStage.ANSWERING:
                ok, text = await self._answers(shown.service)
                return answered(watch, ok, text)
            if watch.stage is RestartStage.UNHEALTHY:
                return watch
            await self.sleep(self.times.poll)

    def _done(self, name: str) -> float | None:
        """How far its models are loaded, where their server tells."""
        known = self.board.snapshot().status
        loaded = (model for place in self._places(name) if place in known for model in known[place].loaded)
        return min((model.done for model in loaded if model.done is not None), default=None)

    async def _look(self, name: str) -> Look:
        """The manager's word, then, once it runs, probes and the owner of each port."""
        await self.monitor.see_services()
        status = self._status(name)
        now, places = self.clock.monotonic(), self._places(name)
        if status is None or status.state is not ServiceState.ACTIVE:
            return Look(now=now, status=status)
        seen = await asyncio.gather(*(self.monitor.see_endpoint(place) for place in places))
        # As probed: the breaker's own state only ends with the answer that is asked for last.
        health = tuple((each.probed or each.state, each.reason) for each in seen)
        if not any(state is HealthState.UP for state, _ in health):
            return Look(now=now, status=status, health=health)
        owners = [await self.services.port_owner(name, self.fleet.endpoints[place].url) for place in places]
        stranger = next((owner for owner in owners if owner.ours is False), None)
        unknown = next((owner for owner in owners if owner.ours is None), None)
        told = stranger or unknown
        return Look(
            now=now,
            status=status,
            health=health,
            owner_ours=True if told is None else told.ours,
            owner_text="" if told is None else told.text,
        )

    # --- does it answer -----------------------------------------------------------------------------------------

    async def _answers(self, name: str) -> tuple[bool, str]:
        """A few tokens from one model of every endpoint it serves, asked for like any other request: audited."""
        told = []
        for place in self._places(name):
            model = self._cheapest(place)
            if model is None:
                told.append(f"{place} has no chat model to ask")
                continue
            ok, text = await self._answer_of(model)
            told.append(text)
            if not ok:
                return False, text
        return True, "; ".join(told) or "it serves no endpoint that could be asked"

    def _cheapest(self, place: str) -> Model | None:
        """A chat model that is in memory already, else the smallest: the check should not load the largest."""
        snapshot = self.board.snapshot()
        chats = [
            model
            for model in self.fleet.models.values()
            if model.endpoint == place
            and model.retired is None
            and "chat" in model.capabilities
            and self.fleet.locality_of(model) is Locality.LOCAL
        ]
        return min(
            chats,
            key=lambda model: (holds(self.fleet, snapshot, model) is not True, model.vram or model.ram or 1 << 62),
            default=None,
        )

    async def _answer_of(self, model: Model) -> tuple[bool, str]:
        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(self.times.answer):
                last = await self._last_event(self._question(model))
        except TimeoutError:
            return False, f"health is green, but {model.name} did not answer within {self.times.answer:g} s"
        took = self.clock.monotonic() - began
        if isinstance(last, events.Answered) or _produced(last):
            return True, f"{model.name} answered in {took:.1f} s"
        return False, f"{model.name} does not answer: {getattr(last, 'why', 'cancelled')}"

    async def _last_event(self, request: Request) -> events.EngineEvent | None:
        last = None
        async with aclosing(self.submit(request)) as heard:  # type: ignore[type-var]
            async for event in heard:
                last = event
        return last

    def _question(self, model: Model) -> Request:
        request = Request(
            id=self.clock.new_id(),
            messages=(Message(role="user", text="Say ok."),),
            pin=model.name,
            allow_fallback=False,
            max_output=_TOKENS,
            actor="monitor",
        )
        snapshot = self.board.snapshot()
        roles = (self.fleet.default_role, *self.fleet.roles)
        fitting = (r for r in roles if decide(self.fleet, request, Task(role=r), snapshot).model == model.name)
        role = next(fitting, None)
        return request if role is None else replace(request, facts={"role": role})

    # --- small things -------------------------------------------------------------------------------------------

    def _deadline(self, name: str) -> float:
        loads = [self.fleet.endpoints[place].deadlines.load for place in self._places(name)]
        return max(loads, default=60.0) + self.times.stable

    def _status(self, name: str) -> ServiceStatus | None:
        return next((each for each in self.board.snapshot().services if each.name == name), None)

    def _show(self, progress: RestartProgress) -> RestartProgress:
        self.board.put_restart(progress)
        return progress


def _produced(last: events.EngineEvent | None) -> bool:
    """A reply of tokens that are no text (half a character, an end mark) was computed all the same."""
    if not isinstance(last, events.Blocked) or not last.attempts:
        return False
    outcome = last.attempts[-1].outcome
    empty = isinstance(outcome, Failed) and outcome.kind is FailureKind.EMPTY
    return empty and outcome.usage is not None and not outcome.usage.estimated and outcome.usage.output > 0


def _accepted(row: AuditRow, name: str) -> bool:
    return row.text.startswith((f"start {name} accepted", f"restart {name} accepted"))


def _typical(rows: Iterable[AuditRow], name: str) -> float | None:
    """Median seconds to healthy of the past ones."""
    took = []
    for row in rows:
        data = json.loads(row.body).get("data", {})
        if data.get("healthy") == name and isinstance(data.get("seconds"), int | float):
            took.append(float(data["seconds"]))
    return median(took) if took else None


def _ended(progress: RestartProgress, at: float) -> AuditEvent:
    healthy = progress.stage is RestartStage.HEALTHY
    return AuditEvent(
        type=EventType.SERVICE,
        at=at,
        actor="monitor",
        text=f"{progress.verb} {progress.service}: {progress.stage} after {progress.seconds:.1f} s ({progress.text})",
        data={
            "service": progress.service,
            "stage": str(progress.stage),
            "seconds": round(progress.seconds, 3),
            **({"healthy": progress.service} if healthy else {}),
        },
        foreign={"why": progress.text},
    )
