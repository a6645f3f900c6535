"""Ids sort as they were made and tell themselves apart at their end."""

from __future__ import annotations

import time

from pointsman.adapters.clock import SystemClock


def test_ids_ascend_even_within_one_millisecond_and_when_the_clock_steps_back(monkeypatch):
    clock = SystemClock()
    moments = iter([5_000, 5_000, 5_000, 4_000, 1, 6_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(moments) * 1_000_000)
    ids = [clock.new_id() for _ in range(6)]
    assert ids == sorted(set(ids))


def test_ids_of_two_processes_sort_by_time(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    earlier = SystemClock().new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_001_000_000)
    assert earlier < SystemClock().new_id()


def test_an_id_is_sixteen_plain_characters_whose_last_six_differ_between_neighbours():
    clock = SystemClock()
    ids = [clock.new_id() for _ in range(50)]
    assert all(len(id) == 16 and id.isalnum() and id == id.lower() for id in ids)
    assert len({id[-6:] for id in ids}) == 50


def test_jitter_stays_between_zero_and_one_and_varies():
    clock = SystemClock()
    figures = {clock.jitter() for _ in range(100)}
    assert len(figures) > 90 and all(0 <= figure < 1 for figure in figures)


def test_clocks_are_the_systems():
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 60
    assert clock.monotonic() <= time.monotonic()
