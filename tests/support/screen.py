"""How the screen's tests drive it: keys in, and what a person can read out. Waiting means letting the loop run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from pointsman.tui.app import PointsmanApp
from pointsman.tui.panes.prompt import Prompt

TURN_S = 0.001  # a store's thread gets the interpreter then; from a loop that never waits, once in 5 ms and row by row


@asynccontextmanager
async def screen(
    console: Any, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[tuple[PointsmanApp, Pilot[None]]]:
    app = PointsmanApp(console, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.picture is not None and app.picture.audit_size > 0)
        await settle(app, pilot)
        yield app, pilot
    await app.close()


async def settle(app: PointsmanApp, pilot: Pilot[None]) -> None:
    """Everything that was posted is handled and drawn, without waiting for a timer."""
    await pilot.pause()
    app.apply()
    await app.chat.flush()
    await pilot.pause()


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Lets the loop run until it holds; the limit only ends a test that failed."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(TURN_S)
    await pilot.pause()


async def say(app: PointsmanApp, pilot: Pilot[None], text: str) -> None:
    app.action_show_pane("chat")
    app.chat.query_one(Prompt).text = text
    await pilot.press("enter")
    await pilot.pause()


async def ask(app: PointsmanApp, pilot: Pilot[None], text: str = "hi") -> None:
    """Writes a prompt and waits until its reply is over."""
    await say(app, pilot, text)
    await until(pilot, lambda: app.chat.last is not None and app.chat.last.over)
    await settle(app, pilot)
