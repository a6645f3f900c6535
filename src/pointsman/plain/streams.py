"""Lines in and lines out: standard input without blocking the loop, and harmless text on standard output.

No cursor is ever moved. Colour only where it was asked for, and then only of whole lines.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from typing import TextIO

from pointsman.core.plain_text import clean, one_line

LONGEST = 1_000_000  # bytes of one line that is read
_READ = 65_536
_COLOURS = {"bad": "\x1b[31m", "good": "\x1b[32m", "dim": "\x1b[2m"}
PROMPT = "> "
_DOUBLED_END = re.compile(r"([.:!?])\.$")  # a quoted sentence brought its own


class Closed(Exception):
    """Whoever read our output has closed it."""


class Lines:
    """The lines of a file descriptor, read in a thread of its own: a terminal, a pipe or a file alike."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(100)
        self._open = 1  # sources that have not ended
        self._others: list[asyncio.Task[None]] = []
        # A daemon: nothing can wake it from a read, and the program must be able to end.
        threading.Thread(target=self._read, name="plain-lines", daemon=True).start()

    def also(self, source: AsyncIterator[str]) -> None:
        """More lines, from elsewhere; the end comes when both have ended."""
        self._open += 1
        self._others.append(asyncio.create_task(self._take(source), name="plain-source"))

    async def next(self) -> str | None:
        """The next line; None at the end."""
        while self._open > 0:
            line = await self._lines.get()
            if line is not None:
                return line
            self._open -= 1
        return None

    async def _take(self, source: AsyncIterator[str]) -> None:
        async for line in source:
            await self._lines.put(line)
        await self._lines.put(None)

    def _read(self) -> None:
        kept = b""
        while read := self._chunk():
            *whole, kept = (kept + read).split(b"\n")
            if len(kept) > LONGEST:
                whole, kept = [*whole, kept], b""
            if not all(self._hand_over(_text(line)) for line in whole):
                return
        if kept:
            self._hand_over(_text(kept))
        self._hand_over(None)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, _READ)
        except OSError:  # the terminal is gone
            return b""

    def _hand_over(self, line: str | None) -> bool:
        """Waits until there is room; False once the loop has ended."""
        handing = self._lines.put(line)
        try:
            asyncio.run_coroutine_threadsafe(handing, self._loop).result()
        except (RuntimeError, CancelledError):
            handing.close()
            return False
        return True


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")


class Out:
    """One line at a time. With a `prompt`, a line that comes while it stands begins on a line of its own."""

    def __init__(self, stream: TextIO, *, prompts: bool = False, colour: bool = False) -> None:
        self._stream, self._prompts, self._colour = stream, prompts, colour
        self._standing = False  # the prompt is the last thing written

    def say(self, text: str, tone: str = "") -> None:
        """A sentence of ours; what it quotes is made harmless, and it stays on one line."""
        self._line(one_line(_DOUBLED_END.sub(r"\1", text.replace(" → ", " to "))), tone)

    def quote(self, line: str) -> None:
        """One line of an answer."""
        self._line(clean(line))

    def prompt(self) -> None:
        if self._prompts and not self._standing:
            self._write(PROMPT)
            self._standing = True

    def entered(self) -> None:
        """The user has ended the line that the prompt began."""
        self._standing = False

    def _line(self, text: str, tone: str = "") -> None:
        begin = "\n" if self._standing else ""
        self._standing = False
        if self._colour and tone in _COLOURS:
            text = f"{_COLOURS[tone]}{text}\x1b[0m"
        self._write(f"{begin}{text}\n")

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (BrokenPipeError, OSError):
            raise Closed from None
