"""Keys out of a picture of the screen (SVG), also where the screen broke one over several lines or styles. Pure.

In the picture each piece of one style on one line is a text of its own. They are put back where they stand; words that
touch, on one line or from the end of a line to the beginning of the next in the same pane, are looked at together.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final
from unicodedata import east_asian_width

Redact = Callable[[str], str]
_TEXT: Final = re.compile(r"<text\b([^>]*)>([^<>]*)</text>")
_PLACE: Final = re.compile(r'\b(x|y|textLength)="([0-9.]+)"')
_MOST_LINES = 12  # that one key may be broken over


@dataclass(frozen=True, slots=True)
class Cell:
    """One character: which text it is in and where there, and the columns it covers."""

    text: int
    at: int
    left: int
    right: int
    character: str


Word = tuple[Cell, ...]


def blackened(svg: str, redact: Redact) -> str:
    """The picture, with every character of a key that `redact` would take out replaced by a star."""
    texts = [_Text(match[1], html.unescape(match[2]).replace("\xa0", " ")) for match in _TEXT.finditer(svg)]
    black: set[tuple[int, int]] = set()
    for chain, between in _touching(_lines(texts)):
        shorter = (chain[1:], chain[:-1]) if len(chain) > 2 else ()
        if _hides(chain, between, redact) and not any(_hides(less, between, redact) for less in shorter):
            black |= {(cell.text, cell.at) for word in chain for cell in word}
    numbers = iter(range(len(texts)))

    def drawn(match: re.Match[str]) -> str:
        number = next(numbers)
        shown = texts[number].shown
        hidden = "".join("*" if (number, at) in black else each for at, each in enumerate(shown))
        if hidden == shown:
            return match[0]
        return f"<text{match[1]}>{html.escape(hidden).replace(' ', '&#160;')}</text>"

    return _TEXT.sub(drawn, svg)


@dataclass(frozen=True, slots=True)
class _Text:
    placed: str  # its attributes
    shown: str

    def cells(self, number: int) -> Iterator[tuple[float, Cell]]:
        """With the line each is on; none of a text that says nothing of its place."""
        place = {name: float(value) for name, value in _PLACE.findall(self.placed)}
        widths = [2 if east_asian_width(each) in "WF" else 1 for each in self.shown]
        if len(place) < 3 or not sum(widths):
            return
        left = round(place["x"] * sum(widths) / place["textLength"])
        for at, (character, width) in enumerate(zip(self.shown, widths, strict=True)):
            yield place["y"], Cell(number, at, left, left + width, character)
            left += width


def _lines(texts: Sequence[_Text]) -> list[list[list[Word]]]:
    """From the top down; each line as its parts between borders, each part as its words."""
    placed = sorted(
        (one for number, text in enumerate(texts) for one in text.cells(number)), key=lambda one: (one[0], one[1].left)
    )
    return [_parts(cell for _, cell in line) for _, line in groupby(placed, key=lambda one: one[0])]


def _parts(line: Iterable[Cell]) -> list[list[Word]]:
    parts: list[list[Word]] = [[]]
    word: list[Cell] = []
    for cell in line:
        border = cell.character == "|" or "\u2500" <= cell.character <= "\u259f"
        apart = bool(word) and cell.left > word[-1].right
        if (border or apart or cell.character.isspace()) and word:
            parts[-1].append(tuple(word))
            word = []
        if border and parts[-1]:
            parts.append([])
        if not border and not cell.character.isspace():
            word.append(cell)
    if word:
        parts[-1].append(tuple(word))
    return [part for part in parts if part]


def _touching(lines: Sequence[list[list[Word]]]) -> Iterator[tuple[list[Word], tuple[str, ...]]]:
    """Words that may be pieces of one, and what may stand between them: neighbours on a line, and the last word of a
    line with the first ones below it, as long as those are whole lines."""
    for number, line in enumerate(lines):
        for part in line:
            yield from (([word], ("",)) for word in part)
            yield from ((list(two), (" ",)) for two in pairwise(part))
            yield from ((chain, ("", " ")) for chain in _downwards(part, lines[number + 1 : number + _MOST_LINES]))


def _downwards(part: list[Word], below: Sequence[list[list[Word]]]) -> Iterator[list[Word]]:
    chain = [part[-1]]
    for line in below:
        under = next((other for other in line if _overlap(part, other)), None)
        if under is None:
            return
        chain = [*chain, under[0]]
        yield chain
        if len(under) > 1:
            return
        part = under


def _overlap(one: list[Word], other: list[Word]) -> bool:
    return one[0][0].left < other[-1][-1].right and other[0][0].left < one[-1][-1].right


def _hides(chain: Sequence[Word], between: Sequence[str], redact: Redact) -> bool:
    """Something is taken out of the words together that is not taken out of each alone; or of the one there is."""
    said = ["".join(cell.character for cell in word) for word in chain]
    alone = said if len(said) == 1 else [redact(each) for each in said]
    return any(redact(each.join(said)) != each.join(alone) for each in between)
