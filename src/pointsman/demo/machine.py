"""What a simulated machine has: a pace of time, slots with a queue, counters, and a way to wait for a change.

Owns no socket and no protocol. Used from one event loop only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_SHORTEST_SLEEP = 0.001  # seconds; timers are not finer, and a schedule kept by the clock catches up by itself


class Pace:
    """Turns simulated seconds into real ones: at `speed` 10 they pass ten times as fast."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self.speed = speed

    async def wait(self, seconds: float) -> None:
        await self.until(self.now(), seconds)

    async def until(self, started: float, seconds: float) -> None:
        """Returns once `seconds` simulated ones have passed since `started`, so that delays do not add up."""
        left = started + seconds / self.speed - self.now()
        await asyncio.sleep(left if left >= _SHORTEST_SLEEP else 0)

    def now(self) -> float:
        return asyncio.get_running_loop().time()


class Signal:
    """Lets a coroutine wait until something has become true; whoever changes a state pokes."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def poke(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)


class Slots:
    """At most `limit` at once (None: no limit), the others wait in order of arrival."""

    def __init__(self, limit: int | None, signal: Signal) -> None:
        self.limit = limit
        self.running = 0
        self.waiting = 0
        self._signal = signal
        self._gate = None if limit is None else asyncio.Semaphore(limit)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        await self._enter()
        try:
            yield
        finally:
            self.running -= 1
            if self._gate is not None:
                self._gate.release()
            self._signal.poke()

    async def _enter(self) -> None:
        self.waiting += 1
        self._signal.poke()
        try:
            if self._gate is not None:
                await self._gate.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        self._signal.poke()


@dataclass(slots=True)
class Counters:
    """What a server did since it started. Tokens and simulated seconds; a restart begins at zero."""

    calls: int = 0  # inference requests accepted
    prompt_tokens: int = 0  # without cached ones
    cached_tokens: int = 0
    prompt_seconds: float = 0.0
    output_tokens: int = 0
    output_seconds: float = 0.0
    first_token_seconds: float = 0.0
    finished: dict[str, int] = field(default_factory=dict)  # by finish reason

    def finish(self, reason: str) -> None:
        self.finished[reason] = self.finished.get(reason, 0) + 1
