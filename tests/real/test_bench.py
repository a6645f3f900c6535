"""A bench of a real llama.cpp server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.probe import HttpProber
from pointsman.adapters.store import SqliteStore
from pointsman.core.bench import Plan
from pointsman.core.fleet import Fleet, Role
from pointsman.engine.engine import Engine
from pointsman.ports import AuditQuery
from support.fleets import endpoint, model
from support.worlds import PaperServices, StillHost

pytestmark = pytest.mark.real_llama


async def test_a_real_server_is_measured_with_its_own_figures_and_kept(llama: Callable, tmp_path: Path) -> None:
    """Every call asks for a fresh prompt: a cached one would show as reading that took no time."""
    place = endpoint("gpu", url=llama("model_alias=tiny", "n_ctx=1024", "n_parallel=2").url)
    tiny = model("tiny", "gpu", price_in=0, price_out=0, context=512, speed=(1, 2))
    fleet = Fleet(policy="t", revision="0", endpoints={"gpu": place}, models={"tiny": tiny}, roles={"general": Role(name="general", primary="tiny")}, routes=())  # fmt: skip
    clock, clients = SystemClock(), Clients(environ={})
    async with await SqliteStore.open(tmp_path, clock) as store:
        engine = Engine(
            fleet=fleet, backends={"gpu": open_backend(place, clients, clock.now)}, store=store, host=StillHost(),
            prober=HttpProber(clients.of, environ={}), services=PaperServices(), clock=clock, monitor=False,
            measurements=store,
        )  # fmt: skip
        async with engine:
            speed = await engine.bench("tiny", Plan(prompts=(16, 64), concurrencies=(1, 2), rounds=2, output=24))
            detail = engine.endpoint_detail("gpu")
            assert await engine.measurements() == (speed,)
            rows = await engine.audit(AuditQuery(limit=500))
    await clients.aclose()
    assert [point.failed for point in speed.points] == [0, 0, 0, 0]
    for point in speed.points:
        assert point.generation_per_s is not None and point.generation_per_s.median > 10
        assert point.first_token_s is not None and 0 < point.first_token_s.low <= point.first_token_s.high < 30
        assert point.prompt_per_s is not None and point.input_tokens is not None
    assert speed.points[2].input_tokens.median > speed.points[0].input_tokens.median  # type: ignore[union-attr]
    assert detail.traffic is not None and detail.traffic.calls == 13 and detail.traffic.failed == 0
    assert sum(row.type == "intent" for row in rows) == 13
