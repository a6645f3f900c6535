"""Between the kept conversations and the screen: coroutines that keep, find and bring back, and post what came of it.

As the bridge, they run as workers and never touch a widget. A fault costs the record and is told once, never a reply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pointsman.core import chats
from pointsman.core.chats import Chat, ChatFound, ChatHead, ChatTurn
from pointsman.engine.console import Console
from pointsman.ports import Chats, StoreUnavailable
from pointsman.tui.bridge import Post
from pointsman.tui.conversation import Conversation
from pointsman.tui.messages import ChatDeleted, ChatOpened, ChatsFound, Detailed, Reopened, Told
from pointsman.tui.open_talks import OpenTalks
from pointsman.tui.untrusted import one_line

DETAILED = 20  # turns of a resumed conversation that are drawn at once
NOT_KEPT = "conversations are not kept here: [chats] keep = false in the configuration, or a recording is played"

T = TypeVar("T")


class Archive:
    def __init__(self, console: Console, post: Post) -> None:
        self._console = console
        self._post = post
        self._told: str | None = None  # the trouble that the person knows of

    @property
    def keeps(self) -> bool:
        return self._console.chats is not None

    async def keep(self, head: ChatHead, place: int, turn: ChatTurn) -> None:
        if self._console.chats is not None:
            await self._keeping(lambda kept: kept.keep(head, place, turn))

    async def keep_copy(self, head: ChatHead, turns: tuple[ChatTurn, ...]) -> None:
        if self._console.chats is not None:
            await self._keeping(lambda kept: kept.keep_copy(head, turns))

    async def cut(self, chat: str, place: int) -> None:
        if self._console.chats is not None:
            await self._keeping(lambda kept: kept.cut(chat, place))

    async def _keeping(self, doing: Callable[[Chats], Awaitable[object]]) -> None:
        kept = self._console.chats
        assert kept is not None
        try:
            await doing(kept)
        except StoreUnavailable as problem:
            if str(problem) != self._told:
                self._told = str(problem)
                self._post(Told(f"this conversation is not kept: {one_line(str(problem))}", "error"))
        else:
            self._told = None

    async def look_for(self, written: str) -> None:
        """The last changed without words to look for."""
        kept = self._there()
        if kept is None:
            return
        try:
            if written.strip():
                found = await kept.search(written)
            else:
                found = tuple(ChatFound(head=each) for each in await kept.heads())
        except StoreUnavailable as problem:
            self._failed(problem)
            found = ()
        self._post(ChatsFound(written, found))

    async def open(self, chat: str) -> None:
        kept = self._there()
        if kept is None:
            return
        try:
            self._post(ChatOpened(await kept.open(chat, DETAILED)))
        except (StoreUnavailable, LookupError) as problem:
            self._failed(problem)

    async def reopen(self, talks: OpenTalks) -> None:
        """Posts an answer whatever happens: somebody waits for it."""
        found: list[Chat | None] = []
        for each in talks.talks:
            found.append(None if each.chat is None else await self._found(each.chat))
        self._post(Reopened(talks, tuple(found)))

    async def _found(self, chat: str) -> Chat | None:
        kept = self._console.chats
        try:
            return None if kept is None else await kept.open(chat, DETAILED)
        except LookupError:
            return None  # deleted meanwhile
        except StoreUnavailable as problem:
            self._failed(problem)
            return None

    async def details(self, talk: Conversation, first: int, end: int) -> None:
        found: tuple[ChatTurn, ...] = ()
        if self._console.chats is not None:
            try:
                found = await self._console.chats.details(str(talk.id), first, end)
            except StoreUnavailable as problem:
                self._failed(problem)
        self._post(Detailed(talk, first, found))

    async def rename(self, chat: str, title: str) -> None:
        kept = self._there()
        if kept is not None:
            try:
                await kept.rename(chat, title)
            except (StoreUnavailable, LookupError) as problem:
                self._failed(problem)

    async def delete(self, chat: str) -> None:
        kept = self._there()
        if kept is None:
            return
        try:
            await kept.delete(chat)
        except (StoreUnavailable, LookupError) as problem:
            self._failed(problem)
            return
        self._post(ChatDeleted(chat))
        self._post(Told("the conversation is deleted; its audit lines stay"))

    async def export(self, chat: str, title: str, ending: str) -> None:
        kept, files = self._there(), self._console.files
        if kept is None or files is None:
            return
        try:
            turns = (await kept.open(chat)).turns
            text = chats.as_jsonl(turns) if ending == "jsonl" else chats.as_markdown(title, turns)
            path = await files.export(f"{title}.{ending}", text)
        except (StoreUnavailable, LookupError, OSError) as problem:
            self._failed(problem)
            return
        self._post(Told(f"written, readable by you alone: {path}"))

    def _there(self) -> Chats | None:
        if self._console.chats is None:
            self._post(Told(NOT_KEPT, "warning"))
        return self._console.chats

    def _failed(self, problem: Exception) -> None:
        if isinstance(problem, LookupError):
            self._post(Told("that conversation is not there any more", "warning"))
        else:
            self._post(Told(f"the kept conversations cannot be used: {one_line(str(problem))}", "error"))
