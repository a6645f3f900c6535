"""What was measured, as figures beside the stated ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pointsman.core.bench import Plan, Timed, fitting, point, prompt_of, worst_cost
from pointsman.core.fleet import Locality
from pointsman.core.measured import (
    Quality,
    Score,
    Speed,
    SpeedPoint,
    Spread,
    compared,
    from_plain,
    of_model,
    spread,
    to_plain,
    verdict,
    what,
)
from pointsman.core.outcome import Completed, TokenUsage
from pointsman.core.tokens import estimate_tokens
from support.fleets import model

CODER = model("coder", "gpu", speed=(10, 15), first_token_stated=(2.0, 3.0))


def done(output: int = 100, speed: float | None = 20.0, first: float = 0.5, **usage: object) -> Timed:
    used = TokenUsage(**{"input": 60, "output": output, **usage})
    return Timed(done=Completed(finish_reason="length", usage=used, first_token_s=first, tokens_per_s=speed), seconds=1)


def speed(at: float = 1.0, **more: object) -> Speed:
    figures = SpeedPoint(
        prompt_tokens=64,
        concurrency=1,
        calls=3,
        generation_per_s=Spread(median=12.0, low=11.0, high=13.0, count=3),
        first_token_s=Spread(median=4.0, low=3.0, high=5.0, count=3),
    )
    return Speed(
        **{"model": "coder", "model_id": "coder-id", "endpoint": "gpu", "at": at, "points": (figures,), **more}
    )


def quality(at: float = 2.0) -> Quality:
    scores = (Score(kind="coding", right=5, items=8, wrong=("c1", "c2", "c3")),)
    return Quality(model="coder", model_id="coder-id", endpoint="gpu", at=at, suite="builtin-1", scores=scores)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], (3.0, 2.0, 4.0, 5)),
        ([None, 7.0], (7.0, 7.0, 7.0, 1)),
        ([3.0, 1.0], (2.0, 1.5, 2.5, 2)),
    ],
)
def test_a_spread_is_the_median_and_the_middle_half(values, expected) -> None:
    found = spread(values)
    assert found is not None and (found.median, found.low, found.high, found.count) == expected
    assert spread([None]) is None


@pytest.mark.parametrize(
    ("stated", "measured", "expected"),
    [
        ((10, 15), 12.0, "within"),
        ((10, 15), 9.0, "within"),  # a tenth beside it is still what the document says
        ((10, 15), 8.9, "below"),
        ((10, 15), 16.5, "within"),
        ((10, 15), 16.6, "above"),
        ((500, 500), 460.0, "within"),
        ((0.5, 0.5), 0.6, "above"),
        (None, 12.0, None),
        ((10, 15), None, None),
    ],
)
def test_measured_against_stated(stated, measured, expected) -> None:
    assert verdict(stated, measured) == expected


def test_document_003_is_compared_figure_by_figure() -> None:
    generation, first = compared(CODER, speed())
    assert (generation.verdict, first.verdict) == ("within", "above")
    assert [each.verdict for each in compared(CODER, None)] == [None, None]


def test_the_newest_of_that_very_model_counts() -> None:
    kept = (speed(1.0), speed(3.0), quality(), speed(9.0, model_id="another"), speed(9.0, endpoint="cpu"))
    found, graded = of_model(kept, CODER)
    assert found is not None and found.at == 3.0 and graded == quality()
    assert of_model(kept, replace(CODER, id="third")) == (None, None)


@pytest.mark.parametrize("measured", [speed(warm_up_s=2.0), quality(), speed(points=())])
def test_what_is_stored_comes_back_as_it_was(measured) -> None:
    assert from_plain(what(measured), json.loads(json.dumps(to_plain(measured)))) == measured


def test_a_row_of_a_later_version_is_refused() -> None:
    with pytest.raises((ValueError, TypeError)):
        from_plain("speed", {**to_plain(speed()), "unknown": 1})
    with pytest.raises(ValueError):
        from_plain("smell", to_plain(speed()))


def test_a_score_is_whole_only_when_everything_is_right() -> None:
    assert Score(kind="x", right=199, items=200).percent == 99
    assert Score(kind="x", right=0, items=0).percent is None


# --- the plan ------------------------------------------------------------------------------------------------------


def test_every_call_is_counted_with_the_warm_up() -> None:
    plan = Plan(prompts=(64, 512), concurrencies=(1, 4), rounds=3)
    assert plan.calls == 1 + 2 * 5 * 3
    assert list(plan.steps()) == [(64, 1), (64, 4), (512, 1), (512, 4)]


@pytest.mark.parametrize("tokens", [64, 512, 2048])
def test_a_prompt_is_about_as_long_as_asked_and_no_two_begin_alike(tokens: int) -> None:
    one, two = prompt_of(tokens, 1), prompt_of(tokens, 2)
    assert tokens * 0.7 < estimate_tokens(one) < tokens * 1.8
    assert one[0] != two[0]


def test_prompts_that_leave_no_room_for_the_answer_are_left_out() -> None:
    plan, gone = fitting(Plan(), 1024)
    assert (plan.prompts, gone) == ((64, 512), (2048,))
    assert fitting(Plan(), None) == (Plan(), ())


def test_the_worst_cost_counts_every_answer_at_its_longest_and_unknown_is_never_free() -> None:
    plan = Plan(prompts=(100,), concurrencies=(1,), rounds=1, output=10)
    dear = model("opus", "anthropic", price_in=5, price_out=25)
    assert worst_cost(dear, plan, Locality.CLOUD) == 300 * 5 + 2 * 10 * 25
    assert worst_cost(model("m", "x"), plan, Locality.CLOUD) is None
    assert worst_cost(model("m", "x"), plan, Locality.LOCAL) == 0


def test_a_point_has_the_figures_of_what_answered_and_counts_what_did_not() -> None:
    rounds = [(2.0, [done(100, 20.0), done(100, 40.0)]), (2.0, [done(100, 30.0), Timed(done=None, seconds=1)])]
    found = point(64, 2, rounds)
    assert (found.calls, found.failed, found.together_per_s) == (4, 1, 75.0)
    assert found.generation_per_s is not None and found.generation_per_s.median == 30.0
    assert found.prompt_per_s is not None and found.prompt_per_s.median == 120.0


def test_cached_tokens_were_not_read_and_estimates_are_no_measurement() -> None:
    cached = point(64, 1, [(1.0, [done(cached=40)])])
    assert cached.prompt_per_s is not None and cached.prompt_per_s.median == 40.0
    guessed = point(64, 1, [(1.0, [done(estimated=True)])])
    assert (guessed.prompt_per_s, guessed.input_tokens) == (None, None)
    nothing = point(64, 1, [(1.0, [Timed(done=None, seconds=1)])])
    assert (nothing.failed, nothing.together_per_s, nothing.generation_per_s) == (1, None, None)
