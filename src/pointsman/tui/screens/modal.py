"""Screens over the screen that leave once. Textual's own `dismiss` takes away whatever is on top: a second key or click
that was on its way would take the screen below, or fail where there is none."""

from __future__ import annotations

from typing import Any, TypeVar

from textual import events, work
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, ProviderSource
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from pointsman.tui.picture import Picture
from pointsman.tui.steady import beside

T = TypeVar("T")


class Modal(ModalScreen[T]):
    def dismiss(self, result: T | None = None) -> AwaitComplete:
        return super().dismiss(result) if _on_top(self) else AwaitComplete()


class Live(Modal[T]):
    """One that is drawn anew with every picture, as the panes are."""

    def apply(self, picture: Picture) -> None:
        raise NotImplementedError


_gather: Any = CommandPalette._gather_commands.__wrapped__  # type: ignore[attr-defined] # what `work` wraps


class Search(CommandPalette):
    """Without the id of Textual's own, which one that is just leaving still has; and on its way out it is left alone:
    Textual's own looks for widgets that are gone. May begin with something written."""

    def __init__(
        self, providers: ProviderSource | None = None, *, placeholder: str = "Search for commands…", written: str = ""
    ) -> None:
        super().__init__(providers, placeholder=placeholder)
        self._written = written

    def on_mount(self) -> None:
        if self._written:
            field = self.query_one(Input)
            field.value = self._written
            field.cursor_position = len(self._written)

    def on_click(self, event: events.Click) -> None:
        """One that comes late, after the window shrank, hits nothing."""
        if beside(self, event):
            event.prevent_default()

    def dismiss(self, result: None = None) -> AwaitComplete:
        return super().dismiss(result) if _on_top(self) else AwaitComplete()

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        if self.query(CommandList):
            await _gather(self, search_value)

    async def _watch__show_busy(self) -> None:
        if self.query(CommandList):
            await super()._watch__show_busy()

    def _watch__list_visible(self) -> None:
        if self.query(CommandList):
            super()._watch__list_visible()


def _on_top(screen: Screen[Any]) -> bool:
    stack = screen.app.screen_stack
    return bool(stack) and stack[-1] is screen
