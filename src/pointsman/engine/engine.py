"""The engine: what the doors talk to. Owns the monitor's tasks and the requests under way; implements `Console`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Self

from pointsman.core import caps, narrate
from pointsman.core import drift as drifting
from pointsman.core.attempts import Source, with_failures
from pointsman.core.audit import AuditEvent, AuditRow, AuditState
from pointsman.core.bench import Plan
from pointsman.core.decision import Decision
from pointsman.core.drift import Drift
from pointsman.core.fleet import Endpoint, Fleet, Locality
from pointsman.core.grading import Item
from pointsman.core.history import FINE_KEPT_S, Point
from pointsman.core.keywords import task_for
from pointsman.core.measured import Measurement, Quality, Speed, SpeedPoint
from pointsman.core.reconfigured import Reconfigured
from pointsman.core.request import Request
from pointsman.core.route import decide
from pointsman.core.similar import SimilarEvidence
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from pointsman.core.usage import Usage
from pointsman.core.whatif import suppose
from pointsman.engine import events
from pointsman.engine.bench import Heard, bench
from pointsman.engine.board import Board
from pointsman.engine.calls import Running
from pointsman.engine.checks import Checks, CheckSetting
from pointsman.engine.console import EndpointDetail, Fault
from pointsman.engine.critic import Critic
from pointsman.engine.dispatch import Dispatcher, Emit
from pointsman.engine.evaluate import Heard as HeardGrade
from pointsman.engine.evaluate import evaluate
from pointsman.engine.ledger import Ledger
from pointsman.engine.machines import Machines, MachineTimes
from pointsman.engine.monitor import Intervals, Monitor
from pointsman.engine.outcomes import Outcomes, Reply
from pointsman.engine.recollection import Recollection
from pointsman.engine.reload import Reload
from pointsman.engine.workflow import Workflows
from pointsman.ports import (
    AuditQuery,
    Backend,
    Chats,
    Clock,
    CodeJudge,
    Configuration,
    GatewayFile,
    HostProbe,
    Lineup,
    LogPieces,
    Measurements,
    Memory,
    ModelTotal,
    Outputs,
    Policies,
    Prober,
    Residency,
    ScreenFiles,
    ServiceResult,
    Services,
    Store,
    StoreUnavailable,
)

_HANG_UP_S = 0.2  # how long interrupted cloud calls may take to end before their sockets are closed under them
PlayFault = Callable[[Fault], Awaitable[str]]


def _unheard(prompt: int, concurrency: int, found: SpeedPoint | None) -> None:
    """For a caller that only wants the result."""


class Engine:
    """`async with Engine(...) as engine:` starts the monitor; leaving it hangs up every call and settles it."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        backends: Mapping[str, Backend],
        store: Store,
        prober: Prober,
        host: HostProbe,
        services: Services,
        clock: Clock,
        intervals: Intervals | None = None,
        banners: tuple[str, ...] = (),
        remarks: tuple[str, ...] = (),
        configuration: Configuration | None = None,
        forget: Callable[[Endpoint], Awaitable[None]] | None = None,
        faults: Callable[[], tuple[Fault, ...]] = tuple,
        play: PlayFault | None = None,
        monitor: bool = True,
        close_cloud: Callable[[], Awaitable[None]] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        gateway: GatewayFile | None = None,
        outputs: Outputs | None = None,
        memory: Memory | None = None,
        policies: Policies | None = None,
        files: ScreenFiles | None = None,
        chats: Chats | None = None,
        checks: CheckSetting | None = None,
        remotes: Mapping[str, HostProbe] = MappingProxyType({}),
        measurements: Measurements | None = None,
        residency: Residency | None = None,
        times: MachineTimes | None = None,
    ) -> None:
        self._store, self._services, self._clock = store, services, clock
        self._measurements = measurements
        self._gateway = gateway
        self._policies, self.files, self.chats = policies, files, chats
        self._banners, self._faults, self._play = banners, faults, play
        self._remarks, self._forget = remarks, forget
        self._board = Board(fleet, clock)
        self._board.on_cloud_forbidden = self._leave_the_cloud
        self._close_cloud, self._closing = close_cloud, set[asyncio.Task[None]]()
        self._ledger = Ledger(store, self._board, clock)
        self._reload = Reload(configuration, self._board, self._ledger, store, clock, self._take)
        self._monitor = Monitor(
            board=self._board,
            ledger=self._ledger,
            store=store,
            prober=prober,
            host=host,
            services=services,
            clock=clock,
            intervals=intervals or Intervals(),
            gateway=gateway,
            remotes=remotes,
            configuration=self._reload.look,
        )
        running: dict[str, Running] = {}
        self._machines = Machines(
            board=self._board,
            ledger=self._ledger,
            store=store,
            services=services,
            monitor=self._monitor,
            clock=clock,
            running=running,
            submit=lambda request: self._stream(partial(self._dispatcher.serve, request)),
            residency=residency,
            times=times,
            sleep=sleep,
        )
        self._recollection = Recollection(memory, self._board, clock)
        self._dispatcher = Dispatcher(
            backends=backends,
            board=self._board,
            ledger=self._ledger,
            clock=clock,
            sleep=sleep,
            outputs=outputs,
            recollection=self._recollection,
            groups=self._machines.groups,
            running=running,
        )
        self._outcomes = Outcomes(store, self._board, clock, self._recollection.learn)
        self._checks = Checks(checks, self._outcomes, self._ledger, clock)
        self._critic = Critic(self._dispatcher, self.explain, clock)
        self._workflows = Workflows(
            dispatcher=self._dispatcher,
            ledger=self._ledger,
            outcomes=self._outcomes,
            checks=self._checks,
            critic=self._critic,
            explain=self.explain,
            outputs=outputs,
            clock=clock,
        )
        self._watching = monitor
        self._requests: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._store_recovered = await self._store.recover(self._clock.now())
        await self._monitor.see_store()
        if self._watching:
            group = await self._stack.enter_async_context(asyncio.TaskGroup())
            self._tasks = self._monitor.start(group)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._machines.aclose()
        for task in (*self._requests, *self._tasks):
            task.cancel()
        self._monitor.stop()
        await self._critic.aclose()
        await asyncio.gather(*self._requests, *self._closing, return_exceptions=True)
        await self._stack.aclose()

    # --- looking

    @property
    def fleet(self) -> Fleet:
        return self._board.fleet

    @property
    def snapshot(self) -> Snapshot:
        return self._board.snapshot()

    @property
    def banners(self) -> tuple[str, ...]:
        drift = () if self._board.drift is None else (self._board.drift.text,)
        altered = () if self._board.audit_state.problem is None else (self._board.audit_state.problem,)
        standing = (*altered, *self._reload.problems, *drift, *self._board.troubles, *self._remarks, *self._banners)
        problem = self._board.audit_problem
        if problem is None:
            return standing
        return (f"the audit cannot be written ({problem}): no cloud call, no degradation, no restart", *standing)

    def watch(self) -> AsyncIterator[Snapshot]:
        return self._board.watch()

    async def look(self) -> None:
        """Looks once at everything, all at the same time: for headless verbs, which do not wait for the monitor."""
        looks = (self._monitor.see_host(), self.look_at_services(), self.look_at_endpoints(), self.look_at_gateway())
        await asyncio.gather(*looks, *(self._monitor.see_remote(name) for name in self._monitor.remotes))

    async def look_before_asking(self) -> None:
        """What a single request needs to know: with exclusive groups also what sleeps and what memory is free."""
        looks = [self.look_at_endpoints()]
        if any(endpoint.group is not None for endpoint in self.fleet.endpoints.values()):
            looks += [self.look_at_services(), self._monitor.see_host()]
        await asyncio.gather(*looks)

    async def look_at_endpoints(self) -> None:
        endpoints = [name for name, e in self.fleet.endpoints.items() if e.retired is None]
        await asyncio.gather(*(self._monitor.see_endpoint(name) for name in endpoints))

    async def look_at_services(self) -> None:
        await self._monitor.see_services()

    async def look_at_gateway(self) -> None:
        await self._monitor.see_gateway()

    @property
    def drift(self) -> Drift | None:
        """The gateway's default model where it is not the policy's, as last seen."""
        return self._board.drift

    @property
    def metrics(self) -> tuple[str, ...]:
        return self._board.gauges.metrics

    def history(self, metric: str, seconds: float = FINE_KEPT_S) -> tuple[Point, ...]:
        return self._board.gauges.history(metric, seconds, self._clock.now())

    async def measurements(self) -> tuple[Measurement, ...]:
        return () if self._measurements is None else await self._measurements.measurements()

    async def bench(self, model: str, plan: Plan, hear: Heard = _unheard) -> Speed:
        """Measures the model and keeps what was found. Raises NotAnswered, StoreUnavailable, or KeyError."""
        speed = await bench(self, self.fleet.models[model], plan, self._clock, hear)
        await self.keep(speed)
        return speed

    async def evaluate(
        self, model: str, items: Sequence[Item], suite: str, judge: CodeJudge, hear: HeardGrade
    ) -> Quality:
        """Grades the model and keeps what was found. Raises NotAnswered, StoreUnavailable, or KeyError."""
        quality = await evaluate(self, self.fleet.models[model], items, suite, judge, self._clock, hear)
        await self.keep(quality)
        return quality

    async def keep(self, measurement: Measurement) -> None:
        if self._measurements is None:
            raise StoreUnavailable("there is no store for what was measured")
        await self._measurements.put_measurement(measurement)

    def endpoint_detail(self, name: str) -> EndpointDetail:
        seen, gauges = self.snapshot, self._board.gauges
        if name not in self.fleet.endpoints:
            raise KeyError(name)
        return EndpointDetail(
            endpoint=self.fleet.endpoints[name],
            health=seen.health[name],
            status=seen.status.get(name),
            traffic=seen.traffic.get(name),
            probes=gauges.probes(name),
            failures=gauges.failures(name),
        )

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        return await self._store.audit(query)

    async def audit_size(self) -> int:
        return await self._store.audit_size()

    @property
    def audit_state(self) -> AuditState:
        return self._board.audit_state

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        return await self._store.totals(since)

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        return await self._store.hourly(since)

    # --- asking

    def new_request_id(self) -> str:
        return self._clock.new_id()

    def submit(self, request: Request) -> AsyncIterator[events.EngineEvent]:
        return self._stream(partial(self._workflows.serve, request))

    async def _stream(self, serve: Callable[[Emit], Awaitable[None]]) -> AsyncIterator[events.EngineEvent]:
        """What is told, while it is served in a task of its own: calls are settled even if the reader just leaves."""
        heard: asyncio.Queue[events.EngineEvent | None] = asyncio.Queue()
        task = asyncio.ensure_future(serve(heard.put_nowait))
        task.add_done_callback(lambda _: heard.put_nowait(None))
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        try:
            while (event := await heard.get()) is not None:
                yield event
            if not task.cancelled():
                task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def explain(self, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        seen = replace(self._board.snapshot(), similar=self._recollection.kept(request))
        snapshot = suppose(seen, self.fleet, what_if or {})
        task = with_failures(task_for(self.fleet, request), self._outcomes.known(request))
        return decide(self.fleet, request, task, snapshot)

    @property
    def policies(self) -> tuple[str, ...]:
        return () if self._policies is None else self._policies.names

    async def explain_under(self, policy: str, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        if self._policies is None:
            raise ValueError("there is no other policy here")
        fleet = await asyncio.to_thread(self._policies.fleet, policy)
        return decide(fleet, request, task_for(fleet, request), suppose(self._board.snapshot(), fleet, what_if or {}))

    async def recall(self, request: Request) -> SimilarEvidence | None:
        """Asks the memory of similar tasks, so that `explain` of this prompt knows what a decision would know."""
        return await self._recollection.look(request)

    async def learn(self, request: str, model: str, good: bool) -> bool:
        """A verdict on a reply, for the memory of similar tasks. False if it keeps nothing of that request."""
        return await self._recollection.learn(request, model, good)

    # --- outcomes, checks, plans, verdicts

    async def judge_reply(self, request_id: str, good: bool) -> int:
        reply = self._outcomes.reply(request_id)
        return (await self._outcomes.record(reply.subject, good, Source.USER)).failed

    async def check(self, request_id: str, command: str, directory: str | None = None) -> events.CheckEnded:
        reply = self._outcomes.reply(request_id)
        return await self._checks.run(self._checks.order(command, directory), reply)

    def submit_checked(
        self, request: Request, command: str, directory: str | None = None
    ) -> AsyncIterator[events.EngineEvent]:
        order = self._checks.order(command, directory)
        return self._stream(partial(self._workflows.serve, request, order=order))

    def plan(
        self, request: Request, command: str | None = None, directory: str | None = None
    ) -> AsyncIterator[events.EngineEvent]:
        order = None if command is None else self._checks.order(command, directory)
        return self._stream(partial(self._workflows.plan, request, order=order))

    def approve(self, plan_id: str) -> AsyncIterator[events.EngineEvent]:
        self._workflows.waiting(plan_id)
        return self._stream(partial(self._workflows.approve, plan_id))

    async def reject(self, plan_id: str) -> None:
        await self._workflows.reject(plan_id)

    def judge(self, request_id: str) -> AsyncIterator[events.EngineEvent]:
        return self._stream(partial(self._workflows.judge, self._outcomes.reply(request_id)))

    def adopt(self, request: Request, model: str, text: str) -> None:
        self._outcomes.remember(Reply(request=request, model=model, text=text))

    def annotations(self) -> AsyncIterator[events.Annotated]:
        return self._critic.annotations()

    # --- overrides: audited first, then in force

    async def set_override(self, override: Override) -> None:
        _check_override(self.fleet, override)
        now = self._clock.now()
        standing = await self._store.overrides(now)
        then = (*(o for o in standing if o.id != override.id), override)
        await self._store.put_override(override, self._told(override, standing, then))
        await self._see_overrides(now)

    async def clear_override(self, override_id: str) -> None:
        now = self._clock.now()
        standing = await self._store.overrides(now)
        known = {o.id: o for o in standing}
        if override_id not in known:
            raise ValueError(f"no override {override_id!r} is in force")
        then = tuple(o for o in standing if o.id != override_id)
        await self._store.drop_override(override_id, self._told(known[override_id], standing, then))
        await self._see_overrides(now)

    def _told(self, override: Override, before: Sequence[Override], after: Sequence[Override]) -> AuditEvent:
        now, cleared = self._clock.now(), override not in after
        budget = next((b for b in self.fleet.budgets if (b.name, b.unit) == (override.scope, override.unit)), None)
        if override.kind is not OverrideKind.CAP or budget is None:
            return narrate.overridden(override, now, cleared=cleared)
        old, new = (caps.in_force(budget, standing, now).limit for standing in (before, after))
        return narrate.capped(override, old, new, now, cleared=cleared)

    async def _see_overrides(self, now: float) -> None:
        """And the budgets, whose limits they may change."""
        self._board.put_usage(await self._store.usage(self.fleet.budgets, now))
        self._board.put_overrides(await self._store.overrides(now))

    # --- the configuration: written down first, then in force for requests that begin from now on

    async def reload(self) -> str:
        return await self._reload.now("user")

    def _take(self, lineup: Lineup, usage: Mapping[str, Usage]) -> None:
        gone = Reconfigured(before=self.fleet, after=lineup.fleet).gone
        lineup.adopt()
        self._dispatcher.backends, self._policies, self._remarks = lineup.backends, lineup.policies, lineup.remarks
        self._board.put_usage(usage)
        self._board.take(lineup.fleet)
        self._monitor.watch_endpoints()
        if gone and self._forget is not None:
            self._later(self._close(gone, self._forget))

    async def _close(self, gone: tuple[Endpoint, ...], forget: Callable[[Endpoint], Awaitable[None]]) -> None:
        """Requests that began before may still be answered there: they end first."""
        if self._requests:
            await asyncio.wait(set(self._requests))
        for endpoint in gone:
            await forget(endpoint)

    def _later(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    # --- the gateway's default model

    async def revert_drift(self) -> ServiceResult:
        """Copies the gateway's file, writes down what will run, runs the gateway's own CLI, and looks again."""
        drift = self._board.drift
        if drift is None or self._gateway is None:
            return ServiceResult(ok=False, text="there is no drift to revert")
        now = self._clock.now()
        try:
            backup = await self._gateway.back_up(now)
        except OSError as error:
            return ServiceResult(ok=False, text=f"no copy could be made: {error.strerror}", argv=drift.command)
        if not await self._ledger.write(drifting.asked(drift, backup, now)):
            return ServiceResult(ok=False, text="refused: the audit cannot be written", argv=drift.command)
        result = await self._gateway.revert(drift)
        await self._ledger.write(drifting.done(drift, result.ok, result.text, self._clock.now()))
        await self._monitor.see_gateway()
        return replace(result, text=f"{result.text}; the file as it was: {backup}")

    # --- services

    def service_command(self, name: str, verb: str) -> tuple[str, ...]:
        return self._services.command(name, verb)

    def streams_on(self, service: str) -> int:
        return self._machines.streams_on(service)

    async def service_action(self, name: str, verb: str) -> ServiceResult:
        """Audited, our own streams ended first; refused where its manager would give the service up."""
        return await self._machines.act(name, verb)

    @property
    def machines(self) -> Machines:
        return self._machines

    async def service_logs(self, name: str, lines: int = 200) -> tuple[str, ...]:
        return await self._services.logs(name, lines)

    def follow_logs(self, name: str, lines: int = 1_000) -> LogPieces:
        return self._services.follow(name, lines)

    def _leave_the_cloud(self) -> None:
        """local_only came into force, by whichever process or hand: no cloud stream lives on, no client stays."""
        self._interrupt("local_only was switched on", lambda locality, _: locality is Locality.CLOUD)
        if self._close_cloud is not None:
            self._later(self._hang_up(self._close_cloud))

    async def _hang_up(self, close_cloud: Callable[[], Awaitable[None]]) -> None:
        """Interrupted calls first end by themselves, so that each is told and settled as what it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HANG_UP_S):
                # A call's end is told to nobody else, and this lasts for milliseconds.
                while any(call.locality is Locality.CLOUD for call in self._dispatcher.running.values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        await close_cloud()

    def _interrupt(self, reason: str, hit: Callable[[Locality, str], bool]) -> None:
        for call in self._dispatcher.running.values():
            if hit(call.locality, call.ticket.endpoint):
                call.interrupt(reason)

    # --- the simulated fleet

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self._faults()

    async def play(self, fault: Fault) -> str:
        if self._play is None:
            raise ValueError("only the simulated fleet can play faults")
        told = await self._play(fault)
        self._monitor.look_again(fault.endpoint)
        return told


def _check_override(fleet: Fleet, override: Override) -> None:
    if override.kind is OverrideKind.CAP:
        return caps.check(fleet, override)
    kind, _, name = override.scope.partition(":")
    if override.kind is not OverrideKind.LOCAL_ONLY and (not override.model or fleet.find(override.model) is None):
        raise ValueError(f"unknown model {override.model!r}")
    if kind == "role" and name not in fleet.roles:
        raise ValueError(f"unknown role {name!r}; there are: {', '.join(fleet.roles)}")
    if kind not in ("global", "role", "kind"):
        raise ValueError(f"unknown scope {override.scope!r}: global, role:NAME or kind:KIND")
