"""The part of the app that takes each key for what it was meant for, however soon it follows the one before.

A key goes to the widget that has the focus, and what that widget does not want comes back here, to be an action. In
between, the key before it may have opened a screen or an input: over a slow line, `/outcome` arrives at once, and its
`o` must be a letter of the filter, not the action on the list that had the focus when it came. After the last key,
nothing is taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Final

from textual import events
from textual.app import App
from textual.css.query import NoMatches
from textual.errors import NoWidget
from textual.screen import Screen
from textual.widget import MountError

from pointsman.tui.caching import mend_styles
from pointsman.tui.options import mend_lists
from pointsman.tui.repainting import mend_repaints

AT_ONCE: Final = frozenset({"ctrl+q", "ctrl+c", "ctrl+z"})
PATIENCE: Final = 2.0  # seconds; a screen that takes longer gets the key as it is


def beside(screen: Screen[Any], event: events.MouseEvent) -> bool:
    """Where no widget is, as for a moment after the window shrank. Textual would take the focus from whatever has it,
    and end the program if its palette was open."""
    try:
        screen.get_widget_at(int(event.screen_x), int(event.screen_y))
    except NoWidget:
        return True
    return False


class SteadyApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        mend_lists()
        mend_styles()
        mend_repaints()
        self._waiting: deque[events.Key] = deque()
        self._coming = False

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            if self._exit:
                return  # whoever leaves means to do nothing more
            await self._screen_is_there()
        if isinstance(event, events.MouseEvent) and self.mouse_captured is None and beside(self.screen, event):
            return
        if isinstance(event, events.Key) and self._must_wait(event):
            self._waiting.append(event)
            self._come_to_them()
        else:
            await self._obey(event)

    def _must_wait(self, key: events.Key) -> bool:
        """Behind other keys, and, when it comes back, behind whatever the key before has asked for, such as the focus.
        What leaves or stops waits for nothing."""
        if key.is_forwarded:
            return bool(self._waiting) or not self._message_queue.empty()
        return bool(self._waiting) and key.key not in AT_ONCE

    def _come_to_them(self) -> None:
        if not self._coming:
            self._coming = True
            self.call_later(self._obey_those_that_wait)

    async def _obey_those_that_wait(self) -> None:
        self._coming = False
        while self._waiting:
            await self._screen_is_there()
            await self._obey(self._waiting.popleft())
            if not self._message_queue.empty():
                break
        if self._waiting:
            self._come_to_them()

    async def _obey(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            if event.is_forwarded and self.focused not in (None, getattr(event, "aimed_at", self.focused)):
                event = events.Key(event.key, event.character)  # it was meant for what has the focus now
            if not event.is_forwarded:
                event.aimed_at = self.focused  # type: ignore[attr-defined] # events carry what handlers add to them
        await super().on_event(event)

    @property
    def leaving(self) -> bool:
        return self._exit

    async def _on_exit_app(self) -> None:
        """Also when a browser's page is closed, which asks for no more than this."""
        self._exit = True
        await super()._on_exit_app()

    def _handle_exception(self, error: Exception) -> None:
        """From the moment of leaving on, Textual finds and mounts no widget. What was under way then is no crash."""
        if not (self._exit and isinstance(error, MountError | NoMatches)):
            super()._handle_exception(error)

    async def _screen_is_there(self) -> None:
        mounted: asyncio.Event = self.screen._mounted_event
        if not mounted.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(mounted.wait(), PATIENCE)
