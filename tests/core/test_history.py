"""Figures over time, bounded."""

from __future__ import annotations

from pointsman.core.history import History, Point


def test_fifteen_minutes_by_the_second_then_ten_seconds_for_six_hours() -> None:
    history = History()
    for second in range(30_000):
        history.add(float(second), float(second))
    fine, coarse = history.last(900, 29_999.0), history.last(21_600, 29_999.0)
    assert len(fine) == 900 and fine[-1] == Point(29_999.0, 29_999.0)
    assert len(coarse) == 2_160 and coarse[-1] == Point(29_990.0, 29_994.5)
    assert len(history._fine.points) == 900 and len(history._coarse.points) == 2_160


def test_what_comes_within_one_step_is_averaged_and_unknown_is_never_zero() -> None:
    history = History()
    for at, value in ((10.0, None), (10.2, 4.0), (10.7, 8.0), (11.1, None)):
        history.add(at, value)
    assert history.last(900, 12.0) == (Point(10.0, 6.0), Point(11.0, None))


def test_a_gap_stays_a_gap_and_only_the_asked_span_is_given() -> None:
    history = History()
    for at in (100.0, 101.0, 160.0):
        history.add(at, 1.0)
    assert [point.at for point in history.last(900, 160.0)] == [100.0, 101.0, 160.0]
    assert [point.at for point in history.last(60, 161.0)] == [160.0]


def test_a_clock_set_back_ends_what_was_later() -> None:
    history = History()
    for at in (100.0, 110.0, 120.0, 105.0):
        history.add(at, at)
    assert [point.at for point in history.last(900, 105.0)] == [100.0, 105.0]
    assert history.newest == 105.0


def test_nothing_was_seen() -> None:
    assert History().last(900, 1.0) == () and History().newest is None
