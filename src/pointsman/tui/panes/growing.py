"""What grows while one looks at it, at the price of one layout each time.

Textual 8.2 lays the whole screen out once more whenever a widget has another size than before, and arranges everything
in a column anew when the column is taller than before. Neither changes anything here: heights follow from the width.
"""

from __future__ import annotations

from textual.containers import Vertical
from textual.geometry import Size
from textual.layout import DockArrangeResult
from textual.widget import Widget


class Growing(Widget):
    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        return super()._size_updated(size, virtual_size, container_size, layout=False)


class Column(Vertical, Growing):
    """Its parts are as tall as they need to be in its width."""

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        return super().arrange(Size(size.width, 0), optimal)
