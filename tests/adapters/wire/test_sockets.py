"""Over real loopback sockets: refusals, resets, cuts, tails, hang-ups; and what is never sent."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from contextlib import aclosing

import pytest

from pointsman.adapters.exchange import Tail
from pointsman.core.fleet import EndpointKind
from pointsman.core.outcome import FailureKind
from pointsman.ports import CallFailed, Finish, Text, Ticket

LLAMA, OLLAMA, ANTHROPIC = EndpointKind.LLAMA_CPP, EndpointKind.OLLAMA, EndpointKind.ANTHROPIC
FRAME = {
    LLAMA: b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n',
    OLLAMA: b'{"model":"m","message":{"content":"Hi"},"done":false}\n',
    ANTHROPIC: b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}\n\n',
}
END = {
    LLAMA: b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
    OLLAMA: b'{"model":"m","message":{"content":""},"done":true}\n',
    ANTHROPIC: b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n',
}
EVERY = pytest.mark.parametrize("kind", FRAME)


@EVERY
async def test_a_whole_answer(kind: EndpointKind, loopback, call_over, hear) -> None:
    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[kind])
        await peer.chunk(END[kind])
        await peer.send(b"0\r\n\r\n")

    asked = await hear(*call_over(kind, (await loopback(script)).url))
    assert asked.text == "Hi" and asked.finish.reason == "stop"


async def test_nothing_listens(call_over, hear) -> None:
    """A refused connection is its own kind: nothing was sent."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    asked = await hear(*call_over(LLAMA, f"http://127.0.0.1:{port}"))
    assert asked.failed is not None and asked.failed.kind is FailureKind.REFUSED
    assert asked.failed.detail.startswith("ConnectError")


async def test_an_unknown_host_is_refused(call_over, hear) -> None:
    asked = await hear(*call_over(LLAMA, "http://no-such-host.invalid"))
    assert asked.failed is not None and asked.failed.kind is FailureKind.REFUSED


@EVERY
@pytest.mark.parametrize("how", ["reset", "close"])
async def test_gone_before_the_first_byte(kind: EndpointKind, how: str, loopback, call_over, hear) -> None:
    """Reset or closed before anything came: a server's fault that allows one quick retry (B5)."""

    async def script(peer) -> None:
        peer.reset() if how == "reset" else peer.writer.close()

    asked = await hear(*call_over(kind, (await loopback(script)).url))
    assert asked.failed is not None and asked.failed.kind is FailureKind.SERVER_ERROR


@EVERY
@pytest.mark.parametrize("how", ["reset", "close inside a chunk", "terminating chunk", "close without length"])
async def test_cut_after_text(kind: EndpointKind, how: str, loopback, call_over, hear) -> None:
    """However politely the connection ends: without an end marker the answer is cut, and its text is kept."""
    heard = asyncio.Event()

    async def script(peer) -> None:
        await peer.head("connection: close" if how == "close without length" else "transfer-encoding: chunked")
        await (peer.send if how == "close without length" else peer.chunk)(FRAME[kind])
        await heard.wait()
        if how == "reset":
            peer.reset()
        elif how == "close inside a chunk":
            await peer.send(b"ff\r\ndata: ")
            peer.writer.close()
        elif how == "terminating chunk":
            await peer.send(b"0\r\n\r\n")
        else:
            peer.writer.close()

    backend, call = call_over(kind, (await loopback(script)).url)
    ticket = Ticket(id="t", request="r", model=call.model.name, endpoint=call.endpoint.name)
    texts = []
    with pytest.raises(CallFailed) as failed:
        async for chunk in backend.stream(ticket, call):
            if isinstance(chunk, Text):
                texts.append(chunk.text)
                heard.set()
    assert failed.value.failed.kind is FailureKind.STREAM_CUT
    assert texts == ["Hi"]


@EVERY
async def test_the_end_marker_is_not_waited_beyond(kind: EndpointKind, loopback, call_over, hear) -> None:
    """After the finish reason a silent open connection does not hold the answer back (H10), and we hang up."""

    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[kind] + END[kind])
        await peer.wait_for_hang_up()

    stage = await loopback(script)
    asked = await hear(*call_over(kind, stage.url))
    assert asked.finish.reason == "stop"
    await stage.hung_up.wait()


async def test_a_reset_after_the_finish_reason_takes_nothing_away(loopback, call_over, hear) -> None:
    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[LLAMA] + END[LLAMA])
        peer.writer.close()

    asked = await hear(*call_over(LLAMA, (await loopback(script)).url))
    assert asked.text == "Hi" and asked.finish.reason == "stop"


async def test_usage_after_the_finish_reason_is_waited_for(loopback, call_over, hear) -> None:
    """The usage chunk comes in a packet of its own, after the finish reason."""

    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[LLAMA] + END[LLAMA])
        await peer.chunk(b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n')
        await peer.chunk(b"data: [DONE]\n\n")
        await peer.send(b"0\r\n\r\n")

    backend, call = call_over(LLAMA, (await loopback(script)).url, tail=Tail(usage=30.0, body=30.0))
    asked = await hear(backend, call)
    assert asked.finish.usage is not None and asked.finish.usage.input == 3


async def test_the_connection_is_used_again(loopback, call_over, hear) -> None:
    """A whole reply leaves its connection open for the next call: no new handshake."""
    peers = []

    async def script(peer) -> None:
        peers.append(peer.writer)
        await peer.head()
        await peer.chunk(FRAME[LLAMA] + END[LLAMA] + b"data: [DONE]\n\n")
        await peer.send(b"0\r\n\r\n")

    backend, call = call_over(LLAMA, (await loopback(script)).url, tail=Tail(usage=30.0, body=30.0))
    await hear(backend, call)
    await hear(backend, call)
    assert len(peers) == 2 and peers[0] is peers[1]


@EVERY
@pytest.mark.parametrize("when", ["after text", "before the head"])
async def test_cancelling_hangs_up(kind: EndpointKind, when: str, loopback, call_over) -> None:
    """The server sees the connection end as soon as the caller is cancelled."""
    begun = asyncio.Event()

    async def script(peer) -> None:
        if when == "after text":
            await peer.head()
            await peer.chunk(FRAME[kind])
        else:
            begun.set()
        await peer.wait_for_hang_up()

    stage = await loopback(script)
    backend, call = call_over(kind, stage.url)
    ticket = Ticket(id="t", request="r", model=call.model.name, endpoint=call.endpoint.name)

    async def listen() -> None:
        async with aclosing(backend.stream(ticket, call)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Text):
                    begun.set()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await stage.hung_up.wait()


@EVERY
async def test_closing_the_generator_hangs_up(kind: EndpointKind, loopback, call_over) -> None:
    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[kind])
        await peer.wait_for_hang_up()

    stage = await loopback(script)
    backend, call = call_over(kind, stage.url)
    ticket = Ticket(id="t", request="r", model=call.model.name, endpoint=call.endpoint.name)
    chunks = backend.stream(ticket, call)
    while not isinstance(await anext(chunks), Text):
        continue
    await chunks.aclose()
    await stage.hung_up.wait()


async def test_an_error_whose_body_never_ends_is_told_by_its_status(loopback, call_over, hear) -> None:
    async def script(peer) -> None:
        await peer.head("content-length: 9999\r\nretry-after: 2", "429 Too Many Requests")
        await peer.send(b'{"error":')
        await peer.wait_for_hang_up()

    stage = await loopback(script)
    asked = await hear(*call_over(LLAMA, stage.url))
    assert asked.failed is not None
    assert (asked.failed.kind, asked.failed.status, asked.failed.retry_after) == (FailureKind.RATE_LIMITED, 429, 2.0)
    await stage.hung_up.wait()


async def test_an_endless_error_body_is_left_alone(loopback, call_over, hear) -> None:
    """Of an error at most 64 kB are read."""

    async def script(peer) -> None:
        await peer.head(status="500 Internal Server Error")
        try:
            while True:
                await peer.chunk(b"x" * 65536)
        except ConnectionError:
            peer.hung_up.set()

    stage = await loopback(script)
    asked = await hear(*call_over(LLAMA, stage.url, tail=Tail(error=30.0)))
    assert asked.failed is not None and asked.failed.kind is FailureKind.SERVER_ERROR
    await stage.hung_up.wait()


ERRORS = {
    "503 loading": ("503 X", b'{"error":{"message":"Loading model","code":503}}', FailureKind.LOADING),
    "529": (
        "529 X",
        b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        FailureKind.OVERLOADED,
    ),
    "nested": (
        "400 X",
        json.dumps({"error": json.dumps({"error": {"type": "exceed_context_size_error"}})}).encode(),
        FailureKind.CONTEXT_OVERFLOW,
    ),
    "empty 403": ("403 X", b"", FailureKind.FORBIDDEN),
    "redirect": ("302 X", b"", FailureKind.BAD_STREAM),
    "204": ("204 X", b"", FailureKind.EMPTY),
}


@EVERY
@pytest.mark.parametrize("case", ERRORS)
async def test_error_replies(kind: EndpointKind, case: str, loopback, call_over, hear) -> None:
    """Every dialect reads every server's errors; a redirect is never followed, the key would go along."""
    status, body, expected = ERRORS[case]

    async def script(peer) -> None:
        length = "" if case == "204" else f"content-length: {len(body)}\r\n"
        await peer.send(f"HTTP/1.1 {status}\r\n{length}location: http://127.0.0.1:9/elsewhere\r\n\r\n".encode() + body)

    stage = await loopback(script)
    asked = await hear(*call_over(kind, stage.url))
    assert asked.failed is not None and asked.failed.kind is expected
    assert len(stage.requests) == 1


@EVERY
async def test_garbage_instead_of_http(kind: EndpointKind, loopback, call_over, hear) -> None:
    async def script(peer) -> None:
        await peer.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        peer.writer.close()

    asked = await hear(*call_over(kind, (await loopback(script)).url))
    assert asked.failed is not None and asked.failed.kind is FailureKind.SERVER_ERROR


async def test_the_environments_proxy_is_not_asked(loopback, call_over, hear, monkeypatch) -> None:
    """HTTP_PROXY does not carry local prompts elsewhere (trap T54)."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[LLAMA] + END[LLAMA])
        await peer.send(b"0\r\n\r\n")

    assert (await hear(*call_over(LLAMA, (await loopback(script)).url))).text == "Hi"


@EVERY
async def test_nothing_is_sent_without_the_ticket_of_this_call(kind: EndpointKind, loopback, call_over) -> None:
    async def script(peer) -> None:
        await peer.head()

    stage = await loopback(script)
    backend, call = call_over(kind, stage.url)
    with pytest.raises(CallFailed) as failed:
        await anext(backend.stream(Ticket(id="t", request="r", model="another", endpoint="box"), call))
    assert failed.value.failed.kind is FailureKind.INTERNAL
    assert stage.requests == []


@EVERY
async def test_nothing_is_sent_without_the_key_that_is_configured(
    kind: EndpointKind, loopback, call_over, hear
) -> None:
    async def script(peer) -> None:
        await peer.head()

    stage = await loopback(script)
    asked = await hear(*call_over(kind, stage.url, key_env="ANOTHER_KEY"))
    assert asked.failed is not None and asked.failed.kind is FailureKind.AUTH
    assert asked.failed.detail == "environment variable ANOTHER_KEY is not set"
    assert stage.requests == []


@EVERY
@pytest.mark.parametrize("where", ["error body", "error frame", "snippet", "cut"])
async def test_the_key_is_sent_and_never_told(kind: EndpointKind, where: str, loopback, call_over, key: str) -> None:
    """Not in the detail, not in the exception, not in a traceback, whoever echoes it."""
    echo = json.dumps({"error": {"message": f"wrong key {key}"}}).encode()

    async def script(peer) -> None:
        if where == "error body":
            await peer.send(b"HTTP/1.1 401 X\r\ncontent-length: %d\r\n\r\n%s" % (len(echo), echo))
            return
        await peer.head()
        frame = b"data: " + echo + b"\n\n" if kind is not OLLAMA else echo + b"\n"
        await peer.chunk({"error frame": frame, "snippet": b"<p>" + key.encode() + b"</p>"}.get(where, FRAME[kind]))
        if where == "cut":
            peer.reset()
        else:
            await peer.send(b"0\r\n\r\n")

    stage = await loopback(script)
    backend, call = call_over(kind, stage.url, key_env="BOX_KEY")
    ticket = Ticket(id="t", request="r", model=call.model.name, endpoint=call.endpoint.name)
    with pytest.raises(CallFailed) as failed:
        async for _ in backend.stream(ticket, call):
            continue
    assert key.encode() in stage.requests[0]
    assert key not in repr(failed.value) + str(failed.value.failed) + "".join(traceback.format_exception(failed.value))
    assert failed.value.__context__ is None and failed.value.__cause__ is None


async def test_failed_calls_leave_no_tasks(loopback, call_over, hear) -> None:
    """N7: what fails leaves nothing behind."""

    async def script(peer) -> None:
        await peer.head()
        await peer.chunk(FRAME[LLAMA])
        peer.reset()

    backend, call = call_over(LLAMA, (await loopback(script)).url)
    await hear(backend, call)
    before = len(asyncio.all_tasks())
    for _ in range(200):
        asked = await hear(backend, call)
        assert not any(isinstance(chunk, Finish) for chunk in asked.chunks)
    assert len(asyncio.all_tasks()) <= before + 2  # the server's own last connections
