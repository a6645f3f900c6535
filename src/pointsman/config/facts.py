"""Conditions in configuration (`when`, `unless`, `escalate_when`): known facts only, and values that can match.

A condition that could never hold, such as `lines = "many"`, is a mistake and is reported; the core would never fire it.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from pointsman.config.problems import Place, Wrong, nearest_of
from pointsman.config.reader import accepts
from pointsman.core.conditions import Condition, FactValue, parse_condition
from pointsman.core.request import KINDS, STATED_FACTS, Task

_WORDS: Mapping[str, tuple[str, ...]] = {
    "kind": KINDS,
    "conversation_kind": KINDS,
    "user_wants": ("cloud", "local"),
}
_FORMS: Mapping[type, str] = {str: "a word", int: "a whole number", float: "a number", bool: "true or false"}


@cache
def fact_types() -> Mapping[str, type]:
    """Every fact of a task that a condition may name, with its type: str, int, float, bool or tuple."""
    hints = typing.get_type_hints(Task)
    return {name: _base(hint) for name, hint in hints.items() if name != "evidence"}


def _base(hint: object) -> type:
    if isinstance(hint, types.UnionType):
        return next(_base(part) for part in typing.get_args(hint) if part is not type(None))
    origin = typing.get_origin(hint) or hint
    return origin if isinstance(origin, type) else str


def _condition_of(fact: str, kind: type) -> dict[str, Any]:
    """What a condition on this fact accepts; `parse_condition` knows the comparisons."""
    if kind is bool:
        return {"type": "boolean"}
    if kind in (int, float):
        return {"type": ["number", "string"]}
    word = {"type": "string", **({"enum": list(_WORDS[fact])} if fact in _WORDS else {})}
    return {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]}


@accepts(
    type="object",
    properties={fact: _condition_of(fact, kind) for fact, kind in fact_types().items()},
    additionalProperties=False,
)
def read_conditions(written: object, place: Place) -> tuple[Condition, ...]:
    """A table of fact -> value, every wrong entry reported in its place."""
    if not isinstance(written, dict):
        raise Wrong('expected a table of facts, such as { kind = "coding", lines = ">500" }')
    found = (_read(fact, value, place.key(fact)) for fact, value in written.items())
    return tuple(condition for condition in found if condition is not None)


def _read(fact: str, value: object, place: Place) -> Condition | None:
    kind = fact_types().get(fact)
    if kind is None:
        place.problem("unknown fact", nearest_of(fact, fact_types()))
        return None
    try:
        condition = parse_condition(fact, value)
        _check(condition, kind)
    except ValueError as wrong:
        place.problem(str(wrong), getattr(wrong, "nearest", None))
        return None
    return condition


_TYPES: Mapping[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


@accepts(
    type="object",
    properties={fact: {"type": _TYPES[kind]} for fact, kind in STATED_FACTS.items() if kind in _TYPES},
    additionalProperties=False,
    minProperties=1,
)
def read_stated(written: object, place: Place) -> Mapping[str, FactValue]:
    """A table of facts that a rule states, such as `{ kind = "coding" }`; every wrong entry reported in its place."""
    if not isinstance(written, dict) or not written:
        raise Wrong('expected a table of facts, such as { kind = "coding" }')
    stated: dict[str, FactValue] = {}
    for fact, value in written.items():
        kind, here = STATED_FACTS.get(fact), place.key(fact)
        if kind is None:
            here.problem("unknown fact", nearest_of(fact, STATED_FACTS))
        elif (
            not isinstance(value, str | int | float)
            or not isinstance(value, kind)
            or isinstance(value, bool) != (kind is bool)
        ):
            here.problem(f"expected {_FORMS.get(kind, 'another fact: a list is for callers to state')}")
        elif fact in _WORDS and value not in _WORDS[fact]:
            here.problem(f"expected one of {', '.join(_WORDS[fact])}", nearest_of(str(value), _WORDS[fact]))
        else:
            stated[fact] = value
    return types.MappingProxyType(stated)


def _check(condition: Condition, kind: type) -> None:
    value = condition.value
    if kind is bool and not isinstance(value, bool):
        raise Wrong(f"{condition.fact} is either true or false")
    if kind in (int, float) and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Wrong(f'{condition.fact} is a number: write 3 or a comparison such as ">=3"')
    if isinstance(value, float) and not math.isfinite(value):
        raise Wrong(f"{condition.fact} cannot be compared with {value}")
    if kind in (str, tuple):
        _check_words(condition)


def _check_words(condition: Condition) -> None:
    if condition.op != "in" or not isinstance(condition.value, tuple):
        raise Wrong(f"{condition.fact} is a word or a list of words")
    allowed = _WORDS.get(condition.fact)
    for written in condition.value:
        if allowed is not None and written not in allowed:
            raise Wrong(f"expected one of {', '.join(allowed)}", nearest_of(written, allowed))
