"""Services and models in memory, as one desk of the engine: what doors ask for here is planned, audited and watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from pointsman.core import narrate
from pointsman.core.groups import GroupLimits
from pointsman.core.memory import Fit
from pointsman.core.request import Request
from pointsman.core.snapshot import RestartProgress
from pointsman.engine import events
from pointsman.engine.board import Board
from pointsman.engine.calls import Running
from pointsman.engine.groups import Groups, SwapTimes
from pointsman.engine.ledger import Ledger
from pointsman.engine.monitor import Monitor
from pointsman.engine.plans import RestartPlan, SuggestedAction
from pointsman.engine.residents import Residents
from pointsman.engine.restart import Restarts, RestartTimes
from pointsman.ports import Clock, Residency, ServiceResult, Services, Store

_HANG_UP_S, _LOOK_S = 1.0, 0.01  # a call that was ended is gone within milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineTimes:
    """How patient this desk is. `groups` None: the rules' own figures, with the fleet's queue limit."""

    restart: RestartTimes = field(default_factory=RestartTimes)
    swap: SwapTimes = field(default_factory=SwapTimes)
    groups: GroupLimits | None = None


class Machines:
    """Implements `plans.MachineDesk`. `running` are the calls under way, `submit` asks as anybody would."""

    def __init__(
        self,
        *,
        board: Board,
        ledger: Ledger,
        store: Store,
        services: Services,
        monitor: Monitor,
        clock: Clock,
        running: Mapping[str, Running],
        submit: Callable[[Request], AsyncIterator[events.EngineEvent]],
        residency: Residency | None = None,
        times: MachineTimes | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        times = times or MachineTimes()
        self._board, self._ledger, self._running = board, ledger, running
        self._services, self._monitor, self._clock, self._sleep = services, monitor, clock, sleep
        self._restarts = Restarts(
            board=board,
            ledger=ledger,
            store=store,
            services=services,
            monitor=monitor,
            clock=clock,
            streams_on=self.streams_on,
            act=self._act,
            submit=submit,
            times=times.restart,
            sleep=sleep,
        )
        self.groups = Groups(
            board=board,
            monitor=monitor,
            services=services,
            residency=residency,
            clock=clock,
            act=self._act_for_router,
            limits=times.groups,
            times=times.swap,
            sleep=sleep,
        )
        self._residents = Residents(
            board=board,
            ledger=ledger,
            monitor=monitor,
            groups=self.groups,
            residency=residency,
            clock=clock,
            streams_on=self._streams_of,
        )

    async def aclose(self) -> None:
        await self.groups.aclose()

    # --- services

    async def restart_plan(self, name: str, verb: str = "restart") -> RestartPlan:
        plan = await self._restarts.plan(name, verb)
        began = [call.began for call in self._running.values() if self._serves(name, call.ticket.endpoint)]
        return replace(plan, oldest_s=self._clock.monotonic() - min(began)) if began else plan

    async def restart(self, name: str, verb: str = "restart", *, when_idle: bool = False) -> RestartProgress:
        return await self._restarts.carry_out(name, verb, when_idle=when_idle)

    @property
    def suggested_action(self) -> SuggestedAction | None:
        return self._restarts.suggested(self._board.snapshot())

    def streams_on(self, service: str) -> int:
        return sum(1 for call in self._running.values() if self._serves(service, call.ticket.endpoint))

    async def act(self, name: str, verb: str) -> ServiceResult:
        """What a person asked for, unless it would make the service's manager give it up."""
        refusal = await self._restarts.refusal(name, verb)
        if refusal is not None:
            return ServiceResult(ok=False, text=refusal, argv=self._services.command(name, verb))
        return await self._act(name, verb)

    async def _act_for_router(self, name: str, verb: str) -> ServiceResult:
        refusal = await self._restarts.refusal(name, verb)
        return ServiceResult(ok=False, text=refusal) if refusal is not None else await self._act(name, verb, "router")

    async def _act(self, name: str, verb: str, actor: str = "user") -> ServiceResult:
        """Intent line, then our own streams are ended, then the command (trap T45: an open stream blocks a stop)."""
        argv = self._services.command(name, verb)
        cut = self.streams_on(name) if verb in ("stop", "restart") else 0
        asked = narrate.service_asked(name, verb, argv, cut, self._clock.now(), actor)
        if not await self._ledger.write(asked):
            return ServiceResult(ok=False, text="refused: the audit cannot be written", argv=argv)
        if verb in ("stop", "restart"):
            await self._end_streams(name, f"{verb} of {name}")
        result = await self._services.act(name, verb)
        await self._ledger.write(narrate.service_done(name, verb, result.ok, result.text, self._clock.now()))
        await self._monitor.see_services()
        for endpoint in self._board.fleet.endpoints:
            if self._serves(name, endpoint):
                self._monitor.look_again(endpoint)
        return result

    async def _end_streams(self, service: str, reason: str) -> None:
        """Ends them and waits until they have: else the server's own end would be told as the reason."""
        for call in self._running.values():
            if self._serves(service, call.ticket.endpoint):
                call.interrupt(reason)
        give_up = self._clock.monotonic() + _HANG_UP_S
        while self.streams_on(service) and self._clock.monotonic() < give_up:
            await self._sleep(_LOOK_S)

    def _serves(self, service: str, endpoint: str) -> bool:
        return self._board.endpoint(endpoint).service == service

    # --- models in memory

    def model_request(self, name: str, verb: str, seconds: float | None = None) -> str:
        return self._residents.describe(name, verb, seconds)

    async def load_model(self, name: str) -> ServiceResult:
        return await self._residents.load(name)

    async def keep_model(self, name: str, seconds: float | None) -> ServiceResult:
        return await self._residents.keep(name, seconds)

    async def unload_model(self, name: str) -> ServiceResult:
        return await self._residents.unload(name)

    def fits(self) -> tuple[Fit, ...]:
        return self._residents.fits()

    def _streams_of(self, model: str) -> int:
        return sum(1 for call in self._running.values() if call.ticket.model == model)
