"""Simulated servers at full speed in the test's own loop, and a plain HTTP client to talk to them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from pointsman.core.fleet import Endpoint, EndpointKind, Locality, Model, Tier
from pointsman.demo.anthropic import AnthropicServer
from pointsman.demo.llama_server import LlamaServer
from pointsman.demo.lmstudio import LmStudioServer
from pointsman.demo.machine import Pace
from pointsman.demo.ollama import OllamaServer
from pointsman.demo.openai import CloudServer
from pointsman.demo.server import SimulatedServer
from pointsman.demo.vllm import VllmServer

SERVERS: dict[EndpointKind, type[SimulatedServer]] = {
    EndpointKind.LLAMA_CPP: LlamaServer,
    EndpointKind.OLLAMA: OllamaServer,
    EndpointKind.VLLM: VllmServer,
    EndpointKind.LMSTUDIO: LmStudioServer,
    EndpointKind.ANTHROPIC: AnthropicServer,
}
LOCAL = (EndpointKind.LLAMA_CPP, EndpointKind.OLLAMA, EndpointKind.VLLM, EndpointKind.LMSTUDIO)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture
def model() -> Callable[..., Model]:
    def make(model_id: str = "m-1", **fields: Any) -> Model:
        given = {"name": model_id.partition(":")[0], "endpoint": "e", "tier": Tier.T1, "context": 1000, **fields}
        return Model(id=model_id, **given)

    return make


@pytest.fixture
async def serve(model: Callable[..., Model]) -> AsyncIterator[Callable[..., Any]]:
    """`await serve(kind, *models, path=..., **options)` gives an open server of that kind."""
    async with AsyncExitStack() as stack:

        async def make(kind: EndpointKind, *models: Model, path: str = "", **options: Any) -> SimulatedServer:
            locality = Locality.LOCAL if kind in LOCAL else Locality.CLOUD
            endpoint = Endpoint(name="e", url=f"http://elsewhere{path}", kind=kind, locality=locality)
            options.setdefault("pace", Pace(1e9))
            server = SERVERS.get(kind, CloudServer)(endpoint, models or (model(),), **options)
            return await stack.enter_async_context(server)

        yield make


@pytest.fixture
def sse() -> Callable[[str], list[Any]]:
    """The data of an event stream: JSON objects, and the text `[DONE]`. Comments must be whole lines."""

    def parse(text: str) -> list[Any]:
        assert text.endswith("\n\n")
        found = []
        for block in text.removesuffix("\n\n").split("\n\n"):
            lines = [line for line in block.split("\n") if not line.startswith(":")]
            data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
            if data:
                found.append(data[0] if data[0] == "[DONE]" else json.loads(data[0]))
        return found

    return parse


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """A chat-completions request body."""

    def make(prompt: str = "Hello there", model: str = "m-1", **fields: Any) -> dict[str, Any]:
        messages = [{"role": "user", "content": prompt}]
        return {
            "model": model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        } | fields

    return make
