"""A pane that is mainly a list: heading, rows, and lines of detail about the row under the cursor.

It owns what every list can do: sort, open, copy, export; with the filter that other panes have as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from pointsman.tui import keys
from pointsman.tui.messages import Copied, CopyAsked, DetailAsked, ExportAsked, Kept, Rearranged
from pointsman.tui.panes.filtering import Filtering
from pointsman.tui.panes.pane import STARTING, Drawn
from pointsman.tui.panes.rows import Rows
from pointsman.tui.picture import Picture
from pointsman.tui.render import exports, selecting
from pointsman.tui.render.hints import filtered_out
from pointsman.tui.render.paint import Part, paint
from pointsman.tui.render.selecting import Order
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import one_line

RESTING = 3.0  # seconds after which a sorted list may move rows under a cursor that does not move


class Listing(Filtering):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.LISTING]
    columns: ClassVar[Sequence[Column]] = ()
    empty: ClassVar[tuple[Part, ...]] = ()  # what to do where nothing stands here, without the keys for it
    lines_below: ClassVar[int] = 0
    lines_above: ClassVar[int] = 0

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.order = Order()
        self._shown: tuple[Row, ...] = ()
        self._moved_at = float("-inf")
        self._resort = True
        self._made: tuple[Picture, Sequence[Row]] | None = None

    def compose(self) -> ComposeResult:
        yield Drawn("", classes="above")
        yield Drawn(STARTING, classes="heading")
        yield Rows(self.columns)
        yield Drawn("", classes="below", wraps=self.lines_below > 2)

    def on_mount(self) -> None:
        self.query_one(".above").display = bool(self.lines_above)
        self.query_one(".below").display = bool(self.lines_below)

    @property
    def rows(self) -> Rows:
        return self.query_one(Rows)

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return next((row for row in self._shown if row.key == self.rows.current), None)

    def focus_inside(self) -> None:
        self.rows.focus()

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        raise NotImplementedError

    def about(self, picture: Picture) -> str:
        """A few words for the lower edge."""
        return ""

    def nothing_yet(self) -> Sequence[Part]:
        """What to do where nothing stands here, with the keys for it."""
        return self.empty

    def any_at_all(self, picture: Picture) -> bool:
        """Is there something that a filter outside of this pane may have kept back?"""
        return False

    def above(self, picture: Picture) -> Content:
        return Content("")

    def below(self, picture: Picture, key: str | None) -> Content:
        return Content("")

    def show(self, picture: Picture) -> None:
        found = self._rows_once(picture)
        self._shown = self._arranged(self.kept(found), picture.now)
        self.rows.show(self._shown)
        self.query_one(".heading", Drawn).draw(self._heading(bool(found) or self.any_at_all(picture), picture))
        self.write_edge(self._edge(picture, len(found)))
        if self.lines_above:
            above = self.query_one(".above", Drawn)
            above.draw(self.above(picture))
            above.display = bool(above.shown)
        self._show_below()

    def _heading(self, any_at_all: bool, picture: Picture) -> Content:
        if self._shown:
            mark = picture.glyphs.down if self.order.reverse else picture.glyphs.up
            return self.rows.heading(self.order.column, mark)
        return paint(filtered_out() if any_at_all and self.written else self.nothing_yet())

    def _edge(self, picture: Picture, total: int) -> str:
        parts = [self.about(picture)]
        if self.written:
            parts.append(f"/{one_line(self.written)} ({len(self._shown)} of {total})")
        if self.order.column is not None:
            parts.append(f"by {self.order.column}")
        return " · ".join(part for part in parts if part)

    def wants(self, picture: Picture) -> int:
        return len(self._rows_once(picture)) + 3 + self.lines_above

    def rows_below(self) -> int:
        """Rows that what stands below the list takes."""
        return self.lines_below

    def _rows_once(self, picture: Picture) -> Sequence[Row]:
        """Height and drawing of one pass need the same rows: they are made once."""
        if self._made is None or self._made[0] is not picture:
            self._made = (picture, self.rows_of(picture))
        return self._made[1]

    # --- filter ---

    def kept(self, rows: Sequence[Row]) -> Sequence[Row]:
        if not self.written:
            return rows
        names = [*(column.key for column in self.columns), *(key for row in rows[:1] for key in row.cells)]
        test = selecting.parse(self.written, names)
        return [row for row in rows if test(row)]

    # --- order ---

    def _arranged(self, rows: Sequence[Row], now: float) -> tuple[Row, ...]:
        """Sorted; while the cursor moves, rows keep their places, so that none is hit that was not meant."""
        if self.order == Order():
            return tuple(rows)
        places = {row.key: place for place, row in enumerate(self._shown)}
        resting = now - self._moved_at >= RESTING
        if self._resort or resting or {row.key for row in rows} != set(places):
            self._resort = False
            return selecting.ordered(rows, self.order)
        return tuple(sorted(rows, key=lambda row: places[row.key]))

    def action_sort(self, step: int) -> None:
        self.sort_by(self.order.stepped([column.key for column in self.columns], step))

    def action_reverse(self) -> None:
        self.sort_by(replace(self.order, reverse=not self.order.reverse))

    def sort_by(self, order: Order) -> None:
        self.order, self._resort = order, True
        self.show_again()
        self.post_message(Rearranged())

    @on(events.Click, ".heading")
    def _heading_clicked(self, event: events.Click) -> None:
        column = self.rows.column_at(event.x)
        if column is not None:
            own = column == self.order.column
            self.sort_by(Order(column, reverse=own and not self.order.reverse))

    # --- one row ---

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        if self.picture is not None:
            self._moved_at = self.picture.now
        self._show_below()

    def _show_below(self) -> None:
        if self.picture is None or not self.lines_below:
            return
        below = self.query_one(".below", Drawn)
        room = self.content_size.height - self.rows.option_count - 1 - self.lines_above
        shows = room > self.rows_below() or self.content_size.height > 16
        content = self.below(self.picture, self.rows.current) if shows else Content("")
        below.display = bool(content.plain)
        below.draw(content)

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.open(event.option_id)

    def open(self, key: str) -> None:
        """Enter on a row."""
        self.post_message(DetailAsked(str(self.id), key))

    def action_copy(self) -> None:
        if self.current is not None:
            self.post_message(Copied(self._line(self.current), "the row"))

    def action_copy_menu(self) -> None:
        """The row, one of its cells, what else the pane knows of it, or the row as a file."""
        row = self.current
        if row is None:
            return
        cells = ((column.title, row.cells.get(column.key, ("", ""))[0].strip()) for column in self.columns)
        named = [*((title.lower(), text) for title, text in cells if text not in ("", "-")), *self.copies(row.key)]
        offers: list[tuple[str, Message]] = [("the row", Copied(self._line(row), "the row"))]
        offers += [(f"{title}: {one_line(text)}", Copied(text, title)) for title, text in named]
        offers += [("the row, to a file", Kept(f"{self.id}-row.txt", self._line(row) + "\n"))]
        self.post_message(CopyAsked(tuple(offers)))

    def copies(self, key: str) -> Sequence[tuple[str, str]]:
        """What a person may want of a row beside its cells: (what it is, the text)."""
        return ()

    def _line(self, row: Row) -> str:
        _, (cells,) = exports.table_of([row], self.columns)
        return "\t".join(cells)

    def action_export(self) -> None:
        self.post_message(ExportAsked(str(self.id)))

    def exported(self, ending: str) -> str:
        """What is shown now, as a file."""
        return exports.as_text(exports.table_of(self._shown, self.columns), ending)
