"""The part of the app that takes keys when they can be obeyed: once their screen is there, and not after the last.

A screen is on top of the stack before it has any widgets. A key that follows at once, as over a slow line or from a
paste, would find nothing there: it is neither lost nor done to a screen that is half there, it waits.
"""

from __future__ import annotations

import asyncio
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

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            if self._exit:
                return  # whoever leaves means to do nothing more
            await self._screen_is_there()
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
