"""Panes that are lines of figures: memory and usage."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from pointsman.tui import keys
from pointsman.tui.messages import DetailAsked
from pointsman.tui.panes.pane import STARTING, Drawn, Pane, room_in
from pointsman.tui.picture import Picture
from pointsman.tui.render import memory, usage
from pointsman.tui.render.paint import Part, fit, stack


class Sheet(VerticalScroll):
    def on_resize(self) -> None:
        """Its pane may have been resized, and have shown itself, before this was."""
        if isinstance(self.parent, Pane):
            self.parent.show_again()


class Figures(Pane):
    def compose(self) -> ComposeResult:
        with Sheet():
            yield Drawn(STARTING)

    def lines(self, picture: Picture, width: int) -> tuple[tuple[Part, ...], ...]:
        raise NotImplementedError

    def fitted(self, picture: Picture, width: int, height: int) -> tuple[tuple[Part, ...], ...]:
        """What is shown in that room; more than fits can be scrolled."""
        return self.lines(picture, width)

    def show(self, picture: Picture) -> None:
        width = room_in(self.query_one(Sheet))
        if width <= 0:
            return  # not laid out yet: it is shown once it is
        height = self.query_one(Sheet).outer_size.height
        drawn = [fit(line, width) for line in self.fitted(picture, width, height)]
        self.query_one(Drawn).draw(stack(drawn))

    def wants(self, picture: Picture) -> int:
        return len(self.lines(picture, max(room_in(self), 40))) + 2


class MemoryPane(Figures):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.MEMORY]

    def lines(self, picture: Picture, width: int) -> tuple[tuple[Part, ...], ...]:
        return memory.lines(picture, width)

    def fitted(self, picture: Picture, width: int, height: int) -> tuple[tuple[Part, ...], ...]:
        whole = self.lines(picture, width)
        return whole if len(whole) <= height else memory.compact(picture, width)

    def action_open_machine(self) -> None:
        self.post_message(DetailAsked(str(self.id), ""))


class UsagePane(Figures):
    def lines(self, picture: Picture, width: int) -> tuple[tuple[Part, ...], ...]:
        return usage.lines(picture, width)
