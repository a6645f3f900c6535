"""One GPU, two real llama.cpp servers that we start ourselves: eight requests at once, and nobody's stream is cut."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="the xllamacpp wheel is not installed")

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.probe import HttpProber
from pointsman.adapters.services import ServiceRouter
from pointsman.adapters.services.process import ProcessServices
from pointsman.adapters.store import SqliteStore
from pointsman.core.fleet import Deadlines, Fleet, Role, Service, ServiceKind
from pointsman.core.groups import GroupLimits
from pointsman.core.outcome import Completed
from pointsman.core.snapshot import Gpu, HostSample, RestartStage, ServiceState
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.engine.groups import SwapTimes
from pointsman.engine.machines import MachineTimes
from pointsman.engine.restart import RestartTimes
from support.fleets import ask, endpoint, model
from support.nvml import StubbedCard

pytestmark = pytest.mark.real_llama

GIB = 1 << 30
SOURCES = Path(__file__).parents[2] / "src"


@dataclass
class FakeCard:
    """A GPU whose memory follows the servers that live, told by NVML: too small for both. Remembers how many it held."""

    services: ProcessServices
    owned: tuple[Service, ...]
    card: StubbedCard
    most: int = 0
    order: list[str] = field(default_factory=list)

    async def look(self) -> int:
        seen = await self.services.status(self.owned)
        alive = [status.name for status in seen if status.state is ServiceState.ACTIVE]
        self.most = max(self.most, len(alive))
        for name in alive:
            if not self.order or self.order[-1] != name:
                self.order.append(name)
        return len(alive)

    async def observe(self) -> None:
        """Looks all the time, not only when the engine does."""
        while True:
            await self.look()
            await asyncio.sleep(0.005)

    async def sample(self) -> HostSample:
        total, used, free = await self.card.read(20 * await self.look())
        gpu = Gpu(index=0, name="card", vram_total=total, vram_used=used, vram_free=free)
        return HostSample(taken_at=0.0, gpus=(gpu,))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def two_servers(gguf: Path, state: Path) -> AsyncIterator[tuple[Engine, FakeCard]]:
    ports = {"a": free_port(), "b": free_port()}
    owned = tuple(
        Service(
            name=name, kind=ServiceKind.PROCESS, unit=name, keep="never",
            command=(
                sys.executable, "-m", "pointsman.adapters.embedded", str(gguf),
                "--port", str(port), "--context", "4096", "--threads", "1", "--slots", "4", "--alias", name,
            ),
        )
        for name, port in ports.items()
    )  # fmt: skip
    fleet = Fleet(
        policy="test",
        revision="0",
        endpoints={
            name: endpoint(
                name, url=f"http://127.0.0.1:{port}", service=name, group="gpu0", deadlines=Deadlines(load=30.0)
            )
            for name, port in ports.items()
        },
        models={
            name: model(name, name, id=name, vram=20 * GIB, price_in=0, price_out=0, context=None) for name in ports
        },
        roles={name: Role(name=name, primary=name) for name in ports},
        routes=(),
        services={each.name: each for each in owned},
        default_role="a",
    )
    paths = ":".join((str(SOURCES), *sys.path))
    services = ProcessServices(state / "services", environ={**os.environ, "PYTHONPATH": paths})
    clock, clients = SystemClock(), Clients(environ={})
    store, card = await SqliteStore.open(state, clock), FakeCard(services, owned, StubbedCard(state / "nvml"))
    router = ServiceRouter(fleet.services, {ServiceKind.PROCESS: services})
    engine = Engine(
        fleet=fleet, backends={n: open_backend(e, clients, clock.now) for n, e in fleet.endpoints.items()}, store=store,
        prober=HttpProber(clients.of, environ={}), host=card, services=router, clock=clock, monitor=False,
        times=MachineTimes(
            restart=RestartTimes(poll=0.05, stable=0.2), swap=SwapTimes(poll=0.02), groups=GroupLimits(residency_s=0.0)
        ),
    )  # fmt: skip
    observer = asyncio.create_task(card.observe())
    try:
        async with engine:
            await engine.look()
            yield engine, card
    finally:
        observer.cancel()
        await card.card.aclose()
        for each in owned:
            await services.act(each, "stop")
        await router.aclose()
        await clients.aclose()
        await store.aclose()


async def told(engine: Engine, role: str, number: int, max_output: int = 120) -> list[events.EngineEvent]:
    request = ask("Tell me a story.", id=f"{role}{number}", facts={"role": role}, max_output=max_output)
    return [event async for event in engine.submit(request)]


async def test_eight_requests_for_two_models_on_one_card(tiny_gguf: Path, tmp_path: Path) -> None:
    """Every answer is whole and from its own model, the servers are never up together, and each is loaded once."""
    async with two_servers(tiny_gguf, tmp_path) as (engine, card):
        answers = await asyncio.gather(*(told(engine, "ab"[number % 2], number) for number in range(8)))
        for number, heard in enumerate(answers):
            last = heard[-1]
            assert isinstance(last, events.Answered), last
            outcome = last.attempt.outcome
            assert isinstance(outcome, Completed) and outcome.usage.output == 120
            assert (last.attempt.model, outcome.reported_model) == ("ab"[number % 2],) * 2
            assert not any(isinstance(event, events.Switched) for event in heard)
        waits = [event for event in answers[1] if isinstance(event, events.Waiting)]
        assert waits[0].position is not None and any("loading" in wait.why for wait in waits)
    assert (card.order, card.most) == (["a", "b"], 1)


async def test_a_swap_waits_for_the_stream_that_is_running(tiny_gguf: Path, tmp_path: Path) -> None:
    async with two_servers(tiny_gguf, tmp_path) as (engine, card):
        await told(engine, "a", 0, 5)
        streaming = asyncio.Event()
        whole: list[events.EngineEvent] = []

        async def stream() -> None:
            async for event in engine.submit(ask("Tell me a story.", id="long", facts={"role": "a"}, max_output=2000)):
                whole.append(event)
                if isinstance(event, events.TextDelta):
                    streaming.set()

        talking = asyncio.create_task(stream())
        await streaming.wait()
        swapped = await told(engine, "b", 1, 5)
        assert talking.done()
    assert isinstance(whole[-1], events.Answered) and isinstance(swapped[-1], events.Answered)
    assert card.most == 1


async def test_a_process_of_ours_is_restarted_honestly(tiny_gguf: Path, tmp_path: Path) -> None:
    """The port is seen to be in the process's own tree; what the confirmation shows is the argv itself."""
    async with two_servers(tiny_gguf, tmp_path) as (engine, _):
        plan = await engine.machines.restart_plan("a")
        assert plan.argv == engine.fleet.services["a"].command
        ended = await engine.machines.restart("a", "start")
        assert ended.stage is RestartStage.HEALTHY and "cannot be seen" not in ended.text, ended
        again = await engine.machines.restart("a")
        assert again.stage is RestartStage.HEALTHY, again
