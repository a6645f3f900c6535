"""A headless Chromium, driven by its DevTools protocol: opens a page, types, and hears what the page's websocket says."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pyte

PATIENCE_S = 60.0  # a browser and the program, on two slow cores under load
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def browser() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """What the terminal in the page was sent, drawn as the page draws it."""

    def __init__(self, devtools: aiohttp.ClientWebSocketResponse) -> None:
        self._devtools = devtools
        self._numbers = itertools.count(1)
        self._terminal = pyte.Screen(200, 80)
        self._stream = pyte.ByteStream(self._terminal)
        self.requested: list[str] = []  # every address the page asked for

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._terminal.display)

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._devtools.send_json({"id": number, "method": method, "params": params})
        while True:
            heard = await self._hear()
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return heard["result"]

    async def type(self, text: str) -> None:
        await self.send("Input.insertText", text=text)

    async def click(self, x: int, y: int) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def press_enter(self) -> None:
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, **key)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds():
                    await self._hear()
        except TimeoutError:
            raise AssertionError(f"never: {what}\n{self.text}") from None

    async def wait_for(self, text: str) -> None:
        await self.until(lambda: text in self.text, text)

    async def _hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = await self._devtools.receive_json()
        params = heard.get("params", {})
        match heard.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(params["url"])
            case "Network.webSocketFrameReceived" if params["response"]["opcode"] == 2:
                self._stream.feed(base64.b64decode(params["response"]["payloadData"]))
        return heard


@asynccontextmanager
async def opened(url: str, profile: Path) -> AsyncIterator[Page]:
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--no-first-run")
    quiet = ("--disable-background-networking", "--disable-dev-shm-usage", "--window-size=1200,800")
    process = await asyncio.create_subprocess_exec(
        str(browser()), *flags, *quiet, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(await _page(session, profile), max_msg_size=0) as devtools:
                page = Page(devtools)
                await page.send("Network.enable")
                await page.send("Page.enable")
                await page.send("Page.navigate", url=url)
                yield page
    finally:
        process.terminate()
        await process.wait()


async def _page(session: aiohttp.ClientSession, profile: Path) -> str:
    """The DevTools address of the page, once the browser wrote where it listens."""
    where = profile / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE_S):
        while not (where.exists() and "\n" in where.read_text()):
            await asyncio.sleep(0)
        port = where.read_text().split()[0]
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = json.loads(await answer.text())
    return next(str(each["webSocketDebuggerUrl"]) for each in pages if each["type"] == "page")
