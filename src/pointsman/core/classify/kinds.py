"""Which kind of work a prompt asks for: readable rules, a small table of learned weights, and why.

The score of a kind is the sum of its rules' weights and of the learned weights of the features seen; the confidence
is the softmax of the scores. Rules speak of groups of words (`lexicon`; `tech+` is two of `tech`) and, with a
colon, of shapes of the text (`shapes`); both can be read and argued with. Pictures, sound and embeddings are decided
by rules alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import exp
from typing import NamedTuple

from pointsman.core.classify.lexicon import ENGLISH, KOREAN
from pointsman.core.classify.shapes import shapes
from pointsman.core.classify.view import View
from pointsman.core.classify.weights import SCALE, TABLE

LEARNED_KINDS = ("coding", "reasoning", "background", "general")
"""The kinds that carry learned weights, in the order of the table's columns."""

Scores = tuple[int, int, int, int]
"""Natural-log odds in hundredths, one for each of LEARNED_KINDS."""


class Verdict(NamedTuple):
    """The kind, its confidence 0..1, and the words or features that gave it."""

    kind: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """If all `need` groups or shapes are seen and no `unless`, `kind` gains `weight` (hundredths)."""

    name: str
    kind: str
    weight: int
    need: tuple[str, ...]
    unless: tuple[str, ...] = ()


_NO_FACT = (":numbers", ":options", ":formula", "code-word", "fix", "tech+", "weigh+", ":say-in")
RULES = (
    Rule("asks for code", "coding", 180, ("make", "code-thing"), ("writing",)),
    Rule("names a programming language", "coding", 100, ("language-name",)),
    Rule("asks for it in a language", "coding", 180, ("in-language",), ("writing",)),
    Rule("a problem over data", "coding", 180, ("data", "answer-with"), (":formula",)),
    Rule("makes something in a language", "coding", 120, ("make", "language-name"), ("writing",)),
    Rule("programming words", "coding", 150, ("code-word",)),
    Rule("changes code", "coding", 100, ("fix",)),
    Rule("changes code by name", "coding", 100, ("fix", "code-word")),
    Rule("speaks of software", "coding", 120, ("tech+",), ("summary", "translate", ":options")),
    Rule("a fault in software", "coding", 200, ("tech", "trouble"), ("summary", "translate", ":options")),
    Rule("how to, in software", "coding", 100, ("tech", ":how-to"), ("summary", "translate")),
    Rule("code in the prompt", "coding", 280, (":code-line",)),
    Rule("fenced code", "coding", 80, (":fence",)),
    Rule("error output", "coding", 200, (":trace",)),
    Rule("names a source file", "coding", 120, (":source-file",)),
    Rule("identifiers", "coding", 140, (":identifier",)),
    Rule("a name written as in code", "coding", 150, (":camel",)),
    Rule("input and output sections", "coding", 300, (":io-sections",)),
    Rule("multiple choice", "reasoning", 240, (":options",)),
    Rule("mathematics", "reasoning", 100, ("math",)),
    Rule("formula", "reasoning", 180, (":formula",), (":code-line",)),
    Rule("quantities and a question", "reasoning", 180, ("math", ":numbers"), (":code-line", "code-word")),
    Rule("logic words", "reasoning", 100, ("logic",)),
    Rule("a puzzle's words", "reasoning", 150, ("puzzle",), (":code-line", "code-word")),
    Rule("proof", "reasoning", 150, ("prove",)),
    Rule("analysis or strategy", "reasoning", 160, ("analysis",)),
    Rule("opens with a plan or a decision", "reasoning", 250, (":plan-start",), (":code-line",)),
    Rule("plans work on software", "reasoning", 250, (":plan-start", "tech"), (":code-line",)),
    Rule("plans work on code", "reasoning", 250, (":plan-start", "code-word"), (":code-line",)),
    Rule("weighs and decides", "reasoning", 120, ("weigh+",), (":code-line", "summary")),
    Rule("research", "reasoning", 80, ("research", "analysis")),
    Rule("asks for a summary", "background", 240, ("summary",), (":code-line",)),
    Rule("summary of a paste", "background", 100, ("summary", "paste")),
    Rule("translation", "background", 260, ("translate",), ("language-name",)),
    Rule("sentence pair to complete", "background", 300, ("human-language", ":to-complete")),
    Rule("converts or extracts text", "background", 100, ("convert",), (":formula",)),
    Rule("converts a paste", "background", 120, ("convert", "paste"), ("language-name", ":code-line")),
    Rule("tidies a paste", "background", 120, ("tidy", "these"), ("code-word", "code-thing", ":numbers", ":options")),
    Rule("works on a text", "background", 100, ("job",), (":code-line", "code-word", ":formula")),
    Rule("works on a text, in several words", "background", 100, ("job+",), (":code-line",)),
    Rule("how a language says it", "background", 400, (":say-in",)),
    Rule("monitoring", "background", 240, ("monitor",)),
    Rule("creative or everyday writing", "general", 180, ("writing",), (":code-line", "summary", "translate")),
    Rule("role play", "general", 100, ("role-play",), (":numbers", ":code-line")),
    Rule("to speak in a role", "general", 300, ("in-role",), (":options", ":code-line", "code-word")),
    Rule("factual question", "general", 120, (":wh-start",), _NO_FACT),
    Rule("greeting", "general", 160, (":hello", ":short"), ("translate", "code-word")),
    Rule("asks to explain or advise", "general", 60, ("explain",), ("code-word",)),
)

_NOT_SEEING = ("code-word", "language-name", "make")
MODAL_RULES = (
    Rule("asks for a picture", "image-generation", 80, ("draw", "picture", ":short"), ("code-word",)),
    Rule("asks for sound", "audio", 80, ("sound", "speak", ":short"), ("code-word",)),
    Rule("asks for embeddings", "embedding", 80, ("embed", ":short"), ("language-name",)),
    Rule("speaks of a picture shown", "vision", 60, ("this-picture", ":short"), _NOT_SEEING),
)

_COLUMN = {kind: at for at, kind in enumerate(LEARNED_KINDS)}
_BLANK: Scores = (0, 0, 0, 0)
_NO_WORDS: frozenset[str] = frozenset()
_NOTHING_READ = Verdict("general", 0.25, "no words to go by")


def judge(view: View) -> Verdict:
    """The kind of work `view` asks for, by rules and weights."""
    if not view.words:
        return _NOTHING_READ
    grams = grams_of(view)
    seen = groups(view, grams)
    if modal := next((rule for rule in MODAL_RULES if fires(rule, seen)), None):
        return Verdict(modal.kind, modal.weight / SCALE, f"{modal.name}{_quote(_words_of(grams, modal.need))}")
    fired = [rule for rule in RULES if fires(rule, seen)]
    table = weights()
    known = features(view, grams, seen) & table.keys()
    scores = score(fired, known, table)
    best = max(range(4), key=scores.__getitem__)
    return Verdict(LEARNED_KINDS[best], _softmax(scores, best), _reason(grams, best, fired, known))


def grams_of(view: View) -> frozenset[str]:
    """The words of `view`, its neighbouring pairs, and for Korean the beginnings and syllable pairs of words."""
    words = view.words
    grams = set(words)
    grams.update([f"{one} {two}" for one, two in pairwise(words)])
    if not view.ascii:
        for word in words:
            if word >= "가":
                grams.update([word[at : at + 2] for at in range(len(word) - 1)])
    return frozenset(grams)


def groups(view: View, grams: frozenset[str]) -> frozenset[str]:
    """Names of the word groups and (with a colon) shapes that `view` shows; `group+` is two of its words or more."""
    english, korean = _index()
    seen: set[str] = set(shapes(view))
    for gram in grams & english.keys():
        for group in english[gram]:
            seen.add(f"{group}+" if group in seen else group)
    if not view.ascii:
        for word in view.words:
            if word >= "가":
                beginnings = {f"{word}.", word[:2], word[:3], word[:4]}
                for group in {group for beginning in beginnings for group in korean.get(beginning, ())}:
                    seen.add(f"{group}+" if group in seen else group)
    return frozenset(seen)


def features(view: View, grams: frozenset[str], seen: Iterable[str]) -> set[str]:
    """What the learned table may know: grams, the opening and closing words, and the groups and shapes found."""
    words = view.words
    found = {f"@{name}" for name in seen}
    found.update(grams)
    if words:
        found.update((f"^{words[0]}", f"${words[-1]}", f"^{' '.join(words[:2])}"))
    return found


def score(fired: Iterable[Rule], known: Iterable[str], table: Mapping[str, Scores]) -> list[int]:
    """One sum per learned kind, in hundredths; integers, so that the order of adding cannot show."""
    a, b, c, d = table.get("", _BLANK)
    for feature in known:
        w, x, y, z = table[feature]
        a += w
        b += x
        c += y
        d += z
    sums = [a, b, c, d]
    for rule in fired:
        sums[_COLUMN[rule.kind]] += rule.weight
    return sums


@cache
def weights() -> dict[str, Scores]:
    """The learned table, read from its text once: feature -> weight per kind of LEARNED_KINDS, in hundredths."""
    table: dict[str, Scores] = {}
    for line in TABLE.splitlines():
        feature, _, numbers = line.rpartition("\t")
        a, b, c, d = map(int, numbers.split(" "))
        table[feature] = (a, b, c, d)
    return table


def fires(rule: Rule, seen: frozenset[str]) -> bool:
    return seen.issuperset(rule.need) and seen.isdisjoint(rule.unless)


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


@cache
def _words_by_group() -> dict[str, frozenset[str]]:
    return {group: frozenset(word.replace("_", " ") for word in listed.split()) for group, listed in ENGLISH.items()}


def _words_of(grams: frozenset[str], names: Iterable[str]) -> list[str]:
    """Words of the prompt for each of the groups `names`, two where two are needed; phrases before words."""
    listed, korean = _words_by_group(), _index()[1]
    found: list[str] = []
    for name in names:
        group = name.removesuffix("+")
        words = grams & listed.get(group, _NO_WORDS)
        if not words and group in KOREAN:
            words = frozenset(word for word in grams if group in korean.get(word, ()))
        found += sorted(words, key=_long_first)[: len(name) - len(group) + 1]
    return list(dict.fromkeys(found))


def _long_first(gram: str) -> tuple[int, str]:
    return -len(gram), gram


def _softmax(scores: list[int], best: int) -> float:
    return round(1.0 / sum(exp(max((each - scores[best]) / SCALE, -50.0)) for each in scores), 3)


def _reason(grams: frozenset[str], column: int, fired: list[Rule], known: set[str]) -> str:
    named = sorted((rule for rule in fired if _COLUMN[rule.kind] == column), key=lambda rule: -rule.weight)
    if named:
        return "; ".join(f"{rule.name}{_quote(_words_of(grams, rule.need))}" for rule in named[:2])
    table = weights()
    words = sorted((f for f in known if f[0] not in "@^$#"), key=lambda f: (-table[f][column], f))
    return f"words{_quote(words[:3])}" if words else "nothing points elsewhere"


def _quote(words: list[str]) -> str:
    return f" ({', '.join(map(repr, words))})" if words else ""
