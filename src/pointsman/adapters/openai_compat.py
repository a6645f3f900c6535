"""OpenAI Chat Completions as nine server families speak it: the request, and the decoder of its reply.

Differences between servers are data in `dialects`. Sources: protocols.md §1.2, §2.3, §4, §5, §7, §9-§12.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from pointsman.adapters.answer import ErrorFrame
from pointsman.adapters.dialects import PLAIN, Dialect, dialect_of
from pointsman.adapters.exchange import Exchange
from pointsman.adapters.frames_decoder import FramesDecoder
from pointsman.adapters.lenient import JsonObject, count, name, number, record, records
from pointsman.adapters.params import configured
from pointsman.adapters.sse import SseEvent
from pointsman.adapters.urls import api_of
from pointsman.core.outcome import TokenUsage
from pointsman.core.request import Image, Message
from pointsman.ports import Call, Chunk, Progress, Ticket

_RESERVED = frozenset(
    {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "best_of"}
)
_REASONING = ("reasoning_content", "reasoning", "thinking")  # trap T17: three names for one thing


class OpenAICompat:
    """A `ports.Backend` for one endpoint."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def stream(self, ticket: Ticket, call: Call) -> AsyncGenerator[Chunk, None]:
        """See `ports.Backend.stream`."""
        dialect = dialect_of(call.endpoint.kind)
        params, notes = configured(call, _RESERVED)
        decoder = OpenAIDecoder(dialect, notes)
        url = api_of(call.endpoint, "/chat/completions")
        return self._exchange.stream(ticket, call, url, payload_of(call, dialect, params), decoder)

    async def aclose(self) -> None:
        """Nothing of its own: the clients belong to whoever made them."""


def payload_of(call: Call, dialect: Dialect, params: JsonObject) -> dict[str, object]:
    return {
        **dialect.extra,
        **params,
        "model": call.model.id.removeprefix(dialect.id_prefix),
        "messages": [_message(message) for message in call.messages],
        "stream": True,
        "stream_options": dict(dialect.stream_options),
        dialect.output_cap: call.max_output,
    }


def _message(message: Message) -> dict[str, object]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, object]] = [{"type": "text", "text": message.text}] if message.text else []
    return {"role": message.role, "content": [*parts, *(_image(image) for image in message.images)]}


def _image(image: Image) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{image.data}"}}


class OpenAIDecoder(FramesDecoder):
    """`answer.Decoder` of a chat completion."""

    def __init__(self, dialect: Dialect = PLAIN, notes: tuple[str, ...] = ()) -> None:
        super().__init__(notes)
        self._dialect = dialect
        self._refused = False

    def _event(self, event: SseEvent) -> Iterator[Chunk]:
        if event.data.strip() == "[DONE]":
            self._answer.ended = True
        yield from super()._event(event)

    def _value(self, event: SseEvent) -> object:
        value = super()._value(event)
        return value[0] if isinstance(value, list) and value else value  # Gemini wraps errors in an array

    def _object(self, value: JsonObject, event: str) -> Iterator[Chunk]:
        if value.get("error") or event == "error":
            raise ErrorFrame(value)
        choices = records(value.get("choices"))
        self._understood = self._understood or "choices" in value
        yield from self._answer.named(self._model(value))
        yield from self._progress(record(value.get("prompt_progress")))
        for choice in choices[:1]:
            yield from self._choice(choice)
        usage = value.get("usage") or (choices and choices[0].get("usage")) or None
        self._timings(record(value.get("timings")), told=isinstance(usage, dict))
        yield from self._answer.used(usage_of(record(usage), self._dialect) if isinstance(usage, dict) else None)
        if self._frames.whole and choices and self._answer.reason is None:
            self._answer.reason = "stop"  # a whole document is whole, whatever it forgets to say

    def _choice(self, choice: JsonObject) -> Iterator[Chunk]:
        delta = record(choice.get("delta")) or record(choice.get("message"))
        thought = next((delta[key] for key in _REASONING if delta.get(key)), None)
        yield from self._answer.reasoning(thought)
        yield from self._answer.text(_text_of(delta.get("content")))
        if delta.get("refusal"):
            yield from self._answer.text(delta["refusal"])
            self._refused = True
        if delta.get("tool_calls") or delta.get("function_call"):
            self._answer.tool_call()
        reason = name(choice.get("finish_reason"))
        if reason == "error" and record(choice.get("error")):
            raise ErrorFrame(choice)
        if reason is not None:
            self._answer.reason = "refusal" if self._refused else reason

    def _model(self, value: JsonObject) -> str | None:
        model = name(value.get("model"))
        return None if model is None else model.removeprefix(self._dialect.id_prefix)

    def _progress(self, seen: JsonObject) -> Iterator[Chunk]:
        total, processed = count(seen.get("total")), count(seen.get("processed"))
        if total and processed is not None:
            yield Progress(stage="reading the prompt", done=min(processed / total, 1.0))

    def _timings(self, seen: JsonObject, *, told: bool) -> None:
        """llama-server's own measurement; its token counts stand in where no usage is told."""
        speed = number(seen.get("predicted_per_second"))
        self._answer.tokens_per_s = float(speed) if speed else self._answer.tokens_per_s
        output = count(seen.get("predicted_n"))
        if output is not None and not told and self._answer.usage is None:
            cached, fresh = count(seen.get("cache_n")) or 0, count(seen.get("prompt_n")) or 0
            self._answer.usage = TokenUsage(input=cached + fresh, output=output, cached=cached)


def usage_of(seen: JsonObject, dialect: Dialect = PLAIN) -> TokenUsage | None:
    """Token counts of an OpenAI-style `usage`, whose input includes cached and output reasoning tokens; None if it has
    neither figure."""
    told_input, told_output = count(seen.get("prompt_tokens")), count(seen.get("completion_tokens"))
    if told_input is None and told_output is None:
        return None
    inputs = record(seen.get("prompt_tokens_details"))
    cached = next(
        (
            figure
            for figure in (
                count(inputs.get("cached_tokens")),
                count(seen.get("prompt_cache_hit_tokens")),  # DeepSeek
                count(seen.get("cached_tokens")),  # Kimi
            )
            if figure is not None
        ),
        0,
    )
    prompt, output = told_input or 0, told_output or 0
    if dialect.hidden_output:
        output = max(output, (count(seen.get("total_tokens")) or 0) - prompt)
    return TokenUsage(
        input=prompt,
        output=output,
        cached=cached,
        cache_write=count(inputs.get("cache_write_tokens")) or 0,
        reasoning=count(record(seen.get("completion_tokens_details")).get("reasoning_tokens")) or 0,
    )


def _text_of(content: object) -> object:
    """The text of a content that is a string, or a list of parts."""
    if isinstance(content, list):
        return "".join(str(part["text"]) for part in records(content) if isinstance(part.get("text"), str))
    return content
