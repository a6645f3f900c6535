"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pointsman.core.moments import moment

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC).timestamp()
EAST = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("written", "zone", "then"),
    [
        ("90s", UTC, "2026-11-28T11:58:30+00:00"),
        ("2h", UTC, "2026-11-28T10:00:00+00:00"),
        ("7d", EAST, "2026-11-21T12:00:00+00:00"),
        ("9:05", UTC, "2026-11-28T09:05:00+00:00"),
        ("14:30", EAST, "2026-11-28T05:30:00+00:00"),
        ("2026-11-01", EAST, "2026-10-31T15:00:00+00:00"),
        ("2026-11-01T08:00Z", EAST, "2026-11-01T08:00:00+00:00"),
    ],
)
def test_a_moment_is_ago_today_or_a_date_in_the_readers_zone(written, zone, then):
    assert moment(written, NOW, zone) == datetime.fromisoformat(then).timestamp()


@pytest.mark.parametrize("written", ["", "soon", "25:00", "2h ago", "2026-13-01", "9999999h", "-2h"])
def test_anything_else_is_told_with_examples(written):
    with pytest.raises(ValueError, match="2h"):
        moment(written, NOW, UTC)
