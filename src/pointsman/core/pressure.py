"""How full a machine's memories are, in document 003's words: comfortable, OK, tight. Pure arithmetic on one sample.

The thresholds are `core.memory`'s, which reproduce the document's table of a 36 GB machine; nothing is named by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.memory import TIGHT, TOO_LARGE, UNKNOWN, gib, word_for
from pointsman.core.snapshot import Disk, Gpu, HostSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """One memory. Bytes; `word` is unknown where a figure is missing."""

    what: str  # RAM, swap, GPU 0, disk /models
    used: int | None
    total: int | None
    word: str

    @property
    def percent(self) -> float | None:
        return None if self.used is None or not self.total else 100.0 * self.used / self.total

    def __str__(self) -> str:
        if self.used is None or self.total is None:
            return f"{self.what}: {self.word}"
        return f"{self.what}: {self.word}, {gib(self.used)} of {gib(self.total)}"


def for_load(need: int, free: int) -> str:
    """The word for loading `need` bytes where `free` are free: what is needed against what there is."""
    return word_for(need, free)


def pressures(host: HostSample) -> tuple[Pressure, ...]:
    """RAM, swap where there is some, every GPU with a memory of its own, every disk of models."""
    found = [_pressure("RAM", host.ram_used, host.ram_total)]
    if host.swap_total:
        found.append(_pressure("swap", host.swap_used, host.swap_total))
    found += [_of_gpu(gpu) for gpu in host.gpus if not gpu.unified]
    found += [_of_disk(disk) for disk in host.disks]
    return tuple(found)


def worst(host: HostSample) -> Pressure | None:
    """The fullest memory that a model could be loaded into, by share; None if nothing is known."""
    memories = [_pressure("RAM", host.ram_used, host.ram_total), *(_of_gpu(g) for g in host.gpus if not g.unified)]
    known = [(each.percent, each) for each in memories if each.percent is not None]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def _pressure(what: str, used: int | None, total: int | None) -> Pressure:
    if used is None or not total:
        return Pressure(what=what, used=used, total=total, word=UNKNOWN)
    word = word_for(used, total)
    # A memory that is full is as tight as it gets: "does not fit" is for what is still to be loaded.
    return Pressure(what=what, used=used, total=total, word=TIGHT if word == TOO_LARGE else word)


def _of_gpu(gpu: Gpu) -> Pressure:
    return _pressure(f"GPU {gpu.index}", gpu.vram_used, gpu.vram_total)


def _of_disk(disk: Disk) -> Pressure:
    used = None if disk.total is None or disk.free is None else disk.total - disk.free
    return _pressure(f"disk {disk.path}", used, disk.total)
