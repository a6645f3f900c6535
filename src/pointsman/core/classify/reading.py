"""Finds the concepts (`concepts`) that the words of a text mean, sentence by sentence.

Owns inflected forms, misspelt words and phrases. One pass over the words, each looked up in a table, so that the cost
is that of the text's length whatever stands in it. Must never know what a concept is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, reduce
from operator import or_
from typing import NamedTuple

SENTENCE_WORDS = 24  # a longer one is read in parts: words further apart speak of different things
MISSPELT_LETTERS = 5  # shorter words are too near to others
WORDS_KEPT = 20_000

_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[가-힣]+|[.!?;:,](?=\s|$)|\n|(?<![\w-])--?[a-z][a-z0-9-]*")
_ENDS = frozenset(".!?;:\n")
_VOWELS = frozenset("aeiou")
_FLAG = "--flag"


class Phrase(NamedTuple):
    """The words that follow the first, each in any of its forms, and what the whole means."""

    rest: tuple[frozenset[str], ...]
    means: int


class Entry(NamedTuple):
    """What a word means alone, the phrases it begins, longest first, and what they mean by their last word."""

    means: int
    phrases: tuple[Phrase, ...] = ()
    lasts: Mapping[str, int] = {}
    seconds: frozenset[str] = frozenset()


class Seen(NamedTuple):
    """A word or phrase, and the concepts it means, one bit for each."""

    words: str
    means: int


class Sentence(NamedTuple):
    """The words of a sentence, and what of it means something. A long one comes in parts."""

    words: tuple[str, ...]
    seen: tuple[Seen, ...]
    means: int  # all of `seen` together
    hints: int  # the same, and what the single words of phrases mean
    starts: bool  # False for a further part
    closes: str  # what ended it, "" if nothing did

    def without(self, bits: int, *, opening: bool) -> Sentence:
        """The sentence, as if no word meant one of `bits`, and with `opening` its first words nothing at all."""
        kept = tuple(Seen(each.words, each.means & ~bits) for each in self.seen[1 if opening else 0 :])
        means = reduce(or_, (each.means for each in kept), 0)
        return self._replace(seen=kept, means=means, hints=means)


class Reader:
    """Reads texts for some concepts. `bit` is the bit of each concept."""

    def __init__(self, concepts: Mapping[str, str], misspelt: Iterable[str] = ()) -> None:
        self.bit = {name: 1 << at for at, name in enumerate(concepts)}
        entries = ((entry.strip(), self.bit[name]) for name, block in concepts.items() for entry in block.split(","))
        self._table = _Table(entries, misspelt)

    def words(self, text: str) -> list[str]:
        """The words of lower-case `text`, and what ends its sentences."""
        return _TOKEN.findall(text)

    def could_mean(self, known: set[str]) -> int:
        """Everything that a text with these words can mean, however they stand."""
        found = 0
        for means, _, lasts, _ in filter(None, map(self._table.__getitem__, known)):
            found |= means
            if lasts and not known.isdisjoint(lasts):
                for last in lasts.keys() & known:
                    found |= lasts[last]
        return found

    def alone(self, word: str) -> int:
        """What `word` means where it begins no phrase."""
        entry = self._table[word]
        return entry.means if entry else 0

    def meaning(self, bits: int) -> frozenset[str]:
        """The listed words that alone mean one of `bits`."""
        return frozenset(word for word, means in self._table.single.items() if means & bits)

    def sentences(self, words: list[str]) -> Iterator[Sentence]:
        """Cut `words` where they end a sentence, or get long."""
        start = 0
        ends = [at for at, word in enumerate(words) if word in _ENDS]
        for end in (*ends, len(words)):
            closes = words[end] if end < len(words) else ""
            for part in range(start, end, SENTENCE_WORDS):
                yield self._sentence(tuple(words[part : min(part + SENTENCE_WORDS, end)]), part == start, closes)
            start = end + 1

    def _sentence(self, words: tuple[str, ...], starts: bool, closes: str) -> Sentence:
        seen: list[Seen] = []
        means = hints = until = 0
        for at, entry in enumerate(map(self._table.__getitem__, words)):
            if entry is None:
                continue
            hints |= entry.means
            if at >= until:
                length, found = _longest(entry, words, at)
                until = at + length
                if found:
                    seen.append(Seen(" ".join(words[at:until]) if length > 1 else words[at], found))
                    means |= found
        return Sentence(words, tuple(seen), means, hints | means, starts, closes)


def _longest(entry: Entry, words: tuple[str, ...], at: int) -> tuple[int, int]:
    if entry.phrases and at + 1 < len(words) and words[at + 1] in entry.seconds:
        for rest, means in entry.phrases:
            following = words[at + 1 : at + 1 + len(rest)]
            if len(following) == len(rest) and all(map(frozenset.__contains__, rest, following)):
                return 1 + len(rest), means
    return 1, entry.means


class _Table(dict[str, Entry | None]):
    """Word -> what it means and what it may begin. A word not listed is looked at once, and remembered."""

    def __init__(self, entries: Iterable[tuple[str, int]], misspelt: Iterable[str]) -> None:
        self.single: dict[str, int] = {}
        self._longer: dict[str, dict[str, int]] = {}
        self._firsts: dict[str, list[str]] = {}
        self._korean: dict[str, int] = {}
        for written, bit in entries:
            if not written.isascii():
                _mean(self._korean, written, bit)
            elif " " in written:
                first, _, rest = written.partition(" ")
                _mean(self._longer.setdefault(first, {}), rest, bit)
            elif written[0] == "=":
                _mean(self.single, written[1:], bit)
            else:
                for form in forms(written):
                    _mean(self.single, form, bit)
        for first in self._longer:
            for form in forms(first):
                self._firsts.setdefault(form, []).append(first)
        self._longest = max(map(len, self._korean), default=0)
        self._misspelt = frozenset(misspelt)
        self._short_of_one = {word[:at] + word[at + 1 :]: word for word in misspelt for at in range(1, len(word))}

    def __missing__(self, word: str) -> Entry | None:
        entry = self._look(word)
        if len(self) < WORDS_KEPT:
            self[word] = entry
        return entry

    def _look(self, word: str) -> Entry | None:
        if word in self.single or word in self._firsts:
            return self._listed(word)
        if word[0] >= "가":
            means = self._means_korean(word)
            return Entry(means) if means else None
        if word.startswith("--") and len(word) > 3:
            return Entry(self.single.get(_FLAG, 0))
        meant = self._meant(word)
        return self[meant] if meant else None

    def _listed(self, word: str) -> Entry:
        longer = {rest: means for first in self._firsts.get(word, ()) for rest, means in self._longer[first].items()}
        phrases = [Phrase(tuple(map(forms, rest.split())), means) for rest, means in longer.items()]
        lasts: dict[str, int] = {}
        for phrase in phrases:
            for form in phrase.rest[-1]:
                _mean(lasts, form, phrase.means)
        longest_first = sorted(phrases, key=lambda phrase: -len(phrase.rest))
        seconds = frozenset().union(*(phrase.rest[0] for phrase in phrases))
        return Entry(self.single.get(word, 0), tuple(longest_first), lasts, seconds)

    def _means_korean(self, word: str) -> int:
        """What the parts of `word` mean, from left to right, the longest part that is listed first."""
        if whole := self._korean.get("=" + word):
            return whole
        found = at = 0
        while at < len(word):
            for end in range(min(len(word), at + self._longest), at, -1):
                part = word[at:end]
                means = self._korean.get(part, 0) | (self._korean.get("^" + part, 0) if at == 0 else 0)
                if means:
                    found, at = found | means, end - 1
                    break
            at += 1
        return found

    def _meant(self, word: str) -> str | None:
        """The word that a slip of the finger made `word` of: a letter too few, too many, or two swapped."""
        if len(word) < MISSPELT_LETTERS:
            return None
        if missing := self._short_of_one.get(word):
            return missing
        for at in range(1, len(word)):
            swapped = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
            for meant in (word[:at] + word[at + 1 :], swapped):
                if meant in self._misspelt:
                    return meant
        return None


def _mean(table: dict[str, int], word: str, bit: int) -> None:
    table[word] = table.get(word, 0) | bit


@cache
def forms(word: str) -> frozenset[str]:
    """`word` and its inflected forms; too many rather than too few."""
    if not word.isalpha() or len(word) < 3:
        return frozenset((word, word + "s")) if word.isalnum() else frozenset((word,))
    stem = word[:-1]
    if word.endswith("e"):
        return frozenset((word, word + "s", word + "d", stem + "ing"))
    if word.endswith("y") and word[-2] not in _VOWELS:
        return frozenset((word, stem + "ies", stem + "ied", word + "ing"))
    found = {word, word + "s", word + "ed", word + "ing"}
    if word.endswith(("s", "x", "ch", "sh")):
        found.add(word + "es")
    if word[-1] not in "wxyaeiou" and word[-2] in _VOWELS and word[-3] not in _VOWELS:
        found |= {word + word[-1] + "ed", word + word[-1] + "ing"}
    return frozenset(found)
