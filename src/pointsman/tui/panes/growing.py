"""What grows while one looks at it, at the price of one layout each time.

Textual 8.2 lays the whole screen out once more whenever a widget has another size than before, and arranges everything
in a column anew when the column is taller than before. Neither changes anything here: heights follow from the width.
"""

from __future__ import annotations

from rich.style import Style
from textual.containers import Vertical
from textual.geometry import Region, Size
from textual.layout import DockArrangeResult
from textual.strip import Strip
from textual.widget import Widget


class Growing(Widget):
    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        return super()._size_updated(size, virtual_size, container_size, layout=False)

    @property
    def ground(self) -> Style:
        """Of cells in which nothing stands."""
        return Style.from_color(bgcolor=self.background_colors[1].rich_color)


class Column(Vertical, Growing):
    """Its parts are as tall as they need to be in its width; itself it has a colour and nothing else."""

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        return super().arrange(Size(size.width, 0), optimal)

    def render_lines(self, crop: Region) -> list[Strip]:
        """One blank row for all: they were the larger part of what was drawn, and are covered."""
        row = Strip.blank(crop.width, self.ground)
        for each in self.get_line_filters():
            row = row.apply_filter(each, self.background_colors[1])
        return [row] * crop.height
