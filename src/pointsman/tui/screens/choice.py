"""One of a few: arrows and Enter, the number of the line, or a click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pointsman.tui import keys
from pointsman.tui.screens.modal import Modal
from pointsman.tui.untrusted import one_line


class Choice(Modal[str | None]):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.FORM]

    def __init__(self, title: str, options: Sequence[tuple[str, str]]) -> None:
        """`options` are (what is returned, what is shown)."""
        super().__init__()
        self._title = title
        self._options = tuple(options)

    def compose(self) -> ComposeResult:
        with Vertical(id="choice") as box:
            box.border_title = Content(self._title)
            shown = (Content(f"{number} {one_line(text)}") for number, (_, text) in enumerate(self._options, 1))
            yield OptionList(*(Option(text) for text in shown), markup=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._options[event.option_index][0])

    def on_key(self, event: events.Key) -> None:
        if event.key.isdigit() and 0 < int(event.key) <= len(self._options):
            event.stop()
            self.dismiss(self._options[int(event.key) - 1][0])

    def action_cancel(self) -> None:
        self.dismiss(None)
