"""One frozen picture of everything non-deterministic: time, health, usage, hardware, services, overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from pointsman.core.fleet import BudgetUnit
from pointsman.core.health import Health
from pointsman.core.similar import SimilarEvidence
from pointsman.core.traffic import TrafficFigures
from pointsman.core.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model in an endpoint's memory. Sizes in bytes; `size - vram` has spilled to RAM."""

    id: str
    size: int | None = None
    vram: int | None = None
    context: int | None = None  # tokens it was loaded with
    expires_at: float | None = None  # Unix seconds
    state: str = "loaded"  # loaded, loading, sleeping
    done: float | None = None  # 0..1 of loading, where the server tells


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatus:
    """What the last probe of an endpoint told beyond its health. Every figure is None when unknown."""

    checked_at: float
    latency_ms: float | None = None  # of the probe
    version: str | None = None
    loaded: tuple[LoadedModel, ...] = ()
    available: frozenset[str] | None = None  # model ids it lists; None = it did not say
    relays: frozenset[str] = frozenset()  # model ids it computes elsewhere (Ollama remote_host)
    contexts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # live context per model id
    running: int | None = None  # requests being answered
    waiting: int | None = None  # requests queued
    slots: int | None = None
    tokens_per_s: float | None = None  # generation, from counters' deltas or our own traffic
    first_token_s: float | None = None  # of our own last call
    kv_used_percent: float | None = None
    # What it says each model id can do, in `Model.capabilities`' words; ids it says nothing of are missing.
    capabilities: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    probe: str = ""  # the request that found it alive, e.g. "GET /health"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    pid: int
    vram: int | None  # bytes; None under WDDM or in some containers
    name: str | None = None
    endpoint: str | None = None  # whose service it belongs to, once known
    model: str | None = None  # the one model that endpoint holds, if it is one
    parents: tuple[int, ...] = ()  # pids above it, nearest first
    ports: tuple[int, ...] = ()  # TCP ports that it or a process above it listens on


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU, or one MIG instance of it. Bytes, percent, °C, watts, MHz; None = the driver does not say."""

    index: int
    name: str
    uuid: str | None = None
    vram_total: int | None = None
    vram_used: int | None = None
    vram_free: int | None = None
    utilization: int | None = None
    temperature: int | None = None
    power: float | None = None
    power_limit: float | None = None
    processes: tuple[GpuProcess, ...] = ()
    clock: int | None = None  # of the processors
    clock_max: int | None = None
    memory_clock: int | None = None
    fan: int | None = None  # percent of its most; None also where there is no fan
    throttled: tuple[str, ...] | None = None  # why it runs slower than it could; () = it does not
    part_of: str | None = None  # uuid of the card, of a MIG instance
    unified: bool = False  # its memory is the RAM: `vram_total` is the RAM's, and loading takes from both figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk that holds a folder of models. Bytes; None = it cannot be read, and `note` says why."""

    path: str
    total: int | None = None
    free: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSample:
    """One machine at one moment. Bytes and percent."""

    taken_at: float
    ram_total: int | None = None
    ram_used: int | None = None
    swap_used: int | None = None
    cpu_percent: float | None = None
    gpus: tuple[Gpu, ...] = ()
    gpu_note: str | None = None  # why there are none, or what could not be read
    swap_total: int | None = None
    cores: tuple[float, ...] = ()  # percent busy of each logical core; empty = not told
    disks: tuple[Disk, ...] = ()
    note: str | None = None  # of a remote machine: what could not be read


class ServiceState(StrEnum):
    ACTIVE = "active"
    STARTING = "starting"
    STOPPING = "stopping"
    INACTIVE = "inactive"
    FAILED = "failed"
    CRASH_LOOP = "crash-loop"
    NOT_FOUND = "not-found"
    UNAVAILABLE = "unavailable"  # the service manager cannot be reached; the reason says why


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    name: str
    unit: str
    state: ServiceState
    reason: str = ""
    since: float | None = None  # Unix seconds
    pid: int | None = None
    restarts: int | None = None
    memory: int | None = None  # bytes
    invocation: str | None = None  # changes with every start


class RestartStage(StrEnum):
    """How far a start or restart has come. The last three are ends."""

    WAITING = "waiting"  # until our own streams on it have ended, as was asked
    STOPPING = "stopping"
    STARTING = "starting"
    LOADING = "loading"
    ANSWERING = "answering"  # everything looks well; one token is asked for
    HEALTHY = "healthy"
    UNHEALTHY = "restarted but not healthy"
    REFUSED = "refused"  # nothing was done


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartProgress:
    """A start or restart of a service, under way or at its end. `text` and `tail` may quote untrusted text."""

    service: str
    verb: str
    stage: RestartStage
    started: float  # Unix seconds
    text: str = ""  # why it is in this stage
    done: float | None = None  # 0..1 of loading, where the server tells
    typical_s: float | None = None  # seconds that it usually takes
    seconds: float = 0.0  # since it was asked for
    tail: tuple[str, ...] = ()  # the last log lines of one that is not healthy

    @property
    def over(self) -> bool:
        return self.stage in (RestartStage.HEALTHY, RestartStage.UNHEALTHY, RestartStage.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatus:
    """An exclusive group: which endpoints hold a model now, which one is being loaded, who waits for it."""

    name: str
    loaded: frozenset[str] = frozenset()
    loading: str | None = None
    waiting: int = 0


class OverrideKind(StrEnum):
    PIN = "pin"  # this model and no other
    PREFER = "prefer"  # this model first
    LOCAL_ONLY = "local_only"  # no cloud call at all (GR-009)
    CAP = "cap"  # another limit for the budget that `scope` names


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A standing instruction. `scope` is `global`, `role:NAME` or `kind:KIND`; the narrower scope wins.
    Of a cap it is the name of the budget."""

    id: str
    kind: OverrideKind
    scope: str = "global"
    model: str | None = None
    source: str = "user"  # user, job or policy
    created_at: float = 0.0
    expires_at: float | None = None
    reason: str = ""
    cap: int | None = None  # of a cap: the limit, in `unit`
    unit: BudgetUnit | None = None

    def active(self, now: float) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    now: float  # Unix seconds
    health: Mapping[str, Health] = field(default_factory=lambda: MappingProxyType({}))  # by endpoint
    status: Mapping[str, EndpointStatus] = field(default_factory=lambda: MappingProxyType({}))
    usage: Mapping[str, Usage] = field(default_factory=lambda: MappingProxyType({}))  # by budget
    host: HostSample | None = None
    services: tuple[ServiceStatus, ...] = ()
    services_at: float | None = None  # when they were last looked at, all with one look
    overrides: tuple[Override, ...] = ()
    local_only: bool = False  # from configuration; an override can only add to it
    audit_writable: bool = True
    similar: SimilarEvidence | None = None  # about the one task to be decided, where a memory was asked
    restarts: tuple[RestartProgress, ...] = ()  # the newest of each service
    groups: tuple[GroupStatus, ...] = ()
    # What loading a model took of VRAM beyond its stated weights and cache, in bytes, by model; missing: not measured.
    vram_overhead: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    hosts: Mapping[str, HostSample] = field(default_factory=lambda: MappingProxyType({}))  # remote machines, by name
    traffic: Mapping[str, TrafficFigures] = field(default_factory=lambda: MappingProxyType({}))  # own, by endpoint

    @property
    def cloud_forbidden(self) -> bool:
        return self.local_only or any(o.kind is OverrideKind.LOCAL_ONLY and o.active(self.now) for o in self.overrides)
