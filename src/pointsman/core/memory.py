"""Memory arithmetic: what a model needs, whether it can be loaded now, and which fit this machine together. Pure.

Bytes throughout. `None` is unknown: nothing is promised and nothing refused where a figure is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import urlsplit

from pointsman.core.fleet import Endpoint, EndpointKind, Fleet, Locality, Model
from pointsman.core.health import BreakerState, Health, HealthState
from pointsman.core.snapshot import EndpointStatus, HostSample, ServiceState, Snapshot

_GIB = 1 << 30
# Servers that load and forget models by themselves: alive does not mean that a model is in memory.
_MANAGERS = frozenset({EndpointKind.OLLAMA, EndpointKind.LMSTUDIO, EndpointKind.OPENAI_COMPATIBLE})
_ALIVE = frozenset({HealthState.UP, HealthState.BUSY, HealthState.WARMING, HealthState.RATE_LIMITED})
# Document 003: on 36 GB an 8B model is comfortable, a 34B one OK, both together or a 70B one tight.
COMFORTABLE, OK, TIGHT, TOO_LARGE, UNKNOWN = "comfortable", "OK", "tight", "does not fit", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What loading a model takes. `overhead` None: not measured yet, and not counted."""

    weights: int
    cache: int | None = None
    overhead: int | None = None

    @property
    def total(self) -> int:
        return self.weights + (self.cache or 0) + (self.overhead or 0)

    def __str__(self) -> str:
        parts = [f"{gib(self.weights)} weights"]
        parts += [f"{gib(self.cache)} cache"] if self.cache else []
        parts += [f"{gib(self.overhead)} measured overhead"] if self.overhead else []
        return parts[0] if len(parts) == 1 else f"{' + '.join(parts)} = {gib(self.total)}"


def gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"


def need_of(model: Model, overhead: int | None = None) -> Need | None:
    """None if its VRAM is unknown."""
    return None if model.vram is None else Need(weights=model.vram, cache=model.kv_cache, overhead=overhead)


# --- what is in memory -------------------------------------------------------------------------------------------


def is_manager(endpoint: Endpoint, status: EndpointStatus | None) -> bool:
    """Does that server choose among several models? A llama.cpp router lists more than one."""
    if endpoint.kind in _MANAGERS:
        return True
    return endpoint.kind is EndpointKind.LLAMA_CPP and status is not None and len(status.available or ()) > 1


def holds(fleet: Fleet, snapshot: Snapshot, model: Model) -> bool | None:
    """Is the model in its endpoint's memory, or on its way there? None: it cannot be told."""
    endpoint, status = fleet.endpoints[model.endpoint], snapshot.status.get(model.endpoint)
    seen = _last_seen(snapshot, endpoint.name)
    if seen is HealthState.UNKNOWN:
        return None
    if seen not in _ALIVE:
        return False
    if not is_manager(endpoint, status):
        return True
    return None if status is None else any(same_id(model.id, each.id) for each in status.loaded)


def _last_seen(snapshot: Snapshot, endpoint: str) -> HealthState:
    """As last probed: a server whose breaker is open holds its memory all the same."""
    health = snapshot.health.get(endpoint, Health())
    return health.state if health.probed is None else health.probed


def same_id(wanted: str, told: str) -> bool:
    """Ollama lists `qwen3` as `qwen3:latest`."""
    return told == wanted or told == f"{wanted}:latest" or wanted == f"{told}:latest"


def occupied(fleet: Fleet, snapshot: Snapshot, endpoint: str) -> bool:
    """Does that endpoint hold any model now?"""
    status = snapshot.status.get(endpoint)
    alive = _last_seen(snapshot, endpoint) in _ALIVE
    if is_manager(fleet.endpoints[endpoint], status):
        return alive and status is not None and any(each.state != "sleeping" for each in status.loaded)
    return alive


def asleep(fleet: Fleet, snapshot: Snapshot, endpoint: str) -> bool:
    """Is it a member of an exclusive group that a request may wake: stopped on purpose, or being loaded right now?"""
    place = fleet.endpoints[endpoint]
    if place.group is None or place.service is None:
        return False
    if any(group.loading == endpoint for group in snapshot.groups):
        return True
    health = snapshot.health.get(endpoint, Health())
    if health.breaker.state is not BreakerState.CLOSED:
        return False
    state = next((s.state for s in snapshot.services if s.name == place.service), None)
    return state in (ServiceState.INACTIVE, ServiceState.STOPPING)


def is_here(endpoint: Endpoint) -> bool:
    """Does it run on this machine, whose memory is sampled?"""
    host = (urlsplit(endpoint.url).hostname or "").lower()
    return host in ("localhost", "::1") or host.startswith("127.")


def members(fleet: Fleet, group: str) -> tuple[str, ...]:
    return tuple(name for name, endpoint in fleet.endpoints.items() if endpoint.group == group)


# --- may it be loaded now ----------------------------------------------------------------------------------------


def free_vram(host: HostSample | None) -> int | None:
    """Of all GPUs together, because servers split a model over them; None if any of them does not say."""
    free = [gpu.vram_free for gpu in host.gpus] if host is not None else []
    known = [each for each in free if each is not None]
    return sum(known) if known and len(known) == len(free) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The arithmetic before a load: what it needs, what is free, and who gives back how much to make room."""

    model: str
    need: Need
    free: int
    given_back: tuple[tuple[str, int], ...] = ()

    @property
    def have(self) -> int:
        return self.free + sum(size for _, size in self.given_back)

    @property
    def fits(self) -> bool:
        return self.need.total <= self.have

    def __str__(self) -> str:
        back = "".join(f" + {gib(size)} given back by {name}" for name, size in self.given_back)
        total = f" = {gib(self.have)}" if self.given_back else ""
        return f"{self.model} needs {self.need}; free are {gib(self.free)}{back}{total}"


def admission(fleet: Fleet, snapshot: Snapshot, model: Model) -> Admission | None:
    """For a model that would have to be loaded; None if it is in memory already, or a figure is not known."""
    need = need_of(model, snapshot.vram_overhead.get(model.name))
    free = free_vram(snapshot.host)
    if need is None or free is None or fleet.locality_of(model) is not Locality.LOCAL:
        return None
    if not is_here(fleet.endpoints[model.endpoint]):
        return None  # another machine's memory is not known
    if holds(fleet, snapshot, model) is not False or _on_its_way(snapshot, model):
        return None
    return Admission(model=model.name, need=need, free=free, given_back=tuple(_given_back(fleet, snapshot, model)))


def cannot_fit(fleet: Fleet, snapshot: Snapshot, model: Model) -> str | None:
    """The arithmetic, if loading the model cannot work now; None if it can, is loaded, or is not known."""
    found = admission(fleet, snapshot, model)
    return None if found is None or found.fits else str(found)


def _on_its_way(snapshot: Snapshot, model: Model) -> bool:
    return any(group.loading == model.endpoint for group in snapshot.groups)


def _given_back(fleet: Fleet, snapshot: Snapshot, model: Model) -> Iterable[tuple[str, int]]:
    """What making room frees: the other members of the group, and what a manager of models evicts by itself."""
    here = fleet.endpoints[model.endpoint]
    if is_manager(here, snapshot.status.get(here.name)):
        size = _held(fleet, snapshot, here.name)
        if size:
            yield here.name, size
    for other in members(fleet, here.group) if here.group is not None else ():
        size = _held(fleet, snapshot, other) if other != here.name and occupied(fleet, snapshot, other) else 0
        if size:
            yield other, size


def _held(fleet: Fleet, snapshot: Snapshot, endpoint: str) -> int:
    """VRAM of what an endpoint holds: as it tells, else as the cards of the models that it holds say."""
    status = snapshot.status.get(endpoint)
    told = [each.vram for each in status.loaded if each.vram is not None] if status is not None else []
    if told:
        return sum(told)
    cards = [m for m in fleet.models.values() if m.endpoint == endpoint and holds(fleet, snapshot, m)]
    sizes = [need.total for m in cards if (need := need_of(m, snapshot.vram_overhead.get(m.name))) is not None]
    # A server of one model may stand under several names: it holds the largest of them once.
    return max(sizes, default=0) if status is None or len(status.loaded) <= 1 else sum(sizes)


# --- what fits ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Models together in one memory. `have` is the whole of it, not what happens to be free now."""

    models: tuple[str, ...]
    need: int | None
    have: int | None
    word: str
    why: str


def word_for(need: int, have: int) -> str:
    """Document 003's words: up to half of the memory is comfortable, up to two thirds OK, up to all of it tight."""
    if need * 2 <= have:
        return COMFORTABLE
    if need * 3 <= have * 2:
        return OK
    return TIGHT if need <= have else TOO_LARGE


def what_fits(fleet: Fleet, snapshot: Snapshot) -> tuple[Fit, ...]:
    """Every model of this machine alone, then every two of them together, in the fleet's order."""
    local = [m for m in fleet.models.values() if _is_ours(fleet, m)]
    alone = [_fit(fleet, snapshot, (model,)) for model in local]
    return (*alone, *(_fit(fleet, snapshot, pair) for pair in combinations(local, 2)))


def _is_ours(fleet: Fleet, model: Model) -> bool:
    near = fleet.locality_of(model) is Locality.LOCAL and is_here(fleet.endpoints[model.endpoint])
    return near and model.retired is None


def _fit(fleet: Fleet, snapshot: Snapshot, models: Sequence[Model]) -> Fit:
    names = tuple(model.name for model in models)
    needs = [_memory_need(model, snapshot) for model in models]
    unknown = [name for name, need in zip(names, needs, strict=True) if need is None]
    if unknown:
        why = f"neither vram nor ram of {' and '.join(unknown)} is known"
        return Fit(models=names, need=None, have=None, word=UNKNOWN, why=why)
    words = [_in_one(pool, needs, snapshot) for pool in ("VRAM", "RAM")]
    found = [each for each in words if each is not None]
    worst = max(found, key=lambda each: _WORST.index(each[0]))
    return Fit(models=names, need=worst[1], have=worst[2], word=worst[0], why=worst[3] + _excluded(fleet, models))


_WORST = (COMFORTABLE, OK, TIGHT, UNKNOWN, TOO_LARGE)


def _memory_need(model: Model, snapshot: Snapshot) -> tuple[str, int] | None:
    """Which memory it takes, and how much: a model with a `ram` figure and no `vram` runs on the CPU."""
    need = need_of(model, snapshot.vram_overhead.get(model.name))
    if need is not None:
        return "VRAM", need.total
    return None if model.ram is None else ("RAM", model.ram + (model.kv_cache or 0))


def _in_one(
    pool: str, needs: Sequence[tuple[str, int] | None], snapshot: Snapshot
) -> tuple[str, int, int | None, str] | None:
    need = sum(each[1] for each in needs if each is not None and each[0] == pool)
    if not need:
        return None
    have = _total(pool, snapshot.host)
    if have is None:
        return UNKNOWN, need, None, f"needs {gib(need)} of {pool}, and how much there is, is not known"
    return word_for(need, have), need, have, f"{gib(need)} of {gib(have)} {pool} ({need * 100 // have} %)"


def _total(pool: str, host: HostSample | None) -> int | None:
    if host is None:
        return None
    if pool == "RAM":
        return host.ram_total
    sizes = [gpu.vram_total for gpu in host.gpus]
    known = [size for size in sizes if size is not None]
    return sum(known) if known and len(known) == len(sizes) else None


def _excluded(fleet: Fleet, models: Sequence[Model]) -> str:
    groups = [fleet.endpoints[m.endpoint].group for m in models]
    apart = len({m.endpoint for m in models}) > 1
    shared = apart and len(groups) > 1 and groups[0] is not None and len(set(groups)) == 1
    return f"; never both: group {groups[0]} holds one at a time" if shared else ""
