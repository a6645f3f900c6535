"""A small HTTP/1.1 server for the simulated fleet: loopback only, bounded, and able to misbehave on demand.

Owns sockets, framing and the notice that a client hung up. Knows nothing of models. Never binds anything but 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_HEAD = 64 * 1024  # bytes of request line and headers
MAX_BODY = 64 * 1024 * 1024  # bytes

_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    413: "Content Too Large", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    529: "Overloaded",
}  # fmt: skip
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    method: str
    path: str  # decoded, without the query
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    version: str = "HTTP/1.1"

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is not."""
        return json.loads(self.body)

    @property
    def keeps_alive(self) -> bool:
        wish = self.headers.get("connection", "").lower()
        return wish == "keep-alive" if self.version == "HTTP/1.0" else wish != "close"


class Refused(Exception):
    """A request that breaks the protocol or a bound: answered with this status, then the connection is closed."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Reply:
    """The answer to one request: whole (`send`, `json`) or streamed (`start`, `write`..., `end`)."""

    def __init__(self, writer: asyncio.StreamWriter, request: HttpRequest | None = None) -> None:
        self._writer = writer
        self._chunked = request is not None and request.version == "HTTP/1.1"
        self._body_wanted = request is None or request.method != "HEAD"
        self.keep_alive = request is not None and request.keeps_alive
        self.status: int | None = None
        self.done = False

    async def send(
        self,
        status: int,
        body: bytes = b"",
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        length = {"Content-Length": str(len(body))}
        self._head(status, {"Content-Type": content_type, **length, **(headers or {})})
        if self._body_wanted:
            self._writer.write(body)
        await self._writer.drain()
        self.done = True

    async def json(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        await self.send(status, dumps(value), headers=headers)

    async def start(self, *, status: int = 200, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Begins a stream. To an HTTP/1.0 client it is delimited by the end of the connection."""
        framing = {"Transfer-Encoding": "chunked"} if self._chunked else {}
        self.keep_alive = self.keep_alive and self._chunked
        self._head(status, {"Content-Type": content_type, **framing, **(headers or {})})
        await self._writer.drain()

    async def write(self, data: bytes) -> None:
        if data and self._body_wanted:
            self._writer.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        await self._writer.drain()

    async def end(self) -> None:
        """Ends a stream as it should: with the terminating chunk."""
        if self._chunked and self._body_wanted:
            self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        self.done = True

    async def hang(self) -> None:
        """Never answers. Ends only when the client hangs up or the server closes, which cancels the handler."""
        await asyncio.Event().wait()

    async def cut(self, *, reset: bool = False) -> None:
        """Breaks the connection off without a terminating chunk: closed after what was written, or reset."""
        self.keep_alive = False
        self.done = True
        if reset:
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._writer.transport.abort()
        else:
            await self._writer.drain()
            self._writer.close()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"Connection: {'keep-alive' if self.keep_alive else 'close'}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))


Handler = Callable[[HttpRequest, Reply], Awaitable[None]]


def dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class _WatchedProtocol(asyncio.StreamReaderProtocol):
    """asyncio's stream protocol, which also tells at once that the client is gone, even while nobody reads."""

    def __init__(self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter, asyncio.Event], None]) -> None:
        self._gone = asyncio.Event()
        super().__init__(asyncio.StreamReader(limit=MAX_HEAD), lambda r, w: serve(r, w, self._gone))

    def eof_received(self) -> bool | None:
        self._gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()
        super().connection_lost(exc)


class HttpServer:
    """Serves `handler` on one loopback port, which stays reserved while the server is closed.

    A closed server refuses connections: its port is bound and does not listen, so that no one else can take it.
    `requests` counts what was read, `hang_ups` the clients that left before their answer was complete.
    """

    def __init__(self, handler: Handler, *, max_body: int = MAX_BODY) -> None:
        self._handler = handler
        self._max_body = max_body
        self._reserved: socket.socket | None = _bind(0)
        self.port: int = self._reserved.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.requests = 0
        self.hang_ups = 0

    async def open(self) -> None:
        if self._server is None:
            listener, self._reserved = self._reserved or _bind(self.port), None
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _WatchedProtocol(self._accepted), sock=listener)

    async def close(self) -> None:
        """Closes the listener and breaks off every connection, as a killed process does. Can be opened again."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            self._reserved = _bind(self.port)
        await self._drop_connections()

    async def aclose(self) -> None:
        """Closes for good and gives the port back."""
        await self.close()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def _drop_connections(self) -> None:
        tasks = [task for task in self._connections if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # an aborted transport closes its socket in the loop's next round

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer, gone))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        aborted = True
        try:
            while await self._exchange(reader, writer, gone):
                pass
            aborted = False
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left in the middle of a request: nobody is there to be told
        finally:
            if aborted:
                writer.transport.abort()
            else:
                writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event) -> bool:
        """Reads and answers one request; True if another may follow on this connection."""
        try:
            request = await _read_request(reader, writer, self._max_body)
        except Refused as refused:
            await Reply(writer).json(refused.status, {"error": refused.text})
            return False
        if request is None:
            return False
        self.requests += 1
        reply = Reply(writer, request)
        await self._answer(request, reply, gone)
        return reply.keep_alive and reply.done and not gone.is_set()

    async def _answer(self, request: HttpRequest, reply: Reply, gone: asyncio.Event) -> None:
        work = asyncio.ensure_future(self._handler(request, reply))
        leaving = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
            left = gone.is_set() and not reply.done
            self.hang_ups += left
        finally:
            work.cancel()
            leaving.cancel()
            await asyncio.wait({work, leaving})
        if not work.cancelled() and not (left and isinstance(work.exception(), ConnectionError)):
            work.result()


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", port))
    return bound


async def _read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_body: int
) -> HttpRequest | None:
    """One request, or None when the client closed between requests."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise Refused(431, "request head too large") from error
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    method, target, version, headers = _parse_head(head)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _read_body(reader, headers, max_body)
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return HttpRequest(
        method=method, path=unquote(parts.path) or "/", query=query, headers=headers, body=body, version=version
    )


def _parse_head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Refused(400, "malformed request line")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Refused(400, "malformed header")
        headers[name.lower()] = value.strip()
    return words[0], words[1], words[2], headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str], max_body: int) -> bytes:
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise Refused(501, "unknown transfer coding")
        return await _read_chunks(reader, max_body)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, "malformed content-length")
    if int(length) > max_body:
        raise Refused(413, "request body too large")
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader, max_body: int) -> bytes:
    body = bytearray()
    while size := await _chunk_size(reader):
        if len(body) + size > max_body:
            raise Refused(413, "request body too large")
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise Refused(400, "malformed chunk")
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers say nothing we need
    return bytes(body)


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    line = (await reader.readuntil(b"\r\n")).partition(b";")[0].strip()
    try:
        return int(line, 16)
    except ValueError as error:
        raise Refused(400, "malformed chunk size") from error
