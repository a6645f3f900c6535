"""Asks backends over a mock transport and over real loopback sockets, and feeds decoders in every cut."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import httpx
import pytest

from pointsman.adapters.answer import Decoder, ErrorFrame
from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.exchange import Tail
from pointsman.adapters.lines import TooLarge
from pointsman.core.fleet import Deadlines, Endpoint, EndpointKind, Locality, Model, Tier
from pointsman.core.outcome import Failed
from pointsman.core.request import Message
from pointsman.ports import Backend, Call, CallFailed, Chunk, Finish, Reasoning, Text, Ticket

NOW = 1_800_000_000.0
KEY = "sk-test-canary-0123456789"
QUICK = Tail(usage=0.05, body=0.01, error=0.05)


def make_call(
    kind: EndpointKind = EndpointKind.OPENAI_COMPATIBLE,
    url: str = "http://box.test",
    *,
    messages: Sequence[Message] = (Message(role="user", text="hi"),),
    key_env: str | None = None,
    model_id: str = "m-1",
    params: dict[str, object] | None = None,
    connect: float = 3.0,
) -> Call:
    endpoint = Endpoint(
        name="box",
        url=url,
        kind=kind,
        locality=Locality.LOCAL,
        key_env=key_env,
        deadlines=Deadlines(connect=connect),
    )
    model = Model(name="alias", id=model_id, endpoint="box", tier=Tier.T1, params=params or {})
    return Call(endpoint=endpoint, model=model, messages=tuple(messages), max_output=64)


def ticket_for(call: Call) -> Ticket:
    return Ticket(id="t-1", request="r-1", model=call.model.name, endpoint=call.endpoint.name)


@dataclass
class Asked:
    """What came of one call: chunks in order, the failure if it was one, and the request as sent."""

    chunks: list[Chunk] = field(default_factory=list)
    failed: Failed | None = None
    request: httpx.Request | None = None

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, Text))

    @property
    def reasoning(self) -> str:
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, Reasoning))

    @property
    def finish(self) -> Finish:
        assert self.failed is None, self.failed
        (finish,) = (chunk for chunk in self.chunks if isinstance(chunk, Finish))
        assert self.chunks[-1] is finish
        return finish

    @property
    def sent(self) -> dict[str, object]:
        assert self.request is not None
        return dict(json.loads(self.request.content))


async def listen(backend: Backend, call: Call, asked: Asked) -> Asked:
    try:
        async with aclosing(backend.stream(ticket_for(call), call)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                asked.chunks.append(chunk)
    except CallFailed as failed:
        asked.failed = failed.failed
    return asked


Ask = Callable[..., Awaitable[Asked]]


@pytest.fixture
def ask() -> Ask:
    """`await ask(kind, body_or_pieces, status=..., headers=..., **make_call)`: one call over a mock transport."""

    async def asking(
        kind: EndpointKind,
        reply: bytes | Sequence[bytes],
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        environ: dict[str, str] | None = None,
        **about: object,
    ) -> Asked:
        asked = Asked()

        async def pieces() -> AsyncIterator[bytes]:
            for piece in [reply] if isinstance(reply, bytes) else reply:
                yield piece

        def answer(request: httpx.Request) -> httpx.Response:
            asked.request = request
            return httpx.Response(status, headers=headers, content=pieces())

        call = make_call(kind, **about)  # type: ignore[arg-type]
        clients = Clients(environ=environ or {}, transport=lambda _: httpx.MockTransport(answer))
        try:
            return await listen(open_backend(call.endpoint, clients, lambda: NOW, tail=QUICK), call, asked)
        finally:
            await clients.aclose()

    return asking


Decode = Callable[[Callable[[], Decoder], Iterable[bytes]], tuple[list[Chunk], str]]


@pytest.fixture
def decode() -> Decode:
    """`decode(make_decoder, pieces)`: the chunks and, in words, how it ended."""
    return _decode


def _decode(make: Callable[[], Decoder], pieces: Iterable[bytes]) -> tuple[list[Chunk], str]:
    decoder = make()
    chunks: list[Chunk] = []
    try:
        for piece in pieces:
            decoder.answer.received = True
            chunks.extend(decoder.feed(piece))
        chunks.extend(decoder.close())
    except CallFailed as failed:
        return chunks, f"{failed.failed.kind}: {failed.failed.detail}"
    except (ErrorFrame, TooLarge) as error:
        return chunks, repr(error) + repr(getattr(error, "value", ""))
    return chunks, "finished"


@pytest.fixture
def same_in_every_cut() -> Callable[[Callable[[], Decoder], bytes], None]:
    """Asserts that all two-way cuts, and byte by byte, give the chunks of the uncut payload."""

    def check(make: Callable[[], Decoder], payload: bytes) -> None:
        whole = _decode(make, [payload])
        assert _decode(make, [payload[i : i + 1] for i in range(len(payload))]) == whole
        for cut in range(len(payload) + 1):
            assert _decode(make, [payload[:cut], payload[cut:]]) == whole, payload[:cut][-40:]

    return check


# --- real sockets ---------------------------------------------------------------------------------------------------


@dataclass
class Peer:
    """The server's side of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    hung_up: asyncio.Event  # set once the client closed

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, extra: str = "transfer-encoding: chunked", status: str = "200 OK") -> None:
        await self.send(f"HTTP/1.1 {status}\r\ncontent-type: text/event-stream\r\n{extra}\r\n\r\n".encode())

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def reset(self) -> None:
        """RST instead of FIN."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def wait_for_hang_up(self) -> None:
        try:
            while await self.reader.read(65536):
                continue
        except ConnectionError:
            self.hung_up.set()
        self.hung_up.set()


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Loopback:
    """Serves one script per connection and remembers what clients sent."""

    url: str
    scripts: list[Script]
    requests: list[bytes] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)


@pytest.fixture
async def loopback() -> AsyncIterator[Callable[..., Awaitable[Loopback]]]:
    """`await loopback(script, ...)`: a server whose n-th request is answered by the n-th script, the last for all more."""
    servers: list[asyncio.Server] = []

    async def start(*scripts: Script) -> Loopback:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    request = await _read_request(reader)
                    script = scripts[min(len(stage.requests), len(scripts) - 1)]
                    stage.requests.append(request)
                    await script(Peer(reader, writer, stage.hung_up))
                    if writer.is_closing():
                        return
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        stage = Loopback(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", list(scripts))
        return stage

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def call_over() -> AsyncIterator[Callable[..., tuple[Backend, Call]]]:
    """`call_over(kind, url)`: a backend over real sockets with its call."""
    opened: list[Clients] = []

    def make(kind: EndpointKind, url: str, tail: Tail = QUICK, **about: object) -> tuple[Backend, Call]:
        clients = Clients(environ={"BOX_KEY": KEY})
        opened.append(clients)
        call = make_call(kind, url, **about)  # type: ignore[arg-type]
        return open_backend(call.endpoint, clients, lambda: NOW, tail=tail), call

    yield make
    for clients in opened:
        await clients.aclose()


@pytest.fixture
def hear() -> Callable[[Backend, Call], Awaitable[Asked]]:
    """`await hear(backend, call)`: listens to the end."""

    async def hearing(backend: Backend, call: Call) -> Asked:
        return await listen(backend, call, Asked())

    return hearing


@pytest.fixture
def a_call() -> Callable[..., Call]:
    return make_call


@pytest.fixture
def a_ticket() -> Callable[[Call], Ticket]:
    return ticket_for


@pytest.fixture
def key() -> str:
    return KEY
