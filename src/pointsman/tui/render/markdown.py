"""Markdown as rows of the screen: clean, without links that a terminal would act on."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from pointsman.tui.render.hardening import Piece, Seam
from pointsman.tui.untrusted import clean

KEPT: Final = 40  # pieces: what a screen shows and a page to either side; a strip costs more than the text in it
_BLANK: Final = Strip([Segment("")], 0)
_CONSOLE: Final = Console(
    file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False, emoji=False, _environ={}
)


@lru_cache(KEPT)
def rows(piece: Piece, width: int, dark: bool) -> tuple[Strip, ...]:
    """The rows of a finished piece; what begins a block has a blank one above it."""
    return fresh_rows(piece, width, dark)


def fresh_rows(piece: Piece, width: int, dark: bool) -> tuple[Strip, ...]:
    from rich.markdown import Markdown  # heavy: loaded with the first reply, never before the first frame

    theme = "ansi_dark" if dark else "ansi_light"
    drawn = _CONSOLE.render(
        Markdown(clean(piece.text), hyperlinks=False, code_theme=theme),
        _CONSOLE.options.update(width=width, height=None, highlight=False),
    )
    lines = [Strip(line) for line in Segment.split_and_crop_lines(drawn, width, include_new_lines=False, pad=False)]
    # Rich draws a blank row above and below code, of which none is wanted where it is cut, and one above the list with
    # which a text begins.
    first = bool(lines) and (piece.above is Seam.CODE or piece.is_list) and not lines[0].text.strip()
    last = len(lines) - (piece.below is Seam.CODE)
    gap = (_BLANK,) if piece.above is Seam.BLOCKS else ()
    return (*gap, *lines[first:last])
