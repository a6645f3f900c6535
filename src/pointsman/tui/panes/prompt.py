"""The input of the chat: several lines, `Enter` sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea

from pointsman.tui import keys
from pointsman.tui.untrusted import clean


class Prompt(TextArea):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.PROMPT]

    @dataclass
    class Sent(Message):
        text: str

    class Left(Message):
        pass

    def __init__(self, placeholder: str) -> None:
        super().__init__(
            placeholder=placeholder,
            show_line_numbers=False,
            soft_wrap=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            compact=True,
        )

    async def _on_key(self, event: events.Key) -> None:
        action = self._own_keys().get(event.key)
        if action is None:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        action()

    def _own_keys(self) -> dict[str, Callable[[], None]]:
        """A text area would insert Enter before any binding is asked; the bindings, rebound or not, come first here."""
        actions = {"send": self.action_send, "newline": self.action_newline, "leave": self.action_leave}
        return {
            key: actions[active.binding.action]
            for key, active in self.screen.active_bindings.items()
            if active.node is self and active.binding.action in actions
        }

    async def _on_paste(self, event: events.Paste) -> None:
        event.text = clean(event.text)
        await super()._on_paste(event)

    def action_send(self) -> None:
        text = self.text.strip()
        if text:
            self.clear()
            self.post_message(self.Sent(text))

    def action_newline(self) -> None:
        self.insert("\n")

    def action_leave(self) -> None:
        self.post_message(self.Left())
