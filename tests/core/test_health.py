"""Health and breaker as a fold over what was seen, with the figures of scenarios.md D."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.health import (
    CLOUD_LIMITS,
    LOCAL_LIMITS,
    BreakerState,
    Health,
    HealthState,
    Probe,
    begin_trial,
    observe,
)
from pointsman.core.outcome import Cancelled, Completed, Failed, FailureKind, TokenUsage

GOOD = Completed(finish_reason="stop", usage=TokenUsage())
REFUSED = Failed(kind=FailureKind.REFUSED, detail="connection refused")
UP = Probe(state=HealthState.UP, reason="ok")


def fold(*seen: tuple[float, object], start: Health | None = None, limits=LOCAL_LIMITS) -> Health:  # type: ignore[no-untyped-def]
    return reduce(lambda health, one: observe(health, one[1], one[0], limits, 0.5), seen, start or Health())  # type: ignore[arg-type]


def test_three_failures_in_a_row_open_it_and_two_do_not() -> None:
    two = fold((1.0, UP), (2.0, REFUSED), (3.0, REFUSED))
    assert two.callable(3.0)
    assert not fold((4.0, REFUSED), start=two).callable(4.0)


def test_half_of_five_failures_in_two_minutes_open_it() -> None:
    mixed = fold(*((float(t), REFUSED if t % 2 else GOOD) for t in range(1, 5)))
    assert mixed.breaker.state is BreakerState.CLOSED
    assert fold((5.0, REFUSED), start=mixed).breaker.state is BreakerState.OPEN


@pytest.mark.parametrize(
    ("limits", "pauses"), [(LOCAL_LIMITS, [5, 10, 20, 30, 30]), (CLOUD_LIMITS, [15, 30, 60, 120, 120])]
)
def test_the_pause_doubles_to_its_most(limits: object, pauses: list[int]) -> None:
    health, now = fold((1.0, REFUSED), (1.0, REFUSED), limits=limits), 1.0
    for pause in pauses:
        health = observe(health, REFUSED, now, limits, 0.5)  # type: ignore[arg-type]
        assert health.breaker.retry_at == pytest.approx(now + pause)
        now += pause


def test_jitter_spreads_the_pause_by_a_fifth_each_way() -> None:
    twice = fold((1.0, REFUSED), (1.0, REFUSED))
    ends = [observe(twice, REFUSED, 1.0, LOCAL_LIMITS, j).breaker.retry_at for j in (0.0, 1.0)]
    assert ends == [pytest.approx(5.0), pytest.approx(7.0)]


def test_only_one_trial_at_a_time_and_one_good_completion_closes() -> None:
    opened = fold(*[(1.0, REFUSED)] * 3)
    assert not opened.callable(5.9) and opened.callable(6.0)
    trial = begin_trial(opened, 6.0)
    assert not trial.callable(7.0)
    closed = fold((8.0, GOOD), start=trial)
    assert closed.callable(8.0) and closed.breaker.openings == 0 and closed.state is HealthState.UP


def test_a_failed_trial_opens_it_for_longer() -> None:
    opened = begin_trial(fold(*[(1.0, REFUSED)] * 3), 6.0)
    again = fold((6.5, REFUSED), start=opened)
    assert again.breaker.state is BreakerState.OPEN and again.breaker.retry_at == pytest.approx(16.5)


def test_a_good_probe_allows_the_trial_at_once_but_does_not_close() -> None:
    probed = fold((2.0, UP), start=fold(*[(1.0, REFUSED)] * 3))
    assert probed.breaker.state is BreakerState.HALF_OPEN and probed.callable(2.0)


def test_a_trial_that_hangs_is_handed_over() -> None:
    hung = begin_trial(fold(*[(1.0, REFUSED)] * 3), 6.0)
    assert not fold((185.0, UP), start=hung).callable(185.0)
    assert fold((187.0, UP), start=hung).callable(187.0)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FailureKind.AUTH, HealthState.MISCONFIGURED),
        (FailureKind.RATE_LIMITED, HealthState.RATE_LIMITED),
        (FailureKind.LOADING, HealthState.WARMING),
        (FailureKind.BUSY, HealthState.BUSY),
        (FailureKind.REFUSAL, HealthState.UP),
        (FailureKind.CONTEXT_OVERFLOW, HealthState.UP),
        (FailureKind.BAD_REQUEST, HealthState.UP),
    ],
)
def test_what_is_not_the_endpoint_s_failure_never_trips_it(kind: FailureKind, state: HealthState) -> None:
    health = fold((0.5, UP), *[(1.0, Failed(kind=kind))] * 20)
    assert health.state is state
    assert health.breaker.state is BreakerState.CLOSED


def test_a_rate_limit_ends_at_its_time_and_a_green_probe_does_not_end_it() -> None:
    limited = fold((1.0, Failed(kind=FailureKind.RATE_LIMITED, retry_after=20.0)), (5.0, UP))
    assert not limited.callable(20.9) and limited.callable(21.0)


@pytest.mark.parametrize("state", [HealthState.BUSY, HealthState.RATE_LIMITED])
def test_a_look_without_an_end_does_not_shorten_a_limit_that_has_one(state: HealthState) -> None:
    limit, look = Failed(kind=FailureKind.RATE_LIMITED, retry_after=20.0), Probe(state=state, reason="429")
    assert fold((1.0, limit), (5.0, look)).until == 21.0


SEEN = [GOOD, REFUSED, UP, Cancelled(), *(Failed(kind=kind, retry_after=None) for kind in FailureKind)]
SEEN += [Failed(kind=FailureKind.RATE_LIMITED, retry_after=20.0), Probe(state=HealthState.RATE_LIMITED, reason="429")]


@given(st.lists(st.tuples(st.floats(0, 60), st.sampled_from(SEEN)), max_size=12))
def test_a_rate_limit_never_outlasts_its_own_end_whatever_fails_meanwhile(seen: list) -> None:  # type: ignore[type-arg]
    now, health = 0.0, Health()
    for gap, one in seen:
        now += gap
        before = health
        health = observe(health, one, now, LOCAL_LIMITS, 0.5)
        limited = before.state is HealthState.RATE_LIMITED and not before.callable(now)
        if limited and health.state is HealthState.RATE_LIMITED:
            assert (health.until or 0.0) >= (before.until or 0.0)  # nor is it cut short
    later = (health.until or now) + 1.0
    assert health.state is not HealthState.RATE_LIMITED or health.callable(later)


def test_a_failure_after_a_limit_ended_leaves_it_to_be_called_and_looked_at() -> None:
    limit, cut = Failed(kind=FailureKind.RATE_LIMITED, retry_after=20.0), Failed(kind=FailureKind.STREAM_CUT)
    assert fold((1.0, limit), (22.0, cut)).callable(22.0)
    under_way = fold((1.0, limit), (5.0, cut))
    assert not under_way.callable(20.9) and under_way.callable(21.0)


def test_warming_is_callable_and_down_is_not() -> None:
    assert fold((1.0, Probe(state=HealthState.WARMING, reason="loading"))).callable(1.0)
    assert not fold((1.0, Probe(state=HealthState.DOWN, reason="refused"))).callable(1.0)


def test_since_marks_when_the_state_began() -> None:
    assert fold((1.0, UP), (2.0, UP), (3.0, GOOD)).since == 1.0


@given(st.lists(st.tuples(st.floats(0, 60), st.sampled_from([GOOD, REFUSED, UP, Failed(kind=FailureKind.LOADING)]))))
def test_the_window_of_memory_stays_bounded(seen: list) -> None:  # type: ignore[type-arg]
    now, health = 0.0, Health()
    for gap, one in seen * 5:
        now += gap
        health = observe(health, one, now, LOCAL_LIMITS, 0.5)
    assert len(health.breaker.recent) <= 64
