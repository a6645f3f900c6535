"""Our own calls as figures."""

from __future__ import annotations

import pytest

from pointsman.core.outcome import Cancelled, Completed, Failed, FailureKind, TokenUsage
from pointsman.core.traffic import failure, figures, percentile, with_call


def done(first: float | None = 1.0, speed: float | None = 20.0) -> Completed:
    return Completed(finish_reason="stop", usage=TokenUsage(), first_token_s=first, tokens_per_s=speed)


def seen(*outcomes: tuple[float, object], now: float = 100.0):
    calls = ()
    for at, outcome in outcomes:
        calls = with_call(calls, outcome, at)
    return figures(calls, now)


def test_median_and_error_rate_are_of_the_last_hour() -> None:
    told = seen((1.0, done(9.0)), (3700.0, done(2.0, 10.0)), (3701.0, done(4.0, None)), (3702.0, Failed(kind=FailureKind.REFUSED)), now=3710.0)  # fmt: skip
    assert (told.calls, told.failed, told.first_token_p50, told.tokens_per_s_p50) == (3, 1, 3.0, 10.0)
    assert told.error_percent == pytest.approx(100 / 3)
    assert seen((1.0, done()), now=3700.0).calls == 0


@pytest.mark.parametrize("kind", ["budget", "cooling", "interrupted", "local_guard", "deadline", "internal"])
def test_what_we_ended_ourselves_says_nothing_about_the_endpoint(kind: str) -> None:
    assert seen((50.0, Failed(kind=FailureKind(kind))), (51.0, Cancelled())).calls == 0


def test_without_a_call_every_figure_is_unknown() -> None:
    told = seen()
    assert (told.calls, told.error_percent, told.first_token_p50, told.tokens_per_s_p50) == (0, None, None, None)


def test_the_window_is_bounded() -> None:
    calls = ()
    for second in range(500):
        calls = with_call(calls, done(), float(second))
    assert len(calls) == 200


@pytest.mark.parametrize(
    ("values", "percent", "expected"), [([], 50, None), ([3.0], 95, 3.0), ([1.0, 2.0, 3.0, 4.0], 50, 2.5), ([4.0, 1.0], 0, 1.0)]
)  # fmt: skip
def test_percentiles_lie_between_the_nearest_values(values, percent, expected) -> None:
    assert percentile(values, percent) == expected


def test_a_failure_names_the_request_that_met_it() -> None:
    told = failure(Failed(kind=FailureKind.BUSY, detail="queue full", status=503), 5.0, "r7/2")
    assert (told.request, told.kind, told.status) == ("r7", FailureKind.BUSY, 503)
