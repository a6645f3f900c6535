"""The input of the chat: several lines, `Enter` sends, `Tab` completes commands, arrows bring earlier prompts back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea

from pointsman.tui import keys, slash

MOST_REMEMBERED = 200


class Prompt(TextArea):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.PROMPT]

    @dataclass
    class Sent(Message):
        text: str

    class Left(Message):
        pass

    class Empty(Message):
        """Enter, with nothing written."""

    class TakeBack(Message):
        """The last waiting prompt is wanted back here."""

    @dataclass
    class Scrolled(Message):
        """What was said is wanted, so many pages further."""

        pages: int

    @dataclass
    class Edited(Message):
        """This text is wanted in the user's own editor."""

        text: str

    def __init__(self, placeholder: str) -> None:
        super().__init__(
            placeholder=placeholder,
            show_line_numbers=False,
            soft_wrap=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            compact=True,
        )
        self.cursor_blink = False  # two repaints a second for nothing, and bytes over ssh
        self.waiting: Callable[[], bool] = lambda: False  # do prompts wait behind a running reply?
        self.arguments: Mapping[str, Sequence[str]] = MappingProxyType({})  # words that commands take
        self._sent: list[str] = []
        self._place = 0
        self._draft = ""

    async def _on_key(self, event: events.Key) -> None:
        action = self._own_keys().get(event.key)
        if not (action() if action is not None else await self._edits(event.key)):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    async def _edits(self, key: str) -> bool:
        """A key that a text area is bound to does so at once. Over the app it would come behind what was typed next:
        `ctrl+u` took that, too."""
        bound = self.screen.active_bindings.get(key)
        return bound is not None and bound.node is self and await self.app.run_action(bound.binding.action, self)

    def _own_keys(self) -> dict[str, Callable[[], bool]]:
        """A text area would insert Enter before any binding is asked; the bindings, rebound or not, come first here.
        What returns False leaves the key to the text area."""
        actions: dict[str, Callable[[], bool]] = {
            "send": self.action_send,
            "newline": self.action_newline,
            "leave": self.action_leave,
            "complete": self.action_complete,
            "editor": self.action_editor,
            "scroll_chat(-1)": lambda: self.action_scroll_chat(-1),
            "scroll_chat(1)": lambda: self.action_scroll_chat(1),
            "history(-1)": lambda: self.action_history(-1),
            "history(1)": lambda: self.action_history(1),
        }
        return {
            key: actions[active.binding.action]
            for key, active in self.screen.active_bindings.items()
            if active.node is self and active.binding.action in actions
        }

    def action_send(self) -> bool:
        text = self.text.strip()
        if not text:
            self.post_message(self.Empty())
        else:
            self._sent = [*(sent for sent in self._sent if sent != text), text][-MOST_REMEMBERED:]
            self._place = len(self._sent)
            self.clear()
            self.post_message(self.Sent(text))
        return True

    def action_newline(self) -> bool:
        self.insert("\n")
        return True

    def action_leave(self) -> bool:
        self.post_message(self.Left())
        return True

    def action_editor(self) -> bool:
        self.post_message(self.Edited(self.text))
        return True

    def action_scroll_chat(self, pages: int) -> bool:
        self.post_message(self.Scrolled(pages))
        return True

    def action_complete(self) -> bool:
        """False without a command to complete: then the key moves the focus, as everywhere."""
        found = slash.completions(self.text, self.arguments)
        if not found:
            return False
        self.put(found[0] if " " in found[0] else f"{found[0]} ")
        return True

    def action_history(self, step: int) -> bool:
        """False inside a text of several lines, until its edge is reached. Prompts that wait come before older ones."""
        if step < 0 and self.waiting() and not self.text:
            self.post_message(self.TakeBack())
            return True
        edge = 0 if step < 0 else self.document.line_count - 1
        place = self._place + step
        if self.cursor_location[0] != edge or not 0 <= place <= len(self._sent):
            return False
        if self._place == len(self._sent):
            self._draft = self.text
        self._place = place
        self.put(self._sent[place] if place < len(self._sent) else self._draft)
        return True

    def put(self, text: str) -> None:
        """Replaces the text, with the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)
