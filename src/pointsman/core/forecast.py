"""When is the next threshold of a budget reached, if it goes on as now? Pure; integers up to the last division.

The present rate is that of the samples seen lately; without them, the average of the window so far. A rolling window
has no such average: what was spent at its start drops out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pointsman.core.fleet import Band
from pointsman.core.usage import Usage

LEAST_S = 60.0  # seconds of history below which there is no rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`at` percent, the threshold ahead, is reached at `when`. `when` None: not before the window ends, or never."""

    at: int
    name: str
    when: float | None  # Unix seconds


def forecast(
    usage: Usage, bands: Iterable[Band], now: float, samples: Sequence[tuple[float, int]] = ()
) -> Forecast | None:
    """`samples` are (Unix seconds, used) of this budget, oldest first. None: no threshold ahead, or no rate known."""
    ahead = min((band for band in bands if not usage.reached(band.at)), key=lambda band: band.at, default=None)
    rate = _rate(usage, now, samples)
    if ahead is None or rate is None:
        return None
    missing = -(-usage.limit * ahead.at // 100) - usage.used
    grown, seconds = rate
    when = None if grown <= 0 else now + missing * seconds / grown
    if when is not None and usage.resets_at is not None and when >= usage.resets_at:
        when = None
    return Forecast(at=ahead.at, name=ahead.name, when=when)


def _rate(usage: Usage, now: float, samples: Sequence[tuple[float, int]]) -> tuple[int, float] | None:
    """(growth, seconds it took). A sample that was higher than a later one belongs to a window that has ended."""
    lately = _since_reset(samples)
    if lately and now - lately[0][0] >= LEAST_S:
        return usage.used - lately[0][1], now - lately[0][0]
    fixed = usage.resets_at is not None and usage.window_start > 0
    elapsed = now - usage.window_start
    return (usage.spent, elapsed) if fixed and elapsed >= LEAST_S else None


def _since_reset(samples: Sequence[tuple[float, int]]) -> Sequence[tuple[float, int]]:
    start = 0
    for place in range(1, len(samples)):
        if samples[place][1] < samples[place - 1][1]:
            start = place
    return samples[start:]
