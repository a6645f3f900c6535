"""A reply in pieces, each of which can be drawn by itself: what stands before a cut is drawn once and left alone.

Without that every flush would draw the whole reply again, and the longest ones would come too slowly. Cuts lie between
blocks; where a block itself is long, between two lines of its code or two items of its list.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

HARDENS_FROM: Final = 150  # characters
MOST: Final = 1_000  # characters of a piece, unless it can be cut nowhere
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE: Final = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_ITEM: Final = re.compile(r"([-*+]|\d{1,9}[.)]) ")


class Seam(Enum):
    """What a cut goes through."""

    BLOCKS = "blocks"
    CODE = "code"
    LIST = "list"


class Piece(NamedTuple):
    """Markdown that stands for itself."""

    text: str
    above: Seam = Seam.BLOCKS


class Cut(NamedTuple):
    at: int  # characters before it; 0: nowhere
    seam: Seam = Seam.BLOCKS
    fence: str = ""  # the line that opened the code which it goes through


class Pieces:
    """The text of one reply as it comes."""

    def __init__(self) -> None:
        self.done: list[Piece] = []
        self.text = ""
        self._cuts = [Cut(0)]  # where each piece begins and the last one ends, in the whole text

    @property
    def tail(self) -> Piece | None:
        """What may still change."""
        rest = self._rest
        return Piece(rest, self._cuts[-1].seam) if rest.strip() else None

    def grow(self, text: str, *, over: bool = False) -> int:
        """The reply has come so far. `over`: nothing more will. How many pieces are as they were."""
        while self.text[: self._cuts[-1].at] != text[: self._cuts[-1].at]:
            self._cuts.pop()
            self.done.pop()
        kept = len(self.done)
        self.text = text
        while len(rest := self._rest) > HARDENS_FROM and (cut := cut_of(rest, whole=over)).at:
            self._take(rest[: cut.at], cut)
        if over and self._rest.strip():
            self._take(self._rest, Cut(len(self._rest)))
        return kept

    def _take(self, text: str, cut: Cut) -> None:
        before = self._cuts[-1]
        self.done.append(Piece(text, before.seam))
        self._cuts.append(Cut(before.at + cut.at - len(before.fence), cut.seam, cut.fence))

    @property
    def _rest(self) -> str:
        return self._cuts[-1].fence + self.text[self._cuts[-1].at :]


def cut_of(text: str, *, whole: bool = False) -> Cut:
    """The last cut that leaves a piece of at most `MOST` characters, or the first one after them.

    Between blocks, after a blank line, if there is one: outside of fences, and nothing indented follows. What follows
    the last line is not known yet, unless the text is `whole`.
    """
    scan = _Scan()
    for found in _LINE.finditer(text):
        line = found[0]
        if scan.at >= MOST and scan.best.at:
            break
        scan.see(line, whole or line.endswith("\n"))
    return scan.best


class _Scan:
    """Goes through the lines of a piece and remembers where it can be cut."""

    def __init__(self) -> None:
        self.at = 0
        self._fence = ""  # the marks of the fence that is open
        self._opened = ""  # its line, if what stands in it can be cut
        self._code = 0  # where that begins
        self._blank = False  # the line before
        self._listed = ""  # the mark of the list with which the text begins
        self._between = Cut(0)
        self._within = Cut(0)

    @property
    def best(self) -> Cut:
        return self._between if self._between.at else self._within

    def see(self, line: str, complete: bool) -> None:
        found = _FENCE.match(line)
        if self._fence:
            if found is None and complete and line.strip() and not self._blank:
                self._cut_code()
        else:
            self._cut_before(line, complete)
        if found is not None:
            self._see_fence(line, found[1])
        self._blank = not line.strip()
        self.at += len(line)

    def _cut_before(self, line: str, complete: bool) -> None:
        item = _ITEM.match(line)
        kind = item[1][-1] if item is not None else ""
        if self.at == 0:
            self._listed = kind
        elif self._blank and not line[0].isspace():
            self._between = Cut(self.at)
        elif kind and kind == self._listed and complete and self.at >= HARDENS_FROM:
            self._within = Cut(self.at, Seam.LIST)

    def _cut_code(self) -> None:
        if self._opened and self.at > self._code and self.at >= HARDENS_FROM:
            self._within = Cut(self.at, Seam.CODE, self._opened)

    def _see_fence(self, line: str, marks: str) -> None:
        if not self._fence:
            self._fence, self._opened = marks, "" if line[0].isspace() else line
            self._code = self.at + len(line)
        elif marks.startswith(self._fence) and not line.strip().strip(marks[0]):
            self._fence, self._opened = "", ""
