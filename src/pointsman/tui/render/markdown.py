"""Markdown as rows of the screen: clean, without links that a terminal would act on."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.segment import Segment
from textual.strip import Strip

from pointsman.tui.render.hardening import Piece, Seam
from pointsman.tui.render.inks import Inks
from pointsman.tui.untrusted import clean

KEPT: Final = 40  # pieces: what a screen shows and a page to either side; a strip costs more than the text in it
_BLANK: Final = Strip([Segment("")], 0)


@lru_cache(KEPT)
def rows(piece: Piece, width: int, inks: Inks) -> tuple[Strip, ...]:
    """The rows of a finished piece; what begins a block has a blank one above it."""
    return fresh_rows(piece, width, inks)


def fresh_rows(piece: Piece, width: int, inks: Inks) -> tuple[Strip, ...]:
    from pointsman.tui.render.prose import console, prose  # heavy: with the first reply, never before the first frame

    screen = console(inks)
    options = screen.options.update(width=width, height=None, highlight=False)
    drawn = screen.render(prose(clean(piece.text), inks), options)
    lines = [Strip(line) for line in Segment.split_and_crop_lines(drawn, width, include_new_lines=False, pad=False)]
    first = bool(lines) and not lines[0].cell_length  # Rich's, above a list or a table with which a text begins
    gap = (_BLANK,) if piece.above is Seam.BLOCKS else ()
    return (*gap, *lines[first:])
