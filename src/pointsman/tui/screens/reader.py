"""A text in full over the screen: an audit line, a decision's why, a service's log, the help."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Static

from pointsman.tui import keys
from pointsman.tui.screens.reading import Reading


class Reader(Reading):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.READER]

    def __init__(self, title: str, body: Content, *, at_end: bool = False) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._at_end = at_end

    @property
    def text(self) -> str:
        return self._body.plain

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="reader") as box:
            box.border_title = Content(self._title)
            yield Static(self._body, markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.box.focus()
        if self._at_end:
            self.box.scroll_end(animate=False)
