"""Patterns tried only where a word stands that they can begin with: hundreds of them cost a long text what a few do.

Owns the reading of a pattern's first letters, and the table from them to patterns. Must never know what a pattern is
for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

WORDS_KEPT = 20_000
LETTERS = 5  # of a word, by which patterns are found
_WORD = re.compile(r"[a-z0-9]+")
_BOUNDARY = r"\b"

_Written = tuple[int, str, str]
_Entry = tuple[int, str, re.Pattern[str]]


class Heads:
    """Named patterns, in their order. Those that begin with no letters are searched for everywhere."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        by_head: dict[str, list[_Written]] = {}
        self._by_word = _ByWord(by_head)
        self._anywhere: list[_Entry] = []
        for order, (name, written) in enumerate(named):
            heads = heads_of(written)
            if "" in heads or not written.startswith(_BOUNDARY):
                self._anywhere.append((order, name, _compiled(written)))
                continue
            for head in heads:
                by_head.setdefault(head, []).append((order, name, written))

    def find(self, text: str) -> Iterator[tuple[int, str, re.Match[str]]]:
        """Order, name and match of each pattern at each place of lower-case `text`, in no order."""
        for word in set(_WORD.findall(text)):
            if entries := self._by_word[word]:
                for at in _places(word, text):
                    for order, name, pattern in entries:
                        if match := pattern.match(text, at):
                            yield order, name, match
        for order, name, pattern in self._anywhere:
            for match in pattern.finditer(text):
                yield order, name, match


def _places(word: str, text: str) -> Iterator[int]:
    """Where `word` stands in `text`, and not within a longer one."""
    at = text.find(word)
    while at >= 0:
        if not text[at - 1 : at].isalnum() and not text[at + len(word) : at + len(word) + 1].isalnum():
            yield at
        at = text.find(word, at + 1)


class _ByWord(dict[str, tuple[_Entry, ...]]):
    """Word -> the patterns whose first letters it has, compiled when the word is first met: most never are."""

    def __init__(self, by_head: Mapping[str, Iterable[_Written]]) -> None:
        self._by_head = by_head

    def __missing__(self, word: str) -> tuple[_Entry, ...]:
        lengths = range(1, min(LETTERS, len(word)) + 1)
        written = (entry for length in lengths for entry in self._by_head.get(word[:length], ()))
        entries = tuple((order, name, _compiled(pattern)) for order, name, pattern in written)
        if len(self) < WORDS_KEPT:
            self[word] = entries
        return entries


@cache
def _compiled(written: str) -> re.Pattern[str]:
    return re.compile(written)


def heads_of(pattern: str) -> frozenset[str]:
    """The letters that what `pattern` matches can begin with, at most LETTERS; "" if that cannot be told.

    Reads what the blocks are written in: letters, `?`, `(?:a|b)` and `[ab]`. Anything else ends the reading.
    """
    return frozenset(head[:LETTERS] for head, _ in _beginnings(pattern.removeprefix(_BOUNDARY)))


def _beginnings(pattern: str) -> set[tuple[str, bool]]:
    """Beginnings of `pattern`, and whether each is the whole, so that what follows `pattern` continues it."""
    if not pattern:
        return {("", True)}
    options, rest = _first(pattern)
    if rest[:1] in ("*", "{"):  # once, oftener, or not at all
        options, rest = {(head, False) for head, _ in options}, rest[rest.index("}") if rest[0] == "{" else 0 :]
    if rest[:1] in ("?", "*", "}"):
        options, rest = options | {("", True)}, rest[1:]
    found: set[tuple[str, bool]] = set()
    for head, whole in options:
        if whole and len(head) < LETTERS:
            found |= {(head + more, done) for more, done in _beginnings(rest)}
        else:
            found.add((head, False))
    return found


def _first(pattern: str) -> tuple[set[tuple[str, bool]], str]:
    """The beginnings of the first part of `pattern`, and the rest."""
    if pattern.startswith("(?:"):
        end = _closing(pattern)
        return set().union(*map(_beginnings, _alternatives(pattern[3:end]))), pattern[end + 1 :]
    if pattern[0] == "[" and pattern[1] != "^" and "-" not in pattern[1 : pattern.index("]")].strip("-"):
        end = pattern.index("]")
        letters = [letter for letter in pattern[1:end] if letter.isalnum()]
        whole = len(letters) == end - 1
        return {(letter, True) for letter in letters} | (set() if whole else {("", False)}), pattern[end + 1 :]
    if pattern[0].isalnum():
        return {(pattern[0], True)}, pattern[1:]
    return {("", False)}, ""


def _closing(pattern: str) -> int:
    depth = 0
    for at, letter in enumerate(pattern):
        if pattern[at - 1 : at] != "\\":
            depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at
    raise ValueError(f"no closing parenthesis in {pattern!r}")


def _alternatives(inside: str) -> list[str]:
    """The parts of `inside` between bars of its own level."""
    parts, depth = [""], 0
    for letter in inside:
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
