"""The kept conversations over the screen: the last changed first, or those in which words were found.

Titles and snippets were written by people and models: they are shown as text and nothing else.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Footer, Input, OptionList
from textual.widgets.option_list import Option

from pointsman.core.chats import HIT_BEGINS, HIT_ENDS, ChatFound, ChatHead, given_title
from pointsman.tui import keys
from pointsman.tui.messages import (
    ChatDeleteAsked,
    ChatExportAsked,
    ChatOpenAsked,
    ChatRenamed,
    ChatsLookedFor,
)
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.render import figures
from pointsman.tui.render.paint import paint
from pointsman.tui.screens.modal import Modal
from pointsman.tui.untrusted import clean, one_line

_SEARCH = "search titles, prompts and answers"


class FoundChats(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.CHATS]


class ChatsScreen(Modal[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.FORM]

    def __init__(self, now: float, written: str = "") -> None:
        super().__init__()
        self._now = now
        self._written = written
        self._found: tuple[ChatFound, ...] = ()
        self._renaming: ChatHead | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="chats") as box:
            box.border_title = Content("conversations")
            yield Input(self._written, placeholder=_SEARCH, compact=True)
            yield FoundChats(markup=False, compact=True)
            yield Drawn("looking…", classes="note", wraps=True)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(FoundChats).focus()
        self.look()

    def look(self) -> None:
        self.post_message(ChatsLookedFor(self._written))

    def take(self, written: str, found: tuple[ChatFound, ...]) -> None:
        """What was found; the answer to an older question is passed over."""
        if written != self._written:
            return
        listing = self.query_one(FoundChats)
        place = listing.highlighted or 0
        self._found = found
        listing.clear_options()
        listing.add_options([Option(_line(each, self._now)) for each in found])
        if found:
            listing.highlighted = min(place, len(found) - 1)
        self.query_one(".note", Drawn).draw(paint([(self._note(), "dim")]))

    def _note(self) -> str:
        if self._found:
            return f"{len(self._found)} conversations"
        if self._written.strip():
            return "nothing found: every word must begin a word of a title, a prompt or an answer"
        return "none is kept yet: each conversation is, from its first prompt on"

    @property
    def chosen(self) -> ChatHead | None:
        place = self.query_one(FoundChats).highlighted
        return self._found[place].head if place is not None and place < len(self._found) else None

    # --- the input: words to look for, or a new title ---

    def action_search(self) -> None:
        self._renaming = None
        self._write(self._written, _SEARCH)

    def action_rename(self) -> None:
        self._renaming = self.chosen
        if self._renaming is not None:
            self._write(self._renaming.title, "its new title")

    def _write(self, text: str, placeholder: str) -> None:
        written = self.query_one(Input)
        written.placeholder = placeholder
        with self.prevent(Input.Changed):
            written.value = clean(text)
        written.focus()
        written.cursor_position = len(written.value)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._renaming is None and event.value != self._written:
            self._written = event.value
            self.look()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        head, self._renaming = self._renaming, None
        title = given_title(event.value)
        if head is not None and title:
            self.post_message(ChatRenamed(head.id, title))
        if head is not None:
            self._write(self._written, _SEARCH)
        self.query_one(FoundChats).focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and isinstance(self.focused, Input):
            event.stop()
            self.query_one(FoundChats).focus()

    # --- what can be done with one ---

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(ChatOpenAsked(self._found[event.option_index].head.id))
        self.dismiss()

    def action_delete(self) -> None:
        if self.chosen is not None:
            self.post_message(ChatDeleteAsked(self.chosen.id, self.chosen.title, self.chosen.turns))

    def action_export(self) -> None:
        if self.chosen is not None:
            self.post_message(ChatExportAsked(self.chosen.id, self.chosen.title))

    def action_cancel(self) -> None:
        if self._renaming is not None:
            self._renaming = None
            self._write(self._written, _SEARCH)
            self.query_one(FoundChats).focus()
        else:
            self.dismiss(None)


def _line(found: ChatFound, now: float) -> Content:
    head = found.head
    turns = figures.counted(head.turns, "turn")
    branch = "a branch, " if head.copy_of else ""
    ago = figures.span(max(now - head.changed, 0))
    line = paint([(head.title, "strong"), (f"   {branch}{turns}, {ago} ago", "dim")])
    return line if not found.snippet else line + Content("\n  ") + _snippet(found.snippet)


def _snippet(text: str) -> Content:
    """The words that were found are underlined."""
    shown = Content("")
    for place, piece in enumerate(text.split(HIT_BEGINS)):
        hit, ends, rest = piece.partition(HIT_ENDS) if place else ("", "", piece)
        if place and not ends:
            hit, rest = "", piece
        shown += Content.styled(one_line(hit), "underline") + Content.styled(one_line(rest), "$foreground 65%")
    return shown
