"""What of a prompt is read: the head and the tail, where instructions stand, and not the paste between them.

Owns the bounds that keep a 1 MB prompt as cheap as a page, and the words and shapes the rules and weights look at.
Must never decide what a prompt is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pointsman.core.classify.cues import stems_of

HEAD_CHARS = 800  # read for shapes (code lines, options, input/output sections)
TAIL_CHARS = 400
HEAD_WORDS = 28  # read for words: an instruction rarely needs more before its paste begins
TAIL_WORDS = 16

_FENCE = re.compile(r"```([A-Za-z0-9+#_-]*)[^\n]*\n?.*?(?:```|\Z)", re.DOTALL)
_QUOTE = re.compile(r"[\"“]([^\"“”\n]{60,})[\"”]|(?:^>[^\n]*\n?)+", re.MULTILINE)
_DIGITS = "0123456789"
_WORD = re.compile(r"c\+\+|[cf]#|[a-z]+(?:'[a-z]+)?|[가-힣]+|\d[\d,.]*(?:st|nd|rd|th|'?s\b)?")


@dataclass(frozen=True, slots=True)
class View:
    """The bounded part of one prompt. `words` are lower case; numbers are `#`, `#th` or `#y`."""

    text: str  # at most HEAD_CHARS + TAIL_CHARS, as written
    prose: str  # the same, lower case, without fenced blocks and long quotations
    words: tuple[str, ...]
    stems: frozenset[str]  # of every word of the prose, see `cues`
    length: int  # of the whole prompt, characters
    fenced: bool
    ascii: bool  # of the prose
    quoted: bool


def look(prompt: str) -> View:
    """Cut the windows of `prompt`; the cost does not grow with its length."""
    text = prompt if len(prompt) <= HEAD_CHARS + TAIL_CHARS else f"{prompt[:HEAD_CHARS]}\n…\n{prompt[-TAIL_CHARS:]}"
    prose, fenced, quoted = text, "```" in text, False
    if fenced:
        prose = _FENCE.sub(" ", prose)
    if '"' in prose or "“" in prose or ">" in prose:
        unquoted = _QUOTE.sub(" ", prose)
        quoted = unquoted != prose
        prose = unquoted
    prose = prose.lower()
    words = _WORD.findall(prose)
    return View(text, prose, _window(words), stems_of(words), len(prompt), fenced, prose.isascii(), quoted)


def _number(word: str) -> str:
    """`#` for a quantity, `#th` for an ordinal or decade, `#y` for what looks like a year: only quantities are sums."""
    if word[-1].isalpha():
        return "#th"
    return "#y" if len(word) == 4 and word.isdigit() and "1500" <= word < "2100" else "#"


def _window(words: list[str]) -> tuple[str, ...]:
    if len(words) > HEAD_WORDS + TAIL_WORDS:
        words = [*words[:HEAD_WORDS], "…", *words[-TAIL_WORDS:]]
    return tuple([_number(word) if word[0] in _DIGITS else word for word in words])
