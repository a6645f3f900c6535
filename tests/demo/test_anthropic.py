"""The simulated Messages API on the wire (protocols.md §8)."""

from __future__ import annotations

import json

import pytest

from pointsman.core.fleet import EndpointKind

KIND = EndpointKind.ANTHROPIC
HEADERS = {"anthropic-version": "2023-06-01"}


def ask(prompt: str = "Hello", **fields) -> dict:
    return {
        "model": "m-1",
        "max_tokens": 500,
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
    } | fields


def events(text: str) -> list[tuple[str, dict]]:
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    assert all(name == body["type"] for name, body in found)
    return found


@pytest.fixture
async def server(serve, model):
    return await serve(KIND, model("m-1"), model("m-2", max_output=100))


async def test_a_stream_has_the_named_events_in_order_and_no_done(server, client):
    answer = await client.post(server.url + "/v1/messages", json=ask(), headers=HEADERS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer.text)
    names = [name for name, _ in found]
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(names[3:-3]) == {"content_block_delta"}
    assert "Hello" in "".join(body["delta"]["text"] for name, body in found if name == "content_block_delta")
    assert "[DONE]" not in answer.text


async def test_usage_is_split_over_start_and_delta_and_cumulative(server, client):
    found = dict(events((await client.post(server.url + "/v1/messages", json=ask(), headers=HEADERS)).text))
    start = found["message_start"]["message"]
    assert (start["model"], start["usage"]["output_tokens"], start["usage"]["input_tokens"]) == ("m-1", 1, 6)
    assert found["message_delta"]["usage"]["output_tokens"] == server.counters.output_tokens
    assert found["message_delta"]["delta"]["stop_reason"] == "end_turn"


async def test_input_tokens_leave_the_cached_ones_out(server, client):
    cached = [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    for _ in range(2):
        answer = await client.post(server.url + "/v1/messages", json=ask(system=cached, stream=False), headers=HEADERS)
    usage = answer.json()["usage"]
    assert usage["cache_read_input_tokens"] > usage["input_tokens"] == 1


async def test_thinking_only_on_demand_and_in_a_block_of_its_own(server, client):
    body = ask(thinking={"type": "enabled", "budget_tokens": 100})
    found = events((await client.post(server.url + "/v1/messages", json=body, headers=HEADERS)).text)
    blocks = [body["content_block"]["type"] for name, body in found if name == "content_block_start"]
    deltas = [body["delta"]["type"] for name, body in found if name == "content_block_delta"]
    assert blocks == ["thinking", "text"]
    assert deltas.index("signature_delta") < deltas.index("text_delta")


async def test_max_tokens_ends_with_its_own_word(server, client):
    answer = await client.post(server.url + "/v1/messages", json=ask(max_tokens=3, stream=False), headers=HEADERS)
    assert (answer.json()["stop_reason"], answer.json()["usage"]["output_tokens"]) == ("max_tokens", 3)


@pytest.mark.parametrize(
    ("change", "status", "kind", "text"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens: Field required"),
        ({"model": "m-2"}, 400, "invalid_request_error", "max_tokens: 500 > 100, which is the maximum"),
        ({"model": "gone"}, 404, "not_found_error", "model: gone"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "invalid_request_error", "top-level `system`"),
        (
            {"messages": [{"role": "user", "content": "x" * 4800}]},
            400,
            "invalid_request_error",
            "prompt is too long: 1204 tokens > 1000 maximum",
        ),
    ],
)
async def test_errors_have_its_envelope(server, client, change, status, kind, text):
    answer = await client.post(server.url + "/v1/messages", json=ask(**change), headers=HEADERS)
    assert answer.status_code == status
    body = answer.json()
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert text in body["error"]["message"]
    assert body["request_id"].startswith("req_")


async def test_the_version_header_is_required(server, client):
    assert (await client.get(server.url + "/v1/models")).status_code == 400


async def test_the_key_goes_into_its_own_header(serve, client):
    server = await serve(KIND, api_key="k")
    bearer = {**HEADERS, "Authorization": "Bearer k"}
    assert (await client.get(server.url + "/v1/models", headers=bearer)).status_code == 401
    assert (await client.get(server.url + "/v1/models", headers={**HEADERS, "x-api-key": "k"})).status_code == 200


async def test_models_come_in_pages(server, client):
    first = (await client.get(server.url + "/v1/models?limit=1", headers=HEADERS)).json()
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (["m-1"], True)
    rest = (await client.get(server.url + "/v1/models?after_id=m-1", headers=HEADERS)).json()
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == (["m-2"], False)
    assert rest["data"][0]["max_input_tokens"] == 1000


async def test_tokens_can_be_counted(server, client):
    answer = await client.post(server.url + "/v1/messages/count_tokens", json=ask(), headers=HEADERS)
    assert answer.json() == {"input_tokens": 6}


async def test_rate_limit_and_overload_have_their_statuses(server, client):
    server.faults.toggle("429")
    limited = await client.post(server.url + "/v1/messages", json=ask(), headers=HEADERS)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "20")
    assert limited.json()["error"]["type"] == "rate_limit_error"
    await server.begin_loading()
    overloaded = await client.post(server.url + "/v1/messages", json=ask(), headers=HEADERS)
    assert (overloaded.status_code, overloaded.json()["error"]["type"]) == (529, "overloaded_error")
