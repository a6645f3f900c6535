"""The Anthropic Messages API: the request, and the decoder of its event stream. Sources: protocols.md §8, T20, T22."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from pointsman.adapters.answer import ErrorFrame
from pointsman.adapters.exchange import Exchange
from pointsman.adapters.frames_decoder import FramesDecoder
from pointsman.adapters.lenient import JsonObject, count, name, record, records
from pointsman.adapters.params import configured
from pointsman.adapters.urls import api_of
from pointsman.core.outcome import FailureKind, TokenUsage
from pointsman.core.request import Message
from pointsman.ports import Call, Chunk, Finish, Ticket

_RESERVED = frozenset({"model", "messages", "system", "stream", "max_tokens"})
_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}
_WINDOW_FULL = "model_context_window_exceeded"


class Anthropic:
    """A `ports.Backend` for one endpoint."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def stream(self, ticket: Ticket, call: Call) -> AsyncGenerator[Chunk, None]:
        """See `ports.Backend.stream`."""
        params, notes = configured(call, _RESERVED)
        decoder = AnthropicDecoder(notes)
        url = api_of(call.endpoint, "/messages")
        return self._exchange.stream(ticket, call, url, payload_of(call, params), decoder)

    async def aclose(self) -> None:
        """Nothing of its own: the clients belong to whoever made them."""


def payload_of(call: Call, params: JsonObject) -> dict[str, object]:
    """System texts go to the top; the rest alternates, so neighbours of one role become one message."""
    system = "\n\n".join(message.text for message in call.messages if message.role == "system" and message.text)
    turns = [message for message in call.messages if message.role != "system"]
    payload: dict[str, object] = {
        **params,
        "model": call.model.id,
        "max_tokens": call.max_output,
        "messages": _alternating(turns),
        "stream": True,
    }
    return payload | {"system": system} if system else payload


def _alternating(turns: list[Message]) -> list[dict[str, object]]:
    merged = []
    for role, group in groupby((turn for turn in turns if turn.text or turn.images), key=lambda turn: turn.role):
        messages = tuple(group)
        plain = len(messages) == 1 and not messages[0].images
        content: object = messages[0].text if plain else [block for turn in messages for block in _blocks(turn)]
        merged.append({"role": role, "content": content})
    return merged


def _blocks(message: Message) -> Iterator[dict[str, object]]:
    for image in message.images:
        source = {"type": "base64", "media_type": image.media_type, "data": image.data}
        yield {"type": "image", "source": source}
    if message.text:  # empty text blocks are refused
        yield {"type": "text", "text": message.text}


class AnthropicDecoder(FramesDecoder):
    """`answer.Decoder` of a message."""

    def __init__(self, notes: tuple[str, ...] = ()) -> None:
        super().__init__(notes)
        self._counts: dict[str, int] = {}
        self._window_full = False
        self._counted = False  # the output count is the whole answer's, and not the placeholder of its start

    def _finish(self) -> Finish:
        if self._window_full:
            if not self._answer.spoke:
                self._answer.fail(FailureKind.CONTEXT_OVERFLOW, "the conversation fills the model's context window")
            self._answer.notes.append("the model's context window is full")
        finish = self._answer.finish()
        return finish if self._counted else replace(finish, usage=None)

    def _object(self, value: JsonObject, event: str) -> Iterator[Chunk]:
        kind = name(value.get("type")) or event
        if kind == "error" or value.get("error"):
            raise ErrorFrame(value)
        yield from self._typed(kind, value)

    def _typed(self, kind: str, value: JsonObject) -> Iterator[Chunk]:
        if kind == "message_start" or value.get("type") == "message":
            yield from self._start(record(value.get("message")) or value)
        elif kind == "content_block_start":
            yield from self._block(record(value.get("content_block")))
        elif kind == "content_block_delta":
            yield from self._block(record(value.get("delta")))
        elif kind == "message_delta":
            usage = record(value.get("usage"))
            self._counted = self._counted or count(usage.get("output_tokens")) is not None
            yield from self._used(usage)
            self._stopped(name(record(value.get("delta")).get("stop_reason")))
        elif kind == "message_stop":
            self._answer.ended = True

    def _start(self, message: JsonObject) -> Iterator[Chunk]:
        """`message_start`, or a whole message from a server that does not stream."""
        self._understood = True
        yield from self._answer.named(name(message.get("model")))
        for block in records(message.get("content")):
            yield from self._block(block)
        usage, reason = record(message.get("usage")), name(message.get("stop_reason"))
        self._counted = reason is not None and count(usage.get("output_tokens")) is not None
        yield from self._used(usage)
        self._stopped(reason)

    def _block(self, block: JsonObject) -> Iterator[Chunk]:
        if block.get("type") in ("tool_use", "server_tool_use"):
            self._answer.tool_call()
        yield from self._answer.reasoning(block.get("thinking"))
        yield from self._answer.text(block.get("text"))

    def _stopped(self, reason: str | None) -> None:
        if reason is not None:
            self._window_full = reason == _WINDOW_FULL
            self._answer.reason = "length" if self._window_full else _REASONS.get(reason, reason)

    def _used(self, seen: JsonObject) -> Iterator[Chunk]:
        """Counts are cumulative and may come in parts: each replaces its own predecessor (trap T20)."""
        fresh = {key: figure for key, value in seen.items() if (figure := count(value)) is not None}
        if not fresh:
            return
        self._counts |= fresh
        cached = self._counts.get("cache_read_input_tokens", 0)
        written = self._counts.get("cache_creation_input_tokens", 0)
        usage = TokenUsage(
            input=self._counts.get("input_tokens", 0) + cached + written,
            output=self._counts.get("output_tokens", 0),
            cached=cached,
            cache_write=written,
        )
        yield from self._answer.used(usage)
