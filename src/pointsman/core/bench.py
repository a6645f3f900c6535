"""A bench as a plan: which prompts, how many at once, what it may cost at worst, and figures from calls. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pointsman.core.fleet import Fleet, Locality, Model
from pointsman.core.measured import SpeedPoint, spread
from pointsman.core.outcome import Completed
from pointsman.core.prices import worst_of

# Everyday words that present tokenizers know as one token each, so that a prompt is about as long as was asked for.
_WORDS = (
    *("the", "house", "stood", "near", "a", "river", "and", "every", "morning", "people", "came", "with", "water"),
    *("then", "one", "day", "there", "was", "only", "stone", "left", "so", "they", "went", "back", "home", "again"),
)
_TASK = "Tell a long story about that place. Do not stop early, and do not repeat the text above."
_FRAME_TOKENS = 40  # about what stands around the words


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every prompt length at every concurrency, `rounds` times. Tokens."""

    prompts: tuple[int, ...] = (64, 512, 2048)
    concurrencies: tuple[int, ...] = (1, 2, 4)
    rounds: int = 3
    output: int = 128

    @property
    def calls(self) -> int:
        """With the first one, which warms up and is not measured."""
        return 1 + len(self.prompts) * sum(self.concurrencies) * self.rounds

    def steps(self) -> Iterator[tuple[int, int]]:
        """(prompt tokens, concurrency), the quickest first."""
        return ((prompt, concurrency) for prompt in self.prompts for concurrency in self.concurrencies)


def prompt_of(tokens: int, number: int) -> str:
    """About `tokens` long. It begins with its number, so that no server has any of it in its cache."""
    words = max(tokens - _FRAME_TOKENS, 1)
    body = " ".join(_WORDS[(number + place) % len(_WORDS)] for place in range(words))
    return f"{number}. {body}.\n\n{_TASK}"


def fitting(plan: Plan, context: int | None) -> tuple[Plan, tuple[int, ...]]:
    """The plan without the prompts that leave no room for the answer, and those prompts."""
    if context is None:
        return plan, ()
    room = context - plan.output - _FRAME_TOKENS
    kept = tuple(prompt for prompt in plan.prompts if prompt <= room)
    smaller = Plan(prompts=kept, concurrencies=plan.concurrencies, rounds=plan.rounds, output=plan.output)
    return smaller, tuple(prompt for prompt in plan.prompts if prompt > room)


def worst_cost(model: Model, plan: Plan, locality: Locality) -> int | None:
    """nano-USD if every answer is as long as it may be and nothing is cached. None: a price is unknown."""
    if locality is Locality.LOCAL:
        return 0
    # A tokenizer may need more tokens than words: half as much again, as the ledger reserves it.
    calls = [(prompt, concurrency * plan.rounds) for prompt, concurrency in plan.steps()] + [(min(plan.prompts), 1)]
    costs = [(worst_of(model, input_tokens=prompt * 3 // 2, max_output=plan.output), count) for prompt, count in calls]
    return None if costs[0][0] is None else sum((cost or 0) * count for cost, count in costs)


def refusal(fleet: Fleet, model: Model) -> str | None:
    """Why a model cannot be asked for text; None if it can."""
    retired = model.retired or fleet.endpoint_of(model).retired
    if retired:
        return f"retired: {retired}"
    return None if "chat" in model.capabilities else "does not answer with text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One measured call; `done` None: it failed."""

    done: Completed | None
    seconds: float


def point(prompt: int, concurrency: int, rounds: Sequence[tuple[float, Iterable[Timed]]]) -> SpeedPoint:
    """The figures of a step; each round is its wall time in seconds and its calls."""
    walls = [wall for wall, _ in rounds]
    calls = [call for _, timed in rounds for call in timed]
    good = [call.done for call in calls if call.done is not None]
    output = sum(done.usage.output for done in good)
    return SpeedPoint(
        prompt_tokens=prompt,
        concurrency=concurrency,
        calls=len(calls),
        failed=len(calls) - len(good),
        input_tokens=spread(float(done.usage.input) for done in good if not done.usage.estimated),
        first_token_s=spread(done.first_token_s for done in good),
        prompt_per_s=spread(_prompt_rate(done) for done in good),
        generation_per_s=spread(done.tokens_per_s for done in good),
        together_per_s=output / sum(walls) if good and sum(walls) > 0 else None,
    )


def _prompt_rate(done: Completed) -> float | None:
    fresh = done.usage.input - done.usage.cached
    if done.usage.estimated or not done.first_token_s or fresh <= 0:
        return None
    return fresh / done.first_token_s
