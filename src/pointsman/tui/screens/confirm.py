"""A question before something breaks: exactly what runs, what it cuts, what takes over. Cancel has the focus.

The worst ones are only done once their name was typed.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from pointsman.tui import keys
from pointsman.tui.screens.modal import Modal
from pointsman.tui.untrusted import label


class Confirm(Modal[str | None]):
    """Answers `yes`, `wait` (once nothing is running) or `no`."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.CONFIRM]

    def __init__(self, title: str, body: Content, yes: str, *, typed: str | None = None, waits: bool = False) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._yes = yes
        self._typed = typed
        self._waits = waits

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = Content(self._title)
            yield Static(self._body, markup=False)
            if self._typed is not None:
                yield Static(Content(f"Type {label(self._typed)} to do it."), markup=False, classes="typed")
                yield Input(compact=True, id="typed")
            with Horizontal(classes="buttons"):
                yield Button(Content("cancel (n)"), id="no", compact=True)
                if self._waits:
                    yield Button(Content("wait for idle (w)"), id="wait", compact=True)
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant="warning", compact=True)

    def on_mount(self) -> None:
        self.query_one("#typed" if self._typed is not None else "#no").focus()
        self._allow()

    def _allow(self) -> None:
        for button in self.query(Button):
            button.disabled = button.id != "no" and not self._may

    @property
    def _may(self) -> bool:
        return self._typed is None or self.query_one("#typed", Input).value.strip() == label(self._typed)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._allow()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_answer("yes")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_answer(event.button.id or "no")

    def action_answer(self, choice: str) -> None:
        known = choice in ("yes", "no") or self._waits
        if known and (choice == "no" or self._may):
            self.dismiss(choice)
