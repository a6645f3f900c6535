"""The HTTP server under the simulated fleet: framing, bounds, and the ways it can misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from pointsman.demo.http import MAX_HEAD, Handler, HttpRequest, HttpServer, Reply


async def talk(port: int, sent: bytes) -> bytes:
    """Everything the server says to these bytes until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def echo() -> AsyncIterator[HttpServer]:
    async def handler(request: HttpRequest, reply: Reply) -> None:
        words = [request.method, request.path, str(dict(request.query)), request.body.decode()]
        await reply.send(200, "|".join(words).encode(), content_type="text/plain")

    server = HttpServer(handler, max_body=1000)
    await server.open()
    yield server
    await server.aclose()


async def serving(handler: Handler) -> HttpServer:
    server = HttpServer(handler)
    await server.open()
    return server


async def test_one_connection_serves_many_requests(echo: HttpServer, client: httpx.AsyncClient) -> None:
    for number in range(5):
        answer = await client.post(f"http://127.0.0.1:{echo.port}/a%20b?n={number}", content=b"body")
        assert answer.text == f"POST|/a b|{{'n': '{number}'}}|body"
    assert echo.requests == 5
    assert len(echo._connections) == 1


async def test_pipelined_requests_are_answered_in_order(echo: HttpServer) -> None:
    said = await talk(echo.port, b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert said.index(b"/1") < said.index(b"/2")


async def test_a_chunked_request_body_is_read(echo: HttpServer, client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        for part in (b"one ", b"two"):
            yield part

    answer = await client.post(f"http://127.0.0.1:{echo.port}/", content=body())
    assert answer.text.endswith("|one two")


async def test_a_head_request_gets_no_body(echo: HttpServer) -> None:
    said = await talk(echo.port, b"HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert said.endswith(b"\r\n\r\n")
    assert b"Content-Length: 11" in said


async def test_a_client_that_expects_to_be_told_to_go_on_is_told(echo: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    assert (await talk(echo.port, head + b"hi")).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * MAX_HEAD * 2, 431),
    ],
)
async def test_what_breaks_the_protocol_or_a_bound_is_refused(echo: HttpServer, sent: bytes, status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    writer.write(sent)
    first = await reader.readline()
    assert first.split()[1] == str(status).encode()
    writer.close()
    assert echo.requests == 0


async def test_a_closed_server_refuses_and_its_port_is_its_own_again(client: httpx.AsyncClient) -> None:
    async def handler(request: HttpRequest, reply: Reply) -> None:
        await reply.send(200)

    server = await serving(handler)
    url = f"http://127.0.0.1:{server.port}/"
    assert (await client.get(url)).status_code == 200
    await server.close()
    with pytest.raises(httpx.ConnectError):
        await client.get(url)
    await server.open()
    assert (await client.get(url)).status_code == 200
    await server.aclose()


async def test_a_stream_without_terminating_chunk_is_seen_as_cut(client: httpx.AsyncClient) -> None:
    async def handler(request: HttpRequest, reply: Reply) -> None:
        await reply.start(content_type="text/plain")
        await reply.write(b"half")
        await reply.cut()

    server = await serving(handler)
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        await client.get(f"http://127.0.0.1:{server.port}/")
    await server.aclose()


async def test_a_reset_connection_is_a_read_error(client: httpx.AsyncClient) -> None:
    async def handler(request: HttpRequest, reply: Reply) -> None:
        await reply.cut(reset=True)

    server = await serving(handler)
    with pytest.raises(httpx.ReadError):
        await client.get(f"http://127.0.0.1:{server.port}/")
    await server.aclose()


async def test_a_client_that_hangs_up_is_noticed_while_the_server_is_silent() -> None:
    entered, left = asyncio.Event(), asyncio.Event()

    async def handler(request: HttpRequest, reply: Reply) -> None:
        entered.set()
        try:
            await reply.hang()
        finally:
            left.set()

    server = await serving(handler)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await entered.wait()
    writer.close()
    await asyncio.wait_for(left.wait(), 5)
    await server.aclose()
    assert server.hang_ups == 1


async def test_an_http_1_0_client_gets_a_stream_without_chunks() -> None:
    async def handler(request: HttpRequest, reply: Reply) -> None:
        await reply.start(content_type="text/plain")
        await reply.write(b"plain")
        await reply.end()

    server = await serving(handler)
    said = await talk(server.port, b"GET / HTTP/1.0\r\n\r\n")
    await server.aclose()
    assert said.endswith(b"\r\n\r\nplain")
    assert b"chunked" not in said


async def test_closing_breaks_off_what_is_under_way(client: httpx.AsyncClient) -> None:
    entered = asyncio.Event()

    async def handler(request: HttpRequest, reply: Reply) -> None:
        await reply.start(content_type="text/plain")
        await reply.write(b"x")
        entered.set()
        await reply.hang()

    server = await serving(handler)
    call = asyncio.ensure_future(client.get(f"http://127.0.0.1:{server.port}/"))
    await entered.wait()
    await server.aclose()
    with pytest.raises(httpx.RemoteProtocolError):
        await call
