"""A stage for scenarios: a real engine, real adapters and a real ledger over fault servers on loopback.

Judged only from outside: which servers were called, in what order and with what; what the user was told; the audit;
the picture of health and usage. Time is the stage's: `clock.advance` moves it, waits move it, nothing sleeps.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.exchange import Tail
from pointsman.adapters.probe import HttpProber
from pointsman.adapters.store import SqliteStore
from pointsman.core.audit import AuditRow
from pointsman.core.fleet import Deadlines, Endpoint, EndpointKind, Fleet, Locality, Model, Role, Tier
from pointsman.core.health import Health
from pointsman.core.outcome import Attempt, Completed, Failed, FailureKind
from pointsman.core.request import Message, Request
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.ports import AuditQuery
from pointsman.prove.streams import complete
from support.fault_server import FaultServer, Log, upstreams
from support.worlds import PaperServices, StillHost

NOW = 1_800_000_000.0
KINDS = {
    "openai": EndpointKind.LLAMA_CPP,
    "ollama": EndpointKind.OLLAMA,
    "anthropic": EndpointKind.ANTHROPIC,
}
QUICK = Tail(usage=0.03, body=0.01, error=0.05)
_MEMORY = Path("/dev/shm")  # what these scenarios test is not durability, and a disk's flushes take most of the time


class StageClock:
    """Wall and monotonic time in the test's hands. Waiting moves both at once; `set_back` is the clock being set."""

    def __init__(self, jitter: float = 0.5) -> None:
        self.at = NOW
        self.slept: list[float] = []
        self.dice = jitter
        self._ahead = 0.0
        self._ids = itertools.count(1)
        self._tag = f"{time.monotonic_ns():x}"

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def jitter(self) -> float:
        return self.dice

    def new_id(self) -> str:
        return f"{self._tag}-{next(self._ids):05d}"

    def advance(self, seconds: float) -> None:
        self.at += seconds
        self._ahead += seconds

    def set_back(self, seconds: float) -> None:
        self.at -= seconds

    async def sleep(self, seconds: float) -> None:
        """Sleepers that began at one moment share the time they wait."""
        self.slept.append(seconds)
        until = self._ahead + seconds
        await asyncio.sleep(0)
        if until > self._ahead:
            self.advance(until - self._ahead)


class HeldClock(StageClock):
    """Sleepers sleep until the test lets their time come."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._fell_asleep = asyncio.Condition()

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        async with self._fell_asleep:
            self.slept.append(seconds)
            self._sleepers.append((self.at + seconds, woken))
            self._fell_asleep.notify_all()
        await woken.wait()

    async def asleep(self, n: int) -> None:
        """Until that many have fallen asleep since the beginning."""
        async with self._fell_asleep:
            await self._fell_asleep.wait_for(lambda: len(self.slept) >= n)

    def run(self, seconds: float) -> None:
        self.advance(seconds)
        for until, woken in self._sleepers:
            if until <= self.at:
                woken.set()


@dataclass
class Heard:
    """What the user got of one request."""

    events: list[events.EngineEvent] = field(default_factory=list)

    @property
    def last(self) -> events.EngineEvent:
        return self.events[-1]

    @property
    def answer(self) -> events.Answered:
        assert isinstance(self.last, events.Answered), self.last
        return self.last

    @property
    def blocked(self) -> events.Blocked:
        assert isinstance(self.last, events.Blocked), self.last
        return self.last

    @property
    def done(self) -> Completed:
        assert isinstance(self.answer.attempt.outcome, Completed)
        return self.answer.attempt.outcome

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def by(self) -> str:
        """The model that answered."""
        return self.answer.attempt.model

    @property
    def attempts(self) -> list[Attempt]:
        return [e.attempt for e in self.events if isinstance(e, events.AttemptEnded)]

    @property
    def kinds(self) -> list[FailureKind]:
        """The failures, in order."""
        return [a.outcome.kind for a in self.attempts if isinstance(a.outcome, Failed)]

    @property
    def switches(self) -> list[events.Switched]:
        return [e for e in self.events if isinstance(e, events.Switched)]

    @property
    def waits(self) -> list[events.Waiting]:
        return [e for e in self.events if isinstance(e, events.Waiting)]

    @property
    def decision(self) -> events.Decided:
        return next(e for e in self.events if isinstance(e, events.Decided))

    def pieces(self) -> list[str]:
        """The text as the screen shows it: one piece per attempt, in order."""
        shown = [""]
        for event in self.events:
            if isinstance(event, events.Switched):
                shown.append("")
            elif isinstance(event, events.TextDelta):
                shown[-1] += event.text
        return shown


@dataclass
class Stage:
    engine: Engine
    store: SqliteStore
    clock: StageClock
    log: Log
    servers: Mapping[str, FaultServer]
    state: Path
    clients: Clients
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def called(self) -> list[str]:
        """Whose server got a chat, in order."""
        return self.log.order

    def __getitem__(self, name: str) -> FaultServer:
        return self.servers[name]

    def health(self, name: str) -> Health:
        return self.engine.snapshot.health[name]

    def request(self, text: str = "hello", **more: object) -> Request:
        stated = {"id": f"q{next(self._count)}", "messages": (Message(role="user", text=text),), "max_output": 50}
        return Request(**{**stated, **more})  # type: ignore[arg-type]

    async def ask(self, text: str = "hello", **more: object) -> Heard:
        return Heard([event async for event in self.engine.submit(self.request(text, **more))])

    async def probe(self) -> None:
        await self.engine.look_at_endpoints()

    async def see_ledger(self) -> None:
        """The monitor's look at the ledger, which it takes every two seconds."""
        await self.engine._monitor.see_store()

    async def audit(self, *types: str, **query: object) -> list[AuditRow]:
        """Oldest first."""
        rows = await self.store.audit(AuditQuery(limit=10_000, **query))  # type: ignore[arg-type]
        return [row for row in reversed(rows) if not types or row.type in types]


def endpoint_for(server: FaultServer, **more: object) -> Endpoint:
    kind = KINDS[server.dialect.name]
    where = Locality.CLOUD if kind is EndpointKind.ANTHROPIC else Locality.LOCAL
    stated = {"name": server.name, "url": server.url, "kind": kind, "locality": where}
    return Endpoint(**{**stated, **more})  # type: ignore[arg-type]


def model_for(server: FaultServer, **more: object) -> Model:
    stated = {
        "name": server.name, "id": f"{server.name}-id", "endpoint": server.name, "tier": Tier.T1,
        "context": 100_000, "price_in": 1000, "price_out": 4000,
    }  # fmt: skip
    return Model(**{**stated, **more})  # type: ignore[arg-type]


Change = Callable[[Fleet], Fleet]


@asynccontextmanager
async def stage(
    *names: str,
    dialect: str = "openai",
    dialects: Mapping[str, str] | None = None,
    deadlines: Deadlines | None = None,
    endpoints: Mapping[str, Mapping[str, object]] | None = None,
    models: Mapping[str, Mapping[str, object]] | None = None,
    role: Mapping[str, object] | None = None,
    change: Change = lambda fleet: fleet,
    clock: StageClock | None = None,
    environ: Mapping[str, str] | None = None,
    tail: Tail = QUICK,
    virtual: bool = True,
    state: Path | None = None,
) -> AsyncIterator[Stage]:
    """Servers of these names (default p, f, g: a primary and two fallbacks), each with an endpoint and a model of its
    name, in one role in that order."""
    given = names or ("p", "f", "g")
    spoken = {name: (dialects or {}).get(name, dialect) for name in given}
    async with AsyncExitStack() as stack:
        log, servers = await stack.enter_async_context(upstreams(**spoken))
        where = {"deadlines": deadlines} if deadlines else {}
        fleet = change(_fleet(servers, where, endpoints or {}, models or {}, role or {}))
        if state is None:
            temporary = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)
            state = Path(stack.enter_context(temporary)) / "state"
        clock = clock or StageClock()
        clients = Clients(environ=environ or {})
        stack.push_async_callback(clients.aclose)
        store = await SqliteStore.open(state, clock)
        stack.push_async_callback(store.aclose)
        engine = open_engine(fleet, store, clients, clock, environ or {}, tail, virtual=virtual)
        async with engine:
            yield Stage(engine, store, clock, log, servers, state, clients)
        complete(store.path, planted=True)  # promise A12, after every scenario


def open_engine(
    fleet: Fleet,
    store: SqliteStore,
    clients: Clients,
    clock: StageClock,
    environ: Mapping[str, str],
    tail: Tail = QUICK,
    *,
    virtual: bool = True,
) -> Engine:
    return Engine(
        fleet=fleet,
        backends={name: open_backend(e, clients, clock.now, tail=tail) for name, e in fleet.endpoints.items()},
        store=store,
        prober=HttpProber(clients.of, environ=environ, wall=clock.now),
        host=StillHost(),
        services=PaperServices(),
        clock=clock,
        monitor=False,
        sleep=clock.sleep if virtual else asyncio.sleep,
    )


def _fleet(
    servers: Mapping[str, FaultServer],
    where: Mapping[str, object],
    endpoints: Mapping[str, Mapping[str, object]],
    models: Mapping[str, Mapping[str, object]],
    role: Mapping[str, object],
) -> Fleet:
    first, *others = servers
    general = Role(**{"name": "general", "primary": first, "fallbacks": tuple(others), **role})  # type: ignore[arg-type]
    return Fleet(
        policy="scenarios",
        revision="0123456789ab",
        endpoints={n: endpoint_for(s, **{**where, **endpoints.get(n, {})}) for n, s in servers.items()},
        models={n: model_for(s, **models.get(n, {})) for n, s in servers.items()},
        roles={"general": general},
        routes=(),
    )


def with_roles(fleet: Fleet, *roles: Role) -> Fleet:
    return replace(fleet, roles={role.name: role for role in roles})


def ids(rows: Sequence[tuple[object, ...]]) -> list[str]:
    return [str(row[0]) for row in rows]
