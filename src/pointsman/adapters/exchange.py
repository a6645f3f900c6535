"""One request and its streamed reply over HTTP: sends, reads, bounds, hangs up. Knows no dialect.

It retries nothing and holds no clocks but those for leftovers: the tail of a complete reply, the body of an error.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

import httpx

from pointsman.adapters.answer import Answer, Decoder, ErrorFrame
from pointsman.adapters.clients import Clients
from pointsman.adapters.error_body import LARGEST_BODY
from pointsman.adapters.failures import classify, from_exception
from pointsman.adapters.lenient import decode_json
from pointsman.adapters.lines import TooLarge
from pointsman.adapters.redact import detail_line
from pointsman.core.outcome import Failed, FailureKind
from pointsman.ports import Call, CallFailed, Chunk, Reasoning, Text, Ticket

_LARGEST_DOCUMENT = 4 << 20  # bytes
_INFLATED_PIECE = 64 << 10  # bytes; what one step of decompression may yield
_PIECE = 8 << 10  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Seconds that leftovers are waited for: usage after the finish reason, the body's end after the end marker (so
    that the connection can be used again), and the text of an error whose status is known."""

    usage: float = 2.0
    body: float = 0.05
    error: float = 2.0


class Exchange:
    """Carries calls to endpoints. `now` gives Unix seconds, for dates in headers."""

    def __init__(self, clients: Clients, now: Callable[[], float], tail: Tail | None = None) -> None:
        self._clients = clients
        self._now = now
        self._tail = tail or Tail()

    async def stream(
        self, ticket: Ticket, call: Call, url: str, payload: Mapping[str, object], decoder: Decoder
    ) -> AsyncGenerator[Chunk, None]:
        """Sends the payload and yields the reply's chunks; ends with one Finish or raises CallFailed.

        Nothing is sent without the ticket for this very call. Closing the generator hangs up.
        """
        if (ticket.model, ticket.endpoint) != (call.model.name, call.endpoint.name):
            raise CallFailed(Failed(kind=FailureKind.INTERNAL, detail=f"the ticket is for {ticket.model}"))
        secrets = self._clients.secrets_of(call.endpoint)
        try:
            request = self._request(call, url, payload)
            response = await self._clients.of(call.endpoint).send(request, stream=True)
            async with aclosing(response), aclosing(self._chunks(response, decoder)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        except (ErrorFrame, _Refused, TooLarge, CallFailed, httpx.HTTPError, httpx.InvalidURL) as error:
            failed = self._failed(error, decoder.answer, secrets)
        # Outside of the handler: the library's exceptions hold the request, and the request holds the key.
        raise CallFailed(replace(failed, usage=failed.usage or decoder.answer.usage))

    async def document(self, call: Call, url: str, payload: Mapping[str, object]) -> object:
        """What the endpoint answers to a question about itself, as JSON; None for anything else. Raises CallFailed."""
        secrets = self._clients.secrets_of(call.endpoint)
        try:
            response = await self._clients.of(call.endpoint).send(self._request(call, url, payload), stream=True)
            async with aclosing(response), aclosing(_body(response)) as pieces:
                body = bytearray()
                async for piece in pieces:
                    body += piece
                    if len(body) > _LARGEST_DOCUMENT:
                        return None
            return decode_json(bytes(body)) if response.is_success else None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failed = from_exception(error, received=False, secrets=secrets)
        raise CallFailed(failed)

    def _request(self, call: Call, url: str, payload: Mapping[str, object]) -> httpx.Request:
        headers = self._clients.headers(call.endpoint) | {"content-type": "application/json"}
        return self._clients.of(call.endpoint).build_request("POST", url, headers=headers, content=_encoded(payload))

    def _failed(self, error: Exception, answer: Answer, secrets: tuple[str, ...]) -> Failed:
        if isinstance(error, CallFailed):
            return replace(error.failed, detail=detail_line(error.failed.detail, secrets))
        if isinstance(error, ErrorFrame):
            return classify(None, {}, error.value, now=self._now(), secrets=secrets)
        if isinstance(error, _Refused):
            return classify(error.status, error.headers, error.body, now=self._now(), secrets=secrets)
        if isinstance(error, TooLarge):
            return Failed(kind=FailureKind.BAD_STREAM, detail=str(error))
        return from_exception(error, received=answer.received, secrets=secrets)

    async def _chunks(self, response: httpx.Response, decoder: Decoder) -> AsyncGenerator[Chunk, None]:
        if not response.is_success:
            raise await self._refused(response)
        answer, until = decoder.answer, None
        async with aclosing(_body(response)) as body:
            while True:
                data = await self._next(body, answer, until)
                if data is None:
                    break
                answer.received = True
                for chunk in () if answer.ended else decoder.feed(data):
                    if isinstance(chunk, Text | Reasoning):
                        until = None  # some servers go on after a finish reason
                    yield chunk
                until = self._until(answer, until)
        for chunk in decoder.close():
            yield chunk

    async def _next(self, body: AsyncIterator[bytes], answer: Answer, until: float | None) -> bytes | None:
        """The next bytes; None at the end, which for a complete reply is also silence or a broken connection."""
        try:
            async with asyncio.timeout_at(until):
                return await anext(body, None)
        except TimeoutError:
            return None
        except httpx.HTTPError:
            if answer.complete:
                return None
            raise

    def _until(self, answer: Answer, until: float | None) -> float | None:
        """When to stop listening to a complete reply, in the event loop's time; once set, only shortened."""
        if not answer.complete:
            return None
        wait = self._tail.body if answer.ended or answer.usage is not None else self._tail.usage
        at = asyncio.get_running_loop().time() + wait
        return at if until is None else min(at, until)

    async def _refused(self, response: httpx.Response) -> _Refused:
        body = bytearray()
        try:
            async with asyncio.timeout(self._tail.error), aclosing(_body(response)) as pieces:
                async for piece in pieces:
                    body += piece
                    if len(body) >= LARGEST_BODY:
                        break
        except (TimeoutError, httpx.HTTPError, CallFailed):
            body += b""  # the status is known and says enough: what came of the text is used
        return _Refused(response.status_code, dict(response.headers), bytes(body[:LARGEST_BODY]))


class _Refused(Exception):
    """The reply's status is no success."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.body = body


def _encoded(payload: Mapping[str, object]) -> bytes:
    """The payload as JSON. Lone surrogates, which a paste can bring, become question marks."""
    try:
        written = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        detail = f"the parameters cannot be written as JSON: {error}"
        raise CallFailed(Failed(kind=FailureKind.INTERNAL, detail=detail)) from None
    return written.encode("utf-8", "replace")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"a value of type {type(value).__name__}")


async def _body(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body's bytes. Compression we did not ask for is undone in small pieces, so that a bomb meets our bounds."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    inflater = zlib.decompressobj(wbits=47) if encoding in ("gzip", "x-gzip", "deflate") else None
    if inflater is None and encoding not in ("", "identity"):
        detail = f"the reply is compressed ({encoding}) although it was asked not to be"
        raise CallFailed(Failed(kind=FailureKind.BAD_STREAM, detail=detail))
    async with aclosing(_raw(response)) as pieces:
        async for data in pieces:
            if inflater is None:
                yield data
                continue
            for piece in _inflated(inflater, data):
                yield piece


async def _raw(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """In small pieces, and after so many bytes the screen gets its turn: of a torrent of tiny events 1,400 come with
    one read, and what has come is given without waiting."""
    read = 0
    pieces = cast(AsyncGenerator[bytes, None], response.aiter_raw())
    async with aclosing(pieces):
        async for data in pieces:
            for at in range(0, len(data), _PIECE):
                piece = data[at : at + _PIECE]
                read += len(piece)
                if read > _PIECE:
                    read = len(piece)
                    await asyncio.sleep(0)
                yield piece


def _inflated(inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        while piece := inflater.decompress(data, _INFLATED_PIECE):
            yield piece
            data = inflater.unconsumed_tail
    except zlib.error as error:
        detail = f"the reply says it is compressed and is not: {error}"
        raise CallFailed(Failed(kind=FailureKind.BAD_STREAM, detail=detail)) from None
