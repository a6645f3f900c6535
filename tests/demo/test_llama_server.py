"""The simulated llama-server on the wire (protocols.md §2)."""

from __future__ import annotations

import asyncio
import math

import httpx
import pytest

from pointsman.core.fleet import EndpointKind
from pointsman.demo.machine import Pace

KIND = EndpointKind.LLAMA_CPP
CHAT = "/v1/chat/completions"


def figures(text: str) -> dict[str, float]:
    """A Prometheus page as numbers by name."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines}


async def test_a_stream_has_role_text_finish_usage_with_timings_and_done(serve, client, ask, sse):
    server = await serve(KIND)
    answer = await client.post(server.url + CHAT, json=ask("Explain TCP"))
    assert answer.headers["content-type"] == "text/event-stream"
    first, *middle, finish, usage, done = sse(answer.text)
    assert first["choices"] == [{"index": 0, "delta": {"role": "assistant", "content": None}, "finish_reason": None}]
    assert {chunk["object"] for chunk in (first, *middle, finish, usage)} == {"chat.completion.chunk"}
    text = "".join(chunk["choices"][0]["delta"]["content"] for chunk in middle)
    assert "Explain TCP" in text
    assert finish["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop"}
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == len(middle) == usage["timings"]["predicted_n"]
    assert usage["usage"]["total_tokens"] == usage["usage"]["prompt_tokens"] + len(middle)
    timings = usage["timings"]
    assert timings["prompt_n"] + timings["cache_n"] == usage["usage"]["prompt_tokens"]
    assert timings["predicted_per_second"] == pytest.approx(
        timings["predicted_n"] / (timings["predicted_ms"] / 1000), rel=0.01
    )
    assert done == "[DONE]"


async def test_without_include_usage_the_timings_ride_on_the_finish_chunk(serve, client, ask, sse):
    server = await serve(KIND)
    chunks = sse((await client.post(server.url + CHAT, json=ask(stream_options=None))).text)
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert "timings" in chunks[-2]
    assert not any("usage" in chunk for chunk in chunks[:-1])


async def test_reasoning_comes_before_the_text_in_its_own_field(serve, client, ask, sse, model):
    server = await serve(KIND, model(capabilities=frozenset({"chat", "reasoning"})))
    deltas = [
        chunk["choices"][0]["delta"]
        for chunk in sse((await client.post(server.url + CHAT, json=ask())).text)[:-2]
        if chunk["choices"]
    ]
    thinking = ["reasoning_content" in delta for delta in deltas[1:-1]]
    assert thinking[0]
    assert thinking == sorted(thinking, reverse=True)


async def test_the_model_named_in_the_request_is_ignored_and_the_reply_names_its_own(serve, client, ask):
    server = await serve(KIND)
    answer = await client.post(server.url + CHAT, json=ask(model="another", stream=False))
    assert answer.json()["model"] == "m-1"
    assert answer.json()["choices"][0]["message"]["content"].startswith("**m-1**")


async def test_a_long_prompt_is_refused_with_the_real_numbers(serve, client, ask):
    server = await serve(KIND)
    answer = await client.post(server.url + CHAT, json=ask("x" * 4800))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error == {
        "code": 400,
        "type": "exceed_context_size_error",
        "message": "request (1204 tokens) exceeds the available context size (1000 tokens), try increasing it",
        "n_prompt_tokens": 1204,
        "n_ctx": 1000,
    }


async def test_max_tokens_ends_an_answer_with_length(serve, client, ask, sse):
    server = await serve(KIND)
    chunks = sse((await client.post(server.url + CHAT, json=ask(max_tokens=3))).text)
    assert chunks[-3]["choices"][0]["finish_reason"] == "length"
    assert chunks[-2]["usage"]["completion_tokens"] == 3


async def test_while_it_loads_every_path_says_so_before_the_key_is_looked_at(serve, client):
    server = await serve(KIND, api_key="k")
    await server.begin_loading()
    for path in ("/health", "/v1/models", "/metrics"):
        answer = await client.get(server.url + path)
        assert answer.status_code == 503
        assert answer.json() == {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
    await server.finish_loading()
    assert (await client.get(server.url + "/health")).json() == {"status": "ok"}


async def test_the_key_is_wanted_everywhere_but_at_the_health_path(serve, client):
    server = await serve(KIND, api_key="right")
    assert (await client.get(server.url + "/health")).status_code == 200
    refused = await client.get(server.url + "/v1/models")
    assert refused.status_code == 401
    assert refused.json() == {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}
    for headers in ({"Authorization": "Bearer right"}, {"X-Api-Key": "right"}):
        assert (await client.get(server.url + "/v1/models", headers=headers)).status_code == 200


async def test_models_and_props_tell_the_context(serve, client):
    server = await serve(KIND)
    (row,) = (await client.get(server.url + "/v1/models")).json()["data"]
    assert (row["id"], row["meta"]["n_ctx"], row["owned_by"]) == ("m-1", 1000, "llamacpp")
    props = (await client.get(server.url + "/props")).json()
    assert props["default_generation_settings"]["n_ctx"] == 1000
    assert (props["total_slots"], props["is_sleeping"]) == (2, False)


async def test_the_counters_count_and_the_gauges_are_zeroed_by_reading_them(serve, client, ask, sse):
    server = await serve(KIND)
    usage = sse((await client.post(server.url + CHAT, json=ask())).text)[-2]["usage"]
    page = await client.get(server.url + "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    seen = figures(page.text)
    assert seen["llamacpp:tokens_predicted_total"] == usage["completion_tokens"]
    assert seen["llamacpp:prompt_tokens_total"] == usage["prompt_tokens"]
    assert seen["llamacpp:predicted_tokens_seconds"] > 0
    again = figures((await client.get(server.url + "/metrics")).text)
    assert again["llamacpp:predicted_tokens_seconds"] == 0
    assert again["llamacpp:tokens_predicted_total"] == usage["completion_tokens"]


async def test_a_repeated_prompt_is_cached_and_the_cached_part_is_not_counted_as_read(serve, client, ask):
    server = await serve(KIND)
    for _ in range(2):
        answer = await client.post(server.url + CHAT, json=ask(stream=False))
    usage = answer.json()["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"] - 1
    assert answer.json()["timings"]["prompt_n"] == 1


async def test_more_calls_than_slots_queue_and_a_caller_who_hangs_up_frees_his_place(serve, client, ask):
    server = await serve(KIND, pace=Pace(1e-6))
    calls = [asyncio.ensure_future(client.post(server.url + CHAT, json=ask())) for _ in range(3)]
    await server.signal.until(lambda: (server.slots.running, server.slots.waiting) == (2, 1))
    seen = figures((await client.get(server.url + "/metrics")).text)
    assert (seen["llamacpp:requests_processing"], seen["llamacpp:requests_deferred"]) == (2, 1)
    slots = (await client.get(server.url + "/slots")).json()
    assert [slot["is_processing"] for slot in slots] == [True, True]
    assert slots[0]["next_token"][0]["n_decoded"] == 0
    full = await client.get(server.url + "/slots?fail_on_no_slot=1")
    assert full.json()["error"]["message"] == "no slot available"
    calls[0].cancel()
    await server.signal.until(lambda: server.slots.waiting == 0)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    await server.signal.until(lambda: server.slots.running == 0)
    assert server.http.hang_ups == 3


async def test_malformed_json_is_a_500_as_in_the_original(serve, client):
    server = await serve(KIND)
    answer = await client.post(server.url + CHAT, content=b"{")
    assert answer.status_code == 500
    assert "parse_error.101" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "not_found_error"),
        ("GET", "/api/tags", 404, "not_found_error"),
        ("POST", "/v1/embeddings", 501, "not_supported_error"),
        ("POST", CHAT, 400, "invalid_request_error"),
    ],
)
async def test_refusals_have_its_envelope(serve, client, method, path, status, kind):
    server = await serve(KIND)
    answer = await client.request(method, server.url + path, json={})
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind
    assert answer.json()["error"]["code"] == status


async def test_with_several_models_an_unknown_name_is_a_400_as_in_its_router(serve, client, ask, model):
    server = await serve(KIND, model("a"), model("b"))
    answer = await client.post(server.url + CHAT, json=ask(model="c"))
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "model 'c' not found")


async def test_a_stream_can_be_cut_after_some_tokens(serve, client, ask):
    server = await serve(KIND)
    server.faults.cut_after = 4
    received = b""
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        async with client.stream("POST", server.url + CHAT, json=ask()) as answer:
            async for data in answer.aiter_bytes():
                received += data
    assert received.count(b'"content":"') == 4
    assert b"[DONE]" not in received
    assert b'"stop"' not in received


async def test_out_of_memory_is_a_500_with_the_allocators_text(serve, client, ask):
    server = await serve(KIND)
    server.faults.oom = True
    answer = await client.post(server.url + CHAT, json=ask())
    assert answer.status_code == 500
    assert "cudaMalloc failed: out of memory" in answer.json()["error"]["message"]
    assert any("out of memory" in line for line in server.log)


async def test_a_killed_server_refuses_and_breaks_its_streams(serve, client, ask):
    server = await serve(KIND, pace=Pace(1e-6))
    call = asyncio.ensure_future(client.post(server.url + CHAT, json=ask()))
    await server.signal.until(lambda: server.slots.running == 1)
    await server.kill()
    with pytest.raises(httpx.RemoteProtocolError):
        await call
    with pytest.raises(httpx.ConnectError):
        await client.get(server.url + "/health")


async def test_a_start_goes_through_loading_and_begins_to_count_anew(serve, client, ask):
    server = await serve(KIND, load_seconds=math.inf)
    await client.post(server.url + CHAT, json=ask())
    await server.stop()
    await server.start()
    assert (await client.get(server.url + "/health")).status_code == 503
    await server.finish_loading()
    seen = figures((await client.get(server.url + "/metrics")).text)
    assert seen["llamacpp:tokens_predicted_total"] == 0


async def test_slow_means_ten_times_slower(serve, client, ask):
    server = await serve(KIND)
    fast = (await client.post(server.url + CHAT, json=ask(stream=False))).json()["timings"]
    server.faults.toggle("slow")
    server.reset()
    slow = (await client.post(server.url + CHAT, json=ask(stream=False))).json()["timings"]
    assert slow["predicted_per_second"] == pytest.approx(fast["predicted_per_second"] / 10, abs=0.01)
    assert slow["prompt_ms"] == pytest.approx(fast["prompt_ms"] * 10, rel=0.01)
