"""Machines in words: memory with document 003's word for it, GPUs with what slows them and who uses them, disks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pointsman.core.plain_text import one_line
from pointsman.core.pressure import pressures
from pointsman.core.snapshot import Gpu, GpuProcess, HostSample, Snapshot
from pointsman.verbs import documents, figures, say


def host_document(host: HostSample | None) -> dict[str, Any] | None:
    """The sample, with the word for each of its memories."""
    if host is None:
        return None
    told = [{**documents.values(each), "percent": each.percent} for each in pressures(host)]
    return {**documents.values(host), "pressure": told}


def show_machines(snapshot: Snapshot) -> None:
    if snapshot.host is not None:
        say.data("")
        _show(snapshot.host)
    for name, host in snapshot.hosts.items():
        say.data("")
        say.data(f"machine {one_line(name)}:")
        _show(host)


def _show(host: HostSample) -> None:
    words = {each.what: each.word for each in pressures(host)}
    cpu = figures.number(host.cpu_percent, " %")
    swap = "" if not host.swap_total else f" · swap {figures.size(host.swap_used)} of {figures.size(host.swap_total)}"
    memory = f"{figures.size(host.ram_used)} of {figures.size(host.ram_total)}"
    say.data(f"RAM {memory}, {words['RAM']} · CPU {cpu}{swap}")
    for gpu in host.gpus:
        say.data(_gpu(gpu, words.get(f"GPU {gpu.index}")))
        for process in gpu.processes:
            say.data(f"  {_process(process)}")
    for disk in host.disks:
        free = disk.note or f"{figures.size(disk.free)} of {figures.size(disk.total)} free"
        say.data(f"disk {one_line(disk.path)}: {free}")
    for note in (host.gpu_note and f"GPU: {host.gpu_note}", host.note):
        if note:
            say.data(one_line(note))


def _gpu(gpu: Gpu, word: str | None) -> str:
    memory = f"{figures.size(gpu.vram_used)} of {figures.size(gpu.vram_total)}"
    parts = [memory + (" (the RAM)" if gpu.unified else f", {word}" if word else ""), f"{_whole(gpu.utilization)} %"]
    parts += list(_told(gpu))
    return f"GPU {gpu.index} {one_line(gpu.name)}: {' · '.join(parts)}"


def _told(gpu: Gpu) -> Iterable[str]:
    """Only what is known: most cards leave something out."""
    if gpu.temperature is not None:
        yield f"{gpu.temperature} °C"
    if gpu.power is not None:
        yield f"{gpu.power:.0f} W" + ("" if gpu.power_limit is None else f" of {gpu.power_limit:.0f} W")
    if gpu.clock is not None:
        yield f"{gpu.clock} MHz"
    if gpu.fan is not None:
        yield f"fan {gpu.fan} %"
    if gpu.throttled:
        yield f"slowed by {', '.join(gpu.throttled)}"


def _process(process: GpuProcess) -> str:
    whose = " / ".join(each for each in (process.endpoint, process.model) if each) or "not of an endpoint"
    return f"{process.pid} {one_line(process.name or '?')}: {figures.size(process.vram)}, {one_line(whose)}"


def _whole(figure: int | None) -> str:
    return figures.UNKNOWN if figure is None else str(figure)
