"""A list of rows with a cursor: keeps its cursor on the same row while rows change, and repaints only what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.visual import VisualType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pointsman.tui import keys
from pointsman.tui.panes.pane import Pane, room_in
from pointsman.tui.render import table
from pointsman.tui.render.table import Column, Row


class Rows(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.LIST]

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False, compact=True)
        self._columns = tuple(columns)
        self._rows: tuple[Row, ...] = ()
        self._width = -1
        self.newest_first = False  # new rows come on top, and a cursor that rests there goes with them

    def on_resize(self) -> None:
        """Its pane may have been resized, and have shown itself, before this was."""
        if isinstance(self.parent, Pane):
            self.parent.show_again()

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor."""
        option = self.highlighted_option
        return None if option is None else option.id

    def heading(self, sorted_by: str | None = None, mark: str = "") -> Content:
        return table.head(self._fitted(), sorted_by, mark)

    def column_at(self, x: int) -> str | None:
        return table.column_at(self._fitted(), x)

    def show(self, rows: Sequence[Row]) -> None:
        """Shows these rows in this order."""
        new = tuple(rows)
        width = room_in(self)
        if new == self._rows and width == self._width:
            return
        same_shape = [row.key for row in new] == [row.key for row in self._rows] and width == self._width
        old, self._rows, self._width = self._rows, new, width
        if same_shape:
            self._replace(old)
        else:
            self._refill()

    def _fitted(self) -> table.Fitted:
        return table.fit_columns(self._columns, max(room_in(self), 1))

    def _replace(self, old: Sequence[Row]) -> None:
        fitted = self._fitted()
        for place, (before, after) in enumerate(zip(old, self._rows, strict=True)):
            if not table.looks_same(before, after, fitted):
                self.replace_option_prompt_at_index(place, table.draw(after, fitted))

    def _replace_option_prompt(self, index: int, prompt: VisualType) -> None:
        """Of Textual's, which forgets and repaints every row for one that differs."""
        option = self.get_option_at_index(index)
        option._set_prompt(prompt)
        for known in [known for known in self._option_render_cache.keys() if known[0] is option]:
            self._option_render_cache.discard(known)
        self.refresh_line(index)  # a row is one line

    def _refill(self) -> None:
        key, place = self.current, self.highlighted
        offset = self.scroll_offset
        fitted = self._fitted()
        with self.prevent(OptionList.OptionHighlighted):
            self.set_options(Option(table.draw(row, fitted), id=row.key) for row in self._rows)
            self.highlighted = self._found(key, place)
        self.scroll_to(offset.x, offset.y, animate=False, immediate=True)

    def _found(self, key: str | None, place: int | None) -> int | None:
        """The same row as before; the same place if it is gone. On the newest row it follows, unless keys would act
        on it: then what is under it must not change."""
        if not self._rows:
            return None
        if self.newest_first and place == 0 and not self.has_focus:
            return 0
        for index, row in enumerate(self._rows):
            if row.key == key:
                return index
        return 0 if place is None else min(place, len(self._rows) - 1)
