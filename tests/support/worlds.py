"""A world below the engine's ports: scripted backends, a store in memory, a clock that is told the time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pointsman.core.attempts import TaskOutcome
from pointsman.core.audit import AuditEvent, AuditRow, AuditState
from pointsman.core.caps import in_force
from pointsman.core.fleet import Budget, BudgetUnit, Endpoint, Fleet
from pointsman.core.health import HealthState, Probe
from pointsman.core.outcome import Failed, FailureKind, TokenUsage
from pointsman.core.snapshot import EndpointStatus, HostSample, Override, ServiceState, ServiceStatus
from pointsman.core.usage import Usage
from pointsman.engine.checks import CheckSetting
from pointsman.engine.engine import Engine
from pointsman.engine.events import EngineEvent
from pointsman.ports import (
    AuditQuery,
    BudgetFull,
    Call,
    CallFailed,
    Charge,
    Chunk,
    Finish,
    ModelTotal,
    Outputs,
    PortOwner,
    Probed,
    Reservation,
    ServiceResult,
    Settlement,
    StartLimit,
    StoreUnavailable,
    Text,
    Ticket,
)
from support.fleets import small_fleet


class TestClock:
    __test__ = False

    def __init__(self, now: float = 1_000.0) -> None:
        self.at = now
        self._ids = itertools.count(1)

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def jitter(self) -> float:
        return 0.0

    def new_id(self) -> str:
        return f"id{next(self._ids):04d}"


Script = Sequence[Chunk | Exception | Callable[[], Awaitable[None]]]


def say(*words: str, usage: TokenUsage | None = None) -> Script:
    """A good answer."""
    return (
        *(Text(word) for word in words),
        Finish(reason="stop", usage=usage or TokenUsage(input=10, output=len(words))),
    )


def fail(kind: FailureKind, **more: object) -> Script:
    return (CallFailed(Failed(kind=kind, **more)),)


@dataclass
class ScriptedBackend:
    """Plays its scripts in turn, the last one for ever. Records each call and whether it was hung up on."""

    scripts: list[Script]
    calls: list[Call] = field(default_factory=list)
    hung_up: int = 0

    async def stream(self, ticket: Ticket, call: Call) -> AsyncIterator[Chunk]:
        assert isinstance(ticket, Ticket)
        self.calls.append(call)
        script = self.scripts[min(len(self.calls), len(self.scripts)) - 1]
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if callable(step):
                    await step()
                else:
                    yield step
        except (GeneratorExit, asyncio.CancelledError):
            self.hung_up += 1
            raise

    async def aclose(self) -> None: ...


@dataclass
class MemoryStore:
    """The Store port in memory, in the same words, with a switch for `disk full`."""

    lines: list[AuditEvent] = field(default_factory=list)
    open: dict[str, Reservation] = field(default_factory=dict)
    settled: dict[str, tuple[Reservation, Settlement]] = field(default_factory=dict)
    standing: dict[str, Override] = field(default_factory=dict)
    full: str | None = None
    said: list[TaskOutcome] = field(default_factory=list)

    def _write(self, lines: Sequence[AuditEvent]) -> None:
        if self.full:
            raise StoreUnavailable(self.full)
        self.lines.extend(lines)

    def _capped(self, budgets: Sequence[Budget]) -> list[Budget]:
        return [in_force(budget, self.standing.values(), 0.0) for budget in budgets]

    def _used(self, budget: Budget) -> tuple[int, int]:
        charge = {BudgetUnit.TOKENS: _tokens, BudgetUnit.NANO_USD: _money, BudgetUnit.REQUESTS: _requests}[budget.unit]
        spent = sum(charge(s.charge) for r, s in self.settled.values() if budget.name in r.budgets)
        return spent, sum(charge(r.worst) for r in self.open.values() if budget.name in r.budgets)

    async def reserve(
        self, reservation: Reservation, budgets: Sequence[Budget], intent: Sequence[AuditEvent]
    ) -> BudgetFull | None:
        for budget in self._capped(budgets):
            spent, held = self._used(budget)
            wanted = {"tokens": _tokens, "nano_usd": _money, "requests": _requests}[budget.unit](reservation.worst)
            if spent + held + wanted > budget.limit:
                return BudgetFull(budget=budget.name, used=spent + held, wanted=wanted, limit=budget.limit)
        self._write(intent)
        self.open[reservation.id] = reservation
        return None

    async def settle(self, settlement: Settlement, lines: Sequence[AuditEvent]) -> None:
        self._write(lines)
        self.settled[settlement.reservation] = (self.open.pop(settlement.reservation), settlement)

    async def append(self, lines: Sequence[AuditEvent]) -> None:
        self._write(lines)

    async def recover(self, now: float) -> int:
        return 0

    async def usage(self, budgets: Sequence[Budget], now: float) -> Mapping[str, Usage]:
        seen = {b.name: self._used(b) for b in budgets}
        return {
            b.name: Usage(budget=b.name, spent=seen[b.name][0], reserved=seen[b.name][1], limit=b.limit)
            for b in self._capped(budgets)
        }

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        return {}

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        return ()

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        return ()

    async def audit_size(self) -> int:
        return len(self.lines)

    async def check_audit(self, tell: object = None) -> AuditState:
        return AuditState(lines=len(self.lines))

    async def overrides(self, now: float) -> tuple[Override, ...]:
        return tuple(self.standing.values())

    async def put_override(self, override: Override, line: AuditEvent) -> None:
        self._write([line])
        self.standing[override.id] = override

    async def drop_override(self, override_id: str, line: AuditEvent) -> None:
        self._write([line])
        del self.standing[override_id]

    async def put_outcome(self, outcome: TaskOutcome, lines: Sequence[AuditEvent]) -> None:
        self._write(lines)
        self.said.append(outcome)

    async def outcomes(self, task: str) -> tuple[TaskOutcome, ...]:
        return tuple(outcome for outcome in self.said if outcome.task == task)

    async def doubtful(self) -> bool:
        return self.full is not None

    async def writable(self) -> str | None:
        return self.full

    async def aclose(self) -> None: ...


def _tokens(charge: Charge) -> int:
    return charge.tokens


def _money(charge: Charge) -> int:
    return charge.nano_usd or 0


def _requests(charge: Charge) -> int:
    return charge.requests


class AllUp:
    """A prober that finds everything well and counts where it looked."""

    def __init__(self) -> None:
        self.looked: list[str] = []

    async def probe(self, endpoint: Endpoint) -> Probed:
        self.looked.append(endpoint.name)
        return Probed(health=Probe(state=HealthState.UP, reason="ok"), status=EndpointStatus(checked_at=0.0))

    async def aclose(self) -> None: ...


class StillHost:
    async def sample(self) -> HostSample:
        return HostSample(taken_at=0.0, ram_total=64 * 2**30, ram_used=2**30)


class PaperServices:
    """Services that do what they are told and write it down."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    async def status(self) -> tuple[ServiceStatus, ...]:
        return (ServiceStatus(name="llama-gpu", unit="llama-gpu.service", state=ServiceState.ACTIVE),)

    def command(self, name: str, verb: str) -> tuple[str, ...]:
        return ("systemctl", "--user", verb, {"llama-gpu": "llama-gpu.service"}[name])

    async def act(self, name: str, verb: str) -> ServiceResult:
        self.done.append((name, verb))
        return ServiceResult(ok=True, text="done", argv=self.command(name, verb))

    async def start_limit(self, name: str) -> StartLimit | None:
        return None

    async def port_owner(self, name: str, url: str) -> PortOwner:
        return PortOwner(ours=True, text="its own")

    async def logs(self, name: str, lines: int) -> tuple[str, ...]:
        return ("a line",)


@dataclass
class World:
    """An engine over scripted backends; endpoints without a script answer `hello`."""

    scripts: Mapping[str, list[Script]] = field(default_factory=dict)
    fleet: Fleet = field(default_factory=small_fleet)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: TestClock = field(default_factory=TestClock)
    services: PaperServices = field(default_factory=PaperServices)
    prober: AllUp = field(default_factory=AllUp)
    outputs: Outputs | None = None
    checks: CheckSetting | None = None

    def __post_init__(self) -> None:
        names = self.fleet.endpoints
        self.backends = {name: ScriptedBackend(list(self.scripts.get(name, [say("hello")]))) for name in names}
        self.engine = Engine(
            fleet=self.fleet,
            backends=self.backends,
            store=self.store,
            prober=self.prober,
            host=StillHost(),
            services=self.services,
            clock=self.clock,
            monitor=False,
            outputs=self.outputs,
            checks=self.checks,
        )

    def called(self) -> list[str]:
        return [name for name, backend in self.backends.items() for _ in backend.calls]

    def audit(self, *types: str) -> list[str]:
        return [line.text for line in self.store.lines if not types or line.type in types]


async def heard(world: World, request: object) -> list[EngineEvent]:
    return [event async for event in world.engine.submit(request)]  # type: ignore[arg-type]
