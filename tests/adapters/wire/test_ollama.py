"""Ollama's native chat: what is sent (and what never), what is read, and errors under HTTP 200."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pointsman.adapters.ollama import OllamaDecoder
from pointsman.core.fleet import EndpointKind
from pointsman.core.outcome import FailureKind, TokenUsage
from pointsman.core.request import Image, Message
from pointsman.ports import Finish, Reasoning, Seen, Text

O = EndpointKind.OLLAMA  # noqa: E741


def lines(*objects: object) -> bytes:
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in objects)


def part(content: str = "", *, thinking: str | None = None, done: bool = False, **more: object) -> dict[str, object]:
    message = {"role": "assistant", "content": content} | ({"thinking": thinking} if thinking else {})
    return {"model": "qwen3:8b", "created_at": "2026-09-01T10:00:00.1Z", "message": message, "done": done, **more}


STATS = {
    "done_reason": "stop",
    "total_duration": 900_000_000,
    "load_duration": 20_000_000,
    "prompt_eval_count": 21,
    "prompt_eval_duration": 30_000_000,
    "eval_count": 9,
    "eval_duration": 200_000_000,
}
STREAM = lines(part(thinking="hm"), part("안녕 "), part("🚂 \u2028"), part(done=True, **STATS))
STREAMS = {
    "whole": STREAM,
    "CRLF, last line without end": STREAM.replace(b"\n", b"\r\n").rstrip(),
    "error": lines(part("Hi"), {"error": "llama runner process has terminated: exit status 2"}),
    "cut": lines(part("Hi")) + b'{"model":"qw',
}


@pytest.mark.parametrize("case", STREAMS)
def test_the_same_chunks_at_every_cut(case: str, same_in_every_cut: Callable[..., None]) -> None:
    same_in_every_cut(OllamaDecoder, STREAMS[case])


async def test_the_stream(ask) -> None:
    """Durations are nanoseconds: nine tokens in 0.2 s are 45 a second (T23)."""
    used = TokenUsage(input=21, output=9)
    assert (await ask(O, STREAM)).chunks == [
        Seen(model="qwen3:8b"),
        Reasoning("hm"),
        Text("안녕 "),
        Text("🚂 \u2028"),
        Seen(usage=used),
        Finish(reason="stop", usage=used, model="qwen3:8b", tokens_per_s=pytest.approx(45.0)),
    ]


async def test_statistics_may_be_missing(ask) -> None:
    """Zero figures vanish: speed is unknown then, and so is usage, not nought."""
    asked = await ask(O, lines(part("Hi"), part(done=True)))
    assert asked.finish == Finish(reason="stop", model="qwen3:8b")


@pytest.mark.parametrize("reason", ["length", "stop"])
async def test_reasons(reason: str, ask) -> None:
    asked = await ask(O, lines(part("Hi"), part(done=True, done_reason=reason, eval_count=5)))
    assert asked.finish.reason == reason
    assert asked.finish.usage == TokenUsage(output=5)


async def test_a_tool_call_is_an_answer(ask) -> None:
    called = part() | {"message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "x"}}]}}
    asked = await ask(O, lines(called, part(done=True, **STATS)))
    assert asked.finish.tool_calls


async def test_a_relay_is_noted(ask) -> None:
    """A reply that names a remote host was not computed here (T1)."""
    asked = await ask(O, lines(part("Hi"), part(done=True, remote_host="https://ollama.com:443", remote_model="x")))
    assert asked.finish.notes == ("computed by https://ollama.com:443, not on this machine",)


OVERFLOW = {"error": {"code": 400, "message": "request (9000 tokens) exceeds the available context size (8192 tokens)"}}
BAD = {
    "error mid-stream (H15)": (STREAMS["error"], FailureKind.OUT_OF_MEMORY),
    "error first": (lines({"error": "model runner has unexpectedly stopped"}), FailureKind.OUT_OF_MEMORY),
    "nested overflow": (lines({"error": json.dumps(OVERFLOW)}), FailureKind.CONTEXT_OVERFLOW),
    "cut": (STREAMS["cut"], FailureKind.STREAM_CUT),
    "cut on a line": (lines(part("Hi")), FailureKind.STREAM_CUT),
    "no text": (lines(part(done=True, **STATS)), FailureKind.EMPTY),
    "loaded instead of answered": (lines(part(done=True, done_reason="load")), FailureKind.EMPTY),
    "nothing": (b"", FailureKind.EMPTY),
    "HTML": (b"<html>hotel login</html>", FailureKind.BAD_STREAM),
    "Ollama's greeting": (b"Ollama is running", FailureKind.BAD_STREAM),
    "another JSON": (b'{"version":"0.33.0"}', FailureKind.BAD_STREAM),
    "four broken lines": (b"{]\n" * 4 + STREAM, FailureKind.BAD_STREAM),
    "a line without end": (b'{"a":"' + b"x" * (2 << 20), FailureKind.BAD_STREAM),
}


@pytest.mark.parametrize("case", BAD)
async def test_no_broken_stream_counts_as_whole(case: str, ask) -> None:
    payload, expected = BAD[case]
    asked = await ask(O, payload)
    assert asked.failed is not None and asked.failed.kind is expected, asked
    assert not any(isinstance(c, Finish) for c in asked.chunks)


async def test_broken_lines_are_counted_aloud(ask) -> None:
    asked = await ask(O, b"{]\nnonsense\n" + STREAM)
    assert asked.finish.notes == ("2 broken frames skipped",)


async def test_the_request_says_nothing_that_reloads_or_hides(ask) -> None:
    """No num_ctx, no keep_alive, no think unless configured (T32); no silent truncation (T31)."""
    image = Image(media_type="image/png", data="iVBOR")
    asked = await ask(
        O,
        STREAM,
        model_id="qwen3:8b",
        messages=[Message(role="system", text="Be kind."), Message(role="user", text="what?", images=(image,))],
    )
    assert asked.request is not None and str(asked.request.url) == "http://box.test/api/chat"
    assert asked.sent == {
        "model": "qwen3:8b",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "what?", "images": ["iVBOR"]},
        ],
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": {"num_predict": 64},
    }


async def test_configured_parameters_go_where_they_belong(ask) -> None:
    """`think` and the like to the top, the rest to the options; the output cap stays ours."""
    params = {
        "think": "low",
        "keep_alive": "10m",
        "num_ctx": 16384,
        "temperature": 0.2,
        "options": {"seed": 7, "num_predict": 9999},
        "truncate": True,
    }
    asked = await ask(O, STREAM, params=params)
    assert asked.sent["think"] == "low" and asked.sent["keep_alive"] == "10m" and asked.sent["truncate"] is False
    assert asked.sent["options"] == {"num_ctx": 16384, "temperature": 0.2, "seed": 7, "num_predict": 64}
    assert asked.finish.notes == ("parameter truncate is not configurable and was left out",)
