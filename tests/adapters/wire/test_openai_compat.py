"""Chat completions of nine server families: what is sent, what is read, and that no broken stream counts as whole."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from pointsman.adapters.dialects import dialect_of
from pointsman.adapters.openai_compat import OpenAIDecoder, usage_of
from pointsman.core.fleet import EndpointKind
from pointsman.core.outcome import FailureKind, TokenUsage
from pointsman.core.request import Image, Message
from pointsman.ports import Finish, Progress, Reasoning, Seen, Text

K = EndpointKind
DONE = b"data: [DONE]\n\n"


def sse(*objects: object, done: bool = True) -> bytes:
    frames = b"".join(b"data: " + json.dumps(item, ensure_ascii=False).encode() + b"\n\n" for item in objects)
    return frames + DONE if done else frames


def chunk(delta: dict[str, object] | None = None, reason: str | None = None, **more: object) -> dict[str, object]:
    choice = {"index": 0, "finish_reason": reason, "delta": delta or {}}
    return {"id": "c-1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice], **more}


def usage(prompt: int, output: int, **more: object) -> dict[str, object]:
    told = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, **more}
    return {"id": "c-1", "object": "chat.completion.chunk", "model": "m-1", "choices": [], "usage": told}


TIMINGS = {
    "cache_n": 16, "prompt_n": 5, "prompt_ms": 30.1, "prompt_per_second": 166.1,
    "predicted_n": 9, "predicted_ms": 200.0, "predicted_per_second": 45.0,
}  # fmt: skip
LLAMA = sse(
    chunk({"role": "assistant", "content": None}),
    {"choices": [], "prompt_progress": {"total": 20, "cache": 0, "processed": 5, "time_ms": 12}},
    chunk({"reasoning_content": "hm"}),
    chunk({"content": "안녕 🚂 a\u2028b"}),
    chunk({}, "stop"),
    usage(21, 9, prompt_tokens_details={"cached_tokens": 16}) | {"timings": TIMINGS},
)
VLLM = sse(
    chunk({"role": "assistant", "content": ""}, usage={"prompt_tokens": 4, "completion_tokens": 0, "total_tokens": 4}),
    chunk({"reasoning": "hm"}, usage={"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}),
    chunk({"content": "Hi"}, usage={"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}),
    chunk({"content": ""}, "stop", usage={"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}),
    usage(4, 2),
)
OPENAI = sse(
    chunk({"role": "assistant", "content": "", "refusal": None}, usage=None, obfuscation="xyz"),
    chunk({"content": "Hi"}, usage=None),
    chunk({}, "stop", usage=None),
    usage(
        120, 80,
        prompt_tokens_details={"cached_tokens": 100, "cache_write_tokens": 3},
        completion_tokens_details={"reasoning_tokens": 60},
    ),
)  # fmt: skip
DEEPSEEK = (
    b": keep-alive\n\n: keep-alive\n\n"
    + sse(chunk({"reasoning_content": "hm"}), chunk({"content": "Hi"}), chunk({}, "stop"), done=False)
    + sse(usage(30, 5, prompt_cache_hit_tokens=20, prompt_cache_miss_tokens=10))
)
KIMI = sse(
    chunk({"content": "Hi"}),
    {
        "model": "m-1",
        "choices": [
            {
                "index": 0,
                "delta": {},
                "finish_reason": "stop",
                "usage": {"prompt_tokens": 8, "completion_tokens": 2, "cached_tokens": 4},
            }
        ],
    },
)
OPENROUTER = b": OPENROUTER PROCESSING\n\n" + sse(
    chunk({"content": "", "reasoning": "hm", "reasoning_details": [{"type": "x"}]}),
    chunk({"content": "Hi"}),
    chunk({}, "stop"),
    chunk({"content": ""}, "stop"),
    usage(9, 3, cost=0.01, is_byok=False),
)
GEMINI = sse(
    chunk({"content": "Hi"}, model="models/m-1"),
    chunk({}, "stop", model="models/m-1"),
    usage(10, 2, total_tokens=40) | {"model": "models/m-1"},
)
STREAMS = {
    "llama.cpp": (K.LLAMA_CPP, LLAMA),
    "vLLM": (K.VLLM, VLLM),
    "OpenAI": (K.OPENAI, OPENAI),
    "DeepSeek": (K.DEEPSEEK, DEEPSEEK),
    "Kimi": (K.MOONSHOT, KIMI),
    "OpenRouter": (K.OPENROUTER, OPENROUTER),
    "Gemini": (K.GEMINI, GEMINI),
    "CRLF and BOM": (K.OPENAI_COMPATIBLE, b"\xef\xbb\xbf" + OPENAI.replace(b"\n", b"\r\n")),
    "CR": (K.OPENAI_COMPATIBLE, OPENAI.replace(b"\n", b"\r")),
    "no space after the colon": (K.OPENAI_COMPATIBLE, OPENAI.replace(b"data: ", b"data:")),
    "one document": (
        K.OPENAI_COMPATIBLE,
        json.dumps({"model": "m-1", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}).encode(),
    ),
    "error frame": (
        K.LLAMA_CPP,
        sse(chunk({"content": "Hi"}), {"error": {"code": 500, "message": "oops"}}, done=False),
    ),
    "cut": (K.OPENAI_COMPATIBLE, sse(chunk({"content": "Hi"}), done=False)),
    "HTML": (K.OPENAI_COMPATIBLE, b"<html><body>Please sign in</body></html>"),
    "one broken frame": (K.OPENAI_COMPATIBLE, b'data: {"choices":[{"del\n\n' + OPENAI),
}


@pytest.mark.parametrize("case", STREAMS)
def test_the_same_chunks_at_every_cut(case: str, same_in_every_cut: Callable[..., None]) -> None:
    """Chunks do not depend on where the network cut the bytes (H1)."""
    kind, payload = STREAMS[case]
    same_in_every_cut(lambda: OpenAIDecoder(dialect_of(kind)), payload)


@pytest.mark.parametrize("case", ["llama.cpp", "OpenAI"])
async def test_the_same_chunks_at_cuts_through_the_whole_backend(case: str, ask) -> None:
    """The whole backend agrees with itself too, at two-way cuts across the payload."""
    kind, payload = STREAMS[case]
    whole = await ask(kind, payload)
    for cut in range(1, len(payload), 13):
        assert (await ask(kind, [payload[:cut], payload[cut:]])).chunks == whole.chunks


# --- what is read ---------------------------------------------------------------------------------------------------


async def test_llama_cpp(ask) -> None:
    """Text, reasoning, prompt progress, usage and the server's own speed."""
    asked = await ask(K.LLAMA_CPP, LLAMA)
    used = TokenUsage(input=21, output=9, cached=16)
    assert asked.chunks == [
        Seen(model="m-1"),
        Progress(stage="reading the prompt", done=0.25),
        Reasoning("hm"),
        Text("안녕 🚂 a\u2028b"),
        Seen(usage=used),
        Finish(reason="stop", usage=used, model="m-1", tokens_per_s=45.0),
    ]


async def test_llama_cpp_without_usage_chunk_counts_by_its_timings(ask) -> None:
    """Builds without include_usage put only timings on the last chunk; the prompt is cached and new tokens (T36)."""
    asked = await ask(K.LLAMA_CPP, sse(chunk({"content": "Hi"}), chunk({}, "stop", timings=TIMINGS)))
    assert asked.finish.usage == TokenUsage(input=21, output=9, cached=16)
    assert asked.finish.tokens_per_s == 45.0


async def test_vllm_tells_usage_on_the_way(ask) -> None:
    """Continuous usage is passed on as it grows, so that a cancelled call has figures (T19)."""
    asked = await ask(K.VLLM, VLLM)
    assert [c.usage.output for c in asked.chunks if isinstance(c, Seen) and c.usage] == [0, 1, 2]
    assert (asked.reasoning, asked.text) == ("hm", "Hi")
    assert asked.finish.usage == TokenUsage(input=4, output=2)


USAGES = {
    "OpenAI": (K.OPENAI, OPENAI, TokenUsage(input=120, output=80, cached=100, cache_write=3, reasoning=60)),
    "DeepSeek": (K.DEEPSEEK, DEEPSEEK, TokenUsage(input=30, output=5, cached=20)),
    "Kimi, in the choice": (K.MOONSHOT, KIMI, TokenUsage(input=8, output=2, cached=4)),
    "OpenRouter": (K.OPENROUTER, OPENROUTER, TokenUsage(input=9, output=3)),
    "Gemini bills thoughts that completion_tokens leaves out": (K.GEMINI, GEMINI, TokenUsage(input=10, output=30)),
}


@pytest.mark.parametrize("case", USAGES)
async def test_usage(case: str, ask) -> None:
    """Input includes cached tokens, output includes reasoning, whatever the provider calls them (§1.3)."""
    kind, payload, expected = USAGES[case]
    asked = await ask(kind, payload)
    assert asked.text == "Hi"
    assert asked.finish.usage == expected
    assert asked.finish.model == "m-1"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({}, None),
        ({"prompt_tokens": "7"}, None),
        ({"prompt_tokens": None, "completion_tokens": -1}, None),
        ({"prompt_tokens": 7, "completion_tokens": None, "prompt_tokens_details": None}, TokenUsage(input=7)),
        ({"completion_tokens": 3.0, "prompt_tokens_details": []}, TokenUsage(output=3)),
        ({"prompt_tokens": True, "completion_tokens": 1}, TokenUsage(output=1)),
    ],
)
def test_odd_usage_is_unknown_not_zero(seen: dict[str, object], expected: TokenUsage | None) -> None:
    assert usage_of(seen) == expected


GOOD = {
    "finish reason without [DONE] (H10)": (sse(chunk({"content": "Hi"}), chunk({}, "stop"), done=False), "stop"),
    "[DONE] without finish reason": (sse(chunk({"content": "Hi"})), "stop"),
    "empty choices first": (sse({"choices": []}, chunk({"content": "Hi"}), chunk({}, "stop")), "stop"),
    "null choices": (sse({"choices": None}, chunk({"content": "Hi"}), chunk({}, "stop")), "stop"),
    "length is an answer (E8)": (sse(chunk({"content": "Hi"}), chunk({}, "length")), "length"),
    "finish reason twice": (sse(chunk({"content": "Hi"}, "stop"), chunk({}, "stop")), "stop"),
    "text after the finish reason": (sse(chunk({"content": "H"}, "stop"), chunk({"content": "i"}, "stop")), "stop"),
    "empty error fields": (sse(chunk({"content": "Hi"}, "stop", error=None), done=False), "stop"),
    "unknown fields and named events": (b"event: chunk\nid: 3\n" + sse(chunk({"content": "Hi"}, "stop")), "stop"),
    "content in parts": (sse(chunk({"content": [{"type": "text", "text": "H"}, {"text": "i"}, {}]}, "stop")), "stop"),
    "thinking by its third name": (sse(chunk({"thinking": "hm", "content": "Hi"}, "stop")), "stop"),
    "text after [DONE] is not read": (sse(chunk({"content": "Hi"}, "stop")) + sse(chunk({"content": "x"})), "stop"),
    "one document (H12)": (
        b'\n\n {"model":"m-1","choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}\n',
        "stop",
    ),
    "one document without finish reason": (b'{"choices":[{"message":{"content":"Hi"}}]}', "stop"),
    "three broken frames": (
        b'data: {"choi\n\ndata: nonsense\n\ndata: 7\n\n' + sse(chunk({"content": "Hi"}, "stop")),
        "stop",
    ),
}


@pytest.mark.parametrize("case", GOOD)
async def test_complete_answers(case: str, ask) -> None:
    """A finish reason or [DONE] makes an answer complete; oddities around it do not matter."""
    payload, reason = GOOD[case]
    asked = await ask(K.OPENAI_COMPATIBLE, payload)
    assert asked.text == "Hi"
    assert asked.finish.reason == reason


async def test_broken_frames_are_counted_aloud(ask) -> None:
    """Skipped frames are noted (H9)."""
    asked = await ask(K.OPENAI_COMPATIBLE, b"data: {]\n\n" + sse(chunk({"content": "Hi"}, "stop")))
    assert asked.finish.notes == ("1 broken frame skipped",)


@pytest.mark.parametrize("delta", [{"tool_calls": [{"index": 0, "id": "x"}]}, {"function_call": {"name": "x"}}])
async def test_a_tool_call_without_text_is_an_answer(delta: dict[str, object], ask) -> None:
    """B14."""
    asked = await ask(K.OPENAI, sse(chunk(delta), chunk({}, "tool_calls")))
    assert asked.finish.tool_calls and asked.finish.reason == "tool_calls"


async def test_reasoning_alone_is_an_answer(ask) -> None:
    asked = await ask(K.VLLM, sse(chunk({"reasoning": "hm"}), chunk({}, "length")))
    assert asked.finish.reason == "length"


BAD = {
    "cut": (sse(chunk({"content": "Hi"}), done=False), FailureKind.STREAM_CUT),
    "cut inside a frame": (sse(chunk({"content": "Hi"}), done=False) + b'data: {"choices":[', FailureKind.STREAM_CUT),
    "Ollama /v1 error: an empty chunk, then nothing": (
        sse(chunk({"content": "Hi"}), chunk({"content": ""}), done=False),
        FailureKind.STREAM_CUT,
    ),
    "closed while queued": (b": keep-alive\n\n: keep-alive\n\n", FailureKind.STREAM_CUT),
    "nothing at all": (b"", FailureKind.EMPTY),
    "stop and no text (B13)": (
        sse(chunk({"role": "assistant", "content": None}), chunk({}, "stop")),
        FailureKind.EMPTY,
    ),
    "LM Studio's overflow: 200 and no deltas (T21)": (DONE, FailureKind.EMPTY),
    "white space only": (sse(chunk({"content": " \n"}), chunk({}, "stop")), FailureKind.EMPTY),
    "Gemini thought its output away": (sse(chunk({}, "length"), usage(9, 0, total_tokens=73)), FailureKind.EMPTY),
    "one document without text": (
        b'{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}',
        FailureKind.EMPTY,
    ),
    "llama.cpp error frame": (
        sse(chunk({"content": "Hi"}), {"error": {"code": 500, "message": "slot died"}}, done=False),
        FailureKind.SERVER_ERROR,
    ),
    "vLLM error frame, then [DONE]": (sse({"error": {"message": "cuda", "code": 500}}), FailureKind.SERVER_ERROR),
    "overflow in the first frame": (
        sse({"error": {"code": 400, "type": "exceed_context_size_error", "message": "too long"}}, done=False),
        FailureKind.CONTEXT_OVERFLOW,
    ),
    "OpenRouter error at 200": (
        sse(chunk({}, "error", error={"code": 429, "message": "upstream rate"})),
        FailureKind.RATE_LIMITED,
    ),
    "OpenRouter error in the choice": (
        sse({"choices": [{"finish_reason": "error", "delta": {}, "error": {"code": 529, "message": "x"}}]}),
        FailureKind.OVERLOADED,
    ),
    "finish reason error alone": (sse(chunk({"content": "Hi"}), chunk({}, "error")), FailureKind.SERVER_ERROR),
    "Gemini array": (b'[{"error":{"code":503,"message":"later","status":"UNAVAILABLE"}}]', FailureKind.OVERLOADED),
    "Gemini array in a frame": (sse([{"error": {"code": 429, "message": "x"}}], done=False), FailureKind.RATE_LIMITED),
    "event: error": (b'event: error\ndata: {"message":"Failed to load model"}\n\n', FailureKind.LOAD_FAILED),
    "error string": (
        b'{"error":"model loading was stopped due to insufficient system resources"}',
        FailureKind.OUT_OF_MEMORY,
    ),
    "content filter (F2)": (sse(chunk({"content": "Hi"}), chunk({}, "content_filter")), FailureKind.REFUSAL),
    "refusal": (sse(chunk({"refusal": "I can"}), chunk({"refusal": "not"}), chunk({}, "stop")), FailureKind.REFUSAL),
    "DeepSeek out of capacity": (
        sse(chunk({"content": "Hi"}), chunk({}, "insufficient_system_resource")),
        FailureKind.OVERLOADED,
    ),
    "HTML (B12)": (b"<!doctype html><html><body><h1>Sign in</h1></body></html>", FailureKind.BAD_STREAM),
    "plain text": (b"OK", FailureKind.BAD_STREAM),
    "another JSON": (b'{"status":"ok"}', FailureKind.BAD_STREAM),
    "half a document": (b'{"choices":[{"message":{"content":"Hi', FailureKind.BAD_STREAM),
    "a JSON string": (b'"hello"', FailureKind.BAD_STREAM),
    "four broken frames (H9)": (b"data: {]\n\n" * 4 + sse(chunk({"content": "Hi"}, "stop")), FailureKind.BAD_STREAM),
    "a line without end": (b"data: " + b"x" * (2 << 20), FailureKind.BAD_STREAM),
}


@pytest.mark.parametrize("case", BAD)
async def test_no_broken_stream_counts_as_whole(case: str, ask) -> None:
    """Each way to break has its kind, under HTTP 200 (C1, T14, T15)."""
    payload, expected = BAD[case]
    asked = await ask(K.OPENAI_COMPATIBLE, payload)
    assert asked.failed is not None and asked.failed.kind is expected, asked
    assert not any(isinstance(c, Finish) for c in asked.chunks)
    assert asked.failed.detail and asked.failed.detail.isprintable() and len(asked.failed.detail) <= 300


async def test_text_before_an_error_is_kept(ask) -> None:
    """The fragment reaches the user even if text and error come in one packet (H7)."""
    asked = await ask(K.LLAMA_CPP, BAD["llama.cpp error frame"][0])
    assert asked.text == "Hi"
    assert asked.failed is not None and asked.failed.detail == "slot died" and asked.failed.status == 500


async def test_a_cut_stream_carries_the_usage_seen(ask) -> None:
    told = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}
    asked = await ask(K.VLLM, sse(chunk({"content": "Hi"}, usage=told), done=False))
    assert asked.failed is not None and asked.failed.usage == TokenUsage(input=4, output=2)


async def test_html_is_quoted(ask) -> None:
    """What came instead is kept as a snippet (B12)."""
    asked = await ask(K.OPENAI_COMPATIBLE, b"<html>\x1b[31m<body>Please sign in</body></html>")
    assert asked.failed is not None and "Please sign in" in asked.failed.detail


async def test_a_gzip_body_is_read(ask) -> None:
    """Compression we did not ask for is undone, at any cut."""
    packed = gzip.compress(OPENAI)
    for cut in range(1, len(packed), 7):
        asked = await ask(K.OPENAI, [packed[:cut], packed[cut:]], headers={"content-encoding": "gzip"})
        assert asked.text == "Hi" and asked.finish.reason == "stop"


async def test_a_gzip_bomb_meets_the_bounds(ask) -> None:
    """64 MB of one line in a small body stop at the longest line (C3)."""
    bomb = gzip.compress(b"data: " + b"0" * (64 << 20), compresslevel=1)
    asked = await ask(K.OPENAI, bomb, headers={"content-encoding": "gzip"})
    assert asked.failed is not None and asked.failed.kind is FailureKind.BAD_STREAM


@pytest.mark.parametrize(("encoding", "body"), [("br", b"x"), ("gzip", b"not gzip at all")])
async def test_other_encodings_are_refused(encoding: str, body: bytes, ask) -> None:
    asked = await ask(K.OPENAI, body, headers={"content-encoding": encoding})
    assert asked.failed is not None and asked.failed.kind is FailureKind.BAD_STREAM


async def test_an_answer_without_end_is_bounded(ask) -> None:
    """Frame by frame within the line's bound, and still not endless."""
    piece = sse(chunk({"content": "x" * 900_000}), done=False)
    asked = await ask(K.OPENAI_COMPATIBLE, [piece] * 40)
    assert asked.failed is not None and asked.failed.kind is FailureKind.BAD_STREAM
    assert len(asked.text) <= 16 << 20


# --- what is sent ---------------------------------------------------------------------------------------------------


async def test_the_request(ask) -> None:
    asked = await ask(
        K.OPENAI_COMPATIBLE,
        OPENAI,
        messages=[Message(role="system", text="Be kind."), Message(role="user", text="hi \ud800")],
        params={"temperature": 0.2, "stream": False, "max_tokens": 99999, "n": 8, "x": {"y": (1, 2)}},
    )
    assert asked.request is not None and str(asked.request.url) == "http://box.test/v1/chat/completions"
    assert asked.sent == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi ?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 64,
        "temperature": 0.2,
        "x": {"y": [1, 2]},
    }
    assert asked.request.headers["content-type"] == "application/json"
    assert asked.finish.notes == tuple(
        f"parameter {name} is not configurable and was left out" for name in ("max_tokens", "n", "stream")
    )


SENT = {
    "OpenAI caps by another name (T43)": (K.OPENAI, {"max_completion_tokens": 64, "max_tokens": None}),
    "llama.cpp reports prompt progress": (K.LLAMA_CPP, {"return_progress": True, "max_tokens": 64}),
    "vLLM tells usage on the way": (
        K.VLLM,
        {"stream_options": {"include_usage": True, "continuous_usage_stats": True}},
    ),
    "nothing is sampled unless configured": (K.ANTHROPIC, {"temperature": None, "top_p": None}),
}


@pytest.mark.parametrize("case", SENT)
async def test_dialects_differ_as_their_data_says(case: str, ask) -> None:
    kind, expected = SENT[case]
    sent = (await ask(kind, OPENAI)).sent
    assert {name: sent.get(name) for name in expected} == expected


async def test_gemini_ids_lose_the_prefix_of_its_list(ask) -> None:
    assert (await ask(K.GEMINI, GEMINI, model_id="models/gemini-x")).sent["model"] == "gemini-x"


async def test_images_are_data_uris(ask) -> None:
    image = Image(media_type="image/png", data="iVBOR")
    asked = await ask(K.VLLM, VLLM, messages=[Message(role="user", text="what?", images=(image,))])
    (message,) = asked.sent["messages"]  # type: ignore[misc]
    assert message["content"] == [
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}},
    ]


async def test_parameters_that_are_no_json_are_our_fault(ask) -> None:
    asked = await ask(K.VLLM, VLLM, params={"when": object()})
    assert asked.failed is not None and asked.failed.kind is FailureKind.INTERNAL
    assert asked.request is None
