"""Servers that never end, never stop failing, or send too much: promises C2, C3 and C7."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pointsman import wiring
from pointsman.config import load
from pointsman.core.outcome import Failed, FailureKind
from pointsman.core.request import Message, Request
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.prove.check import Check, CouldNotRun, Tried, expect
from pointsman.prove.fake_server import as_json, serving
from pointsman.prove.machine import crowding

LONG = int(os.environ.get("POINTSMAN_SOAK", "1"))
_KEEP_ALIVE_S, _LATE_S = 0.02, 0.5
_TURNS = 100 * min(LONG, 10)
_TINY = 100_000 * LONG  # events of one character
_GROWTH = 32 << 20  # bytes
_STALL_MS = 50.0  # of the reading thread's own CPU time, on a machine as fast as where it was measured
Pieces = Callable[[], AsyncIterator[bytes]]
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n%btransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def streaming(replies: dict[str, tuple[bytes, Pieces]]) -> AsyncIterator[str]:
    """A server whose replies are made while they are sent. Path's first part -> (more headers, pieces)."""

    talking: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking[asyncio.current_task()] = writer
        # Cancelled: the check is over, and Python 3.11 prints a traceback of a talk that ends so.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            headers, pieces = replies[head.split()[1].decode().split("/")[1]]
            writer.write(_HEAD % headers)
            async for piece in pieces():
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task, writer in talking.items():
            if task is not None:
                task.cancel()
            writer.close()
        await asyncio.gather(*(task for task in talking if task is not None), return_exceptions=True)
        await asyncio.gather(*(writer.wait_closed() for writer in talking.values()), return_exceptions=True)


def _said(text: str, reason: str | None = None) -> bytes:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}, 'finish_reason': reason}]})}\n\n".encode()


# --- C2: deadlines hold under keep-alives ----------------------------------------------------------------------------

_CONFIG = """
default_role = "r"
discover = false
[endpoints.{name}]
url = "{url}/{name}"
kind = "{kind}"
locality = "local"
deadlines = {{ connect = "1 s", first_token = "400 ms", idle = "400 ms", total = "1200 ms" }}
[models.m]
id = "m"
endpoint = "{name}"
tier = "T1"
[roles.r]
primary = "m"
"""


async def _for_ever(first: bytes, again: bytes) -> AsyncIterator[bytes]:
    yield first
    while True:
        await asyncio.sleep(_KEEP_ALIVE_S)
        yield again


_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_PATIENT = {
    "comments": (
        lambda: _for_ever(b": hi\n\n", b": keep-alive\n\n"),
        "llama.cpp",
        FailureKind.FIRST_TOKEN_TIMEOUT,
        0.4,
    ),
    "pings": (lambda: _for_ever(_PING, _PING), "anthropic", FailureKind.FIRST_TOKEN_TIMEOUT, 0.4),
    "stalled": (lambda: _for_ever(_said("x"), b": keep-alive\n\n"), "llama.cpp", FailureKind.IDLE_TIMEOUT, 0.4),
    "dripping": (lambda: _for_ever(_said("x"), _said("y")), "llama.cpp", FailureKind.TOTAL_TIMEOUT, 1.2),
}


async def deadlines_hold(home: Path) -> Tried:
    late = 0.0
    async with streaming({name: (b"", case[0]) for name, case in _PATIENT.items()}) as url:
        for name, (_, kind, wanted, seconds) in _PATIENT.items():
            config = home / f"{name}.toml"
            config.write_text(_CONFIG.format(name=name, url=url, kind=kind))
            async with wiring.open_engine(load(config), state_dir=home / name, monitor=False) as engine:
                began = time.monotonic()
                failed = await _first_failure(engine)
                took = time.monotonic() - began
            expect(failed is wanted, f"{name}: {failed} instead of {wanted}")
            expect(took <= seconds + _LATE_S * crowding(), f"{name}: ended after {took:.2f} s instead of {seconds} s")
            late = max(late, took - seconds)
    tried = "comments for ever, pings for ever, one token and silence, tokens for ever"
    return Tried(
        tried=tried, count=len(_PATIENT), figure=f"each ended in its own words, at most {late * 1000:.0f} ms late"
    )


async def _first_failure(engine: Engine) -> FailureKind | None:
    request = Request(id=engine.new_request_id(), messages=(Message(role="user", text="hello"),))
    ended = [event async for event in engine.submit(request) if isinstance(event, events.AttemptEnded)]
    outcome = ended[0].attempt.outcome if ended else None
    return outcome.kind if isinstance(outcome, Failed) else None


# --- C3: hostile bodies are bounded ----------------------------------------------------------------------------------


async def _good() -> AsyncIterator[bytes]:
    yield _said("hello", "stop") + b"data: [DONE]\n\n"


async def _endless_line() -> AsyncIterator[bytes]:
    yield b'data: {"choices":[{"delta":{"content":"'
    for _ in range(1024):
        yield b"x" * 65536  # 64 MB without an end


def _bomb_pieces() -> Iterator[bytes]:
    packed = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 20)
    for _ in range(200):  # 200 MB in some 200 kB
        yield packed.compress(zeros)
    yield packed.flush()


async def _bomb() -> AsyncIterator[bytes]:
    for piece in _bomb_pieces():
        if piece:
            yield piece


async def _tiny() -> AsyncIterator[bytes]:
    some = _said("x") * 100
    for _ in range(_TINY // 100):
        yield some
    yield _said("", "stop") + b"data: [DONE]\n\n"


_BODIES: dict[str, tuple[bytes, Pieces]] = {
    "good": (b"", _good),
    "line": (b"", _endless_line),
    "bomb": (b"content-encoding: gzip\r\n", _bomb),
    "tiny": (b"", _tiny),
}
_ENDS = {"line": "bad_stream", "bomb": "bad_stream", "tiny": "completed"}


async def bodies_are_bounded(home: Path) -> Tried:
    async with streaming(_BODIES) as url:
        argv = [sys.executable, "-m", "pointsman.prove.swallow", url, *_ENDS]
        child = await asyncio.create_subprocess_exec(
            *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await child.communicate()
    if child.returncode != 0:
        raise CouldNotRun(f"the reading process failed: {err.decode(errors='replace').strip()[-120:]}")
    told = json.loads(out)
    for name, ended in _ENDS.items():
        expect(told[name]["ended"] == ended, f"{name}: {told[name]['ended']} instead of {ended}")
    grew = max(told[name]["grew"] for name in _ENDS)
    stall = max(told[name]["stall_ms"] / told[name]["slowness"] for name in _ENDS)
    expect(stall <= _STALL_MS, f"nothing else could run for {stall:.0f} ms")
    expect(grew <= _GROWTH, f"memory grew by {grew / 2**20:.0f} MiB")
    tried = f"a line of 64 MB, 200 MB in a gzip of 200 kB, {_TINY:,} events of one character"
    figure = f"memory grew by {grew / 2**20:.1f} MiB at most; nothing else waited for it longer than {stall:.0f} ms"
    return Tried(tried=tried, count=len(_ENDS), figure=figure)


# --- C7: amplification is bounded ------------------------------------------------------------------------------------

_FAILING = """
default_role = "r"
discover = false
[endpoints.far]
url = "{url}"
kind = "openai"
locality = "cloud"
[models.m]
id = "m"
endpoint = "far"
tier = "T1"
context = 100_000
price_in = "$1/Mtok"
price_out = "$1/Mtok"
[roles.r]
primary = "m"
"""


async def failure_is_not_amplified(home: Path) -> Tried:
    async with serving(lambda _: as_json({"error": {"message": "broken"}}, 500)) as provider:
        config = home / "config.toml"
        config.write_text(_FAILING.format(url=provider.url))
        async with wiring.open_engine(load(config), state_dir=home / "state", monitor=False) as engine:
            for _ in range(_TURNS):
                await _first_failure(engine)
        sent = len(provider.asked)
    expect(sent <= _TURNS * 1.1, f"{sent} requests for {_TURNS} turns")
    tried = "turns at a provider that fails every time"
    return Tried(tried=tried, count=_TURNS, figure=f"{sent} requests reached it: {sent / _TURNS:.2f} for each turn")


CHECKS = (
    Check(id="C2", promise="deadlines hold, whatever keeps a stream alive", run=deadlines_hold),
    Check(id="C3", promise="hostile bodies are bounded", run=bodies_are_bounded),
    Check(id="C7", promise="a failing provider is not asked more than anybody asks", run=failure_is_not_amplified),
)
