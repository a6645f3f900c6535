"""A text in full over the screen: an audit line, a decision's why, a service's log, the help."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Static

from pointsman.tui import keys
from pointsman.tui.messages import Copied, Kept
from pointsman.tui.screens.modal import Modal


class Reader(Modal[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.READER]

    def __init__(self, title: str, body: Content, *, at_end: bool = False) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._at_end = at_end

    @property
    def text(self) -> str:
        """All of it, without its styles."""
        return self._body.plain

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="reader") as box:
            box.border_title = Content(self._title)
            yield Static(self._body, markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        box = self.query_one("#reader", VerticalScroll)
        box.focus()
        if self._at_end:
            box.scroll_end(animate=False)

    def action_copy(self) -> None:
        self.post_message(Copied(self.text, "all of it"))

    def action_keep(self) -> None:
        self.post_message(Kept("text.txt", self.text + "\n"))

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll_down(self) -> None:
        self.query_one("#reader").scroll_down(animate=False)

    def action_scroll_up(self) -> None:
        self.query_one("#reader").scroll_up(animate=False)

    def action_scroll_home(self) -> None:
        self.query_one("#reader").scroll_home(animate=False)

    def action_scroll_end(self) -> None:
        self.query_one("#reader").scroll_end(animate=False)
