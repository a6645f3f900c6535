"""Shapes of a prompt that are not words: code lines, error output, answer options, formulas, its opening and its end.

A pattern is tried only where one of its hints, a plain substring, occurs. Must never decide what a shape is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.classify.cues import compiled
from pointsman.core.classify.view import View

SHORT_CHARS = 160
LONG_CHARS = 600


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    hints: tuple[str, ...]
    pattern: str  # compiled on first use; `^` and `$` are those of a line


SHAPES = (
    Shape(
        ":code-line",
        (";", "(", "{", "#inc", "import", "SELECT", "CREATE", "INSERT", ">>>", "package"),
        r"^[ \t]*(?:def \w+\s*\(|class \w+\s*[:({<]|from [\w.]+ import |import [\w.{*]|#include"
        r"|(?:public|private|static) |(?:export )?(?:async )?function\b.*\(|(?:const|let|var) \w+ ?="
        r"|fn \w+|func \w+|package \w+|using namespace|SELECT\b.+\bFROM\b|CREATE TABLE|INSERT INTO"
        r"|(?:int|void|double|string|bool) \w+\(|return .*;|assert |>>> )|\);|\) ?\{|;$|=> ?[{(]",
    ),
    Shape(
        ":trace",
        (
            "rror",
            "xception",
            "Traceback",
            "ERR!",
            "panic:",
            "fault",
            "dumped",
            "exit code",
            "denied",
            "is not defined",
            "is not a function",
        ),
        r"Traceback|[a-z](?:Error|Exception)\b|\berror(?:\[\w+\])?: |\bERR!|panic: |[Ss]egmentation fault"
        r"|core dumped|at [\w.$]+\([\w.]+:\d+|exit code \d|permission denied|is not defined\b|is not a function\b",
    ),
    Shape(
        ":source-file",
        (".",),
        r"\.(?:py|pyi|js|jsx|ts|tsx|go|rs|java|cpp|hpp|cs|rb|php|sh|sql|html|css|scss|ipynb|toml|ya?ml|kt|swift)\b",
    ),
    Shape(":identifier", ("`", "_", "()", "--"), r"`[^`\n]+`|[a-z]_[a-z]|\w\(\)|\s--[a-z]{2}"),
    Shape(
        ":io-sections",
        ("utput", "출력", "onstraints", "Example 1:", "standard input"),
        r"^\W*(?:Sample |Standard )?(?:Output|출력)(?: Format)?\W*$|^\W*Constraints\b|Example 1:"
        r"|[Ss]tandard [Ii]nput",
    ),
    Shape(
        ":options",
        ("A)", "A.", "A:", "A )", "a)", "1)", "ptions:", "hoices:", "①"),
        r"(?:^|\s)\(?A ?[).:]\s[^\n]{0,200}\n?\s*\(?B ?[).:]\s|(?:^|\s)a\)\s[^\n]{0,200}\n?\s*b\)\s"
        r"|^(?:Answer )?(?:Options|Choices):|①|(?:^|\s)1\)\s[^\n]{0,120}\n?\s*2\)\s",
    ),
    Shape(
        ":formula",
        ("=", "^", "$", "+", "*", "/", "\\", "!", "f(x)", " - "),
        r"\$[\w,.]{1,12}\$|\[asy\]|\$[^$\n]{0,80}[\\^_=+{}][^$\n]{0,80}\$|\\(?:frac|sqrt|sum|int|\[|begin)"
        r"|[0-9a-z)] ?[+*^=] ?[0-9a-z(]|\d ?[-/] ?\d+ ?=|\bf\(x\)|\d!",
    ),
)
_LANGUAGES = """English French German Spanish Italian Portuguese Dutch Swedish Norwegian Danish Finnish Polish Czech
    Hungarian Greek Turkish Russian Ukrainian Arabic Hindi Chinese Japanese Korean Vietnamese Thai Latin""".split()
_LANGUAGE, _LANGUAGE_WORDS = "|".join(_LANGUAGES), frozenset(map(str.lower, _LANGUAGES))
_SAY_IN = (
    rf"\b[Hh]ow (?:do|does|would|should|can) [\w ]{{1,20}} (?:say|put|write)\b"
    rf"|\b[Ww]hat(?: is|'s) the (?:{_LANGUAGE}) (?:word |term |phrase )?for\b"
    rf"|\b(?:into|to) (?:{_LANGUAGE})[ .?!:]*$|\b(?:{_LANGUAGE}) (?:version|translation|subtitles)\b"
    rf"|^(?:{_LANGUAGE}) ?:|\b(?:{_LANGUAGE}) to (?:{_LANGUAGE})\b"
)
_CAMEL_NEAR, _CAMEL = r"[a-z][A-Z]", r"\b[a-z]{2,}[A-Z][a-z]\w+"
_NUMBERS = frozenset("# two three four five six seven eight nine ten twelve half third twice double dozen".split())
_WH = frozenset("who when where which what whose whom in the how why is name".split())
_HELLO = frozenset(
    "hello hi hey thanks thank good ok okay bye goodbye lol haha yo welcome 안녕 안녕하세요 네 응".split()
)
_PLAN = frozenset("plan weigh decide prioritise prioritize debate critique strategize deliberate".split())
_HOW_TO = frozenset(
    f"{asks} {whom}"
    for asks, whoms in {
        "how": "do can could would should to",
        "why": "does do is are did doesn't isn't won't",
        "is": "there it",
        "can": "i we",
        "what": "would causes",
        "what's": "the",
        "where": "do can",
    }.items()
    for whom in whoms.split()
)
_ENDS = {"?": ":asks", ":": ":to-complete"}


def shapes(view: View) -> list[str]:
    """Names of the shapes of `view`, each with a colon before it."""
    text = view.text
    seen = [shape.name for shape in SHAPES if _hinted(shape.hints, text) and compiled(shape.pattern).search(text)]
    if not _LANGUAGE_WORDS.isdisjoint(view.words) and compiled(_SAY_IN).search(text):
        seen.append(":say-in")
    if compiled(_CAMEL_NEAR).search(text) and compiled(_CAMEL).search(text):
        seen.append(":camel")
    if view.fenced:
        seen.append(":fence")
    if sum(map(_NUMBERS.__contains__, view.words)) >= 2:
        seen.append(":numbers")
    if view.length <= SHORT_CHARS:
        seen.append(":short")
    elif view.length > LONG_CHARS:
        seen.append(":long")
    if end := _ENDS.get(text.rstrip()[-1:]):
        seen.append(end)
    return [*seen, *_opening(view)]


def _opening(view: View) -> list[str]:
    first = view.words[0] if view.words else ""
    found = [name for name, words in ((":wh-start", _WH), (":hello", _HELLO), (":plan-start", _PLAN)) if first in words]
    return [*found, ":how-to"] if " ".join(view.words[:2]) in _HOW_TO else found


def _hinted(hints: tuple[str, ...], text: str) -> bool:
    return any(map(text.__contains__, hints))
