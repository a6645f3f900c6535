"""Budgets in use, and the bands of the degradation curve. Integers only: `spent * 100 >= limit * at`, no rounding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pointsman.core.fleet import Band, Budget, Endpoint, Locality, Model, Window

NORMAL = Band(at=0, name="normal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One budget in its present window. `spent` and `reserved` are in the budget's own unit."""

    budget: str
    spent: int
    limit: int
    reserved: int = 0
    window_start: float = 0.0  # Unix seconds
    resets_at: float | None = None  # None: a rolling window with nothing in it

    @property
    def used(self) -> int:
        """Spent plus reserved: what may already be owed."""
        return self.spent + self.reserved

    @property
    def percent(self) -> int:
        """Whole percent, rounded down, so that 80 is only shown once 80 is reached."""
        return 100 if self.limit <= 0 else self.used * 100 // self.limit

    def reached(self, at: int) -> bool:
        """The edge belongs to the higher band: exactly 80 % is in the 80 band."""
        return self.limit <= 0 or self.used * 100 >= self.limit * at


def band_of(usage: Usage | None, bands: Iterable[Band]) -> Band:
    """The highest band whose threshold is reached; `normal` below all of them or without a budget."""
    if usage is None:
        return NORMAL
    return max((band for band in bands if usage.reached(band.at)), key=lambda band: band.at, default=NORMAL)


def announced_band(old: Band | None, usage: Usage, bands: Iterable[Band]) -> Band:
    """The band to announce: up at its edge at once, down only one whole percent below it, so that it does not flap.

    Routing itself always uses the exact `band_of`.
    """
    exact = band_of(usage, bands)
    if old is None or exact.at >= old.at:
        return exact
    return exact if usage.used * 100 < usage.limit * (old.at - 1) else old


def covers(budget: Budget, model: Model, endpoint: Endpoint, locality: Locality) -> bool:
    """Does a call of this model count against that budget? Without a stated scope: every cloud call does."""
    scope = budget.scope
    stated = (
        (scope.provider, endpoint.provider if locality is endpoint.locality else str(locality)),
        (scope.endpoint, endpoint.name),
        (scope.model, model.name),
        (scope.tier, model.tier),
    )
    if all(wanted is None for wanted, _ in stated):
        return locality is Locality.CLOUD
    return all(wanted is None or wanted == seen for wanted, seen in stated)


def fullest(usages: Iterable[Usage]) -> Usage | None:
    """The usage nearest to its limit, compared by cross-multiplication; the first wins a tie."""
    best: Usage | None = None
    for usage in usages:
        if best is None or usage.used * max(best.limit, 1) > best.used * max(usage.limit, 1):
            best = usage
    return best


def window_bounds(window: Window, now: float) -> tuple[float, float | None]:
    """(start, end) of the window around `now`, Unix seconds UTC; a rolling window has no fixed end."""
    if window.seconds is not None:
        return now - window.seconds, None
    moment = datetime.fromtimestamp(now, UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if window.calendar == "week":
        start = midnight - timedelta(days=midnight.weekday())
        return start.timestamp(), (start + timedelta(days=7)).timestamp()
    if window.calendar == "month":
        start = midnight.replace(day=1)
        return start.timestamp(), (start + timedelta(days=32)).replace(day=1).timestamp()
    return midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()
