"""Checkable answers: what a task accepts, and how an answer is read. Pure; code is only taken out here, never run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_FENCE = re.compile(r"```[ \t]*([A-Za-z0-9_+-]*)[ \t]*\n(.*?)```", re.DOTALL)
_ANSWER = re.compile(r"^[ \t>*_#`-]*answer[*_` \t]*[:=][*_ \t]*(.+?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"-?\d[\d,_  ]*(?:\.\d+)?")
_DECORATION = " \t\r\n\"'`*_.,;:!?()[]{}$“”‘’"
_LONGEST = 100_000  # characters of an answer that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """One of these words as the final answer, letter case and punctuation around it aside."""

    accepted: tuple[str, ...]

    def holds(self, answer: str) -> bool:
        return final(answer).casefold() in {plain(word).casefold() for word in self.accepted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """This number as the final answer; its unit and thousands separators aside."""

    value: str

    def holds(self, answer: str) -> bool:
        found = _NUMBER.findall(final(answer))
        return len(found) == 1 and _decimal(found[0]) == _decimal(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The whole answer, without a fence around it, has the form that was asked for."""

    rule: Callable[[str], bool]

    def holds(self, answer: str) -> bool:
        return self.rule(unfenced(answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A Python function that passes these assertions, which call it by its name."""

    function: str
    tests: str

    def program(self, answer: str, done: str) -> tuple[str, str] | None:
        """(the module `answer`, the program that tests it and prints `done` at the end); None: no such function."""
        module = code_in(answer, self.function)
        if module is None:
            return None
        return module, f"from answer import {self.function}\n\n{self.tests}\nprint({done!r})\n"


Check = Exact | Number | Form | Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One task. `id` is stable: scores of different runs are compared by it."""

    id: str
    kind: str  # of core.request.KINDS
    prompt: str
    check: Check


# --- reading an answer -------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    return " ".join(text.strip(_DECORATION).split())


def final(answer: str) -> str:
    """What follows the last `ANSWER:`, else the last line that says something."""
    told = _ANSWER.findall(answer[:_LONGEST])
    if told:
        return plain(told[-1])
    lines = [line for line in answer[:_LONGEST].splitlines() if line.strip(_DECORATION)]
    return plain(lines[-1]) if lines else ""


def unfenced(answer: str) -> str:
    """The answer, or what is in its one fence if nothing stands beside it."""
    stripped = answer[:_LONGEST].strip()
    found = _FENCE.fullmatch(stripped)
    return (found.group(2) if found else stripped).strip()


def code_in(answer: str, function: str) -> str | None:
    """The last fenced block that defines the function; without fences the whole answer."""
    defines = re.compile(rf"^def\s+{re.escape(function)}\s*\(", re.MULTILINE)
    blocks = [block for _, block in _FENCE.findall(answer[:_LONGEST])] or [answer[:_LONGEST]]
    return next((block for block in reversed(blocks) if defines.search(block)), None)


def _decimal(written: str) -> Decimal | None:
    try:
        return Decimal(re.sub(r"[,_  ]", "", written))
    except InvalidOperation:
        return None


# --- forms -------------------------------------------------------------------------------------------------------


def json_like(shape: Mapping[str, type], **values: object) -> Callable[[str], bool]:
    """A JSON object with exactly these keys, of these types, and these values where they are given."""

    def rule(answer: str) -> bool:
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            return False
        if not isinstance(found, dict) or found.keys() != shape.keys():
            return False
        typed = all(type(found[key]) is kind for key, kind in shape.items())
        return typed and all(found[key] == value for key, value in values.items())

    return rule


def lines_are(*wanted: str) -> Callable[[str], bool]:
    """Exactly these lines, spaces at their ends aside."""
    return lambda answer: tuple(line.strip() for line in answer.splitlines() if line.strip()) == wanted


def line_count(count: int, each: Callable[[str], bool] = bool) -> Callable[[str], bool]:
    """So many lines, each of which holds."""

    def rule(answer: str) -> bool:
        lines = [line.strip() for line in answer.splitlines() if line.strip()]
        return len(lines) == count and all(each(line) for line in lines)

    return rule


def words_at_most(most: int, *needed: str) -> Callable[[str], bool]:
    """One to `most` words, and these among them."""
    return lambda answer: 0 < len(answer.split()) <= most and all(word in answer.casefold() for word in needed)
