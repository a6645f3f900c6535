"""The simulated fleet as a whole: rebound URLs, services, faults, GPUs, and nothing left behind."""

from __future__ import annotations

import asyncio
import math
import threading
from types import MappingProxyType

import httpx
import pytest

from pointsman.core.fleet import (
    Endpoint,
    EndpointKind,
    Fleet,
    Locality,
    Model,
    Service,
    ServiceKind,
    Tier,
)
from pointsman.core.snapshot import HostSample, ServiceState
from pointsman.demo.faults import DemoFault
from pointsman.demo.fleet import SimulatedFleet
from pointsman.demo.server import Life

GIB = 1 << 30


def endpoint(name: str, url: str, kind: EndpointKind, locality: Locality, **fields) -> Endpoint:
    return Endpoint(name=name, url=url, kind=kind, locality=locality, **fields)


def model(name: str, model_id: str, at: str, **fields) -> Model:
    return Model(name=name, id=model_id, endpoint=at, tier=Tier.T1, **fields)


LOCAL, CLOUD = Locality.LOCAL, Locality.CLOUD
ENDPOINTS = (
    endpoint("coder-gpu", "http://127.0.0.1:11439", EndpointKind.LLAMA_CPP, LOCAL, service="llama-coder", group="gpu0"),
    endpoint("review", "http://127.0.0.1:11437", EndpointKind.LLAMA_CPP, LOCAL, service="llama-qwen"),
    endpoint("ollama", "http://127.0.0.1:11434", EndpointKind.OLLAMA, LOCAL, service="ollama"),
    endpoint("vllm", "http://127.0.0.1:8000", EndpointKind.VLLM, LOCAL),
    endpoint("studio", "http://127.0.0.1:1234", EndpointKind.LMSTUDIO, LOCAL),
    endpoint("anthropic", "https://api.anthropic.com", EndpointKind.ANTHROPIC, CLOUD, key_env="ANTHROPIC_API_KEY"),
    endpoint(
        "openrouter", "https://openrouter.ai/api/v1", EndpointKind.OPENROUTER, CLOUD, key_env="OPENROUTER_API_KEY"
    ),
    endpoint("port-11441", "http://127.0.0.1:11441", EndpointKind.OLLAMA, LOCAL, retired="use ollama"),
)
MODELS = (
    model("coder-next", "qwen3-coder-next-q5k", "coder-gpu", vram=57 * GIB, kv_cache=24 * GIB, speed=(500, 500)),
    model("qwen", "qwen3-32b-q5k", "review", vram=23 * GIB),
    model("vl", "qwen3-vl:8b", "ollama", vram=10 * GIB),
    model("old", "old:1", "ollama", retired="use vl"),
    model("opus", "claude-opus", "anthropic", price_in=15_000),
    model("glm", "z-ai/glm-4.7", "openrouter"),
)
SERVICES = tuple(
    Service(name=name, kind=ServiceKind.SYSTEMD_USER, unit=f"{name}.service")
    for name in ("llama-coder", "llama-qwen", "ollama", "unrelated")
)


@pytest.fixture
def given() -> Fleet:
    return Fleet(
        policy="test",
        revision="r",
        endpoints=MappingProxyType({e.name: e for e in ENDPOINTS}),
        models=MappingProxyType({m.name: m for m in MODELS}),
        roles=MappingProxyType({}),
        routes=(),
        services=MappingProxyType({s.name: s for s in SERVICES}),
    )


async def state_of(demo: SimulatedFleet, name: str) -> ServiceState:
    return next(status.state for status in await demo.services.status() if status.name == name)


def fault(demo: SimulatedFleet, name: str, at: str) -> DemoFault:
    return next(fault for fault in demo.faults if (fault.name, fault.endpoint) == (name, at))


async def test_endpoints_are_rebound_to_loopback_and_keep_everything_else(given):
    async with SimulatedFleet(given, speed=1e9) as demo:
        for name, rebound in demo.fleet.endpoints.items():
            before = given.endpoints[name]
            assert (rebound.kind, rebound.locality, rebound.group) == (before.kind, before.locality, before.group)
            if before.retired is None:
                assert rebound.url.startswith("http://127.0.0.1:")
                assert (rebound.simulated, rebound.key_env) == (True, None)
            else:
                assert rebound == before
        assert demo.fleet.endpoints["openrouter"].url.endswith("/api/v1")
        assert demo.fleet.models == given.models
        assert {service.kind for service in demo.fleet.services.values()} == {ServiceKind.SIMULATED}


async def test_every_endpoint_answers_its_own_liveness_path(given, client):
    paths = {
        "coder-gpu": "/health",
        "ollama": "/api/version",
        "vllm": "/health",
        "studio": "/lmstudio-greeting",
        "anthropic": "/v1/models",
        "openrouter": "/models",
    }
    async with SimulatedFleet(given, speed=1e9) as demo:
        for name, path in paths.items():
            url = demo.fleet.endpoints[name].url + path
            answer = await client.get(url, headers={"anthropic-version": "2023-06-01"})
            assert answer.status_code == 200, name


async def test_retired_models_are_not_served(given, client):
    async with SimulatedFleet(given, speed=1e9) as demo:
        tags = (await client.get(demo.fleet.endpoints["ollama"].url + "/api/tags")).json()
        assert [row["name"] for row in tags["models"]] == ["qwen3-vl:8b"]


async def test_a_service_found_down_is_started_and_answers_after_loading(given, client):
    async with SimulatedFleet(given, speed=1e9, load_seconds=math.inf) as demo:
        url = demo.fleet.endpoints["review"].url
        assert await state_of(demo, "llama-qwen") is ServiceState.INACTIVE
        with pytest.raises(httpx.ConnectError):
            await client.get(url + "/health")
        result = await demo.services.act("llama-qwen", "start")
        assert result.ok
        assert result.argv == demo.services.command("llama-qwen", "start")
        assert await state_of(demo, "llama-qwen") is ServiceState.STARTING
        assert (await client.get(url + "/health")).status_code == 503
        await demo.play(fault(demo, "loading", "review"))
        assert await state_of(demo, "llama-qwen") is ServiceState.ACTIVE
        assert (await client.get(url + "/health")).json() == {"status": "ok"}
        lines = await demo.services.logs("llama-qwen", 50)
        assert any("loading model 'qwen3-32b-q5k'" in line for line in lines)
        assert "model loaded" in lines[-1] or "listening" in lines[-1]
        assert await demo.services.logs("llama-qwen", 1) == lines[-1:]


async def test_a_restart_ends_by_itself_and_is_another_invocation(given, client):
    async with SimulatedFleet(given, speed=1e9) as demo:
        before = next(s for s in await demo.services.status() if s.name == "llama-coder")
        await demo.services.act("llama-coder", "restart")
        await demo.until("coder-gpu", lambda server: server.life is Life.UP)
        after = next(s for s in await demo.services.status() if s.name == "llama-coder")
        assert (before.state, after.state) == (ServiceState.ACTIVE, ServiceState.ACTIVE)
        assert before.invocation != after.invocation
        assert before.pid != after.pid


async def test_a_stopped_service_refuses(given, client):
    async with SimulatedFleet(given, speed=1e9) as demo:
        await demo.services.act("llama-coder", "stop")
        assert await state_of(demo, "llama-coder") is ServiceState.INACTIVE
        with pytest.raises(httpx.ConnectError):
            await client.get(demo.fleet.endpoints["coder-gpu"].url + "/health")


async def test_an_unknown_service_or_verb_is_a_key_error(given):
    async with SimulatedFleet(given, speed=1e9) as demo:
        for name, verb in (("nope", "start"), ("ollama", "rm"), ("unrelated", "start")):
            with pytest.raises(KeyError):
                demo.services.command(name, verb)


async def test_a_killed_endpoint_is_a_failed_service_and_can_be_revived(given, client):
    async with SimulatedFleet(given, speed=1e9) as demo:
        url = demo.fleet.endpoints["coder-gpu"].url + "/health"
        assert "killed" in await demo.play(fault(demo, "kill", "coder-gpu"))
        assert await state_of(demo, "llama-coder") is ServiceState.FAILED
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
        assert fault(demo, "kill", "coder-gpu").title == "Revive coder-gpu"
        assert "revived" in await demo.play(fault(demo, "kill", "coder-gpu"))
        assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize("name", ["slow", "429", "oom", "cut", "loading", "kill"])
async def test_every_fault_is_a_toggle(given, client, ask, name):
    async with SimulatedFleet(given, speed=1e9) as demo:
        url = demo.fleet.endpoints["coder-gpu"].url + "/v1/chat/completions"
        played = DemoFault(name=name, endpoint="coder-gpu", title="")
        said = [await demo.play(played), await demo.play(played)]
        assert said[0] != said[1]
        assert (await client.post(url, json=ask())).text.endswith("data: [DONE]\n\n")


async def test_only_faults_that_the_real_endpoint_could_show_are_offered(given):
    async with SimulatedFleet(given, speed=1e9) as demo:
        offered: dict[str, set[str]] = {}
        for entry in demo.faults:
            offered.setdefault(entry.endpoint, set()).add(entry.name)
    assert offered["coder-gpu"] == {"kill", "slow", "oom", "cut", "loading"}
    assert offered["anthropic"] == {"kill", "slow", "429", "cut"}
    assert "port-11441" not in offered


async def test_an_unknown_fault_or_endpoint_is_a_key_error(given):
    async with SimulatedFleet(given, speed=1e9) as demo:
        for name, at in (("flood", "ollama"), ("kill", "nowhere")):
            with pytest.raises(KeyError):
                await demo.play(DemoFault(name=name, endpoint=at, title=""))


async def test_gpu_memory_follows_the_models_that_are_loaded(given, client, ask):
    async with SimulatedFleet(given, speed=1e9) as demo:
        first, second = (await demo.host.sample()).gpus
        assert all(gpu.name.startswith("Simulated ") for gpu in (first, second))
        assert (first.vram_used, second.vram_used) == (81 * GIB, 0)
        assert [process.endpoint for process in first.processes] == ["coder-gpu"]
        body = {"model": "qwen3-vl:8b", "messages": [{"role": "user", "content": "hi"}]}
        await client.post(demo.fleet.endpoints["ollama"].url + "/api/chat", json=body)
        assert (await demo.host.sample()).gpus[1].vram_used == 10 * GIB
        await demo.play(fault(demo, "kill", "coder-gpu"))
        assert (await demo.host.sample()).gpus[0].vram_used == 0


async def test_beside_the_real_machine_only_the_gpus_are_simulated(given):
    class Real:
        async def sample(self) -> HostSample:
            return HostSample(taken_at=5.0, ram_total=64 * GIB, cpu_percent=3.0)

    async with SimulatedFleet(given, speed=1e9) as demo:
        sample = await demo.host_beside(Real()).sample()
    assert (sample.taken_at, sample.ram_total, sample.cpu_percent) == (5.0, 64 * GIB, 3.0)
    assert sample.gpu_note == "GPUs simulated"
    assert len(sample.gpus) == 2


async def test_a_caller_who_hangs_up_is_seen(given, client, ask):
    async with SimulatedFleet(given, speed=1e-6) as demo:
        url = demo.fleet.endpoints["coder-gpu"].url + "/v1/chat/completions"
        call = asyncio.ensure_future(client.post(url, json=ask()))
        await demo.until("coder-gpu", lambda server: server.running == 1)
        call.cancel()
        await demo.until("coder-gpu", lambda server: server.running == 0)
        assert await demo.look("coder-gpu", lambda server: server.http.requests) == 1


async def test_nothing_is_left_behind_after_many_openings(given, client):
    before = threading.active_count()
    for _ in range(5):
        async with SimulatedFleet(given, speed=1e9) as demo:
            url = demo.fleet.endpoints["coder-gpu"].url + "/health"
            assert (await client.get(url)).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
    names = [thread.name for thread in threading.enumerate()]
    assert "pointsman-demo" not in names
    assert threading.active_count() <= before + 5  # asyncio.to_thread keeps its idle workers


async def test_a_fleet_that_is_closed_says_so(given):
    demo = SimulatedFleet(given, speed=1e9)
    with pytest.raises(RuntimeError):
        _ = demo.fleet
    async with demo:
        services = demo.services
    with pytest.raises(RuntimeError):
        await services.status()


async def test_streams_of_the_fleet_run_beside_the_callers_loop(given, client, ask):
    """The servers live in a thread of their own: the caller's loop never runs them."""
    async with SimulatedFleet(given, speed=1e9) as demo:
        name = await demo.look("coder-gpu", lambda server: threading.current_thread().name)
    assert name == "pointsman-demo"
