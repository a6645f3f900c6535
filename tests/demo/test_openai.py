"""The simulated clouds that speak chat completions, each with its own quirks (protocols.md §7, §9-§12)."""

from __future__ import annotations

import httpx
import pytest

from pointsman.core.fleet import EndpointKind as K
from pointsman.demo.openai import CLOUDS

CHAT = "/chat/completions"
THINKER = {"capabilities": frozenset({"chat", "reasoning"})}


@pytest.mark.parametrize("kind", CLOUDS)
async def test_every_cloud_streams_text_usage_and_done(serve, client, ask, sse, kind):
    server = await serve(kind, path="/v1")
    chunks = sse((await client.post(server.url + CHAT, json=ask("Hello cloud"))).text)
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks[:-1] if c["choices"])
    assert "Hello cloud" in text
    assert chunks[-3]["choices"][0]["finish_reason"] == "stop"
    usage = chunks[-2]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert chunks[-1] == "[DONE]"


@pytest.mark.parametrize(
    ("kind", "path"),
    [(K.OPENAI, "/v1"), (K.OPENROUTER, "/api/v1"), (K.GEMINI, "/v1beta/openai/"), (K.DEEPSEEK, "")],
)
async def test_the_url_keeps_the_path_of_the_real_one(serve, client, kind, path):
    server = await serve(kind, path=path)
    assert server.url.endswith(path.rstrip("/"))
    listed = (await client.get(server.url + "/models")).json()
    assert [row["id"].removeprefix("models/") for row in listed["data"]] == ["m-1"]


async def test_openai_counts_hidden_reasoning_and_sends_null_usage_elsewhere(serve, client, ask, sse, model):
    server = await serve(K.OPENAI, model(**THINKER))
    chunks = sse((await client.post(server.url + CHAT, json=ask())).text)
    assert all(chunk["usage"] is None for chunk in chunks[:-2])
    assert not any("reasoning" in str(chunk["choices"]) for chunk in chunks[:-1])
    usage = chunks[-2]["usage"]
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


async def test_openai_reasoning_models_refuse_max_tokens(serve, client, ask, model):
    server = await serve(K.OPENAI, model(**THINKER))
    refused = await client.post(server.url + CHAT, json=ask(max_tokens=5))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsupported_parameter")
    assert (await client.post(server.url + CHAT, json=ask(max_completion_tokens=5))).status_code == 200


async def test_deepseek_sends_keep_alives_reasoning_and_split_cache_figures(serve, client, ask, sse, model):
    server = await serve(K.DEEPSEEK, model(**THINKER))
    answer = await client.post(server.url + CHAT, json=ask())
    assert answer.text.startswith(": keep-alive\n\n")
    chunks = sse(answer.text)
    assert "reasoning_content" in chunks[1]["choices"][0]["delta"]
    usage = chunks[-2]["usage"]
    assert usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"] == usage["prompt_tokens"]
    quiet = sse((await client.post(server.url + CHAT, json=ask(thinking={"type": "disabled"}))).text)
    assert not any("reasoning_content" in str(chunk) for chunk in quiet)


async def test_openrouter_sends_comments_usage_unasked_and_the_cost(serve, client, ask, sse, model):
    server = await serve(K.OPENROUTER, model(price_in=600, price_out=600))
    answer = await client.post(server.url + CHAT, json=ask(stream_options=None))
    assert answer.text.startswith(": OPENROUTER PROCESSING\n\n")
    usage = sse(answer.text)[-2]["usage"]
    assert usage["cost"] == pytest.approx(usage["total_tokens"] * 600 / 1e9)
    (row,) = (await client.get(server.url + "/models")).json()["data"]
    assert row["pricing"]["prompt"] == "0.000000600000"


async def test_openrouter_without_a_price_states_no_cost(serve, client, ask, sse):
    server = await serve(K.OPENROUTER)
    assert "cost" not in sse((await client.post(server.url + CHAT, json=ask())).text)[-2]["usage"]


async def test_openrouter_hides_an_upstream_failure_in_a_good_stream(serve, client, ask, sse):
    server = await serve(K.OPENROUTER)
    server.faults.oom = True
    answer = await client.post(server.url + CHAT, json=ask())
    assert answer.status_code == 200
    failed, done = sse(answer.text)
    assert (failed["error"]["code"], failed["choices"][0]["finish_reason"]) == (502, "error")
    assert done == "[DONE]"
    assert (await client.post(server.url + CHAT, json=ask(stream=False))).status_code == 502


@pytest.mark.parametrize(
    ("kind", "header", "shape"),
    [
        (K.OPENAI, "20", lambda body: body["error"]["code"] == "rate_limit_exceeded"),
        (K.OPENAI_COMPATIBLE, "20", lambda body: body["error"]["code"] == "rate_limit_exceeded"),
        (K.DEEPSEEK, None, lambda body: body["error"]["type"] == "rate_limit_error"),
        (K.MOONSHOT, "20", lambda body: body["error"]["type"] == "rate_limit_reached_error"),
        (K.GEMINI, None, lambda body: body[0]["error"]["details"][0]["retryDelay"] == "20s"),
        (K.OPENROUTER, "20", lambda body: body["error"]["metadata"]["error_type"] == "rate_limit_exceeded"),
    ],
)
async def test_a_rate_limit_is_a_429_in_each_dialect(serve, client, ask, kind, header, shape):
    server = await serve(kind)
    server.faults.toggle("429")
    answer = await client.post(server.url + CHAT, json=ask())
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, header)
    assert shape(answer.json())
    assert (await client.get(server.url + "/models")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (K.OPENAI, "maximum context length is 1000 tokens"),
        (K.DEEPSEEK, "maximum context length is 1000 tokens"),
        (K.MOONSHOT, "exceeded model token limit: 1000 (requested: 1204)"),
        (K.GEMINI, "exceeds the maximum number of tokens allowed (1000)"),
        (K.OPENROUTER, "maximum context length is 1000 tokens"),
    ],
)
async def test_a_long_prompt_is_a_400_with_the_real_numbers(serve, client, ask, kind, text):
    answer = await client.post((await serve(kind)).url + CHAT, json=ask("x" * 4800))
    assert answer.status_code == 400
    assert text in answer.text


@pytest.mark.parametrize("kind", CLOUDS)
async def test_a_demanded_key_is_looked_at_and_never_repeated(serve, client, ask, kind):
    server = await serve(kind, api_key="right")
    refused = await client.post(server.url + CHAT, json=ask(), headers={"Authorization": "Bearer wrong-secret"})
    assert refused.status_code == 401
    assert "wrong-secret" not in refused.text
    right = {"Authorization": "Bearer right"}
    assert (await client.post(server.url + CHAT, json=ask(), headers=right)).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [(K.OPENAI, 404), (K.DEEPSEEK, 400), (K.OPENROUTER, 400), (K.GEMINI, 404)])
async def test_an_unknown_model_is_refused_in_each_dialect(serve, client, ask, kind, status):
    assert (await client.post((await serve(kind)).url + CHAT, json=ask(model="gone"))).status_code == status


@pytest.mark.parametrize(
    ("kind", "path", "field"),
    [
        (K.DEEPSEEK, "/user/balance", "is_available"),
        (K.MOONSHOT, "/users/me/balance", "data"),
        (K.OPENROUTER, "/key", "data"),
    ],
)
async def test_balances_are_where_the_providers_have_them(serve, client, kind, path, field):
    assert field in (await client.get((await serve(kind)).url + path)).json()


async def test_a_stream_can_be_reset(serve, client, ask):
    server = await serve(K.OPENAI)
    server.faults.cut_after, server.faults.cut_reset = 2, True
    with pytest.raises(httpx.TransportError):
        await client.post(server.url + CHAT, json=ask())


async def test_an_image_is_counted_and_mentioned(serve, client, ask):
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    body = ask(stream=False, stream_options=None)
    plain = (await client.post((await serve(K.OPENAI)).url + CHAT, json=body)).json()
    body["messages"] = [{"role": "user", "content": [{"type": "text", "text": "Hello there"}, part]}]
    seen = (await client.post((await serve(K.OPENAI)).url + CHAT, json=body)).json()
    assert "1 image came with it" in seen["choices"][0]["message"]["content"]
    assert seen["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"] + 500
