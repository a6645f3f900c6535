"""Discovery over real sockets: who answers, by what only that kind says."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.adapters.discover import USUAL_PORTS, Found, discover
from pointsman.core.fleet import EndpointKind

CASES = [
    ({"/v1/models": {"data": [{"id": "q", "owned_by": "llamacpp"}]}, "/api/tags": {"models": []}}, "llama.cpp", ("q",)),
    ({"/v1/models": {"data": [{"id": "v", "owned_by": "vllm"}]}, "/health": b""}, "vllm", ("v",)),
    ({"/v1/models": {"data": [{"id": "s", "owned_by": "llama-swap"}]}, "/health": "OK"}, "openai-compatible", ("s",)),
    (
        {
            "/api/tags": {"models": [{"model": "a:1"}, {"name": "b"}]},
            "/v1/models": {"data": [{"id": "a:1", "owned_by": "library"}]},
        },
        "ollama",
        ("a:1",),
    ),
    (
        {"/lmstudio-greeting": {"lmstudio": True}, "/v1/models": {"data": [{"id": "l", "owned_by": "o"}]}},
        "lmstudio",
        ("l",),
    ),
    ({"/v1/models": {"data": [{"id": "x"}]}}, "openai-compatible", ("x",)),
]


@pytest.mark.parametrize(("answers", "kind", "models"), CASES, ids=[case[1] for case in CASES])
async def test_a_server_is_known_by_what_only_its_kind_says(serve, answers, kind, models) -> None:
    stage = await serve(answers)
    assert await discover([stage.port]) == (Found(kind=EndpointKind(kind), url=stage.url, models=models),)
    assert {request.method for request in stage.seen} == {"GET"}
    assert set(stage.targets) == {"/v1/models", "/lmstudio-greeting", "/api/tags", "/health"}


async def test_a_llama_server_that_loads_or_wants_a_key_is_known_too(serve, answering) -> None:
    loading = answering({"error": {"message": "Loading model", "code": 503}}, 503)
    locked = answering({"error": {"message": "Invalid API Key", "code": 401}}, 401)
    first = await serve({"/v1/models": loading, "/health": loading})
    second = await serve({"/v1/models": locked, "/health": {"status": "ok"}})
    third = await serve({"/v1/models": answering({"error": "Unauthorized"}, 401), "/health": b""})
    found = await discover([first.port, second.port, third.port])
    assert [each.kind for each in found] == [EndpointKind.LLAMA_CPP, EndpointKind.LLAMA_CPP, EndpointKind.VLLM]


async def test_strangers_and_silence_are_not_offered_and_do_not_delay(serve, silent, free_port) -> None:
    stranger = await serve({"/": "hello"})
    mute = await serve(dict.fromkeys(["/v1/models", "/lmstudio-greeting", "/api/tags", "/health"], silent))
    found = await asyncio.wait_for(discover([stranger.port, mute.port, free_port]), 2.5)
    assert found == ()


def test_the_usual_ports_are_those_of_the_documents() -> None:
    assert USUAL_PORTS == (11434, 8080, 8000, 1234, 11437, 11439, 11440)
