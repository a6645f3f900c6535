"""Panes that are lines of figures, which can be copied and exported: memory and usage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from pointsman.tui import keys
from pointsman.tui.messages import Copied, DetailAsked, ExportAsked, Kept, Told
from pointsman.tui.panes.filtering import Filtering
from pointsman.tui.panes.pane import STARTING, Drawn, Pane, room_in
from pointsman.tui.picture import Picture
from pointsman.tui.render import exports, memory, selecting, usage
from pointsman.tui.render.paint import Part, fit, stack
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import one_line


class Sheet(VerticalScroll):
    def on_resize(self) -> None:
        """Its pane may have been resized, and have shown itself, before this was."""
        if isinstance(self.parent, Pane):
            self.parent.show_again()


Lines = tuple[tuple[Part, ...], ...]


class Figures(Pane):
    columns: ClassVar[Sequence[Column]] = ()  # of its export
    _made: tuple[Picture, int, Lines] | None = None

    def compose(self) -> ComposeResult:
        with Sheet():
            yield Drawn(STARTING)

    def lines(self, picture: Picture, width: int) -> Lines:
        raise NotImplementedError

    def lines_once(self, picture: Picture, width: int) -> Lines:
        """Height and drawing of one pass need the same lines: they are made once."""
        if self._made is None or self._made[0] is not picture or self._made[1] != width:
            self._made = (picture, width, self.lines(picture, width))
        return self._made[2]

    def fitted(self, picture: Picture, width: int, height: int) -> Lines:
        """What is shown in that room; more than fits can be scrolled."""
        return self.lines_once(picture, width)

    def show(self, picture: Picture) -> None:
        width = room_in(self.query_one(Sheet))
        if width <= 0:
            return  # not laid out yet: it is shown once it is
        height = self.query_one(Sheet).outer_size.height
        drawn = [fit(line, width) for line in self.fitted(picture, width, height)]
        self.query_one(Drawn).draw(stack(drawn))

    def wants(self, picture: Picture) -> int:
        return len(self.lines_once(picture, max(room_in(self), 40))) + 2

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        """Its figures, one by one."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """What is shown."""
        return "\n".join(line.rstrip() for line in self.query_one(Drawn).shown.splitlines())

    def action_copy(self) -> None:
        self.post_message(Copied(self.text, "what is shown"))

    def action_keep(self) -> None:
        self.post_message(Kept(f"{self.id}.txt", self.text + "\n"))

    def action_export(self) -> None:
        self.post_message(ExportAsked(str(self.id)))

    def exported(self, ending: str) -> str:
        rows = () if self.picture is None else self.rows_of(self.picture)
        return exports.as_text(exports.table_of(rows, self.columns), ending)


class MemoryPane(Figures):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.MEMORY]
    columns = memory.COLUMNS

    def lines(self, picture: Picture, width: int) -> Lines:
        return memory.lines(picture, width)

    def fitted(self, picture: Picture, width: int, height: int) -> Lines:
        whole = self.lines_once(picture, width)
        return whole if len(whole) <= height else memory.compact(picture, width)

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return memory.rows(picture)

    def action_filter(self) -> None:
        told = "nothing to filter: this is the whole machine. Enter opens it, with the processes on each GPU"
        self.post_message(Told(told))

    def action_open_machine(self) -> None:
        self.post_message(DetailAsked(str(self.id), ""))


class UsagePane(Figures, Filtering):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.USAGE]
    hint = "words, or percent>80 cost>1 name~=opus !word"
    columns = usage.COLUMNS

    def focus_inside(self) -> None:
        self.query_one(Sheet).focus()

    def show(self, picture: Picture) -> None:
        super().show(picture)
        self.write_edge(f"/{one_line(self.written)}" if self.written else "")

    def lines(self, picture: Picture, width: int) -> Lines:
        return usage.lines(picture, width)

    def fitted(self, picture: Picture, width: int, height: int) -> Lines:
        return usage.lines(picture, width, self._kept(picture)) if self.written else self.lines_once(picture, width)

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        """Those that pass the filter."""
        kept = self._kept(picture)
        return [row for row in usage.rows(picture) if row.key in kept]

    def _kept(self, picture: Picture) -> frozenset[str]:
        test = selecting.parse(self.written, [column.key for column in self.columns])
        return frozenset(row.key for row in usage.rows(picture) if test(row))
