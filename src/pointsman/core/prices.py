"""What a call costs: of the provider's own usage figures exactly, of a call not made yet at worst. Integers, nano-USD.

`None` is a price that is not known, and never free.
"""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.fleet import Model
from pointsman.core.outcome import TokenUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rates:
    """nano-USD per token of one call, each known."""

    fresh: int
    cached: int
    written: int  # into the provider's prompt cache
    output: int
    reasoning: int

    def cost(self, used: TokenUsage) -> int:
        fresh = max(used.input - used.cached - used.cache_write, 0)
        thought = min(used.reasoning, used.output)
        inputs = fresh * self.fresh + used.cached * self.cached + used.cache_write * self.written
        return inputs + (used.output - thought) * self.output + thought * self.reasoning


def cost_of(model: Model, used: TokenUsage) -> int | None:
    """Of a call that was made, by what its provider counted."""
    rates = _rates(model, stepped=_beyond(model, used.input))
    return None if rates is None else rates.cost(used)


def worst_of(model: Model, *, input_tokens: int, max_output: int) -> int | None:
    """Of a call that is about to be made: nothing is cached, everything is written to the cache, all of the output
    is of the dearer kind. Near the step the estimate of the input may be short by a quarter, so the step counts."""
    rates = _rates(model, stepped=_beyond(model, input_tokens + input_tokens // 4))
    if rates is None:
        return None
    return input_tokens * max(rates.fresh, rates.written) + max_output * max(rates.output, rates.reasoning)


def _beyond(model: Model, input_tokens: int) -> bool:
    return model.price_above is not None and input_tokens > model.price_above


def _rates(model: Model, *, stepped: bool) -> _Rates | None:
    if model.price_in is None or model.price_out is None:
        return None
    fresh = _at_step(model.price_in, model.price_in_above, stepped)
    output = _at_step(model.price_out, model.price_out_above, stepped)

    def of_input(price: int | None) -> int:
        """Price lists say nothing of caches beyond the step: they follow the input's price."""
        return fresh if price is None else _scaled(price, fresh, model.price_in)

    reasoning = model.price_reasoning
    return _Rates(
        fresh=fresh,
        cached=of_input(model.price_cached),
        written=of_input(model.price_cache_write),
        output=output,
        reasoning=output if reasoning is None else _scaled(reasoning, output, model.price_out),
    )


def _at_step(price: int, above: int | None, stepped: bool) -> int:
    return above if stepped and above is not None else price


def _scaled(price: int, now: int, before: int | None) -> int:
    """`price` grown as another one did from `before` to `now`, rounded up."""
    return price if not before or now == before else -(-price * now // before)
