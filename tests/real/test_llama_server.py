"""The engine over real llama.cpp servers: a prompt goes in, the right model answers, the audit tells what happened."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.probe import HttpProber
from pointsman.adapters.store import SqliteStore
from pointsman.core.fleet import Fleet, Role
from pointsman.core.health import HealthState
from pointsman.core.outcome import Completed, Failed, FailureKind
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.ports import AuditQuery
from support.fleets import ask, endpoint, model
from support.worlds import PaperServices, StillHost

pytestmark = pytest.mark.real_llama


def fleet_of(**servers: str) -> Fleet:
    """One model `NAME` per server, all in one role, in that order."""
    first, *others = servers
    return Fleet(
        policy="test",
        revision="0",
        endpoints={f"{name}-ep": endpoint(f"{name}-ep", url=url) for name, url in servers.items()},
        models={name: model(name, f"{name}-ep", price_in=0, price_out=0, context=None) for name in servers},
        roles={"general": Role(name="general", primary=first, fallbacks=tuple(others))},
        routes=(),
    )


@asynccontextmanager
async def engine_over(fleet: Fleet, state: Path) -> AsyncIterator[Engine]:
    clock, clients = SystemClock(), Clients(environ={})
    store = await SqliteStore.open(state, clock)
    backends = {name: open_backend(e, clients, clock.now) for name, e in fleet.endpoints.items()}
    engine = Engine(
        fleet=fleet, backends=backends, store=store, prober=HttpProber(clients.of, environ={}),
        host=StillHost(), services=PaperServices(), clock=clock, monitor=False,
    )  # fmt: skip
    try:
        async with engine:
            yield engine
    finally:
        await clients.aclose()
        await store.aclose()


async def told(engine: Engine, **more: object) -> list[events.EngineEvent]:
    return [event async for event in engine.submit(ask("Tell me a story.", **more))]


async def test_a_real_answer_streams_with_usage_and_speed(llama: Callable, tmp_path: Path) -> None:
    fleet = fleet_of(tiny=llama("model_alias=tiny").url)
    async with engine_over(fleet, tmp_path) as engine:
        heard = await told(engine, max_output=40)
    answer = heard[-1]
    assert isinstance(answer, events.Answered) and isinstance(answer.attempt.outcome, Completed)
    deltas = [e.text for e in heard if isinstance(e, events.TextDelta)]
    assert len(deltas) > 5 and "".join(deltas) == answer.text
    done = answer.attempt.outcome
    assert done.usage.output == 40 and done.usage.input > 10 and not done.usage.estimated
    assert done.finish_reason == "length" and done.reported_model == "tiny"
    assert done.tokens_per_s is not None and done.tokens_per_s > 10
    assert done.first_token_s is not None and 0 < done.first_token_s < 10


async def test_the_probe_tells_model_context_slots_and_queue(llama: Callable, tmp_path: Path) -> None:
    fleet = fleet_of(tiny=llama("model_alias=tiny").url)
    async with engine_over(fleet, tmp_path) as engine:
        await told(engine, max_output=5)
        await engine.look()
        picture = engine.snapshot
    status = picture.status["tiny-ep"]
    assert picture.health["tiny-ep"].state is HealthState.UP
    assert status.contexts == {"tiny": 512} and status.slots == 2
    assert (status.running, status.waiting) == (0, 0)
    assert status.latency_ms is not None and status.first_token_s is not None


async def test_a_context_overflow_is_recognised_and_goes_to_the_larger_window(llama: Callable, tmp_path: Path) -> None:
    small, large = llama("n_ctx=256", "n_parallel=1"), llama("n_ctx=4096", "n_parallel=1")
    fleet = fleet_of(small=small.url, large=large.url)
    request = ask("x" * 900, max_output=8, facts={"tokens": 50})
    async with engine_over(fleet, tmp_path) as engine:
        heard = [event async for event in engine.submit(request)]
    ended = [e.attempt for e in heard if isinstance(e, events.AttemptEnded)]
    assert isinstance(ended[0].outcome, Failed) and ended[0].outcome.kind is FailureKind.CONTEXT_OVERFLOW
    assert isinstance(heard[-1], events.Answered) and heard[-1].attempt.model == "large"


async def test_a_loading_server_is_warming_and_answers_when_it_is_ready(
    llama: Callable, tmp_path: Path, heavy_gguf: Path
) -> None:
    server = llama(model=heavy_gguf, ready=False)
    fleet = fleet_of(heavy=server.url)
    seen: set[HealthState] = set()
    async with engine_over(fleet, tmp_path) as engine:
        while HealthState.UP not in seen:
            await engine.look()
            seen.add(engine.snapshot.health["heavy-ep"].state)
            assert server.process.poll() is None
        heard = await told(engine, max_output=2)
    assert HealthState.WARMING in seen
    assert isinstance(heard[-1], events.Answered)


async def test_a_killed_server_fails_over_and_the_audit_tells_the_whole_story(llama: Callable, tmp_path: Path) -> None:
    first, second = llama(), llama()
    fleet = fleet_of(first=first.url, second=second.url)
    async with engine_over(fleet, tmp_path) as engine:
        assert (await told(engine, max_output=3, id="before"))[-1].attempt.model == "first"  # type: ignore[union-attr]
        first.kill()
        heard = await told(engine, max_output=3, id="after")
        rows = await engine.audit(AuditQuery(request="after"))
    switch = next(e for e in heard if isinstance(e, events.Switched))
    assert (switch.from_model, switch.to_model) == ("first", "second")
    assert isinstance(heard[-1], events.Answered) and heard[-1].attempt.model == "second"
    story = [(row.type, row.model) for row in reversed(rows)]
    assert story == [
        ("decision", "first"),
        ("intent", "first"),
        ("outcome", "first"),
        ("step-down", "second"),
        ("intent", "second"),
        ("outcome", "second"),
    ]


async def test_a_server_killed_in_mid_answer_leaves_a_fragment_and_a_fresh_answer(
    llama: Callable, tmp_path: Path
) -> None:
    first, second = llama("n_ctx=8192", "n_parallel=1"), llama()
    fleet = fleet_of(first=first.url, second=second.url)
    killed = False
    heard: list[events.EngineEvent] = []
    async with engine_over(fleet, tmp_path) as engine:
        async for event in engine.submit(ask("go on", max_output=7000)):
            heard.append(event)
            if isinstance(event, events.TextDelta) and not killed:
                killed = True
                threading.Thread(target=first.kill).start()
    switch = next(e for e in heard if isinstance(e, events.Switched))
    assert switch.fragment and switch.kind is FailureKind.STREAM_CUT
    assert isinstance(heard[-1], events.Answered) and heard[-1].attempt.model == "second"
