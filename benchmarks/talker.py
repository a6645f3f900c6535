"""A model server that talks at a given rate, in a thread beside the benchmark: it knows when it said which mark."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CONFIG = """
default_role = "general"
discover = false
[endpoints.talker]
url = "{url}"
kind = "openai-compatible"
locality = "local"
[models.talker]
id = "talker"
endpoint = "talker"
tier = "T1"
context = 100_000_000
[roles.general]
primary = "talker"
"""
TICK_S: Final = 0.01
MARK_EVERY: Final = 50  # tokens
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n"


@dataclass
class Talker:
    """`tokens` at `rate` a second (0: at once) is what the next prompt gets."""

    tokens: int = 200
    rate: int = 0
    url: str = ""
    said: dict[str, float] = field(default_factory=dict)  # mark -> when it was sent (monotonic)
    ended: float = 0.0
    answers: int = 0
    marks: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if not head.startswith("post"):
                writer.write(
                    _HEAD % b"application/json" + b'{"object":"list","data":[{"id":"talker","object":"model"}]}'
                )
            else:
                length = int(head.partition("content-length:")[2].split("\r\n")[0])
                await reader.readexactly(length)
                await self._talk(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _talk(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_HEAD % b"text/event-stream")
        began, sent = time.monotonic(), 0
        while sent < self.tokens:
            due = self.tokens if not self.rate else min(int((time.monotonic() - began) * self.rate) + 1, self.tokens)
            for number in range(sent, due):
                writer.write(_event(self._word(number)))
                if number % 1_000 == 0:
                    await writer.drain()
            sent = due
            await writer.drain()
            await asyncio.sleep(TICK_S)
        self.ended, self.answers = time.monotonic(), self.answers + 1
        usage = {"prompt_tokens": 10, "completion_tokens": self.tokens, "total_tokens": self.tokens + 10}
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}
        writer.write(f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n".encode())

    def _word(self, number: int) -> str:
        """Markdown as models write it: paragraphs, lists, code; a mark every now and then."""
        if number and number % MARK_EVERY == 0:
            self.marks += 1
            mark = f"m{self.marks:06d}"
            self.said[mark] = time.monotonic()
            return f"{mark} "
        if number % 400 == 399:
            return "\n\n```python\nfor each in every:\n    print(each)\n```\n\n"
        if number % 100 == 99:
            return "\n\n## A heading\n\n- one `thing`\n- **another**\n\n"
        return ("\n\n" if number % 60 == 59 else "") + ("word " if number % 7 else "*words* ")


def _event(text: str) -> bytes:
    chunk = {
        "id": "x",
        "object": "chat.completion.chunk",
        "model": "talker",
        "choices": [{"index": 0, "delta": {"content": text}}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


@contextmanager
def talking(home: str) -> Iterator[tuple[Talker, list[str]]]:
    """The talker, and the arguments with which pointsman talks to it."""
    talker, loop, ready = Talker(), asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(talker.answer, "127.0.0.1", 0)
        talker.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()

    def run() -> None:
        loop.create_task(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    config = Path(home) / "config.toml"
    config.write_text(CONFIG.format(url=talker.url), "utf-8")
    try:
        yield talker, ["--config", str(config)]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
