"""The scrolling part of the chat: a mark on one turn, and the keys that act on it."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll

from pointsman.tui import keys
from pointsman.tui.conversation import Turn
from pointsman.tui.messages import Copied, ExportAsked, Kept, Told
from pointsman.tui.panes.turn import TurnView

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)


def code_blocks(text: str) -> tuple[str, ...]:
    """What stands in the fences of a reply, without the fences."""
    return tuple(found.group(2) for found in _FENCE.finditer(text))


class Transcript(VerticalScroll):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.TRANSCRIPT]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.marked: TurnView | None = None
        self._code = 0  # the block that was copied last

    @property
    def views(self) -> list[TurnView]:
        return list(self.query(TurnView))

    @property
    def view(self) -> TurnView | None:
        """The turn that keys act on."""
        views = self.views
        if self.marked in views:
            return self.marked
        return views[-1] if views else None

    @property
    def turn(self) -> Turn | None:
        return self.view.turn if self.view is not None else None

    def action_mark(self, step: int) -> None:
        views = self.views
        if not views or self.view is None:
            return
        place = min(max(views.index(self.view) + step, 0), len(views) - 1)
        self.mark(views[place] if place < len(views) - 1 else None)
        views[place].scroll_visible(animate=False)

    def mark(self, view: TurnView | None) -> None:
        """None: the last one, whichever it is."""
        self.marked, self._code = view, 0
        for each in self.views:
            each.set_class(each is view, "-marked")

    def action_copy(self) -> None:
        if self.turn is not None and self.turn.text:
            self.post_message(Copied(self.turn.text, "the reply"))

    def action_keep(self) -> None:
        if self.turn is not None and self.turn.text:
            self.post_message(Kept("reply.md", self.turn.text))

    def action_copy_code(self) -> None:
        blocks = code_blocks(self.turn.text) if self.turn is not None else ()
        if not blocks:
            self.post_message(Told("there is no code block in this reply"))
            return
        place = self._code % len(blocks)
        self._code = place + 1
        self.post_message(Copied(blocks[place], f"code block {place + 1} of {len(blocks)}"))

    def action_export(self) -> None:
        self.post_message(ExportAsked("chat"))

    def action_edit(self) -> None:
        if self.turn is not None:
            self.post_message(TurnView.Edit(self.turn))

    def action_retry(self) -> None:
        if self.turn is not None:
            self.post_message(TurnView.Retry(self.turn))
