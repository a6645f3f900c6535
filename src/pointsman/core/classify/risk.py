"""Which high-risk things a change touches (document 002 §7): an ordered, explained detector that can only raise.

Concepts of a prompt count where they stand together, unless it only asks or tells: asking what OAuth is changes
nothing. Touched paths and the added and removed lines of a diff count always. Must never lower a risk that was stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain, islice, pairwise
from typing import NamedTuple

from pointsman.core.classify.concepts import CONCEPTS, OFTEN_MISSPELT
from pointsman.core.classify.cues import compiled
from pointsman.core.classify.likeness import WORDS_READ, Scale
from pointsman.core.classify.moods import Mood, minded
from pointsman.core.classify.reading import Reader, Seen, Sentence
from pointsman.core.classify.triggers import TRIGGERS, Trigger

HEAD_CHARS, TAIL_CHARS = 6_000, 2_000  # more than the kind needs: a risk in the middle of a long request must be seen
ALSO_TECH = ("tech", "persist", "schema", "engine", "command")
SOFT_WORDS = 2  # of those that software shares with everyday life
WORDS_SHOWN = 60  # characters of them
PASTED_CHARS = 20_000  # of a diff in the prompt
DIFF_CHARS = 400_000  # a larger diff is not read to its end, and that is itself a risk

_DIFF_PATH = re.compile(r"^(?:\+\+\+|---) (?:[ab]/)?(\S+)", re.MULTILINE)


class Hit(NamedTuple):
    """A trigger's code (as in `Task.risk`), where it was seen (prompt, path or diff), and the words that pulled it."""

    code: str
    where: str
    words: str


class Rule(NamedTuple):
    """Concepts, one bit each, that are a risk of class `code` together, and those beside which they are none."""

    code: str
    needs: tuple[int, ...]
    beside: tuple[int, ...]  # of each of these something must stand with them, be it the same word
    unless: int


def risks(text: str, paths: tuple[str, ...] = (), diff: str | None = None, *, coding: bool = True) -> tuple[Hit, ...]:
    """Each class of risk that a change touches, at most once, in the order of the triggers.

    `text` is the prompt, of which the head and the tail are read; `paths` are the files it is known to touch, `diff` a
    unified diff, else the one that is pasted into the prompt. Unless it is about `coding`, what only tells of something
    pulls nothing.
    """
    spoken = _spoken(text, coding)
    diff = diff or _pasted(text)
    if not (spoken or paths or diff):
        return ()
    lines = changed_lines(diff) if diff else ""
    touched = (*paths, *_DIFF_PATH.findall(diff[:DIFF_CHARS])) if diff else paths
    hits = [hit for trigger in TRIGGERS if (hit := spoken.get(trigger.code) or _pull(trigger, touched, lines))]
    if diff and len(diff) > DIFF_CHARS:
        hits.append(Hit("unread-diff", "diff", f"{len(diff):,} characters, the first {DIFF_CHARS:,} were read"))
    return tuple(hits)


def _pasted(prompt: str) -> str | None:
    at = prompt.find("diff --git ")
    if at < 0 and "\n@@ -" in prompt:
        at = prompt.find("--- ")
    return prompt[at : at + PASTED_CHARS] if at >= 0 and "\n@@ -" in prompt else None


def changed_lines(diff: str) -> str:
    """The added and removed lines of a unified diff, signs kept, file headers left out."""
    read = diff[:DIFF_CHARS].splitlines()
    return "\n".join(line for line in read if line[:1] in ("+", "-") and line[:3] not in ("+++", "---"))


def _spoken(prompt: str, coding: bool) -> Mapping[str, Hit]:
    """The hit of each trigger that the prompt pulls: by its rules, else by what its words are like."""
    text = prompt if len(prompt) <= HEAD_CHARS + TAIL_CHARS else f"{prompt[:HEAD_CHARS]}\n{prompt[-TAIL_CHARS:]}"
    reader = _reader()
    words = reader.words(text.lower())
    known = set(words)
    if not (_possible(reader.could_mean(known)) or _scale().risky(set(words[:WORDS_READ]))):
        return {}
    said = [*_said(reader, words)]
    technical = coding or _technical(reader, known)
    ruled = (sentence for sentence, mood in said if technical or mood is not Mood.TELL)
    found = _first_words(ruled, reader.bit["tech"] if technical else 0)
    return found or _alike(spoken_of(said))


def _alike(words: set[str]) -> Mapping[str, Hit]:
    if not words or not _scale().risky(words):
        return {}
    code, heaviest = _scale().like(words)
    return {code: Hit(code, "wording", ", ".join(heaviest))}


def spoken_of(said: Iterable[tuple[Sentence, Mood]]) -> set[str]:
    """The first words that likeness reads: of what stands in a program, not of what is made to stand alone."""
    changing = (sentence.words for sentence, mood in said if mood is not Mood.MAKE)
    return set(islice(chain.from_iterable(changing), WORDS_READ))


def said_in(prompt: str) -> list[tuple[Sentence, Mood]]:
    """The sentences of a prompt that do not only ask: what weights are learned from."""
    return [*_said(_reader(), _reader().words(prompt.lower()))]


def concepts_of(word: str) -> tuple[str, ...]:
    """The names of what a word means alone."""
    means = _reader().alone(word)
    return tuple(name for name, bit in _reader().bit.items() if means & bit)


def _technical(reader: Reader, words: Iterable[str]) -> bool:
    """Whether the words speak of software: one that only software has, or several that it has too."""
    soft = 0
    for word in words:
        means = reader.alone(word)
        if means & _tech():
            return True
        soft += bool(means & reader.bit["techy"])
    return soft >= SOFT_WORDS


def _said(reader: Reader, words: list[str]) -> Iterator[tuple[Sentence, Mood]]:
    """The sentences that do not only ask, and their mood.

    What tells of a thing that is made to stand alone belongs to its making, which changes nothing.
    """
    alone = False
    for sentence, mood in minded(reader.sentences(words), _orders(), reader.bit["own"]):
        alone = mood is Mood.MAKE or (alone and mood is Mood.TELL)
        if alone:
            yield sentence.without(reader.bit["make"], opening=mood is Mood.MAKE), Mood.MAKE
        else:
            yield sentence, mood


def _first_words(sentences: Iterable[Sentence], beside: int) -> Mapping[str, Hit]:
    found: dict[str, Hit] = {}
    for means, hints, seen in _windows(sentences):
        for rule in _met(means, hints | beside):
            if rule.code not in found and (words := _assigned(rule.needs, seen)):
                found[rule.code] = Hit(rule.code, "prompt", " … ".join(words)[:WORDS_SHOWN])
    return found


def _windows(sentences: Iterable[Sentence]) -> Iterator[tuple[int, int, tuple[Seen, ...]]]:
    """Each two neighbouring sentences: one often names the thing, and the next what to do with it."""
    read = [*sentences]
    if len(read) == 1:
        yield read[0].means, read[0].hints, read[0].seen
    for one, two in pairwise(read):
        yield one.means | two.means, one.hints | two.hints, one.seen + two.seen


def _assigned(needs: tuple[int, ...], seen: tuple[Seen, ...]) -> tuple[str, ...] | None:
    """A word for each of `needs`, each of its own."""
    if not needs:
        return ()
    for at, word in enumerate(seen):
        if word.means & needs[0]:
            rest = _assigned(needs[1:], seen[:at] + seen[at + 1 :])
            if rest is not None:
                return (word.words, *rest)
    return None


@lru_cache(maxsize=4096)
def _met(means: int, hints: int) -> tuple[Rule, ...]:
    return tuple(rule for rule in _rules() if _holds(rule, means, hints))


@lru_cache(maxsize=4096)
def _possible(means: int) -> bool:
    """Whether words that mean all this could be a risk, however they stand."""
    return any(all(means & need for need in rule.needs) for rule in _rules())


def _holds(rule: Rule, means: int, hints: int) -> bool:
    if means & rule.unless:
        return False
    return all(means & need for need in rule.needs) and all(hints & other for other in rule.beside)


def _pull(trigger: Trigger, paths: Iterable[str], lines: str) -> Hit | None:
    if trigger.paths and (path := next(filter(compiled(trigger.paths, any_case=True).search, paths), None)):
        return Hit(trigger.code, "path", path[: 2 * WORDS_SHOWN])
    if trigger.lines and lines and (found := compiled(trigger.lines, any_case=True).search(lines)):
        return Hit(trigger.code, "diff", found[0].strip()[:WORDS_SHOWN])
    return None


@cache
def _reader() -> Reader:
    return Reader(CONCEPTS, OFTEN_MISSPELT.split())


@cache
def _scale() -> Scale:
    return Scale(concepts_of)


@cache
def _orders() -> frozenset[str]:
    reader = _reader()
    return reader.meaning(sum(reader.bit[name] for name in ("change", "make", "destroy", "ops")))


@cache
def _tech() -> int:
    """What only software has: what the concept says, and every term of a trade."""
    return sum(bit for name, bit in _reader().bit.items() if name in ALSO_TECH or name.endswith("-term"))


@cache
def _rules() -> tuple[Rule, ...]:
    return tuple(_rule(trigger.code, line) for trigger in TRIGGERS for line in trigger.rules.split("\n") if line)


def _rule(code: str, line: str) -> Rule:
    bit = {**_reader().bit, "do": _reader().bit["change"] | _reader().bit["make"]}
    unless = 0 if line[0] == "!" else bit["cosmetic"] | bit["everyday"]
    needs, *clauses = re.split(r" (?=with |without )", line.removeprefix("! "))
    beside = []
    for clause in clauses:
        word, name = clause.split()
        if word == "with":
            beside.append(bit[name])
        else:
            unless |= bit[name]
    return Rule(code, tuple(bit[name] for name in needs.split(" & ")), tuple(beside), unless)
