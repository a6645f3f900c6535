"""Two simulated GPUs whose memory follows the models that the simulated servers hold. Everything else stays real."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pointsman.core.snapshot import Gpu, GpuProcess, HostSample
from pointsman.demo.server import SimulatedServer

_GIB = 1 << 30
_NOTE = "GPUs simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    name: str
    vram: int  # bytes
    idle_watts: int
    watts: int


CARDS = (
    Card(name="Simulated H200", vram=139 * _GIB, idle_watts=75, watts=700),
    Card(name="Simulated RTX 5090", vram=32 * _GIB, idle_watts=20, watts=575),
)


@dataclass(slots=True)
class _Load:
    """What is on one card."""

    card: Card
    used: int = 0
    processes: list[GpuProcess] = field(default_factory=list)
    running: int = 0
    slots: int = 0


def gpus(servers: Sequence[SimulatedServer], cards: Sequence[Card] = CARDS) -> tuple[Gpu, ...]:
    """The cards with what the servers hold now. A server's group `gpuN` names its card, else the emptiest takes it."""
    loads = [_Load(card) for card in cards]
    grouped = sorted(servers, key=lambda server: _stated(server, len(cards)) is None)
    for server in grouped:
        held = sum(server.resident().values())
        if held and server.pid is not None:
            _place(loads, server, held, server.pid)
    return tuple(_gpu(index, load) for index, load in enumerate(loads))


def beside(real: HostSample, simulated: Iterable[Gpu]) -> HostSample:
    """The real machine with the simulated cards in place of its own, so that no figure is mistaken for the other."""
    return replace(real, gpus=tuple(simulated), gpu_note=_NOTE)


def _stated(server: SimulatedServer, cards: int) -> int | None:
    group = server.endpoint.group or ""
    digits = group.removeprefix("gpu")
    stated = group.startswith("gpu") and digits.isascii() and digits.isdigit() and int(digits) < cards
    return int(digits) if stated else None


def _place(loads: list[_Load], server: SimulatedServer, held: int, pid: int) -> None:
    stated = _stated(server, len(loads))
    free = [load.card.vram - load.used for load in loads]
    fitting = [index for index, room in enumerate(free) if room >= held]
    tightest = min(fitting, key=lambda index: free[index], default=free.index(max(free)))
    load = loads[tightest if stated is None else stated]
    placed = min(held, load.card.vram - load.used)
    load.used += placed
    load.running += server.running
    load.slots += server.slots.limit or 1
    load.processes.append(GpuProcess(pid=pid, vram=placed, name=server.software, endpoint=server.endpoint.name))


def _gpu(index: int, load: _Load) -> Gpu:
    busy = min(load.running / load.slots, 1.0) if load.slots else 0.0
    percent = round(40 + 55 * busy) if busy else 0
    watts = load.card.idle_watts + (load.card.watts - load.card.idle_watts) * percent / 100
    return Gpu(
        index=index,
        name=load.card.name,
        uuid=f"GPU-simulated-{index}",
        vram_total=load.card.vram,
        vram_used=load.used,
        vram_free=load.card.vram - load.used,
        utilization=percent,
        temperature=38 + percent // 3,
        power=round(watts, 1),
        power_limit=float(load.card.watts),
        processes=tuple(load.processes),
        clock=345 + 16 * percent,
        clock_max=1980,
        fan=30 + percent // 2,
        throttled=(),
    )
