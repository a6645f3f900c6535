"""Ollama's native chat: the request, and the decoder of its NDJSON. Sources: protocols.md §3.2, §3.5.

Native and not `/v1`, because there errors inside a stream are lost and silent truncation cannot be switched off.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from pointsman.adapters.answer import Answer, ErrorFrame
from pointsman.adapters.exchange import Exchange
from pointsman.adapters.lenient import JsonObject, count, decode_json, name, record
from pointsman.adapters.ndjson import NdjsonReader
from pointsman.adapters.params import configured
from pointsman.adapters.urls import api_of
from pointsman.core.fleet import is_relay_tag
from pointsman.core.outcome import Failed, FailureKind, TokenUsage
from pointsman.core.request import Message
from pointsman.ports import Call, CallFailed, Chunk, Ticket

_RESERVED = frozenset({"model", "messages", "stream", "truncate", "shift", "num_predict"})
_TOP_LEVEL = frozenset({"think", "format", "keep_alive", "options", "tools", "logprobs", "top_logprobs"})
_LONGEST_OPENING = 512
_KNOWS_LOCAL = (0, 17, 8)  # from this version on `:local` forbids relaying
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}")


class Ollama:
    """A `ports.Backend` for one endpoint."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def stream(self, ticket: Ticket, call: Call) -> AsyncGenerator[Chunk, None]:
        """See `ports.Backend.stream`."""
        params, notes = configured(call, _RESERVED)
        decoder = OllamaDecoder(notes, local_only=call.local_only)
        payload = payload_of(call, params)
        if call.local_only and not _knows_local(call):
            await self._attest(call)
        answer = self._exchange.stream(ticket, call, api_of(call.endpoint, "/chat"), payload, decoder)
        async with aclosing(answer) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _attest(self, call: Call) -> None:
        """An older server would relay a model whatever it is called, so it says first where this one is computed."""
        told = await self._exchange.document(call, api_of(call.endpoint, "/show"), {"model": call.model.id})
        if not isinstance(told, dict):
            raise _refused(f"{call.endpoint.name} does not say where {call.model.id} is computed")
        if told.get("remote_host") or told.get("remote_model"):
            raise _refused(f"{call.endpoint.name} says that {call.model.id} is computed elsewhere")

    async def aclose(self) -> None:
        """Nothing of its own: the clients belong to whoever made them."""


def payload_of(call: Call, params: JsonObject) -> dict[str, object]:
    """Parameters that the API has at its top stay there, all others are options of the model.

    Nothing about context or keep-alive is sent unless configured: other values than those it was loaded with make
    Ollama reload the model (trap T32). `truncate` and `shift` off: an overflow is told, not hidden (trap T31).
    """
    top = {key: value for key, value in params.items() if key in _TOP_LEVEL and key != "options"}
    loose = {key: value for key, value in params.items() if key not in _TOP_LEVEL}
    return {
        **top,
        "model": confined_name(call),
        "messages": [_message(message) for message in call.messages],
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": {**record(params.get("options")), **loose, "num_predict": call.max_output},
    }


def confined_name(call: Call) -> str:
    """The name to ask for. Under local_only one that Ollama will not relay: with `:local`, which newer servers answer
    with 404 rather than relay (protocols.md §3.4). Raises CallFailed(LOCAL_GUARD) where nothing attests the model."""
    if not call.local_only:
        return call.model.id
    if is_relay_tag(call.model.id):
        raise _refused(f"{call.model.id} is computed on ollama.com")
    if _knows_local(call):
        return call.model.id if call.model.id.endswith(":local") else f"{call.model.id}:local"
    if not call.attested:
        raise _refused(f"{call.endpoint.name} does not list {call.model.id} as a model of its own")
    return call.model.id


def _knows_local(call: Call) -> bool:
    return _version_of(call.server_version) >= _KNOWS_LOCAL


def _without_suffix(model: str | None, local_only: bool) -> str | None:
    return model.removesuffix(":local") if model is not None and local_only else model


def _refused(detail: str) -> CallFailed:
    return CallFailed(Failed(kind=FailureKind.LOCAL_GUARD, detail=f"local_only is on: {detail}"))


def _version_of(written: str | None) -> tuple[int, ...]:
    """`0.17.8-rc0` -> (0, 17, 8); () for a version that does not say, which is older than every other."""
    found = _VERSION.match(written or "")
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _message(message: Message) -> dict[str, object]:
    written: dict[str, object] = {"role": message.role, "content": message.text}
    return written | {"images": [image.data for image in message.images]} if message.images else written


class OllamaDecoder:
    """`answer.Decoder` of a native chat."""

    def __init__(self, notes: tuple[str, ...] = (), *, local_only: bool = False) -> None:
        self._local_only = local_only
        self._lines = NdjsonReader()
        self._answer = Answer(notes=list(notes))
        self._opening = b""
        self._understood = False

    @property
    def answer(self) -> Answer:
        return self._answer

    def feed(self, data: bytes) -> Iterator[Chunk]:
        self._opening += data[: max(0, _LONGEST_OPENING - len(self._opening))]
        for line in self._lines.feed(data):
            yield from self._line(line)

    def close(self) -> Iterator[Chunk]:
        for line in self._lines.close():
            yield from self._line(line)
        if not self._answer.complete:
            self._answer.cut(foreign="" if self._understood else self._opening.decode("utf-8", "replace"))
        yield self._answer.finish()

    def _line(self, line: str) -> Iterator[Chunk]:
        if self._answer.ended:
            return
        value = decode_json(line.encode())
        if not isinstance(value, dict):
            self._answer.skip_broken(line)
            return
        if value.get("error"):
            raise ErrorFrame(value)
        if self._local_only and (relay := name(value.get("remote_host"))) is not None:
            # The prompt has left; no word of the answer is shown, so that nobody takes it for a local one.
            detail = f"local_only is on, and this answer is computed by {relay}: refused"
            raise CallFailed(Failed(kind=FailureKind.LOCAL_GUARD, detail=detail, status=200))
        yield from self._object(value)

    def _object(self, value: JsonObject) -> Iterator[Chunk]:
        message = record(value.get("message"))
        self._understood = self._understood or "message" in value or "done" in value
        yield from self._answer.named(_without_suffix(name(value.get("model")), self._local_only))
        yield from self._answer.reasoning(message.get("thinking"))
        yield from self._answer.text(message.get("content"))
        if message.get("tool_calls"):
            self._answer.tool_call()
        if value.get("done") is True:
            yield from self._done(value)

    def _done(self, value: JsonObject) -> Iterator[Chunk]:
        """Counts and durations vanish when they are zero; durations are nanoseconds (trap T23)."""
        written, took = count(value.get("eval_count")), count(value.get("eval_duration"))
        if written and took:
            self._answer.tokens_per_s = written / (took / 1e9)
        read = count(value.get("prompt_eval_count"))
        if written is not None or read is not None:
            yield from self._answer.used(TokenUsage(input=read or 0, output=written or 0))
        relay = name(value.get("remote_host"))
        if relay is not None:
            self._answer.notes.append(f"computed by {relay}, not on this machine")
        self._answer.reason = name(value.get("done_reason")) or "stop"
        self._answer.ended = True
