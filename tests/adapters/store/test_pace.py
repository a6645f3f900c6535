"""A long look at the audit leaves most of a core to others, says how far it is, and ends when the program does."""

from __future__ import annotations

import itertools

import pytest

from pointsman.adapters.store import chain_watch
from pointsman.adapters.store.pace import PIECE, QUICK, Abandoned, Pace
from pointsman.core.audit import AuditState


def test_it_rests_as_long_as_it_worked_and_four_times_as_long_once_it_is_a_long_look() -> None:
    rests: list[float] = []
    clock = itertools.count()  # each piece is a second's work
    pace = Pace(lambda _: None, work=lambda: float(next(clock)), rest=lambda s: bool(rests.append(s)))
    lines = range(QUICK + 2 * PIECE)
    assert list(pace(lines, 0)) == list(lines)
    assert rests == [1.0] * (QUICK // PIECE) + [4.0] * 2


def test_it_ends_after_the_piece_during_which_it_was_stopped() -> None:
    done: list[int] = []
    pace = Pace(done.append)
    with pytest.raises(Abandoned):
        for line in pace(range(10 * PIECE), 5):
            if line == PIECE:
                pace.stop()
    assert done == [5 + PIECE]


async def test_a_long_first_look_says_how_far_it_is_and_a_later_one_does_not(store, make, monkeypatch) -> None:
    monkeypatch.setattr(chain_watch, "QUICK", 2 * PIECE)
    await store.append([make.line() for _ in range(5 * PIECE)])
    told: list[AuditState] = []
    assert (await store.check_audit(told.append)).lines == 5 * PIECE
    assert [state.checking for state in told] == [2 * PIECE, 4 * PIECE]
    assert str(told[0]) == "being checked, 500 lines so far"
    await store.append([make.line()])
    await store.check_audit(told.append)
    assert len(told) == 2
