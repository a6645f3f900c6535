"""Figures over time in bounded memory: every second for 15 minutes, every 10 for 6 hours. No clock of its own."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FINE_S, FINE_KEPT_S = 1.0, 900.0
COARSE_S, COARSE_KEPT_S = 10.0, 21_600.0


@dataclass(frozen=True, slots=True)
class Point:
    """A figure at a moment, Unix seconds. None: it was looked for and could not be told."""

    at: float
    value: float | None


@dataclass(slots=True)
class _Ring:
    """One point per step: what comes within the same step is averaged into it."""

    step: float
    kept: float
    points: deque[Point] = field(default_factory=deque)
    _count: int = 0  # values in the newest point

    def add(self, at: float, value: float | None) -> None:
        slot = at - at % self.step
        if self.points and slot < self.points[-1].at:  # the clock was set back: what is later is not true any more
            while self.points and self.points[-1].at > slot:
                self.points.pop()
            self._count = 1
        if self.points and self.points[-1].at == slot:
            self.points[-1] = self._merged(self.points[-1], value)
        else:
            self.points.append(Point(slot, value))
            self._count = 0 if value is None else 1
        while self.points[0].at <= slot - self.kept:
            self.points.popleft()

    def _merged(self, last: Point, value: float | None) -> Point:
        if value is None:
            return last
        self._count = 1 if last.value is None else self._count + 1
        mean = value if last.value is None else last.value + (value - last.value) / self._count
        return Point(last.at, mean)


class History:
    """One metric."""

    __slots__ = ("_coarse", "_fine")

    def __init__(self) -> None:
        self._fine = _Ring(FINE_S, FINE_KEPT_S)
        self._coarse = _Ring(COARSE_S, COARSE_KEPT_S)

    def add(self, at: float, value: float | None) -> None:
        self._fine.add(at, value)
        self._coarse.add(at, value)

    def last(self, seconds: float, now: float) -> tuple[Point, ...]:
        """Oldest first; by the second as far as that is kept, else by ten seconds."""
        ring = self._fine if seconds <= FINE_KEPT_S else self._coarse
        return tuple(point for point in ring.points if now - seconds < point.at <= now)

    @property
    def newest(self) -> float | None:
        """When it was last added to."""
        return self._fine.points[-1].at if self._fine.points else None
