"""The simulated Ollama on the wire (protocols.md §3)."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

import pytest

from pointsman.core.fleet import EndpointKind
from pointsman.demo.machine import Pace
from pointsman.demo.ollama import seconds_of
from pointsman.demo.problems import Problem

KIND = EndpointKind.OLLAMA
GIB = 1 << 30


def rows(text: str) -> list[dict]:
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def chat(model: str = "m-1", prompt: str = "Hello", **fields) -> dict:
    return {"model": model, "messages": [{"role": "user", "content": prompt}]} | fields


async def loaded(client, server) -> list[str]:
    return [row["name"] for row in (await client.get(server.url + "/api/ps")).json()["models"]]


async def test_chat_is_ndjson_that_ends_with_done_and_statistics_in_nanoseconds(serve, client):
    server = await serve(KIND)
    answer = await client.post(server.url + "/api/chat", json=chat())
    assert answer.headers["content-type"] == "application/x-ndjson"
    *middle, last = rows(answer.text)
    assert all(row["done"] is False and row["message"]["role"] == "assistant" for row in middle)
    assert "Hello" in "".join(row["message"]["content"] for row in middle)
    assert (last["done"], last["done_reason"], last["message"]["content"]) == (True, "stop", "")
    assert last["eval_count"] == len(middle)
    assert 20 <= last["eval_count"] / (last["eval_duration"] / 1e9) <= 40
    assert last["load_duration"] > 0
    assert last["total_duration"] >= last["load_duration"] + last["eval_duration"]


async def test_statistics_that_are_zero_are_left_out(serve, client):
    server = await serve(KIND)
    for _ in range(2):
        answer = await client.post(server.url + "/api/chat", json=chat(stream=False))
    assert "load_duration" not in answer.json()
    assert answer.json()["done"] is True


async def test_thinking_comes_first_in_its_own_field_and_can_be_switched_off(serve, client, model):
    server = await serve(KIND, model(capabilities=frozenset({"chat", "reasoning"})))
    thinking = rows((await client.post(server.url + "/api/chat", json=chat(think=True))).text)
    assert "thinking" in thinking[0]["message"]
    plain = rows((await client.post(server.url + "/api/chat", json=chat(think=False))).text)
    assert not any("thinking" in row["message"] for row in plain)


async def test_thinking_of_a_model_that_cannot_is_refused_with_a_string(serve, client):
    answer = await client.post((await serve(KIND)).url + "/api/chat", json=chat(think=True))
    assert (answer.status_code, answer.json()) == (400, {"error": '"m-1" does not support thinking'})


async def test_a_model_is_in_ps_once_loaded_with_the_context_it_was_loaded_with(serve, client):
    server = await serve(KIND)
    assert await loaded(client, server) == []
    await client.post(server.url + "/api/chat", json=chat(options={"num_ctx": 500}))
    (row,) = (await client.get(server.url + "/api/ps")).json()["models"]
    assert (row["name"], row["context_length"]) == ("m-1", 500)
    assert row["size"] == row["size_vram"] == 5 * GIB
    assert datetime.fromisoformat(row["expires_at"]).timestamp() == pytest.approx(server.now() + 300, abs=5)


async def test_another_num_ctx_reloads_the_model_and_the_same_does_not(serve, client):
    server = await serve(KIND)
    for context in (500, 500, 800):
        await client.post(server.url + "/api/chat", json=chat(options={"num_ctx": context}))
    assert server.loads == 2


async def test_keep_alive_zero_without_a_prompt_unloads(serve, client):
    server = await serve(KIND)
    load = await client.post(server.url + "/api/generate", json={"model": "m-1"})
    assert load.json()["done_reason"] == "load"
    assert await loaded(client, server) == ["m-1"]
    unload = await client.post(server.url + "/api/generate", json={"model": "m-1", "keep_alive": 0})
    assert unload.json()["done_reason"] == "unload"
    assert await loaded(client, server) == []


async def test_a_model_is_forgotten_when_its_time_is_over(serve, client):
    moment = [1_000_000.0]
    server = await serve(KIND, now=lambda: moment[0])
    await client.post(server.url + "/api/chat", json=chat(keep_alive="10m"))
    moment[0] += 599
    assert await loaded(client, server) == ["m-1"]
    moment[0] += 2
    assert await loaded(client, server) == []


async def test_a_model_that_does_not_fit_beside_the_others_evicts_the_one_used_longest_ago(serve, client, model):
    moment = [1_000_000.0]
    big = [model(name, vram=20 * GIB) for name in ("a:1", "b:1", "c:1")]
    server = await serve(KIND, *big, now=lambda: moment[0])
    for name in ("a:1", "b:1", "a:1", "c:1"):
        moment[0] += 1
        await client.post(server.url + "/api/chat", json=chat(name))
    assert sorted(await loaded(client, server)) == ["a:1", "c:1"]


async def test_a_model_that_answers_is_not_evicted_and_the_other_waits(serve, client, model):
    server = await serve(KIND, model("a:1", vram=30 * GIB), model("b:1", vram=30 * GIB))
    await client.post(server.url + "/api/generate", json={"model": "a:1"})
    server.pace = Pace(1e-6)
    first = asyncio.ensure_future(client.post(server.url + "/api/chat", json=chat("a:1")))
    await server.signal.until(lambda: any(job.ready for job in server.active.values()))
    server.pace = Pace(1e9)
    second = asyncio.ensure_future(client.post(server.url + "/api/chat", json=chat("b:1")))
    await server.signal.until(lambda: server.running == 2)
    assert await loaded(client, server) == ["a:1"]
    first.cancel()
    assert (await second).status_code == 200
    assert await loaded(client, server) == ["b:1"]


@pytest.mark.erases
async def test_erasing_is_refused_and_counted_whatever_the_verb(serve, client):
    server = await serve(KIND)
    assert (await client.post(server.url + "/api/delete", json={"name": "m-1"})).status_code == 405
    assert server.violations == 0
    assert (await client.request("DELETE", server.url + "/api/delete", json={"model": "m-1"})).status_code == 405
    assert server.violations == 1
    assert [row["name"] for row in (await client.get(server.url + "/api/tags")).json()["models"]] == ["m-1"]


async def test_a_relay_is_marked_and_never_in_memory(serve, client, model):
    server = await serve(KIND, model("kimi-k2.5:cloud"), model("q:8b", vram=GIB))
    tags = {row["name"]: row for row in (await client.get(server.url + "/api/tags")).json()["models"]}
    assert tags["kimi-k2.5:cloud"]["remote_host"].startswith("https://ollama.com")
    assert "remote_host" not in tags["q:8b"]
    show = (await client.post(server.url + "/api/show", json={"model": "kimi-k2.5:cloud"})).json()
    assert show["remote_model"] == "kimi-k2.5"
    await client.post(server.url + "/api/chat", json=chat("kimi-k2.5:cloud"))
    assert await loaded(client, server) == []


async def test_an_overflow_relays_the_childs_answer_as_a_text(serve, client):
    server = await serve(KIND)
    answer = await client.post(server.url + "/api/chat", json=chat(prompt="x" * 4800, truncate=False))
    assert answer.status_code == 400
    inner = json.loads(answer.json()["error"])["error"]
    assert (inner["type"], inner["n_prompt_tokens"], inner["n_ctx"]) == ("exceed_context_size_error", 1204, 1000)


async def test_by_default_the_oldest_messages_vanish_without_a_word(serve, client):
    server = await serve(KIND)
    messages = [{"role": "user", "content": "x" * 4800}, {"role": "user", "content": "short"}]
    body = {"model": "m-1", "messages": messages, "stream": False}
    kept = await client.post(server.url + "/api/chat", json=body)
    assert kept.json()["prompt_eval_count"] < 10
    refused = await client.post(server.url + "/api/chat", json=body | {"truncate": False, "options": {"num_ctx": 900}})
    assert json.loads(refused.json()["error"])["error"]["n_ctx"] == 900


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/api/chat", chat("nope"), 404, "model 'nope:latest' not found"),
        ("/api/chat", chat(keep_alive="10"), 400, 'time: missing unit in duration "10"'),
        ("/api/show", {"model": "nope"}, 404, "model 'nope:latest' not found"),
    ],
)
async def test_errors_are_strings(serve, client, path, body, status, text):
    answer = await client.post((await serve(KIND)).url + path, json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": text})


async def test_a_full_queue_is_busy(serve, client, monkeypatch):
    monkeypatch.setattr("pointsman.demo.ollama._MOST_WAITING", 1)
    server = await serve(KIND, pace=Pace(1e-6))
    calls = []
    for queued in range(2):
        calls.append(asyncio.ensure_future(client.post(server.url + "/api/chat", json=chat())))
        slots = server.slots_of(server.models["m-1"])
        await server.signal.until(lambda slots=slots, queued=queued: (slots.running, slots.waiting) == (1, queued))
    answer = await client.post(server.url + "/api/chat", json=chat())
    assert (answer.status_code, answer.json()["error"]) == (
        503,
        "server busy, please try again.  maximum pending requests exceeded",
    )
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)


async def test_calls_wait_while_a_model_loads_and_the_daemon_still_answers(serve, client):
    server = await serve(KIND)
    await server.begin_loading()
    call = asyncio.ensure_future(client.post(server.url + "/api/chat", json=chat()))
    assert (await client.get(server.url + "/api/version")).status_code == 200
    assert not call.done()
    await server.finish_loading()
    assert (await call).status_code == 200


async def test_the_openai_path_reports_plain_usage_and_its_errors_are_objects(serve, client, ask, sse):
    server = await serve(KIND)
    chunks = sse((await client.post(server.url + "/v1/chat/completions", json=ask())).text)
    assert set(chunks[-2]["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}
    assert chunks[-1] == "[DONE]"
    refused = await client.post(server.url + "/v1/chat/completions", json=ask(model="nope"))
    assert refused.json()["error"]["type"] == "not_found_error"


async def test_a_foreign_host_header_is_forbidden_with_an_empty_body(serve, client):
    answer = await client.get((await serve(KIND)).url + "/api/tags", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.content) == (403, b"")


async def test_embeddings_are_the_same_for_the_same_text(serve, client, model):
    server = await serve(KIND, model("e:1", capabilities=frozenset({"embedding"})))
    answer = await client.post(server.url + "/api/embed", json={"model": "e:1", "input": ["a", "b", "a"]})
    first, second, third = answer.json()["embeddings"]
    assert first == third != second
    refused = await client.post(server.url + "/api/chat", json=chat("e:1"))
    assert refused.json() == {"error": '"e:1" does not support chat'}


async def test_out_of_memory_has_a_text_that_ollama_uses(serve, client):
    server = await serve(KIND)
    server.faults.toggle("oom")
    answer = await client.post(server.url + "/api/chat", json=chat())
    assert answer.status_code == 500
    assert "out-of-memory" in answer.json()["error"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(None, 300), (30, 30), ("10m", 600), ("1h30m", 5400), ("-1s", -1), (-1, -1), ("500ms", 0.5)],
)
def test_keep_alive_is_read_as_go_reads_it(written, seconds):
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("written", ["10", "soon", "", [], {}])
def test_keep_alive_without_a_unit_is_refused(written):
    with pytest.raises(Problem):
        seconds_of(written)
