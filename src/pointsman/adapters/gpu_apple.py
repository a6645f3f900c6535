"""Reads an Apple silicon GPU through `ioreg`, which needs no rights. Its memory is the RAM, and said to be so.

Blocking: run it in a thread. Never used but on Darwin. What `ioreg` does not say is unknown.
"""

from __future__ import annotations

import plistlib
import subprocess
from collections.abc import Callable
from xml.parsers.expat import ExpatError

from pointsman.adapters.lenient import JsonObject, count, name, one_line, record, records
from pointsman.core.snapshot import Gpu

ARGV = ("ioreg", "-a", "-r", "-d", "1", "-c", "IOGPU")  # -a: as a property list
_PATIENCE_S = 2.0
_PROBLEMS = (OSError, subprocess.SubprocessError)

Run = Callable[[tuple[str, ...]], bytes]


def read_apple_gpus(run: Run | None = None) -> tuple[tuple[Gpu, ...], str | None]:
    """(GPUs, note). The sizes of the memory are the caller's to fill: they are the RAM's."""
    try:
        listed = (run or _run)(ARGV)
    except _PROBLEMS as error:
        return (), one_line(f"ioreg could not be run: {type(error).__name__}: {error}")
    gpus = tuple(_gpu(index, entry) for index, entry in enumerate(_entries(listed)))
    return gpus, None if gpus else "ioreg lists no GPU"


def _run(argv: tuple[str, ...]) -> bytes:
    return subprocess.run(argv, capture_output=True, timeout=_PATIENCE_S, check=True, stdin=subprocess.DEVNULL).stdout


def _entries(listed: bytes) -> tuple[JsonObject, ...]:
    try:
        return records(plistlib.loads(listed))
    except (plistlib.InvalidFileException, ExpatError, ValueError, KeyError, AttributeError, TypeError):
        return ()  # no property list, or a broken one: plistlib has no one error for that


def _gpu(index: int, entry: JsonObject) -> Gpu:
    told = record(entry.get("PerformanceStatistics"))
    model = entry.get("model")
    called = model.rstrip(b"\0").decode("utf-8", "replace") if isinstance(model, bytes) else name(model)
    return Gpu(
        index=index,
        name=one_line(called, 120) if called else "Apple GPU",
        vram_used=count(told.get("In use system memory")),
        utilization=count(told.get("Device Utilization %")),
        unified=True,
    )
