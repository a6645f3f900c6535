"""The part of the app that goes on where it was left: open conversations, drafts and waiting prompts come back.

What waited comes back as it was written and is never sent by itself.
"""

from __future__ import annotations

from typing import Final

from textual import on

from pointsman.tui import messages, open_talks
from pointsman.tui.arranging import ArrangingApp
from pointsman.tui.open_talks import OpenTalks

KEPT_EVERY: Final = 2.0  # seconds between two looks at what is to be kept


class ReopeningApp(ArrangingApp):
    _open_talks: OpenTalks | None = None  # as they are kept; None: they are not

    @on(messages.Opened)
    def reopen(self, event: messages.Opened) -> None:
        from pointsman.tui.archive import Archive

        files = event.console.files
        if files is None or event.console.chats is None or not self.keeps:
            return
        found = self._open_talks = open_talks.read(files.open_talks())
        if found.talks:
            self.chat.expects_tabs = True
            self.work(Archive(event.console, self.post_message).reopen(found), "archive")
        self.set_interval(KEPT_EVERY, self._keep_open_talks)

    @on(messages.Reopened)
    async def reopened(self, event: messages.Reopened) -> None:
        from pointsman.tui import keeping
        from pointsman.tui.conversation import Conversation

        tabs = []
        for kept, chat in zip(event.talks.talks, event.chats, strict=True):
            if chat is not None:
                tabs.append((kept, keeping.resumed(chat)))
            elif kept.draft or kept.held:
                tabs.append((kept, Conversation(pin=kept.pin, role=kept.role)))
        await self.chat.reopen(tabs, min(event.talks.place, max(len(tabs) - 1, 0)))
        self.chat.tabs_came()

    def _keep_open_talks(self) -> None:
        if self.bridge is not None and self._changed():
            self.work(self.bridge.keep_open_talks(open_talks.written(self.chat.open_talks)), "open talks")

    def _changed(self) -> bool:
        """Since it was kept; not while those of the run before are on their way."""
        if self._open_talks is None or self.chat.expects_tabs:
            return False
        before, self._open_talks = self._open_talks, self.chat.open_talks
        return before != self._open_talks

    async def close(self) -> None:
        if self.bridge is not None and self.home.talks_now and self._changed():
            await self.bridge.keep_open_talks(open_talks.written(self.chat.open_talks))
        await super().close()
