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
from typing import Final

from textual import events
from textual.app import App
from textual.css.query import NoMatches
from textual.widget import MountError

from pointsman.tui.options import mend_lists

PATIENCE: Final = 2.0  # seconds; a screen that takes longer gets the key as it is


class SteadyApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        mend_lists()
        self._waiting: deque[events.Key] = deque()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            if self._exit:
                return  # whoever leaves means to do nothing more
            await self._screen_is_there()
        if isinstance(event, events.Key) and (event.is_forwarded or self._waiting):
            self._wait(event)
        else:
            await self._obey(event)

    def _wait(self, key: events.Key) -> None:
        """One key after the other, each when what the one before has asked for, such as the focus, is done."""
        self._waiting.append(key)
        if len(self._waiting) == 1:
            self.call_later(self._next)

    async def _next(self) -> None:
        await self._screen_is_there()
        await self._obey(self._waiting[0])
        self.call_later(self._done)

    def _done(self) -> None:
        self._waiting.popleft()
        if self._waiting:
            self.call_later(self._next)

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
