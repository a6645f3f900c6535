"""Reads NVIDIA GPUs through NVML, the driver's library, by its `pynvml` binding. Blocking: run it in a thread.

Every single reading may fail and is then None; errors are told apart by `.value` only (NVMLError objects can neither be
hashed nor compared, trap T50). Keeps NVML initialised between samples and starts it again when it was lost.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from pointsman.adapters.lenient import one_line
from pointsman.core.snapshot import Gpu, GpuProcess

T = TypeVar("T")
_UNINITIALIZED, _NOT_SUPPORTED, _LIBRARY_NOT_FOUND, _GPU_LOST = 1, 3, 12, 15
_NOTES = {
    9: "the NVIDIA driver is not loaded",
    _LIBRARY_NOT_FOUND: "no NVIDIA driver (libnvidia-ml.so.1 not found)",
    18: "the NVIDIA driver was updated: reboot to read the GPUs again",
}
_DEVICE_NOTES = {
    4: "no permission to read it",
    _GPU_LOST: "GPU is lost (fell off the bus)",
    16: "GPU needs a reset",
}
_MIG_ON = 1
# Bits of the reasons why the clocks are lower than they could be; an idle GPU (bit 0) is not throttled.
_SLOWED = (
    (0x002, "set clocks"),
    (0x004, "power cap"),
    (0x008, "hardware slowdown"),
    (0x010, "synchronised boost"),
    (0x020, "heat (driver)"),
    (0x040, "heat (hardware)"),
    (0x080, "power brake"),
    (0x100, "display clocks"),
)


def _has_driver() -> bool:
    """Where it has not, the binding need not be loaded to say so: it is the largest single module of all."""
    if sys.platform == "win32":
        return True  # the binding knows where to look
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


class NvmlReader:
    """Samples all NVIDIA GPUs. Not thread-safe: one thread owns it."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._ready = False

    def read(self) -> tuple[tuple[Gpu, ...], str | None]:
        """(GPUs, note): the note says why there are none or what could not be read; None when all is well."""
        if self._nvml is None:
            if not _has_driver():
                return (), _NOTES[_LIBRARY_NOT_FOUND]
            self._nvml = importlib.import_module("pynvml")
        try:
            return self._read()
        except self._nvml.NVMLError as error:
            self._ready = False
            if error.value != _UNINITIALIZED:
                return (), self._describe(error)
        try:
            return self._read()
        except self._nvml.NVMLError as error:
            self._ready = False
            return (), self._describe(error)

    def close(self) -> None:
        if self._ready:
            self._ready = False
            self._try(self._nvml.nvmlShutdown)

    def _read(self) -> tuple[tuple[Gpu, ...], str | None]:
        if not self._ready:
            self._nvml.nvmlInit()
            self._ready = True
        gpus: list[Gpu] = []
        notes: list[str] = []
        for index in range(self._nvml.nvmlDeviceGetCount()):
            found, note = self._device(index)
            gpus += found
            if note:
                notes.append(f"GPU {index}: {note}")
        return tuple(gpus), "; ".join(notes) or (None if gpus else "the NVIDIA driver reports no GPU")

    def _device(self, index: int) -> tuple[list[Gpu], str | None]:
        nvml = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError as error:
            if error.value == _UNINITIALIZED:
                raise
            return [], _DEVICE_NOTES.get(error.value) or self._describe(error)
        whole, note = self._gpu(index, handle)
        instances = list(self._mig_instances(index, handle, whole))
        if instances:
            # The instances carry the memory; the card itself would count it twice.
            return instances, None
        return [whole], note

    def _gpu(self, index: int, handle: Any, name: str | None = None) -> tuple[Gpu, str | None]:
        nvml = self._nvml
        memory, note = self._memory(handle)
        utilization = self._try(nvml.nvmlDeviceGetUtilizationRates, handle)
        gpu = Gpu(
            index=index,
            name=name or _text(self._try(nvml.nvmlDeviceGetName, handle)) or f"NVIDIA GPU {index}",
            uuid=_text(self._try(nvml.nvmlDeviceGetUUID, handle)),
            vram_total=_attribute(memory, "total"),
            vram_used=_attribute(memory, "used"),
            vram_free=_attribute(memory, "free"),
            utilization=_attribute(utilization, "gpu"),
            temperature=self._temperature(handle),
            power=_watts(self._try(nvml.nvmlDeviceGetPowerUsage, handle)),
            power_limit=_watts(self._try(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)),
            processes=self._processes(handle),
            clock=self._try(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM),
            clock_max=self._try(nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_SM),
            memory_clock=self._try(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_MEM),
            fan=self._try(nvml.nvmlDeviceGetFanSpeed, handle),
            throttled=self._throttled(handle),
        )
        return gpu, note

    def _memory(self, handle: Any) -> tuple[Any, str | None]:
        nvml = self._nvml
        try:
            return nvml.nvmlDeviceGetMemoryInfo(handle), None
        except nvml.NVMLError as error:
            if error.value == _UNINITIALIZED:
                raise
            if error.value == _NOT_SUPPORTED:
                return None, "does not report memory (unified with the RAM?)"
            return None, _DEVICE_NOTES.get(error.value) or self._describe(error)

    def _temperature(self, handle: Any) -> int | None:
        """The present call, or the one it replaced for drivers that do not have it yet."""
        nvml, sensor = self._nvml, self._nvml.NVML_TEMPERATURE_GPU
        for call in ("nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"):
            read = getattr(nvml, call, None)
            celsius = None if read is None else self._try(read, handle, sensor)
            if celsius is not None:
                return int(celsius)
        return None

    def _throttled(self, handle: Any) -> tuple[str, ...] | None:
        """Under the present name of the call, or the one it replaced."""
        nvml = self._nvml
        for call in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
            read = getattr(nvml, call, None)
            bits = None if read is None else self._try(read, handle)
            if bits is not None:
                return tuple(word for bit, word in _SLOWED if int(bits) & bit)
        return None

    def _processes(self, handle: Any) -> tuple[GpuProcess, ...]:
        nvml = self._nvml
        found: dict[int, int | None] = {}
        for name in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
            listed = self._try(getattr(nvml, name), handle)
            if listed is None:  # drivers before 510 only have the version before
                listed = self._try(getattr(nvml, f"{name}_v2"), handle)
            for process in listed or ():
                found[process.pid] = _larger(found.get(process.pid), process.usedGpuMemory)
        return tuple(GpuProcess(pid=pid, vram=vram) for pid, vram in sorted(found.items()))

    def _mig_instances(self, index: int, handle: Any, card: Gpu) -> Iterator[Gpu]:
        nvml = self._nvml
        mode = self._try(nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or mode[0] != _MIG_ON:
            return
        for slot in range(self._try(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            child = self._try(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, slot)
            if child is not None:
                yield replace(self._gpu(index, child, f"{card.name} MIG {slot}")[0], part_of=card.uuid)

    def _try(self, call: Callable[..., T], *arguments: Any) -> T | None:
        """One guarded reading. A lost NVML is the sample's matter, everything else is this reading's."""
        try:
            return call(*arguments)
        except self._nvml.NVMLError as error:
            if error.value == _UNINITIALIZED and call is not self._nvml.nvmlShutdown:
                raise
            return None
        except self._nvml.NVMLLibraryMismatchError:  # no NVMLError: a driver without this call's latest version
            return None

    def _describe(self, error: Any) -> str:
        return _NOTES.get(error.value) or one_line(f"NVML: {error} (code {error.value})")


def _text(value: object) -> str | None:
    """Names were bytes in old bindings."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return one_line(value, 120) if isinstance(value, str) and value else None


def _attribute(reading: Any, name: str) -> int | None:
    return None if reading is None else int(getattr(reading, name))


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1000


def _larger(known: int | None, seen: int | None) -> int | None:
    """A process that computes and draws is listed twice with the same memory."""
    return seen if known is None else known if seen is None else max(known, seen)
