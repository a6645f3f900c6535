"""Samples this machine: RAM, swap, CPU, GPUs and the disks of models. What blocks runs in threads.

At most one GPU reading is under way: a driver that hangs holds that one thread, nothing piles up behind it, and as a
daemon it does not keep the program from ending (an executor's thread would). What cannot be read is None, with a note.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeVar

import psutil  # type: ignore[import-untyped]

from pointsman.adapters.gpu_apple import read_apple_gpus
from pointsman.adapters.gpu_nvml import NvmlReader
from pointsman.adapters.gpu_sysfs import SYSFS_ROOT, read_amd_gpus
from pointsman.adapters.lenient import one_line
from pointsman.adapters.process_tree import ProcessTree
from pointsman.core.snapshot import Disk, Gpu, HostSample

T = TypeVar("T")
GPU_PATIENCE = 1.5  # seconds a sample waits for the GPUs before it uses the last reading


class GpuReader(Protocol):
    """Blocking; never called by two threads at once."""

    def read(self) -> tuple[tuple[Gpu, ...], str | None]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Gpus:
    gpus: tuple[Gpu, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Memory:
    ram_total: int | None = None
    ram_used: int | None = None
    swap_used: int | None = None
    swap_total: int | None = None
    cpu_percent: float | None = None
    cores: tuple[float, ...] = ()
    ram_free: int | None = None
    disks: tuple[Disk, ...] = ()


class MachineGpus:
    """NVIDIA and AMD cards together; on a Mac, Apple's."""

    def __init__(self, sysfs: Path = SYSFS_ROOT, platform: str = sys.platform) -> None:
        self._nvidia = NvmlReader()
        self._sysfs = sysfs
        self._apple = platform == "darwin"

    def read(self) -> tuple[tuple[Gpu, ...], str | None]:
        if self._apple:
            return read_apple_gpus()
        nvidia, note = self._nvidia.read()
        amd = read_amd_gpus(self._sysfs)
        # A machine with AMD cards only needs no word on the NVIDIA driver.
        return (*nvidia, *amd), (None if amd and not nvidia else note)

    def close(self) -> None:
        self._nvidia.close()


class CpuMeter:
    """Busy share of each core between two readings. Its own, because psutil's remembers per thread, and here each may
    be another thread's. The first one looks for a moment, so that there is something to compare."""

    def __init__(self, first_look: float = 0.1) -> None:
        self._first_look = first_look  # seconds
        self._last: list[tuple[float, float]] = []

    def read(self) -> tuple[float, ...]:
        """Percent; empty where it cannot be told."""
        if not self._last:
            self._last = _core_times()
            time.sleep(self._first_look)
        before, self._last = self._last, _core_times()
        if len(before) != len(self._last):  # a core was taken away or added
            return ()
        return tuple(_share(*pair) for pair in zip(before, self._last, strict=True))


def _core_times() -> list[tuple[float, float]]:
    """(busy, all) seconds of each core since the machine started."""
    listed = _guarded(lambda: psutil.cpu_times(percpu=True)) or []
    return [_busy_and_all(core) for core in listed]


def _busy_and_all(core: Any) -> tuple[float, float]:
    """Time of guests is in `user` already."""
    passed = sum(core) - getattr(core, "guest", 0.0) - getattr(core, "guest_nice", 0.0)
    return passed - core.idle - getattr(core, "iowait", 0.0), passed


def _share(before: tuple[float, float], now: tuple[float, float]) -> float:
    busy, passed = now[0] - before[0], now[1] - before[1]
    return 100.0 * min(max(busy / passed, 0.0), 1.0) if passed > 0 else 0.0


class LocalHost:
    """`ports.HostProbe` for the machine this runs on."""

    def __init__(
        self,
        *,
        gpus: GpuReader | None = None,
        wall: Callable[[], float] = time.time,
        gpu_patience: float = GPU_PATIENCE,
        model_dirs: Sequence[str] = (),
    ) -> None:
        self._gpus = MachineGpus() if gpus is None else gpus
        self._model_dirs = tuple(model_dirs)
        self._tree = ProcessTree()
        self._cpu = CpuMeter()
        self._wall = wall
        self._patience = gpu_patience
        self._asked: SimpleQueue[Future[_Gpus] | None] | None = None  # what the GPUs' thread is to answer; None: end
        self._reader: Thread | None = None
        self._reading: Future[_Gpus] | None = None
        self._last = _Gpus()

    async def sample(self) -> HostSample:
        """One sample. A GPU reading still under way is not asked for again: the last one stands, with a note."""
        memory, gpus = await asyncio.gather(
            asyncio.to_thread(_read_memory, self._model_dirs, self._cpu), self._sample_gpus()
        )
        return HostSample(
            taken_at=self._wall(),
            ram_total=memory.ram_total,
            ram_used=memory.ram_used,
            swap_used=memory.swap_used,
            swap_total=memory.swap_total,
            cpu_percent=memory.cpu_percent,
            cores=memory.cores,
            disks=memory.disks,
            gpus=tuple(_with_ram(gpu, memory) for gpu in gpus.gpus),
            gpu_note=gpus.note,
        )

    async def aclose(self) -> None:
        """Lets go of the driver, unless it hangs: then the process's end does."""
        if self._asked is not None:
            self._asked.put(None)
        if self._reading is None or self._reading.done():
            if self._reader is not None:
                await asyncio.to_thread(self._reader.join, self._patience)
            await asyncio.to_thread(self._gpus.close)

    async def _sample_gpus(self) -> _Gpus:
        if self._reading is None:
            self._reading = self._start()
            await asyncio.wait([asyncio.wrap_future(self._reading)], timeout=self._patience)
        return self._collect()

    def _collect(self) -> _Gpus:
        if self._reading is not None and not self._reading.done():
            return _Gpus(self._last.gpus, "the GPU driver has not answered yet; last readings shown")
        if self._reading is not None:
            self._last, self._reading = self._reading.result(), None
        return self._last

    def _described(self, gpu: Gpu) -> Gpu:
        return replace(gpu, processes=tuple(self._tree.described(process) for process in gpu.processes))

    def _start(self) -> Future[_Gpus]:
        if self._asked is None:
            self._asked = SimpleQueue()
            self._reader = Thread(target=self._answer, args=(self._asked,), name="gpu", daemon=True)
            self._reader.start()
        reading: Future[_Gpus] = Future()
        self._asked.put(reading)
        return reading

    def _answer(self, asked: SimpleQueue[Future[_Gpus] | None]) -> None:
        while (reading := asked.get()) is not None:
            self._read_gpus(reading)

    def _read_gpus(self, reading: Future[_Gpus]) -> None:
        found = _Gpus(note="reading the GPUs failed")
        try:
            gpus, note = self._gpus.read()
            found = _Gpus(tuple(self._described(gpu) for gpu in gpus), note)
        except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
            # A library that does not fit its binding shows in many ways; none is worth more than a word on screen.
            found = _Gpus(note=one_line(f"reading the GPUs failed: {type(error).__name__}: {error}"))
        finally:
            reading.set_result(found)


def _with_ram(gpu: Gpu, memory: _Memory) -> Gpu:
    """A GPU without memory of its own has the RAM's: all of it as the total, what nobody uses as free."""
    return replace(gpu, vram_total=memory.ram_total, vram_free=memory.ram_free) if gpu.unified else gpu


def _read_memory(model_dirs: Sequence[str], cpu: CpuMeter) -> _Memory:
    ram, swap = _guarded(psutil.virtual_memory), _guarded(psutil.swap_memory)
    cores = cpu.read()
    return _Memory(
        ram_total=None if ram is None else ram.total,
        # What is not available, so that caches the kernel gives back at once do not count as used.
        ram_used=None if ram is None else ram.total - ram.available,
        ram_free=None if ram is None else ram.available,
        swap_used=None if swap is None else swap.used,
        swap_total=None if swap is None else swap.total,
        cpu_percent=sum(cores) / len(cores) if cores else None,
        cores=cores,
        disks=tuple(_disk(path) for path in model_dirs),
    )


def _disk(path: str) -> Disk:
    try:
        usage = psutil.disk_usage(str(Path(path).expanduser()))
    except (OSError, RuntimeError) as error:  # RuntimeError: a home that cannot be told
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Disk(path=path, note=one_line(f"cannot be read: {reason}"))
    return Disk(path=path, total=usage.total, free=usage.free)


def _guarded(read: Callable[[], T]) -> T | None:
    """A reading, or None where the platform or a container hides it."""
    try:
        return read()
    except (psutil.Error, OSError, ValueError, RuntimeError):
        return None
