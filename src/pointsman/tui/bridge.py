"""Between the engine and the screen: coroutines that ask the console and post what they heard.

They run as workers of the app. They never touch a widget, and the app never awaits the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import cast

from textual.message import Message

from pointsman.core.request import Request
from pointsman.core.snapshot import Override
from pointsman.engine.console import Console, Fault
from pointsman.engine.events import EngineEvent
from pointsman.ports import AuditQuery
from pointsman.tui.messages import AuditPage, Ledger, LogsRead, Opened, Pictured, Replied, ServiceActed, Told

OpenConsole = Callable[[], AbstractAsyncContextManager[Console]]
Post = Callable[[Message], object]

DAY = 86_400
NEWEST = 4  # lines the ticker may need


async def hold(open_console: OpenConsole, post: Post, closing: asyncio.Event) -> None:
    """Opens the console, hands it over, and keeps it open until the screen closes."""
    async with open_console() as console:
        post(Opened(console))
        await closing.wait()


class Bridge:
    def __init__(self, console: Console, post: Post) -> None:
        self._console = console
        self._post = post
        self._audit_size = -1

    async def watch(self) -> None:
        self._post(Pictured(self._console.snapshot))
        await self.read_ledger()
        async for snapshot in self._console.watch():
            self._post(Pictured(snapshot))
            await self.read_ledger()

    async def read_ledger(self) -> None:
        """The newest audit lines and the day's totals, when there are new ones."""
        size = await self._console.audit_size()
        if size == self._audit_size:
            return
        self._audit_size = size
        newest = await self._console.audit(AuditQuery(limit=NEWEST))
        now = self._console.snapshot.now
        totals = await self._console.totals(now - now % DAY)
        self._post(Ledger(newest, size, totals))

    async def ask(self, request: Request) -> None:
        """Streams a request's events. Cancelling this worker closes the stream, which hangs up."""
        stream = cast("AsyncGenerator[EngineEvent, None]", self._console.submit(request))
        async with aclosing(stream):
            async for event in stream:
                self._post(Replied(event))
        await self._show_now()

    async def page(self, query: AuditQuery, older: bool) -> None:
        self._post(AuditPage(query, await self._console.audit(query), older))

    async def set_override(self, override: Override) -> None:
        await self._changed(self._console.set_override(override), f"{override.kind} is in force for {override.scope}")

    async def clear_override(self, override_id: str) -> None:
        await self._changed(self._console.clear_override(override_id), "override cleared")

    async def _changed(self, doing: Awaitable[None], done: str) -> None:
        try:
            await doing
        except ValueError as problem:
            self._post(Told(str(problem), "error"))
            return
        self._post(Told(done))
        await self._show_now()

    async def _show_now(self) -> None:
        await self.read_ledger()
        self._post(Pictured(self._console.snapshot, urgent=True))

    async def act(self, name: str, verb: str) -> None:
        self._post(ServiceActed(name, verb, await self._console.service_action(name, verb)))
        await self._show_now()

    async def logs(self, name: str) -> None:
        self._post(LogsRead(name, await self._console.service_logs(name)))

    async def play(self, fault: Fault) -> None:
        self._post(Told(await self._console.play(fault)))
