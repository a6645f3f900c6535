"""The text of one reply on the screen: Markdown in one widget, however long it is.

It knows how many rows each piece takes at its width; rows are drawn when they come into sight. What is far away costs
its text and a number.
"""

from __future__ import annotations

from bisect import bisect_right

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip

from pointsman.tui.panes.growing import Growing
from pointsman.tui.render import markdown
from pointsman.tui.render.hardening import Pieces
from pointsman.tui.render.inks import Inks, inks_of


class Reply(Growing):
    def __init__(self) -> None:
        super().__init__(classes="answer")
        self.over = False  # nothing more will come
        self._pieces = Pieces()
        self._ends: list[int] = []  # rows to the end of each finished piece, at that width
        self._width = 0
        self._tail: tuple[Strip, ...] | None = None  # drawn anew whenever more came
        self._tail_inks: Inks | None = None

    def show(self, text: str, *, over: bool = False) -> None:
        """The reply as far as it came, from its beginning."""
        self.over = self.over or over
        kept = self._pieces.grow(text, over=over)
        del self._ends[kept:]
        self._tail = None
        self.refresh(layout=True)

    # --- where the rows are ---

    @property
    def _inks(self) -> Inks:
        return inks_of(self.app.theme_variables)

    def _lay_out(self, width: int) -> None:
        if width != self._width:
            self._ends.clear()
            self._tail, self._width = None, width
        if len(self._ends) == len(self._pieces.done):
            return
        inks = self._inks
        for piece in self._pieces.done[len(self._ends) :]:
            self._ends.append(self._hard_height + len(markdown.rows(piece, width, inks)))

    @property
    def _hard_height(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _tail_rows(self) -> tuple[Strip, ...]:
        inks = self._inks
        if self._tail is None or self._tail_inks != inks:
            tail = self._pieces.tail
            self._tail_inks = inks
            self._tail = () if tail is None else markdown.fresh_rows(tail, self._width, inks)
        return self._tail

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        self._lay_out(width)
        return self._hard_height + len(self._tail_rows())

    def _row(self, y: int) -> Strip:
        if y >= self._hard_height:
            rows, y = self._tail_rows(), y - self._hard_height
        else:
            place = bisect_right(self._ends, y)
            rows = markdown.rows(self._pieces.done[place], self._width, self._inks)
            y -= self._ends[place - 1] if place else 0
        return rows[y] if y < len(rows) else Strip.blank(0)

    # --- drawing ---

    def render_lines(self, crop: Region) -> list[Strip]:
        """What each step makes of a strip is kept in the strip, so that a row is drawn twice at the price of once."""
        width = self.size.width
        self._lay_out(width)
        style, ground, background = self.visual_style.rich_style, self.ground, self.background_colors[1]
        drawn = []
        for y in crop.line_range:
            strip = self._selected(self._row(y).apply_style(style), y).adjust_cell_length(width, ground)
            for each in self.get_line_filters():
                strip = strip.apply_filter(each, background)
            drawn.append(strip)
        if crop.column_span == (0, width):
            return drawn
        return [strip.crop(*crop.column_span) for strip in drawn]

    # --- selecting with the mouse ---

    def render_line(self, y: int) -> Strip:
        """Asked for by whoever wants to know which character is under the mouse."""
        self._lay_out(self.size.width)
        return self._row(y).apply_offsets(0, y)

    def _selected(self, strip: Strip, y: int) -> Strip:
        selection = self.text_selection if self.is_attached else None  # what is taken away may be drawn once more
        span = None if selection is None else selection.get_span(y)
        if span is None:
            return strip
        start, end = span
        return _styled(strip, start, len(strip.text) if end < 0 else end, self._selection_style)

    @property
    def _selection_style(self) -> Style:
        return self.screen.get_component_rich_style("screen--selection")

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        self._lay_out(self.size.width)
        lines = [self._row(y).text.rstrip() for y in range(self._hard_height + len(self._tail_rows()))]
        return selection.extract("\n".join([*lines, " "])), "\n"  # the last one: an empty line would be no line


def _styled(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """From one character to another in that style."""
    cuts = [cell_len(strip.text[:start]), cell_len(strip.text[:end]), strip.cell_length]
    before, within, after = strip.divide(cuts)
    marked = Strip(Segment.apply_style(within, post_style=style), within.cell_length)
    return Strip.join([before, marked, after])
