"""Samples this machine: RAM, swap, CPU and GPUs. Everything blocking runs in threads, never on the event loop.

At most one GPU reading is under way: a driver that hangs holds that one thread, nothing piles up behind it, and as a
daemon it does not keep the program from ending (an executor's thread would). What cannot be read is None, with a note.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Protocol, TypeVar

import psutil  # type: ignore[import-untyped]

from pointsman.adapters.gpu_nvml import NvmlReader
from pointsman.adapters.gpu_sysfs import SYSFS_ROOT, read_amd_gpus
from pointsman.adapters.lenient import one_line
from pointsman.core.snapshot import Gpu, GpuProcess, HostSample

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
    cpu_percent: float | None = None


class MachineGpus:
    """NVIDIA and AMD cards together, with the processes' names."""

    def __init__(self, sysfs: Path = SYSFS_ROOT) -> None:
        self._nvidia = NvmlReader()
        self._sysfs = sysfs

    def read(self) -> tuple[tuple[Gpu, ...], str | None]:
        nvidia, note = self._nvidia.read()
        amd = read_amd_gpus(self._sysfs)
        # A machine with AMD cards only needs no word on the NVIDIA driver.
        return (*nvidia, *amd), (None if amd and not nvidia else note)

    def close(self) -> None:
        self._nvidia.close()


class LocalHost:
    """`ports.HostProbe` for the machine this runs on."""

    def __init__(
        self,
        *,
        gpus: GpuReader | None = None,
        wall: Callable[[], float] = time.time,
        gpu_patience: float = GPU_PATIENCE,
    ) -> None:
        self._gpus = MachineGpus() if gpus is None else gpus
        self._wall = wall
        self._patience = gpu_patience
        self._reading: Future[_Gpus] | None = None
        self._last = _Gpus()

    async def sample(self) -> HostSample:
        """One sample. A GPU reading still under way is not asked for again: the last one stands, with a note."""
        memory, gpus = await asyncio.gather(asyncio.to_thread(_read_memory), self._sample_gpus())
        return HostSample(
            taken_at=self._wall(),
            ram_total=memory.ram_total,
            ram_used=memory.ram_used,
            swap_used=memory.swap_used,
            cpu_percent=memory.cpu_percent,
            gpus=gpus.gpus,
            gpu_note=gpus.note,
        )

    async def aclose(self) -> None:
        """Lets go of the driver, unless it hangs: then the process's end does."""
        if self._reading is None or self._reading.done():
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

    def _start(self) -> Future[_Gpus]:
        reading: Future[_Gpus] = Future()
        Thread(target=self._read_gpus, args=(reading,), name="gpu", daemon=True).start()
        return reading

    def _read_gpus(self, reading: Future[_Gpus]) -> None:
        found = _Gpus(note="reading the GPUs failed")
        try:
            gpus, note = self._gpus.read()
            found = _Gpus(tuple(_with_names(gpu) for gpu in gpus), note)
        except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
            # A library that does not fit its binding shows in many ways; none is worth more than a word on screen.
            found = _Gpus(note=one_line(f"reading the GPUs failed: {type(error).__name__}: {error}"))
        finally:
            reading.set_result(found)


def _with_names(gpu: Gpu) -> Gpu:
    return replace(gpu, processes=tuple(_named(process) for process in gpu.processes))


def _named(process: GpuProcess) -> GpuProcess:
    """Its name as this machine's process table has it; in a container the driver's pid may not be in there."""
    try:
        return replace(process, name=one_line(psutil.Process(process.pid).name(), 60))
    except (psutil.Error, ValueError, OSError):
        return process


def _read_memory() -> _Memory:
    ram, swap = _guarded(psutil.virtual_memory), _guarded(psutil.swap_memory)
    return _Memory(
        ram_total=None if ram is None else ram.total,
        # What is not available, so that caches the kernel gives back at once do not count as used.
        ram_used=None if ram is None else ram.total - ram.available,
        swap_used=None if swap is None else swap.used,
        cpu_percent=_guarded(psutil.cpu_percent),
    )


def _guarded(read: Callable[[], T]) -> T | None:
    """A reading, or None where the platform or a container hides it."""
    try:
        return read()
    except (psutil.Error, OSError, ValueError, RuntimeError):
        return None
