"""Conditions over a task's facts, as written in configuration: `{ kind = "coding", lines = ">500" }`.

A fact that is unknown (None) makes every condition on it false: a rule never fires on what nobody stated or saw.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

FactValue = str | int | float | bool | tuple[str, ...] | None

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"^\s*(>=|<=|!=|>|<|=)\s*(-?[0-9][0-9_]*(?:\.[0-9]+)?)\s*([kKmM]?)\s*$")
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True)
class Condition:
    """One fact compared with one value. `op` is a comparison sign, or `in` for a choice of words."""

    fact: str
    op: str
    value: FactValue

    def holds(self, facts: Mapping[str, FactValue]) -> bool:
        seen = facts.get(self.fact)
        if seen is None:
            return False
        if self.op == "in":
            return bool(_words(seen) & _words(self.value))
        if isinstance(seen, str | tuple) or isinstance(self.value, str | tuple):
            return (seen == self.value) == (self.op == "=")
        return _COMPARE[self.op](seen, self.value)

    def __str__(self) -> str:
        if self.op == "in" and isinstance(self.value, tuple):
            return f"{self.fact} is {' or '.join(self.value)}"
        if isinstance(self.value, bool):
            return self.fact if self.value else f"not {self.fact}"
        return f"{self.fact} {self.op} {self.value}"


def parse_condition(fact: str, written: object) -> Condition:
    """A condition from its configuration value: a bool, number, word, comparison such as ">500", or a list of words.

    Raises ValueError with what is wrong, for the configuration reader to place.
    """
    if isinstance(written, bool | int | float):
        return Condition(fact, "=", written)
    if isinstance(written, list | tuple):
        if not written or not all(isinstance(word, str) for word in written):
            raise ValueError("a list condition must hold words, at least one")
        return Condition(fact, "in", tuple(written))
    if not isinstance(written, str):
        raise ValueError('expected a word, a number, true/false, a comparison such as ">500", or a list of words')
    comparison = _COMPARISON.match(written)
    if comparison is None:
        if written[:1] in "<>=!":
            raise ValueError(f"{written!r} is not a comparison with a number")
        return Condition(fact, "in", (written,))
    sign, digits, scale = comparison.groups()
    number = float(digits) if "." in digits else int(digits)
    return Condition(fact, sign, number * _SCALE[scale.lower()])


def all_hold(conditions: tuple[Condition, ...], facts: Mapping[str, FactValue]) -> bool:
    return all(condition.holds(facts) for condition in conditions)


def describe(conditions: tuple[Condition, ...]) -> str:
    return " and ".join(str(condition) for condition in conditions) or "always"


def _words(value: FactValue) -> frozenset[str]:
    return frozenset(value) if isinstance(value, tuple) else frozenset({str(value)})
