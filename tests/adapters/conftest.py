"""A raw HTTP responder on loopback, so that adapters are tested through real sockets and the real client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False  # never answers, until the server goes
    cut: bool = False  # promises more than it sends, then hangs up


@dataclass
class Stage:
    """One server: what it answers by request target, and what it was asked."""

    port: int
    answers: dict[str, Answer]
    seen: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.seen]


Serve = Callable[[dict[str, object]], Awaitable[Stage]]


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status, raw, {key.replace("_", "-"): value for key, value in headers.items()})


def _head(given: Answer) -> bytes:
    length = len(given.body) + (1000 if given.cut else 0)
    lines = [f"HTTP/1.1 {given.status} X", f"content-length: {length}"]
    lines += [f"{key}: {value}" for key, value in given.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server that answers these targets; anything else is a 404. Values: a body, or an `Answer`."""
    servers: list[asyncio.Server] = []
    over = asyncio.Event()
    connections: set[asyncio.Task[None]] = set()

    async def start(answers: dict[str, object]) -> Stage:
        fixed = {path: given if isinstance(given, Answer) else answer(given) for path, given in answers.items()}
        stage = Stage(0, fixed)

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                while await _exchange(stage, over, reader, writer):
                    pass
            finally:
                connections.discard(task)
                writer.close()

        server = await asyncio.start_server(connection, "127.0.0.1", 0)
        servers.append(server)
        stage.port = server.sockets[0].getsockname()[1]
        return stage

    yield start
    over.set()
    for server in servers:
        server.close()
    for task in list(connections):
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _exchange(
    stage: Stage, over: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    try:
        raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    start, *lines = raw.rstrip("\r\n").split("\r\n")
    method, target, _ = start.split(" ")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    stage.seen.append(Request(method, target, headers))
    given = stage.answers.get(target, answer({"error": {"message": "File Not Found"}}, 404))
    if given.hold:
        await over.wait()
        return False
    writer.write(_head(given) + given.body)
    await writer.drain()
    return not given.cut


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as opened:
        yield opened


@pytest.fixture
def answering() -> Callable[..., Answer]:
    """Makes an `Answer`: `answering(body, status=..., retry_after="3")`."""
    return answer


@pytest.fixture
def silent() -> Answer:
    """Accepts the request and never answers."""
    return Answer(hold=True)


@pytest.fixture
def cutting() -> Answer:
    """Hangs up in the middle of the body."""
    return Answer(body=b'{"models": [', cut=True)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port of the loopback address on which nothing listens, and nobody else can meanwhile."""
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
