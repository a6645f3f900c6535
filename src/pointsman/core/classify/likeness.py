"""How like the known risky prompts a prompt is: learned weights of words and of concepts, for what no rule foresaw.

The score is the mean weight of the words, more certain the more of them there are; a word weighs what its stem does
and what the concepts it means do. The weights are made by `benchmarks/build_risk.py`. Must never lower a risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from math import sqrt
from typing import NamedTuple

from pointsman.core.classify.risk_weights import BIAS, CODES, TABLE

WORDS_READ = 160
WORDS_KEPT = 20_000
REASONS = 3
_DULL = frozenset(
    "the a an and or so it its is be to of in on at for with when if only can than from must should , . :".split()
)
_ENDINGS = ("ing", "ed", "es", "s")

Concepts = Callable[[str], tuple[str, ...]]


class Likeness(NamedTuple):
    """The class of risk that some words are like, and those that weigh most for it."""

    code: str
    words: tuple[str, ...]


class Scale:
    """Weighs words. `concepts` tells what a word means."""

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts
        self._weights = _Weights(concepts)

    def risky(self, words: Iterable[str]) -> bool:
        """Whether distinct `words` are like those of risky prompts."""
        weights = [*map(self._weights.__getitem__, words)]
        return sum(weights) > -BIAS * sqrt(len(weights) + 1)

    def like(self, words: Iterable[str]) -> Likeness:
        """What risk `words` are most like."""
        known = [*words]
        heaviest = sorted(set(known) - _DULL, key=lambda word: (-self._weights[word], word))[:REASONS]
        by_code = [0] * len(CODES)
        for word in known:
            for part in parts_of(word, self._concepts):
                for at, weight in enumerate(_codes().get(part, ())):
                    by_code[at] += weight
        return Likeness(CODES[max(range(len(CODES)), key=by_code.__getitem__)], tuple(heaviest))


class _Weights(dict[str, int]):
    """Word -> its weight, worked out when it is first met."""

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts

    def __missing__(self, word: str) -> int:
        table = _table()
        weight = sum(table.get(part, 0) for part in parts_of(word, self._concepts))
        if len(self) < WORDS_KEPT:
            self[word] = weight
        return weight


def parts_of(word: str, concepts: Concepts) -> list[str]:
    """What of a word has a weight: its stem, its pairs of Korean syllables, and (with `@`) its concepts."""
    pairs = [word[at : at + 2] for at in range(len(word) - 1)] if word >= "가" else []
    return [stem(word), *pairs, *(f"@{name}" for name in concepts(word))]


def stem(word: str) -> str:
    """`word` without the commonest endings."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


@cache
def _table() -> dict[str, int]:
    rows = (line.split("\t") for line in TABLE.splitlines())
    return {part: int(weight) for part, weight, _ in rows}


@cache
def _codes() -> dict[str, tuple[int, ...]]:
    rows = (line.split("\t") for line in TABLE.splitlines())
    return {part: tuple(map(int, codes.split())) for part, _, codes in rows}
