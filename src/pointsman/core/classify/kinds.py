"""Which kind of work a prompt asks for: readable rules, a small table of learned weights, and why.

The score of a kind is the sum of its rules' weights and of the learned weights of the features seen; the confidence
is the softmax of the scores. Rules over groups of words are in `RULES`, shapes of the text in `SHAPES`; both can be
read and argued with. Images, audio and embeddings are decided by rules alone. Must never read more than the `View`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import exp
from typing import NamedTuple

from pointsman.core.classify.lexicon import ENGLISH, KOREAN
from pointsman.core.classify.view import View
from pointsman.core.classify.weights import SCALE, TABLE

LEARNED_KINDS = ("coding", "reasoning", "background", "general")
"""The kinds that carry learned weights, in the order of the table's columns."""

Scores = tuple[float, float, float, float]


class Verdict(NamedTuple):
    """The kind, its confidence 0..1, and the words or features that gave it."""

    kind: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """If all `need` groups (or shapes) are seen and no `unless`, `kind` gains `weight` (natural-log odds)."""

    name: str
    kind: str
    weight: float
    need: tuple[str, ...]
    unless: tuple[str, ...] = ()


RULES = (
    Rule("asks for code", "coding", 1.8, ("make", "code-thing"), ("writing",)),
    Rule("names a programming language", "coding", 1.0, ("language-name",)),
    Rule("makes something in a language", "coding", 1.2, ("make", "language-name")),
    Rule("programming words", "coding", 1.2, ("code-word",)),
    Rule("changes code", "coding", 1.0, ("fix",)),
    Rule("changes code by name", "coding", 1.0, ("fix", "code-word")),
    Rule("code in the prompt", "coding", 2.2, (":code-line",)),
    Rule("fenced code", "coding", 0.8, (":fence",)),
    Rule("error output", "coding", 2.0, (":trace",)),
    Rule("names a source file", "coding", 1.2, (":source-file",)),
    Rule("identifiers", "coding", 0.8, (":identifier",)),
    Rule("input and output sections", "coding", 2.2, (":io-sections",)),
    Rule("multiple choice", "reasoning", 2.4, (":options",)),
    Rule("mathematics", "reasoning", 1.0, ("math",)),
    Rule("formula", "reasoning", 1.8, (":formula",), (":code-line",)),
    Rule("quantities and a question", "reasoning", 1.8, ("math", ":numbers"), (":code-line", "code-word")),
    Rule("logic words", "reasoning", 1.0, ("logic",)),
    Rule("proof", "reasoning", 1.2, ("prove",)),
    Rule("analysis or strategy", "reasoning", 1.6, ("analysis",)),
    Rule("research", "reasoning", 0.8, ("research", "analysis")),
    Rule("asks for a summary", "background", 2.4, ("summary",), (":code-line",)),
    Rule("summary of a paste", "background", 1.0, ("summary", "paste")),
    Rule("translation", "background", 2.6, ("translate",), ("language-name",)),
    Rule("converts or extracts text", "background", 1.0, ("convert",)),
    Rule("converts a paste", "background", 1.0, ("convert", "paste"), ("language-name", ":code-line")),
    Rule("monitoring", "background", 2.4, ("monitor",)),
    Rule("creative or everyday writing", "general", 1.6, ("writing",), (":code-line", "summary", "translate")),
    Rule("role play", "general", 1.0, ("role-play",), (":numbers", ":code-line")),
    Rule("short factual question", "general", 1.2, (":wh-start",), (":numbers", ":options", ":code-line", ":formula")),
    Rule("greeting", "general", 1.6, ("greet", ":short")),
    Rule("asks to explain or advise", "general", 0.6, ("explain",)),
)

_NOT_SEEING = ("code-word", "language-name", "make")
MODAL_RULES = (
    Rule("asks for a picture", "image-generation", 0.8, ("draw", "picture", ":short"), ("code-word",)),
    Rule("asks for sound", "audio", 0.8, ("sound", "speak", ":short"), ("code-word",)),
    Rule("asks for embeddings", "embedding", 0.8, ("embed", ":short"), ("language-name",)),
    Rule(
        "speaks of a picture shown", "vision", 0.6, ("this-picture", ":short"), ("code-word", "language-name", "make")
    ),
)

SHAPES = (
    (
        ":code-line",
        re.compile(
            r"^[ \t]*(?:def \w+\s*\(|class \w+\s*[:({<]|from [\w.]+ import |import [\w.{*]|#include"
            r"|(?:public|private|static) |(?:export )?(?:async )?function\b.*\(|(?:const|let|var) \w+|fn \w+|func \w+"
            r"|package \w+|using namespace|SELECT\b.+\bFROM\b|CREATE TABLE|INSERT INTO"
            r"|(?:int|void|double|string|bool) \w+\(|return .*;|assert |>>> )|\);|\) ?\{|;$|=> ?[{(]",
            re.MULTILINE,
        ),
    ),
    (
        ":trace",
        re.compile(
            r"Traceback|\b[A-Z]\w*(?:Error|Exception)\b|\berror(?:\[\w+\])?: |\bERR!|panic: |[Ss]egmentation fault"
            r"|core dumped|at [\w.$]+\([\w.]+:\d+|exit code \d|permission denied|is not defined\b|is not a function\b"
        ),
    ),
    (
        ":source-file",
        re.compile(
            r"\b[\w/-]+\.(?:py|pyi|js|jsx|ts|tsx|go|rs|java|cpp|hpp|cs|rb|php|sh|sql|html|css|scss|ipynb|toml|ya?ml"
            r"|kt|swift)\b"
        ),
    ),
    (":identifier", re.compile(r"`[^`\n]+`|\b[a-z]+_[a-z_]+\b|\b[a-z]+[A-Z]\w+|\w\(\)|\s--[a-z]{2,}")),
    (
        ":io-sections",
        re.compile(
            r"^\W*(?:(?:Sample |Standard )?Input|입력)\b(?:.|\n)*?^\W*(?:(?:Sample |Standard )?Output|출력)\b"
            r"|\bConstraints:?\s|Example 1:|standard input",
            re.MULTILINE,
        ),
    ),
    (
        ":options",
        re.compile(
            r"(?:^|\s)\(?A\s?[).:]\s.*?\s\(?B\s?[).:]\s|(?:^|\s)a\)\s.*?\sb\)\s|^(?:Options|Choices):|\(A\).*\(B\)"
            r"|①|^1\)\s.*^2\)\s|\s1\) .* 2\) .* 3\) ",
            re.MULTILINE | re.DOTALL,
        ),
    ),
    (
        ":formula",
        re.compile(
            r"\$[^$\n]*[\\^_=+{}0-9][^$\n]*\$|\\(?:frac|sqrt|sum|int|\[|begin)"
            r"|\b[0-9]*[a-z]\^?[0-9]?\s?[-+=*/<>]\s?[0-9a-z(]+\b|\b\d+\s?[-+*/^]\s?\d+\s?=|\b\d+ ?[*/^+] ?\d+\b"
            r"|\bf\(x\)|\d+!"
        ),
    ),
)
_NUMBER_WORDS = frozenset("two three four five six seven eight nine ten twelve half third twice double dozen".split())
_WH = frozenset("who when where which what whose whom in the how why is name".split())
_SHORT_CHARS = 160
_CONTENT_KINDS = dict(zip(LEARNED_KINDS, range(4), strict=True))


def judge(view: View) -> Verdict:
    """The kind of work `view` asks for, by rules and weights."""
    seen = groups(view)
    if modal := next((rule for rule in MODAL_RULES if fires(rule, seen)), None):
        return Verdict(modal.kind, modal.weight, f"{modal.name}{_quote(words_of(view, modal.need))}")
    fired = [rule for rule in RULES if fires(rule, seen)]
    found = list(features(view, seen))
    scores = score(fired, found, weights())
    best = max(range(4), key=scores.__getitem__)
    kind = LEARNED_KINDS[best]
    return Verdict(kind, _softmax(scores, best), _reason(view, kind, best, fired, found))


def score(fired: Iterable[Rule], found: Iterable[str], table: dict[str, Scores]) -> list[float]:
    """One sum per learned kind. `table` maps a feature to its four weights."""
    sums = [0.0, 0.0, 0.0, 0.0]
    for rule in fired:
        sums[_CONTENT_KINDS[rule.kind]] += rule.weight
    get = table.get
    a = b = c = d = 0.0
    for feature in found:
        if hit := get(feature):
            a += hit[0]
            b += hit[1]
            c += hit[2]
            d += hit[3]
    bias = table.get("", (0.0, 0.0, 0.0, 0.0))
    return [total + part + base for total, part, base in zip(sums, (a, b, c, d), bias, strict=True)]


def groups(view: View) -> frozenset[str]:
    """Names of the word groups and (with a colon) shapes that `view` shows."""
    seen: set[str] = set()
    for name, _ in _group_hits(view.words):
        seen.update(name)
    seen.update(_shapes(view))
    return frozenset(seen)


def features(view: View, seen: Iterable[str]) -> Iterable[str]:
    """What the learned table knows: words, neighbouring words, openings, and the groups and shapes already found."""
    words = view.words
    found = set(words)
    found.update(map("{} {}".format, words, words[1:]))
    if words:
        found.add(f"^{words[0]}")
        found.add(f"${words[-1]}")
        found.add(f"^{' '.join(words[:2])}")
    for word in words:
        if word >= "가" and len(word) > 2:
            found.update(word[at : at + 2] for at in range(len(word) - 1))
    found.update(f"@{name}" for name in seen)
    return found


@cache
def weights() -> dict[str, Scores]:
    """The learned table, read from its text once: feature -> weight per kind of LEARNED_KINDS."""
    table: dict[str, Scores] = {}
    for line in TABLE.splitlines():
        feature, _, numbers = line.rpartition("\t")
        a, b, c, d = numbers.split(" ")
        table[feature] = (int(a) / SCALE, int(b) / SCALE, int(c) / SCALE, int(d) / SCALE)
    return table


def words_of(view: View, names: Iterable[str]) -> list[str]:
    """The first word of `view` in each of the groups `names`, for evidence."""
    wanted = [name for name in names if not name.startswith(":")]
    first: dict[str, str] = {}
    for names_of_word, word in _group_hits(view.words):
        for name in names_of_word:
            first.setdefault(name, word)
    return [first[name] for name in wanted if name in first]


@cache
def _index() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    english: dict[str, tuple[str, ...]] = {}
    korean: dict[str, tuple[str, ...]] = {}
    for source, target in ((ENGLISH, english), (KOREAN, korean)):
        for group, listed in source.items():
            for word in listed.split():
                key = word.replace("_", " ")
                target[key] = (*target.get(key, ()), group)
    return english, korean


def _group_hits(words: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    english, korean = _index()
    get = english.get
    previous = ""
    for word in words:
        if hit := get(word):
            yield hit, word
        if hit := get(f"{previous} {word}"):
            yield hit, f"{previous} {word}"
        if word >= "가":
            yield from _korean_hits(word, korean)
        previous = word


def _korean_hits(word: str, korean: dict[str, tuple[str, ...]]) -> Iterable[tuple[tuple[str, ...], str]]:
    if hit := korean.get(f"{word}."):
        yield hit, word
    for size in (2, 3, 4):
        if hit := korean.get(word[:size]):
            yield hit, word


def _shapes(view: View) -> Iterable[str]:
    for name, pattern in SHAPES:
        if pattern.search(view.text):
            yield name
    if view.fenced:
        yield ":fence"
    words = view.words
    numbers = words.count("#") + sum(word in _NUMBER_WORDS for word in words)
    if numbers >= 2:
        yield ":numbers"
    if words and words[0] in _WH:
        yield ":wh-start"
    if view.length <= _SHORT_CHARS:
        yield ":short"
    if view.length > 600:
        yield ":long"
    end = view.text.rstrip()[-1:]
    if end == "?":
        yield ":asks"
    if end == ":":
        yield ":to-complete"


def fires(rule: Rule, seen: frozenset[str]) -> bool:
    return seen.issuperset(rule.need) and seen.isdisjoint(rule.unless)


def _softmax(scores: list[float], best: int) -> float:
    return round(1.0 / sum(exp(max(each - scores[best], -50.0)) for each in scores), 3)


def _reason(view: View, kind: str, column: int, fired: list[Rule], found: list[str]) -> str:
    named = [rule for rule in fired if rule.kind == kind]
    named.sort(key=lambda rule: -rule.weight)
    parts = [f"{rule.name}{_quote(words_of(view, rule.need))}" for rule in named[:2]]
    if not parts:
        table = weights()
        hits = sorted((f for f in found if f in table and f[:1] not in "@"), key=lambda f: (-table[f][column], f))
        parts = [f"words{_quote(hits[:3])}" if hits else "nothing points elsewhere"]
    return "; ".join(parts)


def _quote(words: list[str]) -> str:
    return f" ({', '.join(repr(word) for word in words)})" if words else ""
