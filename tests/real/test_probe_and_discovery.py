"""Probe and discovery against a real llama.cpp server."""

from __future__ import annotations

import httpx
import pytest

from pointsman.adapters.discover import discover
from pointsman.adapters.probe import HttpProber
from pointsman.core.fleet import Endpoint, EndpointKind, Locality
from pointsman.core.health import HealthState

pytestmark = pytest.mark.real_llama


async def test_a_real_server_tells_its_figures_its_speed_between_probes_and_that_it_is_gone(llama) -> None:
    server = llama()
    endpoint = Endpoint(name="e", url=server.url, kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        prober = HttpProber(lambda _: client, environ={})
        first = await prober.probe(endpoint)
        assert first.health.state is HealthState.UP and first.status is not None
        (model,) = first.status.loaded
        assert model.context and first.status.contexts[model.id] == model.context
        assert (first.status.running, first.status.waiting, first.status.tokens_per_s) == (0, 0, None)
        ask = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 24}
        assert (await client.post(f"{server.url}/v1/chat/completions", json=ask)).status_code == 200
        second = await prober.probe(endpoint)
        assert second.status is not None and second.status.tokens_per_s
        (found,) = await discover([server.port])
        assert (found.kind, found.models) == (EndpointKind.LLAMA_CPP, (model.id,))
        server.kill()
        gone = await prober.probe(endpoint)
        assert gone.health.state is HealthState.DOWN
