"""What this machine's process table says about a process: its name, who started it, which ports they listen on.

Blocking; one thread uses it. Each process is looked at once in a while, because its files are many: figures of up to
`KEPT_S` ago stand. In a container the driver's pids may not be in the table at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil  # type: ignore[import-untyped]

from pointsman.adapters.lenient import one_line
from pointsman.core.snapshot import GpuProcess

KEPT_S = 15.0
_PROBLEMS = (psutil.Error, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class _Known:
    at: float  # monotonic
    name: str | None
    parents: tuple[int, ...]
    ports: tuple[int, ...]


class ProcessTree:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: dict[tuple[int, float], _Known] = {}

    def described(self, process: GpuProcess) -> GpuProcess:
        """The same with name, parents and ports where the table has it."""
        try:
            found = psutil.Process(process.pid)
            key = (process.pid, float(found.create_time()))  # a pid is used again, but not with that moment
        except _PROBLEMS:
            return process
        now = self._monotonic()
        self._known = {each: known for each, known in self._known.items() if now - known.at < KEPT_S}
        if key not in self._known:
            self._known[key] = _look(found, now)
        known = self._known[key]
        return replace(process, name=known.name, parents=known.parents, ports=known.ports)


def _look(process: psutil.Process, now: float) -> _Known:
    above = _parents(process)
    ports = sorted({port for each in (process, *above) for port in _ports(each)})
    return _Known(now, _name(process), tuple(each.pid for each in above), tuple(ports))


def _name(process: psutil.Process) -> str | None:
    try:
        return one_line(process.name(), 60)
    except _PROBLEMS:
        return None


def _parents(process: psutil.Process) -> list[psutil.Process]:
    """Without the first process, which is above everything."""
    try:
        return [each for each in process.parents() if each.pid > 1]
    except _PROBLEMS:
        return []


def _ports(process: psutil.Process) -> list[int]:
    """Empty also for a process of somebody else, whose sockets are nobody's business."""
    try:
        sockets = process.net_connections(kind="tcp")
    except (*_PROBLEMS, AttributeError):
        return []
    return [socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN and socket.laddr]
