"""A scripted console in memory: a fleet, a snapshot that tests may change, audit rows, and replies on demand.

No clock and no sleeping: a reply streams until its script reaches a gate, and goes on when the test opens it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pointsman.core.audit import AuditEvent, AuditRow, AuditState, EventType
from pointsman.core.caps import in_force
from pointsman.core.checks import Checked, CheckOrder, CheckRun, parse_command
from pointsman.core.decision import Decision, Rejection, Rung
from pointsman.core.drift import Drift
from pointsman.core.fleet import (
    Band,
    Budget,
    BudgetUnit,
    Endpoint,
    EndpointKind,
    Fleet,
    Gateway,
    Locality,
    Model,
    Role,
    Service,
    ServiceKind,
    Tier,
    Window,
)
from pointsman.core.health import Health, HealthState
from pointsman.core.history import Point
from pointsman.core.measured import Measurement
from pointsman.core.outcome import Attempt, Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Attachment, Evidence, Request, Task
from pointsman.core.rules import Code
from pointsman.core.ruling import Citation, Ruling
from pointsman.core.snapshot import (
    EndpointStatus,
    Gpu,
    GpuProcess,
    HostSample,
    LoadedModel,
    Override,
    RestartProgress,
    RestartStage,
    ServiceState,
    ServiceStatus,
    Snapshot,
)
from pointsman.core.traffic import SeenFailure, SeenProbe, TrafficFigures
from pointsman.core.usage import Usage
from pointsman.engine.console import EndpointDetail, Fault
from pointsman.engine.events import (
    Annotated,
    Answered,
    AttemptEnded,
    Attempting,
    Blocked,
    CheckEnded,
    Decided,
    EngineEvent,
    Judged,
    PlanReady,
    StageBegan,
    Switched,
    TextDelta,
    Waiting,
)
from pointsman.engine.plans import RestartPlan, SuggestedAction
from pointsman.ports import AuditQuery, LogLine, ModelTotal, ServiceResult

NOW = 1_790_000_000.0
GIB = 1024**3

ANSWER = """Here is the change. The retry loop now stops on a **non-retryable** error.

```python
for attempt in range(policy.max_attempts):
    await call(endpoint)
```

- covers the 429
- covers the timeout path
"""


def fleet() -> Fleet:
    def endpoint(name: str, kind: EndpointKind, where: Locality, service: str | None = None) -> Endpoint:
        return Endpoint(
            name=name,
            url="http://127.0.0.1:1",
            kind=kind,
            locality=where,
            service=service,
            simulated=where is Locality.LOCAL,
        )

    def model(name: str, endpoint: str, tier: Tier) -> Model:
        return Model(name=name, id=f"{name}-q5k", endpoint=endpoint, tier=tier, context=200_000)

    endpoints = (
        endpoint("coder-gpu", EndpointKind.LLAMA_CPP, Locality.LOCAL, "llama-coder"),
        endpoint("qwen-review", EndpointKind.LLAMA_CPP, Locality.LOCAL, "llama-qwen"),
        endpoint("ext-context", EndpointKind.VLLM, Locality.LOCAL),
        endpoint("ollama", EndpointKind.OLLAMA, Locality.LOCAL, "ollama"),
        endpoint("anthropic", EndpointKind.ANTHROPIC, Locality.CLOUD),
        endpoint("openai", EndpointKind.OPENAI, Locality.CLOUD),
        endpoint("deepseek", EndpointKind.DEEPSEEK, Locality.CLOUD),
        endpoint("kimi", EndpointKind.MOONSHOT, Locality.CLOUD),
    )
    models = (
        model("coder-next", "coder-gpu", Tier.T1),
        model("qwen-review", "qwen-review", Tier.T2),
        model("opus", "anthropic", Tier.T0),
        model("sonnet", "anthropic", Tier.T0),
        model("codex", "openai", Tier.T3),
        model("deepseek-chat", "deepseek", Tier.T3),
    )
    roles = (
        Role(name="implementer", primary="coder-next", fallbacks=("codex",), escalate_to=("opus",)),
        Role(name="general", primary="sonnet", fallbacks=("coder-next",)),
    )
    services = tuple(
        Service(name=name, kind=ServiceKind.SIMULATED, unit=f"{name}.service")
        for name in ("llama-coder", "llama-qwen", "ollama")
    )
    return Fleet(
        policy="default",
        revision="3f9c2a7be1d04c55",
        endpoints={entry.name: entry for entry in endpoints},
        models={entry.name: entry for entry in models},
        roles={entry.name: entry for entry in roles},
        routes=(),
        bands=(
            Band(at=80, name="prefer-cheap"),
            Band(at=90, name="cheap-only"),
            Band(at=95, name="local-only"),
            Band(at=100, name="stopped"),
        ),
        budgets=(
            Budget(name="anthropic-week", limit=2_000_000, unit=BudgetUnit.TOKENS, window=Window(calendar="week")),
            Budget(name="openai-day", limit=1_000_000, unit=BudgetUnit.TOKENS, window=Window(calendar="day")),
            Budget(name="cloud-day", limit=10_000_000_000, unit=BudgetUnit.NANO_USD, window=Window(calendar="day")),
        ),
        services={entry.name: entry for entry in services},
    )


def snapshot() -> Snapshot:
    def health(state: HealthState, reason: str, ago: float = 1.0) -> Health:
        return Health(state=state, reason=reason, since=NOW - 4_000, last_seen=NOW - ago)

    def status(
        latency: float, rate: float | None, loaded: Sequence[LoadedModel] = (), **figures: float
    ) -> EndpointStatus:
        return EndpointStatus(
            checked_at=NOW - 1,
            latency_ms=latency,
            tokens_per_s=rate,
            loaded=tuple(loaded),
            first_token_s=figures.get("first"),
            running=int(figures.get("running", 0)),
            waiting=int(figures.get("waiting", 0)),
            version="b6100",
        )

    coder = LoadedModel(id="qwen3-coder-next-q5k", size=81 * GIB, vram=81 * GIB, context=1_000_000)
    vision = LoadedModel(id="qwen3-vl:8b", size=12 * GIB, vram=10 * GIB, expires_at=NOW + 200)
    return Snapshot(
        now=NOW,
        health={
            "coder-gpu": health(HealthState.UP, "answered"),
            "qwen-review": health(HealthState.DOWN, "connection refused", 2),
            "ext-context": health(HealthState.BUSY, "3 requests wait", 1),
            "ollama": health(HealthState.WARMING, "loading qwen3-vl:8b, 40 %", 2),
            "anthropic": health(HealthState.UP, "answered", 12),
            "openai": health(HealthState.RATE_LIMITED, "429, retry in 41 s", 12),
            "deepseek": health(HealthState.UP, "probe ok", 12),
            "kimi": health(HealthState.UP, "probe ok", 94),
        },
        status={
            "coder-gpu": status(8, 412, [coder], first=0.31, running=2, waiting=1),
            "ext-context": status(22, 18, [], first=4.1, running=1, waiting=3),
            "ollama": status(5, None, [vision]),
            "anthropic": EndpointStatus(checked_at=NOW - 12, latency_ms=180, tokens_per_s=48, first_token_s=1.1),
            "deepseek": EndpointStatus(checked_at=NOW - 12, latency_ms=240, tokens_per_s=61, first_token_s=0.91),
        },
        usage={
            "anthropic-week": Usage(
                budget="anthropic-week", spent=1_640_000, reserved=48_000, limit=2_000_000, resets_at=NOW + 190_000
            ),
            "openai-day": Usage(budget="openai-day", spent=410_000, limit=1_000_000, resets_at=NOW + 30_000),
            "cloud-day": Usage(budget="cloud-day", spent=3_120_000_000, limit=10_000_000_000, resets_at=NOW + 30_000),
        },
        host=HostSample(
            taken_at=NOW,
            ram_total=128 * GIB,
            ram_used=38 * GIB,
            swap_used=0,
            cpu_percent=14.0,
            gpus=(
                Gpu(
                    index=0,
                    name="NVIDIA H200",
                    vram_total=140 * GIB,
                    vram_used=112 * GIB,
                    utilization=73,
                    temperature=61,
                    power=540.0,
                    power_limit=700.0,
                    processes=(GpuProcess(pid=812, vram=80 * GIB, name="llama-server", endpoint="coder-gpu"),),
                ),
            ),
        ),
        services_at=NOW,
        services=(
            ServiceStatus(
                name="llama-coder",
                unit="llama-coder.service",
                state=ServiceState.ACTIVE,
                since=NOW - 190_000,
                memory=81 * GIB,
                restarts=0,
            ),
            ServiceStatus(
                name="llama-qwen",
                unit="llama-qwen.service",
                state=ServiceState.FAILED,
                reason="exit 137, OOM kill",
                since=NOW - 7_300,
                restarts=3,
            ),
            ServiceStatus(name="ollama", unit="ollama.service", state=ServiceState.ACTIVE, since=NOW - 1_000_000),
        ),
    )


def drift() -> Drift:
    """A gateway whose default is not the policy's."""
    gateway = Gateway(kind="openclaw", path="/home/u/openclaw.json", expect="opus", ref="anthropic/opus")
    command = ("openclaw", "models", "set", "anthropic/opus")
    return Drift(gateway=gateway, path=gateway.path, claimed="kimi [/]", known=None, command=command)


def row(seq: int, type: EventType, text: str, **more: object) -> AuditRow:
    event = AuditEvent(type=type, at=NOW - 600 + seq, actor="router", text=text, **more)  # type: ignore[arg-type]
    return AuditRow(
        seq=seq,
        at=event.at,
        type=str(event.type),
        actor=event.actor,
        text=event.text,
        body=event.body(),
        model=event.model,
        rule=event.rule,
        cost=event.cost,
    )


def decision_for(request: Request, models: Sequence[str] = ("coder-next", "deepseek-chat")) -> Decision:
    known = fleet()
    ladder = tuple(
        Rung(
            model=name,
            endpoint=known.models[name].endpoint,
            locality=known.locality_of(known.models[name]),
            why="primary of implementer" if place == 0 else "fallback",
        )
        for place, name in enumerate(models)
    )
    task = Task(
        kind="coding",
        kind_confidence=0.92,
        complexity=6,
        tokens=812,
        evidence=(Evidence(fact="kind", value="coding", why="the words “refactor”, “test”"),),
    )
    return Decision(
        id=f"d-{request.id}",
        policy="default",
        policy_rev=known.revision,
        request=request.id,
        task=task,
        role="implementer",
        rule="coding",
        rule_why="code is written by the implementer",
        band="prefer-cheap",
        usage=snapshot().usage["anthropic-week"],
        ladder=ladder,
        rejected=(Rejection(model="opus", code=Code.BAND, why="prefer-cheap rejects T0 from 80 %"),),
    )


class FakeFiles:
    """Files in memory."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.copied = ""
        self.clipboard = "xclip"  # the program that takes copies
        self.kept: Mapping[str, object] = {}
        self.open: Mapping[str, object] = {}
        self.there: dict[str, Attachment] = {}

    async def picture(self, svg: str) -> str:
        return await self.export("screen.svg", svg)

    async def export(self, name: str, text: str) -> str:
        self.written[name] = text
        return f"/state/exports/{name}"

    def crash(self, trace: str) -> tuple[str, str | None]:
        self.written["crash.txt"] = trace.replace("sk-canary-0123456789", "****")
        return self.written["crash.txt"], "/state/crashes/crash.txt"

    async def copy(self, text: str) -> str:
        self.copied = text
        return self.clipboard

    async def attach(self, path: str) -> Attachment:
        if path not in self.there:
            raise ValueError(f"{path} cannot be read: No such file or directory")
        return self.there[path]

    async def edit(self, text: str) -> str:
        if text == "break":
            raise ValueError("the editor vi cannot be run")
        return f"{text} edited"

    def arrangement(self) -> Mapping[str, object]:
        return self.kept

    def open_talks(self) -> Mapping[str, object]:
        return self.open

    async def keep_open_talks(self, open_talks: Mapping[str, object]) -> None:
        self.open = open_talks

    async def keep_arrangement(self, arrangement: Mapping[str, object]) -> None:
        self.kept = arrangement


class FakeMachines:
    """Restarts that end at once."""

    def __init__(self, console: FakeConsole) -> None:
        self.console = console
        self.refusal: str | None = None
        self.suggested_action: SuggestedAction | None = None
        self.held: list[tuple[str, str]] = []

    async def restart_plan(self, name: str, verb: str = "restart") -> RestartPlan:
        argv = self.console.service_command(name, verb)
        return RestartPlan(
            service=name, verb=verb, argv=argv, streams=2, last_at=NOW - 7_200, typical_s=41.0, refusal=self.refusal
        )

    async def restart(self, name: str, verb: str = "restart", *, when_idle: bool = False) -> RestartProgress:
        self.console.acted.append((name, f"{verb} when idle" if when_idle else verb))
        return RestartProgress(service=name, verb=verb, stage=RestartStage.HEALTHY, started=NOW, text="it answers")

    async def keep_model(self, name: str, seconds: float | None) -> ServiceResult:
        self.held.append((name, f"keep {seconds}"))
        return ServiceResult(ok=True, text="stays")

    def model_request(self, name: str, verb: str, seconds: float | None = None) -> str:
        return "" if name == "opus" else f"POST /api/{verb} {name}"

    async def load_model(self, name: str) -> ServiceResult:
        self.held.append((name, "load"))
        return ServiceResult(ok=True, text="in memory")

    async def unload_model(self, name: str) -> ServiceResult:
        self.held.append((name, "unload"))
        return ServiceResult(ok=True, text="out of memory")


class FakeConsole:
    machines = None
    chats: Any = None  # a test that needs some gives some

    def __init__(self) -> None:
        self.files = FakeFiles()
        self.policies: tuple[str, ...] = ("default", "tiers")
        self.drift: Drift | None = None
        self.reverted = 0
        self.machines = FakeMachines(self)
        self.log: asyncio.Queue[tuple[LogLine, ...]] = asyncio.Queue()
        self.measured: tuple[Measurement, ...] = ()
        self.followed = 0  # logs that are being followed
        self.tails: list[str] = []  # whose last lines were asked for
        self.tail = (LogLine(text="CUDA error: out of memory", at=NOW - 7_300, level=3),)
        self.adopted: list[tuple[Request, str, str]] = []
        self.verdicts: list[tuple[str, bool]] = []
        self.planned: list[Request] = []
        self.ruled: list[tuple[str, bool]] = []
        self.notes: asyncio.Queue[Annotated] = asyncio.Queue()
        self.supposed: list[tuple[str | None, Mapping[str, str]]] = []
        self.fleet = fleet()
        self.snapshot = snapshot()
        self.banners: tuple[str, ...] = ()
        self.faults: tuple[Fault, ...] = (
            Fault(name="kill", endpoint="coder-gpu", title="kill coder-gpu"),
            Fault(name="429", endpoint="openai", title="429 from openai"),
        )
        self.rows = [
            row(1, EventType.DECISION, "coding goes to coder-next", model="coder-next", rule="coding"),
            row(2, EventType.STEP_DOWN, "opus → sonnet: usage at 84 %", model="sonnet", rule="GR-011", cost=31_000_000),
            row(
                3,
                EventType.STEP_UP,
                "coder-next → deepseek-chat: 2 failed loops",
                model="deepseek-chat",
                cost=2_100_000,
            ),
            row(4, EventType.BLOCKED, "opus: local_only", model="opus", rule="GR-009"),
        ]
        self.scripts: list[list[EngineEvent | asyncio.Event]] = []
        self.asked: list[Request] = []
        self.acted: list[tuple[str, str]] = []
        self.played: list[Fault] = []
        self.queries: list[AuditQuery] = []
        self.hung_up: list[str] = []
        self._news: asyncio.Queue[Snapshot] = asyncio.Queue()
        self._ids = 0

    # --- for tests ---

    def publish(self, **changes: object) -> None:
        """A new picture with these fields changed."""
        self.snapshot = replace(self.snapshot, **changes)  # type: ignore[arg-type]
        self._news.put_nowait(self.snapshot)

    def answer(
        self, text: str = ANSWER, model: str = "coder-next", cost: int | None = 2_100_000
    ) -> list[EngineEvent | asyncio.Event]:
        """The script of a reply that goes well; `request` is filled in when it is played."""
        done = Completed(
            finish_reason="stop",
            usage=TokenUsage(input=812, output=411),
            first_token_s=0.31,
            tokens_per_s=61.0,
        )
        attempt = Attempt(model=model, endpoint=self.fleet.models[model].endpoint, outcome=done, seconds=1.9, cost=cost)
        rung = Rung(model=model, endpoint=attempt.endpoint, locality=Locality.LOCAL, why="primary of implementer")
        decision = decision_for(Request(id="?", messages=()))
        pieces = [TextDelta(request="?", text=text[place : place + 20]) for place in range(0, len(text), 20)]
        return [
            Decided(request="?", decision=decision),
            Attempting(request="?", rung=rung, number=1),
            *pieces,
            AttemptEnded(request="?", attempt=attempt),
            Answered(request="?", attempt=attempt, decision=decision, text=text),
        ]

    def switched(self, fragment: str = "", text: str = ANSWER) -> list[EngineEvent | asyncio.Event]:
        """coder-next fails, after `fragment` if there is one, and deepseek-chat answers."""
        failed = Failed(kind=FailureKind.STREAM_CUT if fragment else FailureKind.REFUSED, shown=bool(fragment))
        rest = self.answer(text, "deepseek-chat")
        first = self.answer()[1]
        lost = Attempt(model="coder-next", endpoint="coder-gpu", outcome=failed, seconds=0.041)
        return [
            rest[0],
            first,
            *([TextDelta(request="?", text=fragment)] if fragment else []),
            AttemptEnded(request="?", attempt=lost),
            Switched(
                request="?",
                from_model="coder-next",
                to_model="deepseek-chat",
                kind=failed.kind,
                why="connection refused",
                seconds=0.041,
                fragment=bool(fragment),
            ),
            *rest[1:],
        ]

    def lost(self, kind: FailureKind, model: str = "coder-next") -> AttemptEnded:
        """One attempt that failed before anything was shown."""
        attempt = Attempt(model=model, endpoint=self.fleet.models[model].endpoint, outcome=Failed(kind=kind))
        return AttemptEnded(request="?", attempt=attempt)

    def blocked(self, offer: str | None = "codex") -> list[EngineEvent | asyncio.Event]:
        event = Blocked(request="?", code="pin", why="opus is pinned and rate-limited", offer=offer, by_policy=True)
        return [self.answer()[0], event]

    def plans(self) -> list[EngineEvent | asyncio.Event]:
        """A plan, a second opinion, and the question to the user."""

        def stage(name: str, number: int, text: str) -> StageBegan:
            return StageBegan(request="?", stage=name, number=number, of=4, text=text)

        plan = PlanReady(
            request="?", plan="p1", text="1. freeze", planner="opus", opinion="mind the lock", opinion_by="codex"
        )
        return [
            stage("plan", 1, "planner plans"),
            *self.answer("1. freeze writes", "opus"),
            stage("compare", 2, "codex says how it would go about it"),
            *self.answer("mind the lock", "codex"),
            stage("approve", 3, "the plan waits for your approval"),
            plan,
        ]

    def waiting(self) -> Waiting:
        return Waiting(request="?", why="the model is loading", seconds=12.0, done=0.4)

    # --- Console ---

    async def watch(self) -> AsyncIterator[Snapshot]:
        while True:
            yield await self._news.get()

    async def submit(self, request: Request) -> AsyncIterator[EngineEvent]:
        self.asked.append(request)
        ended = False
        try:
            for step in self.scripts.pop(0) if self.scripts else self.answer():
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield replace(step, request=request.id)
            ended = True
        finally:
            if not ended:
                self.hung_up.append(request.id)

    def new_request_id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"

    def explain(self, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        self.supposed.append((None, dict(what_if or {})))
        if what_if and "usage" in what_if and int(what_if["usage"]) > 100:
            raise ValueError("that is more than there is")
        return decision_for(request, ("codex",) if what_if else ("coder-next",))

    async def explain_under(self, policy: str, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        self.supposed.append((policy, dict(what_if or {})))
        return replace(decision_for(request, ("sonnet",)), policy=policy)

    async def revert_drift(self) -> ServiceResult:
        self.reverted += 1
        return ServiceResult(ok=True, text="reverted; the file as it was: /state/openclaw.json.1")

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        self.queries.append(query)
        found = [
            line
            for line in reversed(self.rows)
            if (query.text is None or query.text in line.text)
            and (query.type is None or query.type == line.type)
            and (query.model is None or query.model == line.model)
            and (query.before is None or line.seq < query.before)
        ]
        return tuple(found[: query.limit])

    audit_state = AuditState()

    async def audit_size(self) -> int:
        return len(self.rows)

    async def hourly(self, since: float) -> dict[str, tuple[int, ...]]:
        return {"opus": (*range(23), 40)}

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        return (
            ModelTotal(
                model="opus",
                requests=31,
                input_tokens=412_001,
                output_tokens=38_112,
                nano_usd=2_100_000_000,
                estimated=0,
            ),
            ModelTotal(
                model="deepseek-chat",
                requests=88,
                input_tokens=801_442,
                output_tokens=120_331,
                nano_usd=1_020_000_000,
                estimated=2,
            ),
            ModelTotal(
                model="coder-next",
                requests=240,
                input_tokens=9_120_004,
                output_tokens=1_204_110,
                nano_usd=0,
                estimated=0,
            ),
        )

    async def set_override(self, override: Override) -> None:
        if override.model is not None and self.fleet.find(override.model) is None:
            raise ValueError(f"no model is called {override.model!r}")
        others = (entry for entry in self.snapshot.overrides if entry.id != override.id)
        self._stand((*others, override))

    async def reload(self) -> str:
        return "the configuration was read again: nothing that is used has changed"

    async def clear_override(self, override_id: str) -> None:
        kept = tuple(entry for entry in self.snapshot.overrides if entry.id != override_id)
        self._stand(kept)

    def _stand(self, overrides: tuple[Override, ...]) -> None:
        now, usage = self.snapshot.now, dict(self.snapshot.usage)
        for budget in self.fleet.budgets:
            usage[budget.name] = replace(usage[budget.name], limit=in_force(budget, overrides, now).limit)
        self.snapshot = replace(self.snapshot, overrides=overrides, usage=usage)

    def service_command(self, name: str, verb: str) -> tuple[str, ...]:
        return ("systemctl", "--user", verb, self.fleet.services[name].unit)

    def streams_on(self, service: str) -> int:
        return 2 if service == "llama-coder" else 0

    async def service_action(self, name: str, verb: str) -> ServiceResult:
        self.acted.append((name, verb))
        return ServiceResult(ok=True, text="the manager took it", argv=self.service_command(name, verb))

    async def judge_reply(self, request_id: str, good: bool) -> int:
        self.verdicts.append((request_id, good))
        return 0 if good else sum(1 for _, said in self.verdicts if not said)

    async def check(self, request_id: str, command: str, directory: str | None = None) -> CheckEnded:
        if directory is None:
            raise ValueError("name the directory: /check -C DIR CMD")
        order = CheckOrder(argv=parse_command(command), directory=directory)
        run = CheckRun(code=1, seconds=0.2, output="1 failed \x1b[2J", guarantee="in a sandbox", sandboxed=True)
        return CheckEnded(request=request_id, checked=Checked(order=order, run=run, evidence="e1"), failed=2)

    def plan(self, request: Request, command: str | None = None, directory: str | None = None) -> Any:
        self.planned.append(request)
        return self.submit(request)

    def approve(self, plan_id: str) -> Any:
        self.ruled.append((plan_id, True))
        return self.submit(Request(id="r0.work", messages=()))

    async def reject(self, plan_id: str) -> None:
        self.ruled.append((plan_id, False))

    async def judge(self, request_id: str) -> AsyncIterator[EngineEvent]:
        cited = (Citation("reply", "covers the 429"),)
        yield TextDelta(request="j", text="{}")
        ruling = Ruling(approved=True, said="approve", why="well done", reasons=("it works",), evidence=cited)
        yield Judged(request=request_id, ruling=ruling, judge="opus")

    def adopt(self, request: Request, model: str, text: str) -> None:
        self.adopted.append((request, model, text))

    async def annotations(self) -> AsyncIterator[Annotated]:
        while True:
            yield await self.notes.get()

    def endpoint_detail(self, name: str) -> EndpointDetail:
        failed = SeenFailure(
            at=NOW - 60, kind=FailureKind.SERVER_ERROR, detail="out of memory \x1b[31m", status=500, request="r-7"
        )
        probes = [SeenProbe(at=NOW - 9 + 2 * i, state="up", reason="ready", latency_ms=8.0 + i) for i in range(3)]
        return EndpointDetail(
            endpoint=self.fleet.endpoints[name],
            health=self.snapshot.health.get(name, Health()),
            status=self.snapshot.status.get(name),
            traffic=TrafficFigures(calls=12, failed=1, first_token_p50=0.31, first_token_p95=1.2, tokens_per_s_p50=61),
            probes=(SeenProbe(at=NOW - 20, state="down", reason="connection refused"), *probes),
            failures=(failed,),
        )

    def history(self, metric: str, seconds: float = 900.0) -> tuple[Point, ...]:
        return tuple(Point(NOW - 10 + i, float(i)) for i in range(10))

    async def measurements(self) -> tuple[Measurement, ...]:
        return self.measured

    async def follow_logs(self, name: str, lines: int = 1_000) -> AsyncGenerator[tuple[LogLine, ...], None]:
        """What `log` holds, then what a test puts into it; `tail` for who wants no more than a few lines."""
        if lines < 10:
            self.tails.append(name)
            yield self.tail
            return
        self.followed += 1
        try:
            while True:
                yield await self.log.get()
        finally:
            self.followed -= 1

    async def service_logs(self, name: str, lines: int = 200) -> tuple[str, ...]:
        return (f"{name}: found 1 CUDA device", f"{name}: model loaded")

    async def play(self, fault: Fault) -> str:
        self.played.append(fault)
        return f"{fault.title}: playing"
