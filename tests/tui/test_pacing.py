"""When a reply is drawn on, and when the garbage collector looks at everything."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pointsman.tui.pacing import AT_LEAST, AT_MOST, TYPING, Pace
from pointsman.tui.sweeping import DUE, QUIET, Sweeping


def test_a_reply_is_drawn_at_every_beat_while_nobody_types():
    pace = Pace()
    assert all(pace.beat() for _ in range(10))


def test_the_reply_waits_no_longer_than_its_most_beats_while_keys_keep_coming():
    pace, drawn = Pace(), []
    for _ in range(AT_MOST):
        pace.key()
        drawn.append(pace.beat())
    assert drawn == [False] * (AT_MOST - 1) + [True]


def test_behind_the_echo_of_a_key_the_reply_is_drawn_once_it_waited_its_least_beats():
    pace = Pace()
    for _ in range(AT_LEAST):
        assert not pace.echoed()
        pace.key()
        assert not pace.beat()
    assert pace.echoed()
    assert not pace.echoed()


def test_the_reply_goes_on_at_every_beat_once_the_typing_ended():
    pace = Pace()
    pace.key()
    beats = [pace.beat() for _ in range(TYPING + 1)]
    assert beats[-2:] == [True, True]


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked of the collector, which is left as it was."""
    asked: list[str] = []
    for name in ("freeze", "unfreeze", "collect", "enable", "set_threshold"):
        monkeypatch.setattr(gc, name, lambda *_, name=name: asked.append(name))
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, DUE))
    yield asked


def test_everything_is_looked_at_only_after_a_quiet_while(collected: list[str]):
    sweeping = Sweeping()
    assert not any(sweeping.passed(busy=True) for _ in range(QUIET + 1))
    for _ in range(QUIET - 1):
        assert not sweeping.passed(busy=False)
    sweeping.disturbed()
    swept = [sweeping.passed(busy=False) for _ in range(QUIET)]
    assert swept == [False] * (QUIET - 1) + [True]
    assert collected[-2:] == ["collect", "freeze"]
