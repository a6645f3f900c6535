"""Both sides of the wire meet: the program's own backends and prober read every simulated server."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.probe import HttpProber
from pointsman.core.fleet import EndpointKind as K
from pointsman.core.health import HealthState
from pointsman.core.outcome import FailureKind
from pointsman.core.request import Message
from pointsman.demo.machine import Pace
from pointsman.ports import Call, CallFailed, Finish, Reasoning, Text, Ticket

KINDS = tuple(K)
LOCAL = (K.LLAMA_CPP, K.OLLAMA, K.VLLM, K.LMSTUDIO)


@pytest.fixture
async def clients():
    clients = Clients()
    yield clients
    await clients.aclose()


@pytest.fixture
def ask_through(clients):
    """All chunks of one call through the backend of the server's kind."""

    async def ask(server, prompt: str = "Hello there") -> list:
        endpoint = replace(server.endpoint, url=server.url, simulated=True)
        (model, *_) = server.models.values()
        call = Call(endpoint=endpoint, model=model, messages=(Message(role="user", text=prompt),), max_output=400)
        ticket = Ticket(id="t", request="r", model=model.name, endpoint=endpoint.name)
        backend = open_backend(endpoint, clients, time.time)
        return [chunk async for chunk in backend.stream(ticket, call)]

    return ask


@pytest.mark.parametrize("kind", KINDS)
async def test_every_dialect_is_read_to_its_end_with_true_usage(serve, ask_through, kind):
    server = await serve(kind)
    *chunks, finish = await ask_through(server)
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, Text))
    assert text.startswith("**m-1**")
    assert isinstance(finish, Finish)
    assert finish.reason == "stop"
    assert finish.usage is not None
    assert finish.usage.output == server.counters.output_tokens
    assert finish.usage.input == server.counters.prompt_tokens + server.counters.cached_tokens


@pytest.mark.parametrize("kind", [K.LLAMA_CPP, K.OLLAMA, K.VLLM, K.LMSTUDIO, K.DEEPSEEK, K.MOONSHOT, K.OPENROUTER])
async def test_reasoning_is_told_from_text_in_every_dialect_that_shows_it(serve, ask_through, model, kind):
    server = await serve(kind, model(capabilities=frozenset({"chat", "reasoning"})))
    chunks = await ask_through(server)
    assert any(isinstance(chunk, Reasoning) for chunk in chunks)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("429", {FailureKind.RATE_LIMITED}),
        ("oom", {FailureKind.OUT_OF_MEMORY, FailureKind.SERVER_ERROR}),
        ("cut", {FailureKind.STREAM_CUT}),
        ("overflow", {FailureKind.CONTEXT_OVERFLOW}),
        ("kill", {FailureKind.REFUSED}),
    ],
)
async def test_every_fault_is_recognised_in_every_dialect(serve, ask_through, kind, fault, expected):
    server = await serve(kind)
    if fault == "kill":
        await server.kill()
    elif fault != "overflow":
        server.faults.toggle(fault)
    with pytest.raises(CallFailed) as failed:
        await ask_through(server, "x" * 4800 if fault == "overflow" else "Hello there")
    seen = failed.value.failed
    assert seen.kind in expected
    assert (seen.kind is FailureKind.OUT_OF_MEMORY) == (fault == "oom" and kind in LOCAL)


@pytest.mark.parametrize("kind", [K.OPENAI, K.ANTHROPIC, K.MOONSHOT, K.OPENROUTER, K.GEMINI])
async def test_the_wait_of_a_rate_limit_is_read_wherever_the_provider_puts_it(serve, ask_through, kind):
    server = await serve(kind)
    server.faults.toggle("429")
    with pytest.raises(CallFailed) as failed:
        await ask_through(server)
    assert failed.value.failed.retry_after == 20


async def test_a_loading_llama_server_is_loading_and_not_a_failure(serve, ask_through):
    server = await serve(K.LLAMA_CPP)
    await server.begin_loading()
    with pytest.raises(CallFailed) as failed:
        await ask_through(server)
    assert failed.value.failed.kind is FailureKind.LOADING


@pytest.mark.parametrize("kind", KINDS)
async def test_the_prober_finds_every_server_up_and_leaves_no_trace(serve, clients, kind):
    server = await serve(kind)
    endpoint = replace(server.endpoint, url=server.url, simulated=True)
    probed = await HttpProber(clients.of).probe(endpoint)
    assert probed.health.state is HealthState.UP
    assert probed.status is not None
    assert (server.counters.calls, server.violations) == (0, 0)


async def test_the_queue_of_a_busy_server_is_seen(serve, clients, ask_through):
    server = await serve(K.LLAMA_CPP, slots=1, pace=Pace(1e-6))
    calls = [asyncio.ensure_future(ask_through(server)) for _ in range(3)]
    await server.signal.until(lambda: (server.slots.running, server.slots.waiting) == (1, 2))
    probed = await HttpProber(clients.of).probe(replace(server.endpoint, url=server.url, simulated=True))
    assert probed.status is not None
    assert (probed.status.running, probed.status.waiting) == (1, 2)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    await server.signal.until(lambda: server.slots.running == 0)
    assert server.http.hang_ups == 3
