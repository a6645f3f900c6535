"""What every screen that is read has: it scrolls, and its whole text is copied or kept in a file."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import VerticalScroll
from textual.widget import Widget

from pointsman.tui.messages import Copied, Kept
from pointsman.tui.screens.modal import Modal


class Reading(Modal[None]):
    kept_as: ClassVar[str] = "text.txt"  # the file's name
    what: ClassVar[str] = "all of it"  # is copied

    @property
    def text(self) -> str:
        """All of it, without its styles."""
        raise NotImplementedError

    @property
    def box(self) -> Widget:
        """What is scrolled."""
        return self.query_one(VerticalScroll)

    def action_copy(self) -> None:
        self.post_message(Copied(self.text, self.what))

    def action_keep(self) -> None:
        self.post_message(Kept(self.kept_as, self.text + "\n"))

    async def action_close(self) -> None:
        self.dismiss()

    def action_scroll_down(self) -> None:
        self.box.scroll_down(animate=False)

    def action_scroll_up(self) -> None:
        self.box.scroll_up(animate=False)

    def action_scroll_home(self) -> None:
        self.box.scroll_home(animate=False)

    def action_scroll_end(self) -> None:
        self.box.scroll_end(animate=False)
