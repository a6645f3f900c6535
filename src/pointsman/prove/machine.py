"""How fast this machine is just now, so that a limit in time also holds on a slow or busy one, and still means much."""

from __future__ import annotations

import json
import time

_EVENT = '{"choices":[{"delta":{"content":"x"}}]}'
_EVENTS, _EVENT_S = 1_000, 1.5e-6  # seconds for one of them, where docs/promises.md was measured


def slowness() -> float:
    """How many times longer the same work takes here, in seconds of CPU, than where the promises were measured; at
    least 1."""
    return max(1.0, min(_work()[1] for _ in range(5)) / (_EVENTS * _EVENT_S))


def crowding() -> float:
    """How many times longer work takes than its own CPU time, because others use the cores; at least 1."""
    done = [_work() for _ in range(40)]  # longer than a turn of the scheduler
    return max(1.0, sum(wall for wall, _ in done) / max(sum(cpu for _, cpu in done), 1e-9))


def _work() -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.thread_time()
    for _ in range(_EVENTS):
        json.loads(_EVENT)
    return time.perf_counter() - wall, time.thread_time() - cpu
