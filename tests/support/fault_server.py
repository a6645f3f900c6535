"""A server on loopback that speaks OpenAI, Anthropic and Ollama chats, records every request and plays any fault.

One script per server: the n-th chat plays its n-th step, the last one for ever. Nothing sleeps to wait and see: the
server holds a reply until the client hangs up or the test opens a gate, and says what it saw through events.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

Play = Callable[["Reply"], Awaitable[None]]


# --- dialects ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dialect:
    """How one protocol writes things. Frames are bytes without HTTP framing."""

    name: str
    chat: str  # path of a chat
    media: str
    start: Callable[[str], list[bytes]]
    text: Callable[[str, str], bytes]
    reasoning: Callable[[str, str], bytes]
    reason: Callable[[str, str, tuple[int, int] | None], list[bytes]]  # (model, reason, usage)
    marker: Callable[[str], list[bytes]]  # the end marker proper
    whole: Callable[[str, str, tuple[int, int]], bytes]
    error: Callable[[str, str, int], dict[str, Any]]  # (type, message, status) -> the error document


def _sse(value: object, event: str = "") -> bytes:
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _oa(model: str, delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return _sse({"id": "c", "object": "chat.completion.chunk", "model": model, "choices": choices, **more})


def _oa_usage(used: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)}


def _oa_reason(model: str, reason: str, used: tuple[int, int] | None) -> list[bytes]:
    frames = [_oa(model, {}, reason)]
    return frames if used is None else [*frames, _sse({"model": model, "choices": [], "usage": _oa_usage(used)})]


OPENAI = Dialect(
    name="openai",
    chat="/v1/chat/completions",
    media="text/event-stream",
    start=lambda model: [_oa(model, {"role": "assistant", "content": None})],
    text=lambda model, text: _oa(model, {"content": text}),
    reasoning=lambda model, text: _oa(model, {"reasoning_content": text}),
    reason=_oa_reason,
    marker=lambda model: [b"data: [DONE]\n\n"],
    whole=lambda model, text, used: json.dumps(
        {
            "model": model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": _oa_usage(used),
        }
    ).encode(),
    error=lambda kind, message, status: {"error": {"type": kind, "message": message, "code": status}},
)

_AN_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def _an_reason(model: str, reason: str, used: tuple[int, int] | None) -> list[bytes]:
    value: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": _AN_REASONS.get(reason, reason)}}
    if used is not None:
        value["usage"] = {"input_tokens": used[0], "output_tokens": used[1]}
    return [_sse({"type": "content_block_stop", "index": 0}, "content_block_stop"), _sse(value, "message_delta")]


def _an_delta(delta: dict[str, Any]) -> bytes:
    return _sse({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")


ANTHROPIC = Dialect(
    name="anthropic",
    chat="/v1/messages",
    media="text/event-stream",
    start=lambda model: [
        _sse(
            {"type": "message_start", "message": {"type": "message", "role": "assistant", "model": model,
             "content": [], "stop_reason": None, "usage": {"input_tokens": 11, "output_tokens": 1}}},
            "message_start",
        ),
        _sse({"type": "ping"}, "ping"),
        _sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ],
    text=lambda model, text: _an_delta({"type": "text_delta", "text": text}),
    reasoning=lambda model, text: _an_delta({"type": "thinking_delta", "thinking": text}),
    reason=_an_reason,
    marker=lambda model: [_sse({"type": "message_stop"}, "message_stop")],
    whole=lambda model, text, used: json.dumps(
        {"type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": text}],
         "stop_reason": "end_turn", "usage": {"input_tokens": used[0], "output_tokens": used[1]}}
    ).encode(),
    error=lambda kind, message, status: {"type": "error", "error": {"type": kind, "message": message}},
)  # fmt: skip


def _ol(model: str, message: dict[str, Any], **more: Any) -> bytes:
    return _line({"model": model, "message": {"role": "assistant", **message}, **{"done": False, **more}})


def _ol_reason(model: str, reason: str, used: tuple[int, int] | None) -> list[bytes]:
    """Ollama's reason, counts and end marker are one object."""
    counts = {} if used is None else {"prompt_eval_count": used[0], "eval_count": used[1], "eval_duration": 10**9}
    return [_ol(model, {"content": ""}, done=True, done_reason=reason, **counts)]


def _ol_whole(model: str, text: str, used: tuple[int, int]) -> bytes:
    """A reply without `stream`: one object, and no line end."""
    counts = {"prompt_eval_count": used[0], "eval_count": used[1]}
    return _ol(model, {"content": text}, done=True, done_reason="stop", **counts).rstrip()


OLLAMA = Dialect(
    name="ollama",
    chat="/api/chat",
    media="application/x-ndjson",
    start=lambda model: [],
    text=lambda model, text: _ol(model, {"content": text}),
    reasoning=lambda model, text: _ol(model, {"content": "", "thinking": text}),
    reason=_ol_reason,
    marker=lambda model: [],
    whole=_ol_whole,
    error=lambda kind, message, status: {"error": message},
)
DIALECTS = {d.name: d for d in (OPENAI, ANTHROPIC, OLLAMA)}


# --- what was seen -------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Seen:
    """One request, as it arrived."""

    upstream: str
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)  # the client closed before the reply was whole
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw)) if self.raw else {}

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass
class Log:
    """All chats of all servers, in the order in which they arrived."""

    chats: list[Seen] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def order(self) -> list[str]:
        return [seen.upstream for seen in self.chats]

    async def count(self, n: int) -> Seen:
        """Waits until n chats have arrived; the n-th."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.chats) >= n)
        return self.chats[n - 1]


# --- one reply -----------------------------------------------------------------------------------------------------


@dataclass
class Reply:
    """What a script plays upon."""

    dialect: Dialect
    seen: Seen
    number: int  # of the chats of this server, from 1
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tokens: tuple[int, int] = (11, 7)
    done: bool = False  # the connection may carry the next request

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, media: str | None = None, **headers: str) -> None:
        lines = {"content-type": media or self.dialect.media, "transfer-encoding": "chunked"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"HTTP/1.1 {status} X\r\n{written}\r\n".encode())

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def frames(self, *frames: bytes) -> None:
        for frame in frames:
            await self.chunk(frame)

    async def finish(self) -> None:
        await self.send(b"0\r\n\r\n")
        self.done = True

    async def document(self, status: int, body: bytes, media: str = "application/json", **headers: str) -> None:
        lines = {"content-type": media, "content-length": str(len(body))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"HTTP/1.1 {status} X\r\n{written}\r\n".encode() + body)
        self.done = True

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """RST instead of FIN."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def hold(self) -> None:
        """Nothing more is said; ends when the client hangs up."""
        try:
            while await self.reader.read(65536):
                continue
        except ConnectionError:
            pass
        self.seen.hung_up.set()

    def said(self, *words: str) -> list[bytes]:
        model = self.seen.model
        return [*self.dialect.start(model), *(self.dialect.text(model, word) for word in words)]

    def ending(self, reason: str = "stop", used: tuple[int, int] | None = (11, 7)) -> list[bytes]:
        model = self.seen.model
        return [*self.dialect.reason(model, reason, used), *self.dialect.marker(model)]


# --- good replies --------------------------------------------------------------------------------------------------


def good(
    *words: str, reason: str = "stop", used: tuple[int, int] | None = (11, 7), thought: str = "", model: str = ""
) -> Play:
    """A whole streamed answer. `model`: echoed instead of the one asked for."""

    async def play(reply: Reply) -> None:
        seen = replace_model(reply, model)
        await seen.head()
        before = [seen.dialect.reasoning(seen.seen.model, thought)] if thought else []
        await seen.frames(*seen.dialect.start(seen.seen.model), *before)
        await seen.frames(*(seen.dialect.text(seen.seen.model, word) for word in words or ("fine",)))
        await seen.frames(*seen.ending(reason, used))
        await seen.finish()
        reply.done = True

    return play


def replace_model(reply: Reply, model: str) -> Reply:
    if not model:
        return reply
    raw = json.dumps({**reply.seen.body, "model": model}).encode()
    return replace(reply, seen=replace(reply.seen, raw=raw))


def raw_stream(make: Callable[[Reply], Iterable[bytes]], *, media: str | None = None) -> Play:
    """Any pieces as they are, each a chunk of its own, with a clean end of the body."""

    async def play(reply: Reply) -> None:
        await reply.head(media=media)
        await reply.frames(*(piece for piece in make(reply) if piece))
        await reply.finish()

    return play


def changed(change: Callable[[bytes], Iterable[bytes]], *words: str) -> Play:
    """A good answer whose bytes were changed as a whole, and then cut as told."""
    return raw_stream(lambda reply: change(b"".join([*reply.said(*words), *reply.ending()])))


def bytewise(data: bytes) -> Iterable[bytes]:
    return (data[i : i + 1] for i in range(len(data)))


def whole_document(text: str) -> Play:
    """The server ignores `stream: true`."""

    async def play(reply: Reply) -> None:
        await reply.document(200, reply.dialect.whole(reply.seen.model, text, (11, 7)))

    return play


def gzipped(*words: str) -> Play:
    async def play(reply: Reply) -> None:
        body = gzip.compress(b"".join([*reply.said(*words), *reply.ending()]))
        await reply.document(200, body, reply.dialect.media, content_encoding="gzip")

    return play


# --- faults --------------------------------------------------------------------------------------------------------


def status(
    code: int, message: str = "it went wrong", *, kind: str = "api_error", body: bytes | None = None,
    media: str = "application/json", **headers: str,
) -> Play:  # fmt: skip
    """An error status, with the dialect's own error document unless `body` is given."""

    async def play(reply: Reply) -> None:
        said = json.dumps(reply.dialect.error(kind, message, code)).encode() if body is None else body
        await reply.document(code, said, media, **headers)

    return play


def limited(message: str = "rate limit", **headers: str) -> Play:
    return status(429, message, kind="rate_limit_error", **headers)


def loading() -> Play:
    return status(503, "Loading model", kind="unavailable_error")


def out_of_memory() -> Play:
    return status(500, "cudaMalloc failed: out of memory")


async def never_answers(reply: Reply) -> None:
    await reply.hold()


async def slow_headers(reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\ncontent-ty")
    await reply.hold()


async def slow_first_token(reply: Reply) -> None:
    await reply.head()
    await reply.frames(*reply.dialect.start(reply.seen.model))
    await reply.hold()


def keeps_alive_for_ever(*words: str, every: float = 0.004) -> Play:
    """Comments (blank lines in NDJSON) without end: each byte re-arms a naive read timeout."""

    async def play(reply: Reply) -> None:
        comment = b"\n" if reply.dialect is OLLAMA else b": keep-alive\n\n"
        await reply.head()
        await reply.frames(*(reply.said(*words) if words else []))
        hang_up = asyncio.create_task(reply.hold())
        try:
            while not hang_up.done():
                await reply.chunk(comment)
                await asyncio.wait([hang_up], timeout=every)
        except ConnectionError:
            reply.seen.hung_up.set()
        finally:
            hang_up.cancel()

    return play


def stalls_after(*words: str) -> Play:
    async def play(reply: Reply) -> None:
        await reply.head()
        await reply.frames(*reply.said(*words))
        await reply.hold()

    return play


def cut_after(*words: str, how: str = "clean") -> Play:
    """Ends after these words: with the terminating chunk (`clean`), without (`close`), or by RST (`reset`)."""

    async def play(reply: Reply) -> None:
        await reply.head()
        await reply.frames(*reply.said(*words))
        if how == "clean":
            await reply.finish()
        elif how == "close":
            reply.close()
        else:
            reply.reset()

    return play


async def reset_at_once(reply: Reply) -> None:
    reply.reset()


async def half_an_event(reply: Reply) -> None:
    await reply.head()
    last = reply.dialect.text(reply.seen.model, "never seen whole")
    await reply.frames(*reply.said("some "), last[: len(last) // 2])
    await reply.finish()


def error_frame(*words: str, kind: str = "overloaded_error", message: str = "Overloaded", code: int = 529) -> Play:
    """An error object inside a stream that began with 200, after these words."""

    async def play(reply: Reply) -> None:
        value = reply.dialect.error(kind, message, code)
        frame = _line(value) if reply.dialect is OLLAMA else _sse(value, "error" if reply.dialect is ANTHROPIC else "")
        await reply.head()
        await reply.frames(*(reply.said(*words) if words else []), frame)
        await reply.finish()

    return play


def broken_frames(n: int, *words: str) -> Play:
    broken = {"ollama": b'{"message": {"content": "x"\n'}
    return raw_stream(
        lambda reply: [
            *reply.said(*words[:1]),
            *[broken.get(reply.dialect.name, b'data: {"choices": [{"delta"\n\n')] * n,
            *(reply.dialect.text(reply.seen.model, word) for word in words[1:]),
            *reply.ending(),
        ]
    )


async def empty_200(reply: Reply) -> None:
    await reply.document(200, b"", reply.dialect.media)


def says_nothing(reply: Reply) -> Awaitable[None]:
    """A whole stream with its end marker and no text."""
    return raw_stream(lambda r: [*r.dialect.start(r.seen.model), *r.ending()])(reply)


def html(code: int = 200) -> Play:
    return status(
        code, body=b"<html><head><title>Sign in</title></head><body>Log in, please</body></html>", media="text/html"
    )


def endless_line(size: int, piece: int = 1 << 16) -> Play:
    """One line of that many bytes without an end."""

    async def play(reply: Reply) -> None:
        opening = (
            b'{"message": {"content": "' if reply.dialect is OLLAMA else b'data: {"choices": [{"delta": {"content": "'
        )
        await reply.head()
        try:
            await reply.chunk(opening)
            for _ in range(size // piece):
                await reply.chunk(b"x" * piece)
            await reply.finish()
        except ConnectionError:
            reply.seen.hung_up.set()

    return play


def packed_bomb(size: int) -> bytes:
    """A gzip body that unpacks to one line of `size` bytes; made in pieces, so that the server stays small too."""
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(b"data: ")]
    pieces += [packer.compress(b"x" * (1 << 20)) for _ in range(size >> 20)]
    return b"".join([*pieces, packer.flush()])


def gzip_bomb(size: int) -> Play:
    packed = packed_bomb(size)

    async def play(reply: Reply) -> None:
        try:
            await reply.document(200, packed, reply.dialect.media, content_encoding="gzip")
        except ConnectionError:
            reply.seen.hung_up.set()

    return play


def held(gate: asyncio.Event, play: Play) -> Play:
    """Plays once the gate is open, or notices that the client left."""

    async def playing(reply: Reply) -> None:
        await gate.wait()
        await play(reply)

    return playing


def with_gate_after(gate: asyncio.Event, first: Sequence[str], rest: Sequence[str]) -> Play:
    """Says the first words, waits for the gate, says the rest and ends well."""

    async def play(reply: Reply) -> None:
        await reply.head()
        await reply.frames(*reply.said(*first))
        await gate.wait()
        await reply.frames(*(reply.dialect.text(reply.seen.model, word) for word in rest), *reply.ending())
        await reply.finish()

    return play


# --- the server ----------------------------------------------------------------------------------------------------


@dataclass
class FaultServer:
    """One upstream. `script`: a step per chat, the last one for ever; or `cycle` for all over again."""

    name: str
    dialect: Dialect
    log: Log
    script: list[Play] = field(default_factory=lambda: [good()])
    cycle: bool = False
    health: tuple[int, bytes] | None = None  # what every probe gets; None: a healthy answer of the dialect
    context: int | None = None  # told by /props
    lists: tuple[str, ...] = ()  # the models it says it has; at first the one that the stage's fleet asks it for
    probes: list[Seen] = field(default_factory=list)
    chats: list[Seen] = field(default_factory=list)
    connections: int = 0  # ever accepted
    port: int = 0
    _server: asyncio.Server | None = None
    _held: socket.socket | None = None  # its port, while nobody listens
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lists = self.lists or (f"{self.name}-id",)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._serving)

    def plays(self, *script: Play, cycle: bool = False) -> None:
        """A new script, from its first step."""
        self.script, self.cycle = list(script), cycle
        self._before = len(self.chats)

    _before: int = 0

    async def start(self) -> None:
        self._let_go()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody listens any more: connections are refused, and open ones closed. The port stays ours: a server of
        another test that got it would answer in our place."""
        if self._server is None:
            return
        self._server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", self.port))

    async def close(self) -> None:
        await self.stop()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def idle(self) -> None:
        """Until every connection is closed on this side too."""
        while self._serving:
            await asyncio.wait(list(self._serving))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            while await self._serve(reader, writer):
                continue
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        seen = await self._read(reader)
        number = len(self.chats) + 1 - self._before
        reply = Reply(self.dialect, seen, number, reader, writer)
        if seen.method == "GET" or seen.path != self.dialect.chat:
            self.probes.append(seen)
            await self._probed(reply)
            return reply.done
        self.chats.append(seen)
        async with self.log.arrived:
            self.log.chats.append(seen)
            self.log.arrived.notify_all()
        step = (number - 1) % len(self.script) if self.cycle else min(number, len(self.script)) - 1
        await self._played(self.script[step], reply)
        return reply.done and not writer.is_closing()

    async def _played(self, play: Play, reply: Reply) -> None:
        try:
            await play(reply)
        except ConnectionError:
            reply.seen.hung_up.set()

    async def _read(self, reader: asyncio.StreamReader) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ")
        headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines) if n}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        return Seen(self.name, method, path, headers, raw)

    async def _probed(self, reply: Reply) -> None:
        if self.health is not None:
            await reply.document(*self.health)
            return
        props = {"default_generation_settings": {"n_ctx": self.context}} if self.context else {}
        known: dict[str, object] = {
            "/health": {"status": "ok"},
            "/props": props,
            "/v1/models": {"object": "list", "data": [{"id": n, "meta": {"n_ctx": self.context}} for n in self.lists]},
            "/api/version": {"version": "0.20.0"},
            "/api/ps": {"models": []},
            "/api/tags": {"models": [{"name": n, "model": n} for n in self.lists]},
        }
        path = reply.seen.path.partition("?")[0]
        answer = known.get(path)
        await reply.document(404 if answer is None else 200, json.dumps(answer or {}).encode())


@asynccontextmanager
async def upstreams(**dialects: Dialect | str) -> AsyncIterator[tuple[Log, dict[str, FaultServer]]]:
    """`async with upstreams(p="openai", f="anthropic") as (log, servers):` running servers of those names."""
    log = Log()
    servers = {name: FaultServer(name, DIALECTS[d] if isinstance(d, str) else d, log) for name, d in dialects.items()}
    for server in servers.values():
        await server.start()
    try:
        yield log, servers
    finally:
        for server in servers.values():
            await server.close()
