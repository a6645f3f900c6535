"""What calls cost: exactly once they are counted, and at worst before they are made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.fleet import Model, Tier
from pointsman.core.outcome import TokenUsage
from pointsman.core.prices import cost_of, worst_of

PLAIN = Model(name="m", id="m", endpoint="e", tier=Tier.T1, price_in=1000, price_out=5000)
FULL = replace(
    PLAIN,
    price_cached=100,
    price_cache_write=1250,
    price_reasoning=6000,
    price_above=200_000,
    price_in_above=2000,
    price_out_above=7500,
)


def test_each_sort_of_token_is_counted_once_and_at_its_own_price() -> None:
    used = TokenUsage(input=1000, cached=600, cache_write=300, output=50, reasoning=40)
    assert cost_of(FULL, used) == 100 * 1000 + 600 * 100 + 300 * 1250 + 10 * 5000 + 40 * 6000


def test_without_prices_of_their_own_caches_and_reasoning_cost_what_other_tokens_do() -> None:
    used = TokenUsage(input=1000, cached=600, cache_write=300, output=50, reasoning=40)
    assert cost_of(PLAIN, used) == 1000 * 1000 + 50 * 5000


@pytest.mark.parametrize(("tokens", "rate", "out"), [(200_000, 1000, 5000), (200_001, 2000, 7500)])
def test_beyond_the_step_the_whole_call_costs_more(tokens: int, rate: int, out: int) -> None:
    assert cost_of(FULL, TokenUsage(input=tokens, output=1)) == tokens * rate + out


def test_beyond_the_step_a_caches_price_follows_the_inputs() -> None:
    used = TokenUsage(input=200_001, cached=200_001)
    assert cost_of(FULL, used) == 200_001 * 200


def test_near_the_step_the_reserve_already_has_it() -> None:
    below, near = (worst_of(FULL, input_tokens=tokens, max_output=0) for tokens in (150_000, 170_000))
    assert (below, near) == (150_000 * 1250, 170_000 * 2500)


@given(st.integers(0, 400_000), st.integers(0, 9000), st.data())
def test_the_reserve_covers_whatever_those_tokens_turn_out_to_be(tokens: int, output: int, data: st.DataObject) -> None:
    cached = data.draw(st.integers(0, tokens))
    written = data.draw(st.integers(0, tokens - cached))
    thought = data.draw(st.integers(0, output))
    used = TokenUsage(input=tokens, cached=cached, cache_write=written, output=output, reasoning=thought)
    worst, cost = worst_of(FULL, input_tokens=tokens, max_output=output), cost_of(FULL, used)
    assert worst is not None and cost is not None and cost <= worst


def test_an_unknown_price_is_unknown_and_a_price_of_nothing_is_nothing() -> None:
    assert cost_of(replace(PLAIN, price_out=None), TokenUsage(input=1)) is None
    assert worst_of(replace(PLAIN, price_in=None), input_tokens=1, max_output=1) is None
    free = replace(FULL, price_in=0, price_in_above=None, price_cached=0, price_cache_write=0)
    assert cost_of(free, TokenUsage(input=300_000)) == 0
