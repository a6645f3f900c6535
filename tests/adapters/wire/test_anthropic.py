"""The Messages API: what is sent, what is read; refusals, full windows and errors under HTTP 200 (T20, T22)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pointsman.adapters.anthropic import AnthropicDecoder
from pointsman.core.fleet import EndpointKind
from pointsman.core.outcome import FailureKind, TokenUsage
from pointsman.core.request import Image, Message
from pointsman.ports import Finish, Reasoning, Seen, Text

A = EndpointKind.ANTHROPIC


def events(*objects: dict[str, object]) -> bytes:
    return b"".join(
        b"event: " + str(item["type"]).encode() + b"\ndata: " + json.dumps(item, ensure_ascii=False).encode() + b"\n\n"
        for item in objects
    )


def start(**usage: int) -> dict[str, object]:
    told = {"input_tokens": 21, "output_tokens": 1, "service_tier": "standard", **usage}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": [], "usage": told}
    return {"type": "message_start", "message": message | {"stop_reason": None}}


def block(kind: str = "text", **more: object) -> dict[str, object]:
    return {"type": "content_block_start", "index": 0, "content_block": {"type": kind, **more}}


def delta(**fields: object) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": fields}


def text(piece: str) -> dict[str, object]:
    return delta(type="text_delta", text=piece)


def stop(reason: str, **usage: int) -> dict[str, object]:
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


PING: dict[str, object] = {"type": "ping"}
END: dict[str, object] = {"type": "message_stop"}
STREAM = events(
    start(cache_creation_input_tokens=100, cache_read_input_tokens=1800),
    block("thinking", thinking=""),
    PING,
    delta(type="thinking_delta", thinking="hm"),
    delta(type="signature_delta", signature="EqQB"),
    {"type": "content_block_stop", "index": 0},
    block("text", text=""),
    text("안녕"),
    text(" 🚂"),
    {"type": "content_block_stop", "index": 1},
    stop("end_turn", output_tokens=9),
    END,
)
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
STREAMS = {
    "whole": STREAM,
    "CRLF": STREAM.replace(b"\n", b"\r\n"),
    "error": events(start(), text("Hi"), OVERLOADED),
    "cut": events(start(), text("Hi")),
    "refusal": events(start(), text("Hi"), stop("refusal", output_tokens=2), END),
    "one document": json.dumps(
        start()["message"] | {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}
    ).encode(),  # type: ignore[operator]
}


@pytest.mark.parametrize("case", STREAMS)
def test_the_same_chunks_at_every_cut(case: str, same_in_every_cut: Callable[..., None]) -> None:
    same_in_every_cut(AnthropicDecoder, STREAMS[case])


async def test_the_stream(ask) -> None:
    """Total input is fresh, written and read tokens; output is cumulative and replaces (T20, T36)."""
    asked = await ask(A, STREAM)
    first = TokenUsage(input=1921, output=1, cached=1800, cache_write=100)
    last = TokenUsage(input=1921, output=9, cached=1800, cache_write=100)
    assert asked.chunks == [
        Seen(model="m-1"),
        Seen(usage=first),
        Reasoning("hm"),
        Text("안녕"),
        Text(" 🚂"),
        Seen(usage=last),
        Finish(reason="stop", usage=last, model="m-1"),
    ]


async def test_later_usage_may_repeat_the_input(ask) -> None:
    """Repeated fields replace, none is added twice."""
    asked = await ask(A, events(start(), text("Hi"), stop("end_turn", input_tokens=21, output_tokens=9), END))
    assert asked.finish.usage == TokenUsage(input=21, output=9)


REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause_turn",
}


@pytest.mark.parametrize("reason", REASONS)
async def test_reasons_in_openai_words(reason: str, ask) -> None:
    asked = await ask(A, events(start(), text("Hi"), stop(reason, output_tokens=2), END))
    assert asked.finish.reason == REASONS[reason]


async def test_a_tool_call_without_text_is_an_answer(ask) -> None:
    partial = delta(type="input_json_delta", partial_json="{")
    asked = await ask(A, events(start(), block("tool_use", id="t", name="x", input={}), partial, stop("tool_use"), END))
    assert asked.finish.tool_calls


async def test_the_end_without_message_stop_is_an_end(ask) -> None:
    """A stop reason completes an answer (H10)."""
    asked = await ask(A, events(start(), text("Hi"), stop("end_turn", output_tokens=2)))
    assert asked.finish.reason == "stop"


async def test_one_document_instead_of_a_stream(ask) -> None:
    asked = await ask(A, STREAMS["one document"])
    assert asked.text == "Hi" and asked.finish.usage == TokenUsage(input=21, output=1)


async def test_a_full_window_after_text_is_a_truncated_answer(ask) -> None:
    asked = await ask(A, events(start(), text("Hi"), stop("model_context_window_exceeded", output_tokens=2), END))
    assert asked.finish.reason == "length"
    assert asked.finish.notes == ("the model's context window is full",)


BAD = {
    "full window without text": (
        events(start(), stop("model_context_window_exceeded"), END),
        FailureKind.CONTEXT_OVERFLOW,
    ),
    "refusal (F3)": (STREAMS["refusal"], FailureKind.REFUSAL),
    "overloaded first (H6)": (events(OVERLOADED), FailureKind.OVERLOADED),
    "overloaded after text": (STREAMS["error"], FailureKind.OVERLOADED),
    "api_error": (events({"type": "error", "error": {"type": "api_error", "message": "x"}}), FailureKind.SERVER_ERROR),
    "OpenAI-shaped error of llama-server": (
        b'data: {"error":{"code":500,"message":"x"}}\n\n',
        FailureKind.SERVER_ERROR,
    ),
    "cut": (STREAMS["cut"], FailureKind.STREAM_CUT),
    "pings only": (events(start(), PING, PING), FailureKind.STREAM_CUT),
    "no text": (events(start(), stop("end_turn", output_tokens=1), END), FailureKind.EMPTY),
    "nothing": (b"", FailureKind.EMPTY),
    "HTML": (b"<html>proxy</html>", FailureKind.BAD_STREAM),
    "another JSON": (b'{"ok":true}', FailureKind.BAD_STREAM),
    "broken frames": (b"data: {\n\n" * 4, FailureKind.BAD_STREAM),
}


@pytest.mark.parametrize("case", BAD)
async def test_no_broken_stream_counts_as_whole(case: str, ask) -> None:
    payload, expected = BAD[case]
    asked = await ask(A, payload)
    assert asked.failed is not None and asked.failed.kind is expected, asked
    assert not any(isinstance(c, Finish) for c in asked.chunks)


async def test_text_before_a_refusal_was_yielded_and_its_usage_counts(ask) -> None:
    """A refusal is an answer: shown and charged (F3, F4)."""
    asked = await ask(A, STREAMS["refusal"])
    assert asked.text == "Hi"
    assert asked.failed is not None and asked.failed.usage == TokenUsage(input=21, output=2)


async def test_the_request(ask, key: str) -> None:
    """System text at the top, neighbours of one role merged, empty messages left out, max_tokens always."""
    picture = Image(media_type="image/png", data="iVBOR")
    asked = await ask(
        A,
        STREAM,
        key_env="BOX_KEY",
        environ={"BOX_KEY": key},
        params={"thinking": {"type": "enabled"}, "max_tokens": 9, "system": "no"},
        messages=[
            Message(role="system", text="Be kind."),
            Message(role="user", text="one"),
            Message(role="assistant", text=""),
            Message(role="user", text="two", images=(picture,)),
            Message(role="system", text="Be brief."),
            Message(role="assistant", text="fine"),
            Message(role="user", text="three"),
        ],
    )
    assert asked.request is not None and str(asked.request.url) == "http://box.test/v1/messages"
    assert asked.request.headers["x-api-key"] == key and "authorization" not in asked.request.headers
    assert asked.request.headers["anthropic-version"] == "2023-06-01"
    assert asked.sent == {
        "model": "m-1",
        "max_tokens": 64,
        "stream": True,
        "system": "Be kind.\n\nBe brief.",
        "thinking": {"type": "enabled"},
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "one"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}},
                    {"type": "text", "text": "two"},
                ],
            },
            {"role": "assistant", "content": "fine"},
            {"role": "user", "content": "three"},
        ],
    }


async def test_without_system_text_there_is_no_system_field(ask) -> None:
    assert "system" not in (await ask(A, STREAM)).sent
