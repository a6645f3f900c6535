"""Probes over real sockets, with the payloads of the protocol reference."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from pointsman.adapters.probe import CounterRates, HttpProber
from pointsman.core.fleet import Endpoint, EndpointKind, Locality
from pointsman.core.health import HealthState
from pointsman.ports import Probed

KEY = "sk-canary-0123456789"
LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
LLAMA_MODELS = {
    "object": "list",
    "data": [
        {
            "id": "qwen32b",
            "aliases": ["qwen32b", "coder"],
            "owned_by": "llamacpp",
            "meta": {"n_ctx": 32768, "n_ctx_train": 131072, "size": 19851335680},
        }
    ],
}
LLAMA_PROPS = {"default_generation_settings": {"n_ctx": 32768}, "total_slots": 4, "build_info": "b9000-abc"}
OLLAMA_TAGS = {
    "models": [
        {
            "name": "qwen3:8b",
            "model": "qwen3:8b",
            "size": 5200000000,
            "capabilities": ["completion", "tools", "thinking"],
        },
        {"name": "llava:latest", "model": "llava:latest", "capabilities": ["completion", "vision"]},
        {"name": "gpt-oss:120b-cloud", "model": "gpt-oss:120b-cloud", "size": 384},
        {"name": "mine:latest", "model": "mine:latest", "remote_host": "https://ollama.com", "remote_model": "big"},
    ]
}
OLLAMA_PS = {
    "models": [
        {
            "name": "qwen3:8b",
            "model": "qwen3:8b",
            "size": 7516192768,
            "size_vram": 5368709120,
            "expires_at": "2026-09-01T12:05:00.123456789+02:00",
            "context_length": 8192,
        }
    ]
}


def metrics(tokens: float, seconds: float, *, running: int = 1, waiting: int = 0) -> str:
    return (
        "# HELP llamacpp:tokens_predicted_total Number of generation tokens processed.\n"
        f"llamacpp:tokens_predicted_total {tokens}\nllamacpp:tokens_predicted_seconds_total {seconds}\n"
        f"llamacpp:requests_processing {running}\nllamacpp:requests_deferred {waiting}\n"
        "llamacpp:predicted_tokens_seconds 0\n"
    )


def endpoint(kind: EndpointKind, url: str, **more: Any) -> Endpoint:
    return Endpoint(**{"name": "e", "url": url, "kind": kind, "locality": Locality.LOCAL, **more})


def prober(client: httpx.AsyncClient, **more: Any) -> HttpProber:
    return HttpProber(lambda _: client, **{"environ": {"KEY": KEY}, "wall": lambda: 1000.0, **more})


async def look(client: httpx.AsyncClient, kind: EndpointKind, url: str, **more: Any) -> Probed:
    return await prober(client).probe(endpoint(kind, url, **more))


# --- llama.cpp ---------------------------------------------------------------------------------------------------


def llama(**changed: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "/health": {"status": "ok"},
        "/props": LLAMA_PROPS,
        "/v1/models": LLAMA_MODELS,
        "/metrics": metrics(100, 2.0),
    }
    return {**usual, **{f"/{name.replace('__', '/')}": given for name, given in changed.items()}}


async def test_what_only_a_restart_changes_is_asked_for_once_in_ten_seconds_over_one_connection(serve, client) -> None:
    stage, now = await serve(llama()), [0.0]
    probes = prober(client, monotonic=lambda: now[0])
    seen = []
    for now[0] in (0.0, 2.0, 9.0, 11.0):
        seen.append(await probes.probe(endpoint(EndpointKind.LLAMA_CPP, stage.url)))
    assert stage.targets.count("/health") == stage.targets.count("/metrics") == 4
    assert stage.targets.count("/props") == stage.targets.count("/v1/models") == 2
    assert all(each.status is not None and each.status.slots == 4 for each in seen)


async def test_over_a_new_connection_everything_is_asked_anew(serve) -> None:
    stage = await serve(llama())
    clients = [httpx.AsyncClient() for _ in range(3)]
    probes = HttpProber(lambda _: clients[-1], environ={})
    while clients:
        await probes.probe(endpoint(EndpointKind.LLAMA_CPP, stage.url))
        await clients.pop().aclose()
    assert stage.targets.count("/props") == stage.targets.count("/v1/models") == 3


@pytest.mark.parametrize("props", [{"role": "router"}, {**LLAMA_PROPS, "is_sleeping": True}])
async def test_what_changes_without_a_restart_is_asked_for_at_every_look(serve, client, props) -> None:
    stage = await serve(llama(props=props))
    probes = prober(client)
    for _ in range(3):
        await probes.probe(endpoint(EndpointKind.LLAMA_CPP, stage.url))
    assert stage.targets.count("/v1/models") == 3


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_a_llama_server_tells_its_model_context_slots_and_queue(serve, client, suffix) -> None:
    stage = await serve(llama())
    seen = await look(client, EndpointKind.LLAMA_CPP, stage.url + suffix)
    assert seen.health.state is HealthState.UP
    assert seen.status is not None
    assert seen.status.available == frozenset({"qwen32b"})
    assert [(m.id, m.context, m.size, m.state) for m in seen.status.loaded] == [
        ("qwen32b", 32768, 19851335680, "loaded")
    ]
    assert seen.status.contexts == {"qwen32b": 32768, "coder": 32768}
    assert (seen.status.running, seen.status.waiting, seen.status.slots) == (1, 0, 4)
    assert seen.status.version == "b9000-abc"


async def test_a_llama_server_is_asked_nothing_that_wakes_or_loads_a_model(serve, client) -> None:
    stage = await serve(llama())
    await look(client, EndpointKind.LLAMA_CPP, stage.url)
    assert sorted(stage.targets) == ["/health", "/metrics", "/props", "/v1/models"]
    assert {request.method for request in stage.seen} == {"GET"}


_HALF_OF_THE_SECOND_STAGE = {"stages": ["tensors", "warm-up"], "current": "warm-up", "value": 0.5}


async def test_a_router_is_never_asked_for_one_models_figures_and_its_loaded_models_are_told(serve, client) -> None:
    models = {
        "data": [
            {"id": "a", "status": {"value": "loaded"}},
            {"id": "b", "status": {"value": "unloaded", "failed": True, "exit_code": 1}},
            {"id": "c", "status": {"value": "sleeping"}},
            {"id": "d", "status": {"value": "loading", "progress": _HALF_OF_THE_SECOND_STAGE}},
        ]
    }
    stage = await serve(llama(props={"role": "router", "max_instances": 4}, v1__models=models))
    seen = await look(client, EndpointKind.LLAMA_CPP, stage.url)
    assert sorted(stage.targets) == ["/health", "/props", "/v1/models"]
    assert seen.health.state is HealthState.UP
    assert seen.health.reason == "router, 1 of 4 models loaded; failed to load: b"
    assert seen.status is not None
    assert [(m.id, m.state) for m in seen.status.loaded] == [
        ("a", "loaded"),
        ("c", "sleeping"),
        ("d", "loading"),
    ]
    assert seen.status.loaded[2].done == 0.75
    assert seen.status.available == frozenset("abcd")


async def test_waiting_requests_make_an_endpoint_busy(serve, client) -> None:
    stage = await serve(llama(metrics=metrics(1, 1, running=4, waiting=3)))
    seen = await look(client, EndpointKind.LLAMA_CPP, stage.url)
    assert (seen.health.state, seen.health.reason) == (HealthState.BUSY, "ready; 3 waiting")


async def test_without_metrics_the_queue_is_unknown_and_not_zero(serve, client, answering) -> None:
    refused = answering({"error": {"message": "This server does not support metrics endpoint."}}, 501)
    stage = await serve(llama(metrics=refused))
    seen = await look(client, EndpointKind.LLAMA_CPP, stage.url)
    assert seen.health.state is HealthState.UP
    assert seen.status is not None
    assert (seen.status.running, seen.status.waiting, seen.status.tokens_per_s) == (None, None, None)


async def test_a_sleeping_model_is_up_and_said_to_sleep(serve, client) -> None:
    stage = await serve(llama(props={**LLAMA_PROPS, "is_sleeping": True}))
    seen = await look(client, EndpointKind.LLAMA_CPP, stage.url)
    assert seen.health.state is HealthState.UP
    assert seen.status is not None
    assert seen.status.loaded[0].state == "sleeping"


async def test_speed_comes_from_the_counters_between_two_probes(serve, client, answering) -> None:
    stage = await serve(llama())
    one = prober(client)
    first = await one.probe(endpoint(EndpointKind.LLAMA_CPP, stage.url))
    stage.answers["/metrics"] = answering(metrics(220, 5.0))
    second = await one.probe(endpoint(EndpointKind.LLAMA_CPP, stage.url))
    assert first.status is not None and second.status is not None
    assert (first.status.tokens_per_s, second.status.tokens_per_s) == (None, 40.0)


@pytest.mark.parametrize(
    ("readings", "speeds"),
    [
        ([(0, 100, 1.0), (1, 150, 2.0)], [None, 50.0]),
        ([(0, 100, 1.0), (1, 150, 2.0), (2, 150, 2.0)], [None, 50.0, 50.0]),
        ([(0, 100, 1.0), (1, 150, 2.0), (62, 150, 2.0)], [None, 50.0, None]),
        ([(0, 100, 1.0), (1, 20, 0.5), (2, 50, 1.5)], [None, None, 30.0]),
        ([(0, 100, 1.0), (1, None, None), (2, 150, 2.0)], [None, None, None]),
        ([(0, 100, 1.0), (1, 150, 1.0), (2, 160, 2.0)], [None, None, 60.0]),
    ],
    ids=["measured", "kept", "forgotten after a minute", "restarted", "scrape missing", "seconds lag behind"],
)
def test_counters_give_a_speed_only_when_both_grew(readings, speeds) -> None:
    now = [0.0]
    rates = CounterRates(lambda: now[0])
    seen = []
    for at, tokens, seconds in readings:
        now[0] = at
        seen.append(rates.per_second("e", tokens, seconds))
    assert seen == speeds


# --- failures, of every kind -------------------------------------------------------------------------------------

LOCAL_KINDS = [EndpointKind.LLAMA_CPP, EndpointKind.OLLAMA, EndpointKind.VLLM, EndpointKind.LMSTUDIO]


@pytest.mark.parametrize("kind", list(EndpointKind))
async def test_nothing_listening_is_down_with_the_address(client, free_port, kind) -> None:
    seen = await look(client, kind, f"http://127.0.0.1:{free_port}")
    assert (seen.health.state, seen.status) == (HealthState.DOWN, None)
    assert seen.health.reason == f"connection refused at 127.0.0.1:{free_port}"


@pytest.mark.parametrize("kind", list(EndpointKind))
async def test_silence_is_down_within_the_deadline(serve, client, silent, kind) -> None:
    paths = ("/health", "/api/version", "/lmstudio-greeting", "/v1/models", "/models", "/v1/models?limit=1")
    stage = await serve(dict.fromkeys((*paths, "/api/v1/key", "/v1beta/openai/models"), silent))
    seen = await prober(client, seconds=0.2).probe(endpoint(kind, stage.url))
    assert (seen.health.state, seen.health.reason) == (HealthState.DOWN, "no answer within 0.2 s")


async def test_figures_that_do_not_arrive_leave_the_endpoint_up_and_the_figures_unknown(serve, client, silent) -> None:
    stage = await serve(llama(metrics=silent, props=silent))
    seen = await prober(client, seconds=0.3).probe(endpoint(EndpointKind.LLAMA_CPP, stage.url))
    assert seen.health.state is HealthState.UP
    assert seen.status is not None
    assert (seen.status.slots, seen.status.running) == (None, None)
    assert seen.status.available == frozenset({"qwen32b"})


HEALTH_PATH = {
    EndpointKind.LLAMA_CPP: "/health",
    EndpointKind.OLLAMA: "/api/version",
    EndpointKind.VLLM: "/health",
    EndpointKind.LMSTUDIO: "/lmstudio-greeting",
    EndpointKind.OPENAI: "/v1/models",
    EndpointKind.OPENAI_COMPATIBLE: "/v1/models",
    EndpointKind.ANTHROPIC: "/v1/models?limit=1",
    EndpointKind.OPENROUTER: "/api/v1/key",
}


@pytest.mark.parametrize("kind", HEALTH_PATH)
@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (401, {"error": {"message": "Invalid API Key", "code": 401}}, HealthState.MISCONFIGURED),
        (401, {"error": "Unauthorized"}, HealthState.MISCONFIGURED),
        (403, b"", HealthState.MISCONFIGURED),
        (429, [{"error": {"code": 429, "message": "slow down"}}], HealthState.RATE_LIMITED),
        (402, {"error": {"code": 402, "message": "no credits"}}, HealthState.RATE_LIMITED),
        (500, "<html><b>oops</b></html>", HealthState.DOWN),
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, HealthState.DOWN),
        (307, b"", HealthState.MISCONFIGURED),
    ],
)
async def test_a_refusal_reads_the_same_whoever_refuses(serve, client, answering, kind, status, body, state) -> None:
    stage = await serve({HEALTH_PATH[kind]: answering(body, status, location="http://evil.example/")})
    seen = await look(client, kind, stage.url)
    assert (seen.health.state, seen.status) == (state, None)
    assert len(stage.seen) == 1


@pytest.mark.parametrize("kind", [EndpointKind.LLAMA_CPP, EndpointKind.OPENAI_COMPATIBLE])
async def test_a_server_that_loads_its_model_is_warming(serve, client, answering, kind) -> None:
    stage = await serve({HEALTH_PATH[kind]: answering(LOADING, 503)})
    assert (await look(client, kind, stage.url)).health.state is HealthState.WARMING


async def test_an_older_llama_server_without_a_free_slot_is_busy_and_loading_is_warming(
    serve, client, answering
) -> None:
    stage = await serve({"/health": answering({"status": "no slot available"}, 503)})
    assert (await look(client, EndpointKind.LLAMA_CPP, stage.url)).health.state is HealthState.BUSY
    stage.answers["/health"] = answering({"status": "loading model"}, 503)
    assert (await look(client, EndpointKind.LLAMA_CPP, stage.url)).health.state is HealthState.WARMING


@pytest.mark.parametrize(
    ("kind", "health", "listing"),
    [
        (EndpointKind.LLAMA_CPP, {"/health": {"status": "ok"}}, "/v1/models"),
        (EndpointKind.VLLM, {"/health": b""}, "/v1/models"),
        (EndpointKind.OLLAMA, {"/api/version": {"version": "1"}}, "/api/tags"),
        (EndpointKind.LMSTUDIO, {"/lmstudio-greeting": {"lmstudio": True}}, "/api/v1/models"),
    ],
)
async def test_a_key_refused_on_the_list_is_our_misconfiguration_though_health_is_green(
    serve, client, answering, kind, health, listing
) -> None:
    stage = await serve({**health, listing: answering({"error": "Unauthorized"}, 401)})
    seen = await look(client, kind, stage.url)
    assert seen.health.state is HealthState.MISCONFIGURED
    assert "no key_env is configured" in seen.health.reason


@pytest.mark.parametrize("kind", [*LOCAL_KINDS, EndpointKind.OPENAI, EndpointKind.ANTHROPIC, EndpointKind.OPENROUTER])
async def test_another_server_at_the_address_is_misconfigured_not_down(serve, client, kind) -> None:
    stage = await serve({})
    assert (await look(client, kind, stage.url)).health.state is HealthState.MISCONFIGURED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b'{"data": 7, "models": 7}',
        b"null",
        b'{"models": [[], 1, {"model": 7}]}',
        b"\xff\xfe",
    ],
    ids=["empty", "html", "nested", "numbers", "null", "wrong shapes", "no utf-8"],
)
@pytest.mark.parametrize("kind", LOCAL_KINDS)
async def test_garbage_everywhere_never_raises(serve, client, answering, kind, body) -> None:
    paths = ("/health", "/props", "/v1/models", "/metrics", "/version", "/api/version", "/api/ps", "/api/tags")
    stage = await serve(dict.fromkeys((*paths, "/lmstudio-greeting", "/api/v1/models"), answering(body)))
    seen = await look(client, kind, stage.url)
    assert seen.health.state is HealthState.UP
    assert seen.status is not None and seen.status.loaded == ()


async def test_a_body_without_end_is_given_up(serve, client, answering) -> None:
    stage = await serve({"/v1/models": answering(b" " * (9 * 1024 * 1024))})
    seen = await look(client, EndpointKind.OPENAI, stage.url)
    assert (seen.health.state, seen.health.reason) == (HealthState.DOWN, "ValueError: answered more than 8388608 bytes")


async def test_a_connection_cut_mid_body_is_down_and_named(serve, client, cutting) -> None:
    stage = await serve({"/api/version": cutting})
    seen = await look(client, EndpointKind.OLLAMA, stage.url)
    assert seen.health.state is HealthState.DOWN
    assert "RemoteProtocolError" in seen.health.reason


async def test_what_a_server_says_reaches_us_as_one_printable_line_without_our_key(serve, client, answering) -> None:
    said = f"bad key {KEY}\x1b]52;c;AAAA\x07\r\n\u202e\u2066[red]" + "x" * 5000
    stage = await serve({"/v1/models": answering({"error": {"message": said}}, 401)})
    seen = await look(client, EndpointKind.OPENAI, stage.url, key_env="KEY")
    assert seen.health.reason.isprintable()
    assert len(seen.health.reason) <= 200
    assert KEY not in seen.health.reason


async def test_a_closed_client_is_a_reason_and_not_an_exception(free_port) -> None:
    closed = httpx.AsyncClient(trust_env=False)
    await closed.aclose()
    seen = await look(closed, EndpointKind.OLLAMA, f"http://127.0.0.1:{free_port}")
    assert seen.health.state is HealthState.DOWN


async def test_cancelling_a_probe_cancels_it(serve, client, silent) -> None:
    stage = await serve({"/health": silent})
    task = asyncio.create_task(look(client, EndpointKind.VLLM, stage.url))
    while not stage.seen:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --- keys --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "environment variable KEY is not set"),
        ({"KEY": "  "}, "environment variable KEY is not set"),
        ({"KEY": "sk-a\nX-Evil: 1"}, "environment variable KEY holds more than a key"),
        ({"KEY": "sk-a and more"}, "environment variable KEY holds more than a key"),
        ({"KEY": "sk-ä"}, "environment variable KEY holds more than a key"),
    ],
)
@pytest.mark.parametrize("kind", [EndpointKind.OPENAI, EndpointKind.ANTHROPIC, EndpointKind.OPENROUTER])
async def test_without_a_usable_key_nothing_is_sent(serve, client, kind, environ, reason) -> None:
    stage = await serve({})
    seen = await prober(client, environ=environ).probe(endpoint(kind, stage.url, key_env="KEY"))
    assert (seen.health.state, seen.health.reason) == (HealthState.MISCONFIGURED, reason)
    assert stage.seen == []


async def test_a_retired_endpoint_is_left_alone_and_says_its_successor(serve, client) -> None:
    stage = await serve({})
    seen = await look(client, EndpointKind.OPENAI, stage.url, retired="use openai-2")
    assert (seen.health.state, seen.health.reason, stage.seen) == (HealthState.RETIRED, "use openai-2", [])


@pytest.mark.parametrize(("written", "until"), [("7", 1007.0), ("soon", 1015.0), ("600", 1060.0)])
async def test_a_rate_limited_probe_says_until_when(serve, client, answering, written, until) -> None:
    stage = await serve({"/v1/models": answering({}, 429, retry_after=written)})
    assert (await look(client, EndpointKind.OPENAI, stage.url)).health.until == until


# --- Ollama, vLLM, LM Studio -------------------------------------------------------------------------------------


async def test_ollama_tells_what_is_loaded_what_spilled_and_what_runs_elsewhere(serve, client) -> None:
    stage = await serve({"/api/version": {"version": "0.33.0"}, "/api/ps": OLLAMA_PS, "/api/tags": OLLAMA_TAGS})
    seen = await look(client, EndpointKind.OLLAMA, f"{stage.url}/v1")
    assert seen.health.reason == "ready; qwen3:8b has 2.0 GiB outside VRAM"
    status = seen.status
    assert status is not None
    assert status.version == "0.33.0"
    assert status.available is not None
    assert {"qwen3:8b", "llava:latest", "llava"} <= status.available
    assert status.relays == frozenset({"gpt-oss:120b-cloud", "mine:latest", "mine"})
    (model,) = status.loaded
    assert (model.id, model.size, model.vram, model.context) == ("qwen3:8b", 7516192768, 5368709120, 8192)
    assert model.expires_at == pytest.approx(1788257100.123456)
    assert status.contexts == {"qwen3:8b": 8192}
    assert status.capabilities["qwen3:8b"] == frozenset({"chat", "tools", "reasoning"})
    assert status.capabilities["llava"] == frozenset({"chat", "vision"})
    assert "gpt-oss:120b-cloud" not in status.capabilities
    assert (status.running, status.waiting) == (None, None)
    assert sorted(stage.targets) == ["/api/ps", "/api/tags", "/api/version"]


async def test_ollama_without_a_loaded_model_is_up_and_says_so(serve, client) -> None:
    stage = await serve({"/api/version": {"version": "1"}, "/api/ps": {"models": []}, "/api/tags": {"models": []}})
    seen = await look(client, EndpointKind.OLLAMA, stage.url)
    assert (seen.health.state, seen.health.reason) == (HealthState.UP, "ready, no model loaded")


VLLM_METRICS = """
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting{engine="0",model_name="m"} 4.0
vllm:num_requests_waiting{engine="1",model_name="m"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 4.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.5
vllm:inter_token_latency_seconds_count{engine="0",model_name="m"} 100
vllm:inter_token_latency_seconds_sum{engine="0",model_name="m"} 4.0
"""


async def test_vllm_tells_its_queue_cache_and_context_over_all_engines(serve, client, answering) -> None:
    listed = {"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 32768}]}
    stage = await serve(
        {"/health": b"", "/v1/models": listed, "/metrics": VLLM_METRICS, "/version": {"version": "0.33.0"}}
    )
    one = prober(client)
    seen = await one.probe(endpoint(EndpointKind.VLLM, stage.url))
    assert (seen.health.state, seen.health.reason) == (HealthState.BUSY, "ready; 4 waiting")
    assert seen.status is not None
    assert (seen.status.running, seen.status.waiting, seen.status.kv_used_percent) == (5, 4, 50.0)
    assert (seen.status.contexts, seen.status.version) == ({"m": 32768}, "0.33.0")
    stage.answers["/metrics"] = answering(VLLM_METRICS.replace("} 100", "} 150").replace("} 4.0\n", "} 5.0\n"))
    again = await one.probe(endpoint(EndpointKind.VLLM, stage.url))
    assert again.status is not None and again.status.tokens_per_s == 50.0


async def test_an_older_vllm_tells_its_cache_under_the_older_name(serve, client) -> None:
    stage = await serve({"/health": b"", "/metrics": 'vllm:gpu_cache_usage_perc{model_name="m"} 0.75\n'})
    seen = await look(client, EndpointKind.VLLM, stage.url)
    assert seen.status is not None and seen.status.kv_used_percent == 75.0


async def test_a_dead_vllm_engine_is_down(serve, client, answering) -> None:
    stage = await serve({"/health": answering(b"", 503)})
    seen = await look(client, EndpointKind.VLLM, stage.url)
    assert (seen.health.state, seen.health.reason) == (HealthState.DOWN, "the engine is dead (503 on /health)")


async def test_a_sleeping_vllm_is_said_to_sleep(serve, client) -> None:
    asleep = (
        'vllm:engine_sleep_state{sleep_state="awake"} 0\nvllm:engine_sleep_state{sleep_state="weights_offloaded"} 1\n'
    )
    stage = await serve({"/health": b"", "/metrics": asleep, "/v1/models": {"data": [{"id": "m"}]}})
    seen = await look(client, EndpointKind.VLLM, stage.url)
    assert seen.status is not None
    assert (seen.health.reason, seen.status.loaded[0].state) == ("sleeping", "sleeping")


async def test_lm_studio_lists_everything_downloaded_but_only_instances_are_loaded(serve, client) -> None:
    instance = {"id": "qwen3-8b:2", "config": {"context_length": 16384, "parallel": 4}}
    listed = {
        "models": [
            {
                "type": "llm",
                "key": "qwen3-8b",
                "size_bytes": 5,
                "loaded_instances": [instance],
                "max_context_length": 40960,
            },
            {"type": "llm", "key": "other", "loaded_instances": []},
        ]
    }
    stage = await serve({"/lmstudio-greeting": {"lmstudio": True}, "/api/v1/models": listed})
    seen = await look(client, EndpointKind.LMSTUDIO, f"{stage.url}/v1")
    assert seen.status is not None
    assert [(m.id, m.context, m.size) for m in seen.status.loaded] == [("qwen3-8b", 16384, 5)]
    assert seen.status.available == frozenset({"qwen3-8b", "qwen3-8b:2", "other"})
    assert seen.status.contexts == {"qwen3-8b": 16384, "qwen3-8b:2": 16384}


async def test_an_older_lm_studio_is_read_by_its_older_list(serve, client) -> None:
    listed = {
        "data": [{"id": "a", "state": "loaded", "loaded_context_length": 4096}, {"id": "b", "state": "not-loaded"}]
    }
    stage = await serve({"/lmstudio-greeting": {"lmstudio": True}, "/api/v0/models": listed})
    seen = await look(client, EndpointKind.LMSTUDIO, stage.url)
    assert seen.status is not None
    assert [(m.id, m.context) for m in seen.status.loaded] == [("a", 4096)]
    assert seen.status.available == frozenset("ab")


# --- clouds and gateways -----------------------------------------------------------------------------------------


async def test_a_cloud_is_asked_for_its_models_with_the_key_and_lists_them(serve, client) -> None:
    stage = await serve({"/v1/models": {"data": [{"id": "kimi-k2.6", "context_length": 262144}, {"id": ""}, 7]}})
    seen = await look(client, EndpointKind.MOONSHOT, stage.url, key_env="KEY", locality=Locality.CLOUD)
    assert (seen.health.state, seen.health.reason) == (HealthState.UP, "reachable, key accepted")
    assert seen.status is not None
    assert (seen.status.available, seen.status.contexts) == (frozenset({"kimi-k2.6"}), {"kimi-k2.6": 262144})
    assert stage.seen[0].headers["authorization"] == f"Bearer {KEY}"


async def test_gemini_ids_lose_their_prefix(serve, client) -> None:
    stage = await serve({"/v1beta/openai/models": {"data": [{"id": "models/gemini-3.5-flash"}]}})
    seen = await look(client, EndpointKind.GEMINI, f"{stage.url}/v1beta/openai/")
    assert seen.status is not None and seen.status.available == frozenset({"gemini-3.5-flash"})


async def test_anthropic_is_asked_with_its_own_headers(serve, client) -> None:
    stage = await serve({"/v1/models?limit=1": {"data": [{"type": "model", "id": "claude-x"}], "has_more": True}})
    seen = await look(client, EndpointKind.ANTHROPIC, stage.url, key_env="KEY")
    headers = stage.seen[0].headers
    assert seen.health.state is HealthState.UP
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "authorization" not in headers
    assert seen.status is not None and seen.status.available is None


@pytest.mark.parametrize(
    ("data", "state", "reason"),
    [
        ({"limit": None, "limit_remaining": None, "usage": 3}, HealthState.UP, "reachable, key accepted"),
        ({"limit": 10, "limit_remaining": 2.5}, HealthState.UP, "reachable, key accepted; 2.50 of 10 USD left"),
        ({"limit": 10, "limit_remaining": 0}, HealthState.RATE_LIMITED, "the key's limit of 10 USD is used up"),
        ({"limit": 10, "limit_remaining": -0.5}, HealthState.RATE_LIMITED, "the key's limit of 10 USD is used up"),
    ],
)
async def test_openrouter_is_asked_about_the_key(serve, client, data, state, reason) -> None:
    stage = await serve({"/api/v1/key": {"data": data}})
    seen = await look(client, EndpointKind.OPENROUTER, f"{stage.url}/api/v1", key_env="KEY")
    assert (seen.health.state, seen.health.reason, stage.targets) == (state, reason, ["/api/v1/key"])


async def test_a_gateway_that_lists_no_models_is_up_all_the_same(serve, client) -> None:
    stage = await serve({})
    seen = await look(client, EndpointKind.OPENAI_COMPATIBLE, stage.url)
    assert (seen.health.state, seen.health.reason) == (HealthState.UP, "answers, but lists no models (404)")


async def test_llama_swap_is_only_asked_for_its_list_and_tells_what_is_loaded(serve, client) -> None:
    listed = {"data": [{"id": "a", "status": {"value": "loaded"}}, {"id": "b", "status": {"value": "unloaded"}}]}
    stage = await serve({"/v1/models": listed})
    seen = await look(client, EndpointKind.OPENAI_COMPATIBLE, stage.url)
    assert stage.targets == ["/v1/models"]
    assert seen.status is not None and [m.id for m in seen.status.loaded] == ["a"]


async def test_latency_is_the_first_answers_time_by_the_given_clock(serve, client) -> None:
    stage = await serve({"/v1/models": {"data": []}})
    ticks = iter([10.0, 10.025])
    seen = await prober(client, monotonic=lambda: next(ticks)).probe(endpoint(EndpointKind.OPENAI, stage.url))
    assert seen.status is not None
    assert seen.status.latency_ms == pytest.approx(25.0)
    assert seen.status.checked_at == 1000.0
