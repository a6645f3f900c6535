"""A pane that is mainly a list: heading, rows, and lines of detail about the row under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList

from pointsman.tui.panes.pane import STARTING, Drawn, Pane
from pointsman.tui.panes.rows import Rows
from pointsman.tui.picture import Picture
from pointsman.tui.render.table import Column, Row


class Listing(Pane):
    columns: ClassVar[Sequence[Column]] = ()
    empty: ClassVar[str] = ""
    lines_below: ClassVar[int] = 0
    lines_above: ClassVar[int] = 0

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

    def focus_inside(self) -> None:
        self.rows.focus()

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        raise NotImplementedError

    def above(self, picture: Picture) -> Content:
        return Content("")

    def below(self, picture: Picture, key: str | None) -> Content:
        return Content("")

    def show(self, picture: Picture) -> None:
        rows = self.rows_of(picture)
        self.rows.show(rows)
        self.query_one(".heading", Drawn).draw(
            self.rows.heading() if rows else Content.styled(self.empty, "$foreground 65%")
        )
        if self.lines_above:
            self.query_one(".above", Drawn).draw(self.above(picture))
        self._show_below()

    def wants(self, picture: Picture) -> int:
        return len(self.rows_of(picture)) + 3 + self.lines_above

    @on(OptionList.OptionHighlighted)
    def _show_below(self) -> None:
        if self.picture is None or not self.lines_below:
            return
        below = self.query_one(".below", Drawn)
        room = self.content_size.height - self.rows.option_count - 1 - self.lines_above
        below.display = room > self.lines_below or self.content_size.height > 16
        below.draw(self.below(self.picture, self.rows.current))
