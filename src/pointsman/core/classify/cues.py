"""Patterns over words, tried only where a cheap look has seen one of their words: most prompts pay for none of them.

A block of alternatives has one a line (a backslash continues it). `stems` are words (their first
five letters count) of which one must occur in the prompt before the block is tried; `korean` are parts of Korean words
with the same use.
Must never know what a cue is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

STEM = 5
_BOUNDARY = r"\b"


@dataclass(frozen=True, slots=True)
class Cue:
    """`name` is what the cue speaks for; several cues may share one."""

    name: str
    stems: str
    korean: str
    block: str

    def find(self, text: str) -> re.Match[str] | None:
        return compiled(self.block).search(text)

    def find_all(self, text: str) -> Iterator[re.Match[str]]:
        return compiled(self.block).finditer(text)


class Gate:
    """Which of some cues are worth trying on a text."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._english: dict[str, set[str]] = {}
        self._korean: list[tuple[str, str]] = []
        for cue in cues:
            for stem in cue.stems.split():
                self._english.setdefault(stem[:STEM], set()).add(cue.name)
            self._korean.extend((part, cue.name) for part in cue.korean.split())

    def opened_by(self, stems: frozenset[str], text: str) -> frozenset[str]:
        """Names of the cues that some word could pull."""
        names: set[str] = set()
        for stem in stems & self._english.keys():
            names |= self._english[stem]
        if not text.isascii():
            names.update(name for part, name in self._korean if part in text)
        return frozenset(names)


def stems_of(words: Iterable[str]) -> frozenset[str]:
    """The first letters of each word."""
    return frozenset([word[:STEM] for word in words])


@cache
def compiled(block: str, *, any_case: bool = False) -> re.Pattern[str]:
    """A block of alternatives as one pattern, over lower-case text unless `any_case`, compiled on first use."""
    lines = [line for line in block.replace("\\\n", "").split("\n") if line]
    # One shared word boundary lets the engine leave most positions at once, instead of asking every alternative.
    words = "|".join(line.removeprefix(_BOUNDARY) for line in lines if line.startswith(_BOUNDARY))
    others = [line for line in lines if not line.startswith(_BOUNDARY)]
    whole = "|".join([f"{_BOUNDARY}(?:{words})", *others] if words else others)
    return re.compile(whole, re.MULTILINE | (re.IGNORECASE if any_case else 0))
