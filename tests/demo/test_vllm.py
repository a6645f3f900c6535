"""The simulated vLLM on the wire (protocols.md §4)."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from pointsman.core.fleet import EndpointKind
from pointsman.demo.machine import Pace

KIND = EndpointKind.VLLM
CHAT = "/v1/chat/completions"


def figure(page: str, name: str) -> float:
    found = re.search(rf"^vllm:{name}\{{[^}}]*\}} (\S+)$", page, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


async def test_health_is_200_with_an_empty_body(serve, client):
    answer = await client.get((await serve(KIND)).url + "/health")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_stream_ends_with_usage_and_done_and_names_reasoning_its_own_way(serve, client, ask, sse, model):
    server = await serve(KIND, model(capabilities=frozenset({"chat", "reasoning"})))
    chunks = sse((await client.post(server.url + CHAT, json=ask())).text)
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "reasoning" in chunks[1]["choices"][0]["delta"]
    assert chunks[-3]["choices"][0]["finish_reason"] == "stop"
    assert (chunks[-2]["choices"], set(chunks[-2]["usage"])) == (
        [],
        {"prompt_tokens", "completion_tokens", "total_tokens"},
    )
    assert chunks[-1] == "[DONE]"


async def test_while_it_loads_connections_are_refused(serve, client):
    server = await serve(KIND)
    await server.begin_loading()
    with pytest.raises(httpx.ConnectError):
        await client.get(server.url + "/health")
    await server.finish_loading()
    assert (await client.get(server.url + "/health")).status_code == 200


async def test_the_key_guards_only_v1_and_its_error_is_a_string(serve, client):
    server = await serve(KIND, api_key="k")
    for path in ("/health", "/metrics", "/version"):
        assert (await client.get(server.url + path)).status_code == 200
    refused = await client.get(server.url + "/v1/models")
    assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized"})


async def test_models_tell_their_length(serve, client):
    (row,) = (await client.get((await serve(KIND)).url + "/v1/models")).json()["data"]
    assert (row["id"], row["owned_by"], row["max_model_len"]) == ("m-1", "vllm", 1000)


async def test_metrics_count_running_waiting_tokens_and_successes(serve, client, ask):
    server = await serve(KIND, slots=1)
    usage = (await client.post(server.url + CHAT, json=ask(stream=False, stream_options=None))).json()["usage"]
    page = (await client.get(server.url + "/metrics")).text
    assert figure(page, "generation_tokens_total") == usage["completion_tokens"]
    assert figure(page, "prompt_tokens_total") == usage["prompt_tokens"]
    assert 'finished_reason="stop"} 1' in page
    server.pace = Pace(1e-6)
    calls = [asyncio.ensure_future(client.post(server.url + CHAT, json=ask())) for _ in range(2)]
    await server.signal.until(lambda: (server.slots.running, server.slots.waiting) == (1, 1))
    page = (await client.get(server.url + "/metrics")).text
    assert (figure(page, "num_requests_running"), figure(page, "num_requests_waiting")) == (1, 1)
    assert 0 < figure(page, "kv_cache_usage_perc") < 1
    assert (await client.get(server.url + "/load")).json() == {"server_load": 2}
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"model": "x"}, 404, "The model `x` does not exist."),
        ({"messages": [{"role": "user", "content": "x" * 4800}]}, 400, "maximum context length is 1000 tokens"),
        ({"stream": False}, 400, "Stream options can only be defined"),
    ],
)
async def test_errors_have_its_envelope(serve, client, ask, change, status, text):
    answer = await client.post((await serve(KIND)).url + CHAT, json=ask(**change))
    assert answer.status_code == status == answer.json()["error"]["code"]
    assert text in answer.json()["error"]["message"]


async def test_tokenize_counts(serve, client):
    answer = await client.post((await serve(KIND)).url + "/tokenize", json={"prompt": "abcdefgh"})
    assert answer.json() == {"count": 2, "max_model_len": 1000, "tokens": [0, 1]}
