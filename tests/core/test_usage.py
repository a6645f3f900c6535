"""Budgets and bands: exact at every edge, in integers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pointsman.core.fleet import Locality, Scope, Tier, Window
from pointsman.core.usage import Usage, announced_band, band_of, covers, fullest, window_bounds
from support.fleets import BANDS, BUDGET, ENDPOINTS, MODELS

LIMIT = 1_000_000


def at(spent: int, reserved: int = 0, limit: int = LIMIT) -> Usage:
    return Usage(budget="b", spent=spent, reserved=reserved, limit=limit)


EDGES = [
    (0, "normal"), (799_999, "normal"), (800_000, "prefer-cheaper"), (899_999, "prefer-cheaper"),
    (900_000, "cheaper-only"), (949_999, "cheaper-only"), (950_000, "background-only"),
    (999_999, "background-only"), (1_000_000, "local-only"), (1_500_000, "local-only"),
]  # fmt: skip


@pytest.mark.parametrize(("spent", "band"), EDGES)
def test_an_edge_belongs_to_the_higher_band(spent: int, band: str) -> None:
    assert band_of(at(spent), BANDS).name == band


def test_what_is_reserved_counts() -> None:
    assert band_of(at(700_000, reserved=100_000), BANDS).at == 80


@pytest.mark.parametrize("limit", [3, 7, 9_999_999_999_999_999, 2**70])
def test_edges_are_exact_for_awkward_limits(limit: int) -> None:
    edge = -(-limit * 80 // 100)
    assert at(edge, limit=limit).reached(80) and not at(edge - 1, limit=limit).reached(80)


def test_a_limit_of_zero_is_always_full() -> None:
    assert at(0, limit=0).reached(100) and at(0, limit=0).percent == 100


def test_the_announced_band_does_not_flap_on_its_edge() -> None:
    band = announced_band(None, at(800_000), BANDS)
    for spent in (799_999, 800_000, 795_000, 790_000, 801_000):
        band = announced_band(band, at(spent), BANDS)
        assert band.at == 80
    assert announced_band(band, at(789_999), BANDS).at == 0


def test_the_fullest_budget_binds() -> None:
    assert fullest([at(10, limit=100), at(3, limit=10), at(2, limit=10)]) == at(3, limit=10)
    assert fullest([]) is None


@pytest.mark.parametrize(
    ("scope", "model", "locality", "counts"),
    [
        (Scope(), "opus", Locality.CLOUD, True),
        (Scope(), "coder", Locality.LOCAL, False),
        (Scope(), "relay", Locality.CLOUD, True),
        (Scope(provider="anthropic"), "opus", Locality.CLOUD, True),
        (Scope(provider="anthropic"), "flash", Locality.CLOUD, False),
        (Scope(tier=Tier.T0), "opus", Locality.CLOUD, True),
        (Scope(tier=Tier.T0), "sonnet", Locality.CLOUD, False),
        (Scope(model="flash"), "flash", Locality.CLOUD, True),
        (Scope(endpoint="gpu"), "coder", Locality.LOCAL, True),
        (Scope(provider="anthropic", tier=Tier.T3), "opus", Locality.CLOUD, False),
    ],
)
def test_what_a_budget_counts(scope: Scope, model: str, locality: Locality, counts: bool) -> None:
    found = next(m for m in MODELS if m.name == model)
    endpoint = next(e for e in ENDPOINTS if e.name == found.endpoint)
    assert covers(replace(BUDGET, scope=scope), found, endpoint, locality) is counts


def when(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("calendar", "start", "end"),
    [
        ("day", "2026-11-21", "2026-11-22"),
        ("week", "2026-11-16", "2026-11-23"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)
def test_calendar_windows(calendar: str, start: str, end: str) -> None:
    assert window_bounds(Window(calendar=calendar), when("2026-11-21T13:14:15")) == (when(start), when(end))


def test_a_december_rolls_into_january_and_a_rolling_window_has_no_end() -> None:
    assert window_bounds(Window(calendar="month"), when("2026-12-31T23:59:59"))[1] == when("2027-01-01")
    assert window_bounds(Window(seconds=18_000), 20_000.0) == (2_000.0, None)
