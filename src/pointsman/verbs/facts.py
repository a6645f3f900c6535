"""Facts that a caller states about a prompt, from `--fact k=v` or a line of JSON: checked, each with its type."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from pointsman.core.conditions import FactValue
from pointsman.core.request import KINDS, STATED_FACTS
from pointsman.verbs.mistakes import Mistake, unknown

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": KINDS,
    "conversation_kind": KINDS,
    "user_wants": ("cloud", "local"),
}
_BOUNDS: Mapping[str, tuple[float, float]] = {"complexity": (1, 10), "confidence": (0, 1)}


def pairs(written: Iterable[str], option: str) -> list[tuple[str, str]]:
    """`k=v` arguments, in order. Raises Mistake for one without `=`."""
    split = [(one, *one.partition("=")) for one in written]
    for whole, key, sign, _ in split:
        if not sign or not key.strip():
            raise Mistake(f"{option} takes KEY=VALUE, not {whole!r}")
    return [(key.strip(), value.strip()) for _, key, _, value in split]


def facts_from_words(written: Iterable[str]) -> dict[str, FactValue]:
    """From the command line, where every value is text."""
    return {key: _checked(key, _from_text(key, text)) for key, text in pairs(written, "--fact")}


def facts_from_json(written: Mapping[str, object]) -> dict[str, FactValue]:
    """From a JSON object, where values have types; null is the same as not stated."""
    return {key: _checked(key, _from_json(key, value)) for key, value in written.items() if value is not None}


def _kind_of(fact: str) -> type:
    if fact not in STATED_FACTS:
        raise unknown("fact", fact, STATED_FACTS)
    return STATED_FACTS[fact]


def _from_text(fact: str, text: str) -> FactValue:
    try:
        return _READ[_kind_of(fact)](text)
    except (ValueError, KeyError):
        raise Mistake(f"fact {fact} is {_NAMES[_kind_of(fact)]}, not {text!r}") from None


def _list(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_READ: Mapping[type, Callable[[str], FactValue]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: _WORDS[text.lower()],
    tuple: _list,
}
_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "a list of texts",
}


def _from_json(fact: str, value: object) -> FactValue:
    kind = _kind_of(fact)
    if kind is tuple and isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and isinstance(value, bool) == (kind is bool) and kind is not tuple:
        return value  # type: ignore[return-value]
    raise Mistake(f"fact {fact} is {_NAMES[kind]}, not {value!r}")


def _checked(fact: str, value: FactValue) -> FactValue:
    choices = _CHOICES.get(fact)
    if choices is not None and value not in choices:
        raise unknown(fact, str(value), choices)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = _BOUNDS.get(fact, (0, math.inf))
        if not low <= value <= high or math.isinf(value):
            raise Mistake(f"fact {fact} is between {low:g} and {high:g}, not {value:g}")
    return value
