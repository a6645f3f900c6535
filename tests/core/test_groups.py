"""The scheduler of an exclusive group: a table of situations, and every order of events as a property."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.groups import (
    Admit,
    GroupLimits,
    GroupState,
    Hold,
    Swap,
    Waiter,
    admitted,
    ask,
    began,
    failed,
    left,
    next_step,
    seen,
    swapped,
)
from support.soak import SOAK

LIMITS = GroupLimits(residency_s=10.0, queue=4)


def waiter(name: str, member: str, since: float = 0.0) -> Waiter:
    return Waiter(id=name, member=member, model=f"{member}-model", since=since)


def queued(*waiters: Waiter, **more: object) -> GroupState:
    return GroupState(name="gpu0", queue=waiters, **more)  # type: ignore[arg-type]


A1, A2, B1, B2 = (waiter(name, name[0]) for name in ("a1", "a2", "b1", "b2"))
AT_A = {"loaded": frozenset({"a"})}


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        (queued(), 0.0, Hold(why="nobody waits")),
        (queued(A1), 0.0, Swap(waiter=A1, out=frozenset())),
        (queued(A1, **AT_A), 0.0, Admit(waiters=(A1,))),
        (queued(A1, A2, **AT_A), 0.0, Admit(waiters=(A1, A2))),
        (queued(B1, **AT_A), 0.0, Swap(waiter=B1, out=frozenset({"a"}))),
        # nobody's stream is cut
        (queued(B1, active=(("x", "a"),), **AT_A), 0.0, Hold(why="a is still answering")),
        # a model that was just loaded stays for a while, and requests for it ride along meanwhile
        (queued(B1, loaded_at=95.0, **AT_A), 100.0, Hold(why="a was only just loaded", until=105.0)),
        (queued(B1, A1, loaded_at=95.0, **AT_A), 100.0, Admit(waiters=(A1,))),
        # after that the longest waiter goes first: those behind it do not overtake
        (queued(B1, A1, loaded_at=80.0, **AT_A), 100.0, Swap(waiter=B1, out=frozenset({"a"}))),
        (queued(B1, A1, loaded_at=80.0, active=(("x", "a"),), **AT_A), 100.0, Hold(why="a is still answering")),
        # a swap is never begun during another
        (queued(A1, swapping_to="b"), 0.0, Hold(why="loading b")),
        # two that were loaded by others are both used as they are
        (queued(B1, A1, loaded=frozenset({"a", "b"})), 0.0, Admit(waiters=(B1, A1))),
    ],
)
def test_the_next_step(state: GroupState, now: float, expected: object) -> None:
    assert next_step(state, now, LIMITS) == expected


def test_a_full_queue_takes_nobody() -> None:
    full = queued(A1, A2, B1, B2)
    assert ask(full, waiter("c1", "c"), LIMITS) is None
    assert full.position("b1") == 3 and full.position("c1") is None


def test_whoever_leaves_frees_their_place_and_a_failed_load_sends_all_its_waiters_away() -> None:
    state = queued(A1, B1, A2)
    assert left(state, "b1").queue == (A1, A2)
    after, gone = failed(state, "a")
    assert gone == (A1, A2) and after.queue == (B1,)


def test_during_a_swap_the_probe_is_not_believed() -> None:
    swapping = began(queued(B1, **AT_A), Swap(waiter=B1, out=frozenset({"a"})))
    assert seen(swapping, frozenset({"b"})) == swapping
    assert seen(queued(**AT_A), frozenset({"b"})).loaded == {"b"}


events = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from("abc")),
        st.tuples(st.just("end"), st.integers(0, 9)),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("swapped"), st.booleans()),
        st.tuples(st.just("time"), st.floats(0.0, 20.0)),
    ),
    max_size=60,
)


@settings(max_examples=100 * SOAK)
@given(events=events)
def test_in_every_order_of_events(events: list[tuple[str, object]]) -> None:
    """Only loaded members are entered, nothing answering is swapped out, at most one swap runs, and after the events
    everybody who still waits is served, in the order of arrival of each member's first request."""
    game = Game()
    for kind, value in events:
        game.play(kind, value)
    game.drain()
    assert not game.state.queue and game.served | game.gone == game.asked


class Game:
    """Plays the engine's part: does what the rules say, ends and cancels requests, ends swaps well or not."""

    def __init__(self) -> None:
        self.state = GroupState(name="g")
        self.now = 0.0
        self.swap: Swap | None = None
        self.asked: set[str] = set()
        self.served: set[str] = set()
        self.gone: set[str] = set()

    def play(self, kind: str, value: object) -> None:
        if kind == "ask":
            self._ask(str(value))
        elif kind == "time":
            self.now += float(value)  # type: ignore[arg-type]
        elif kind == "end" and self.state.active:
            self.state = left(self.state, self.state.active[int(value) % len(self.state.active)][0])  # type: ignore[call-overload]
        elif kind == "leave" and self.state.queue:
            name = self.state.queue[int(value) % len(self.state.queue)].id  # type: ignore[call-overload]
            self.state, _ = left(self.state, name), self.gone.add(name)
        elif kind == "swapped":
            self._end_swap(bool(value))
        self._turn()

    def _ask(self, member: str) -> None:
        name = f"{member}{len(self.asked)}"
        entered = ask(self.state, waiter(name, member, self.now), GroupLimits(residency_s=5.0, queue=6))
        if entered is not None:
            self.state = entered
            self.asked.add(name)

    def _end_swap(self, well: bool) -> None:
        if self.swap is None:
            return
        member, self.swap = self.swap.waiter.member, None
        self.state = swapped(self.state, frozenset({member}) if well else frozenset(), self.now)
        if not well:
            self.state, gone = failed(self.state, member)
            self.gone |= {each.id for each in gone}

    def _turn(self) -> Hold:
        while True:
            step = next_step(self.state, self.now, GroupLimits(residency_s=5.0, queue=6))
            if isinstance(step, Hold):
                return step
            if isinstance(step, Admit):
                assert {each.member for each in step.waiters} <= self.state.loaded and self.state.swapping_to is None
                self.state = admitted(self.state, step.waiters)
                self.served |= {each.id for each in step.waiters}
            else:
                assert self.swap is None and not self.state.busy(step.out)
                assert step.waiter == self.state.queue[0] and step.out == self.state.loaded
                self.swap, self.state = step, began(self.state, step)

    def drain(self) -> None:
        for _ in range(200):
            hold = self._turn()
            if not self.state.queue:
                return
            if hold.until is not None:
                self.now = hold.until
            for name, _ in self.state.active:
                self.state = left(self.state, name)
            self._end_swap(True)
        raise AssertionError(f"somebody waits for ever: {self.state}")
