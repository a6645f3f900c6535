"""When the next threshold is reached, at the present rate."""

from __future__ import annotations

import pytest

from pointsman.core.fleet import Band
from pointsman.core.forecast import Forecast, forecast
from pointsman.core.usage import Usage

BANDS = (Band(at=80, name="cheap"), Band(at=95, name="local"))
HOUR = 3600.0


def usage(spent: int, *, start: float = 0.0, resets: float | None = None) -> Usage:
    return Usage(budget="b", spent=spent, limit=1000, window_start=start, resets_at=resets)


@pytest.mark.parametrize(
    ("spent", "samples", "resets", "expected"),
    [
        (500, [(0.0, 400)], None, Forecast(at=80, name="cheap", when=4 * HOUR)),  # 100 an hour, 300 missing
        (800, [(0.0, 700)], None, Forecast(at=95, name="local", when=2.5 * HOUR)),  # the edge is already reached
        (500, [(0.0, 500)], None, Forecast(at=80, name="cheap", when=None)),  # nothing is spent
        (500, [(0.0, 900), (60.0, 10)], None, Forecast(at=80, name="cheap", when=HOUR + 300 * (HOUR - 60) / 490)),
        (500, [(HOUR - 59, 400)], None, None),  # too short to know a rate
        (500, [], None, None),
        (950, [(0.0, 400)], None, None),  # no threshold ahead
        (500, [(0.0, 400)], 3 * HOUR, Forecast(at=80, name="cheap", when=None)),  # the window ends before
    ],
)
def test_the_rate_of_the_samples_leads_to_the_next_threshold(
    spent: int, samples: list[tuple[float, int]], resets: float | None, expected: Forecast | None
) -> None:
    assert forecast(usage(spent, resets=resets), BANDS, HOUR, samples) == expected


def test_a_calendar_window_has_an_average_before_there_are_samples() -> None:
    known = usage(400, start=1.0, resets=100 * HOUR)
    assert forecast(known, BANDS, 1.0 + HOUR) == Forecast(at=80, name="cheap", when=1.0 + 2 * HOUR)
    assert forecast(known, BANDS, 30.0) is None
