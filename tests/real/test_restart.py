"""Honest restarts over a real `systemd --user` that runs real llama.cpp servers as units (promises V2 and V3)."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="the xllamacpp wheel is not installed")

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.probe import HttpProber
from pointsman.adapters.services import ServiceRouter
from pointsman.adapters.store import SqliteStore
from pointsman.core.fleet import Deadlines, Fleet, Role, Service, ServiceKind
from pointsman.core.snapshot import RestartProgress, RestartStage, ServiceState
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.engine.machines import MachineTimes
from pointsman.engine.restart import RestartTimes
from pointsman.ports import AuditQuery
from support.fleets import ask, endpoint, model
from support.soak import SOAK
from support.systemd_session import Session, systemd_session
from support.worlds import StillHost

pytestmark = [pytest.mark.real_llama, pytest.mark.real_systemd]

ROUNDS = range(1 if SOAK == 1 else 2 * SOAK)  # promise V2: twenty of each in `make soak`, none of them healthy
SOURCES = Path(__file__).parents[2] / "src"
# Answers health and the list of models as llama.cpp does, takes a question, and never says a word.
MUTE = """
import http.server, json, sys, threading
class Mute(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({"status": "ok", "data": [{"id": "coder-id"}]}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        self.send_response(200); self.send_header("Content-Type", "text/event-stream"); self.end_headers()
        threading.Event().wait()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Mute).serve_forever()
"""


def unit(*command: object, limit: str = "StartLimitIntervalSec=0", more: str = "") -> str:
    words = " ".join(f'"{word}"' for word in command)
    paths = ":".join((str(SOURCES), *sys.path))
    return f"[Unit]\n{limit}\n[Service]\nEnvironment=PYTHONPATH={paths}\nExecStart={words}\n{more}\n"


def llama(gguf: Path, port: int, context: int = 512, **more: str) -> str:
    options = ("--port", port, "--context", context, "--threads", 1)
    return unit(sys.executable, "-m", "pointsman.adapters.embedded", gguf, *options, **more)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """As root, because the interpreter may lie where nobody else may look."""
    with systemd_session({}, user=0) as session:
        yield session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def engine_over(
    session: Session, port: int, state: Path, *, load: float = 20.0, answer: float = 5.0
) -> AsyncIterator[Engine]:
    place = endpoint("gpu", url=f"http://127.0.0.1:{port}", service="llama", deadlines=Deadlines(load=load))
    fleet = Fleet(
        policy="test",
        revision="0",
        endpoints={"gpu": place},
        models={"coder": model("coder", "gpu", price_in=0, price_out=0, context=None)},
        roles={"general": Role(name="general", primary="coder")},
        routes=(),
        services={"llama": Service(name="llama", kind=ServiceKind.SYSTEMD_USER, unit="llama")},
    )
    clock, clients = SystemClock(), Clients(environ={})
    store = await SqliteStore.open(state, clock)
    engine = Engine(
        fleet=fleet, backends={"gpu": open_backend(place, clients, clock.now)}, store=store,
        prober=HttpProber(clients.of, environ={}), host=StillHost(), clock=clock, monitor=False,
        times=MachineTimes(restart=RestartTimes(poll=0.05, stable=0.3, answer=answer)),
        services=ServiceRouter(fleet.services, {ServiceKind.SYSTEMD_USER: session.services}),
    )  # fmt: skip
    try:
        async with engine:
            yield engine
    finally:
        await session.services.act(fleet.services["llama"], "stop")
        await clients.aclose()
        await store.aclose()


async def restarted(engine: Engine, verb: str = "restart") -> tuple[RestartProgress, list[RestartStage]]:
    """How it ended, and the stages that a watching screen saw."""
    stages: list[RestartStage] = []

    async def watch() -> None:
        async for snapshot in engine.watch():
            for seen in snapshot.restarts:
                if not stages or stages[-1] is not seen.stage:
                    stages.append(seen.stage)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    ended = await engine.machines.restart("llama", verb)
    await asyncio.sleep(0)
    watching.cancel()
    return ended, stages


async def test_a_restart_is_healthy_once_it_answered(session: Session, tiny_gguf: Path, tmp_path: Path) -> None:
    port = free_port()
    await session.write("llama", llama(tiny_gguf, port))
    async with engine_over(session, port, tmp_path) as engine:
        started, _ = await restarted(engine, "start")
        assert started.stage is RestartStage.HEALTHY, started
        (before,) = engine.snapshot.services
        ended, stages = await restarted(engine)
        assert ended.stage is RestartStage.HEALTHY and "coder answered in" in ended.text
        assert "port" not in ended.text  # it was seen to be the unit's own, through its control group
        assert [RestartStage.LOADING, RestartStage.ANSWERING, RestartStage.HEALTHY] == stages[-3:]
        (after,) = engine.snapshot.services
        assert after.invocation != before.invocation and after.state is ServiceState.ACTIVE
        plan = await engine.machines.restart_plan("llama")
        assert plan.argv[-3:] == ("restart", "--", "llama.service")
        assert plan.typical_s is not None and 0 < plan.typical_s < 20 and plan.last_at is not None
        assert [(effect.role, effect.takes_over) for effect in plan.roles] == [("general", None)]
        texts = [row.text for row in await engine.audit(AuditQuery(type="service", limit=3))]
        assert texts[0].startswith("restart llama: healthy after")
        outcomes = await engine.audit(AuditQuery(type="outcome"))
        assert len(outcomes) == 2  # both questions went the way of every request


async def test_our_own_stream_is_ended_first_and_does_not_hold_the_restart_up(
    session: Session, tiny_gguf: Path, tmp_path: Path
) -> None:
    """A busy llama.cpp server does not end while a client listens (trap T45)."""
    port = free_port()
    await session.write("llama", llama(tiny_gguf, port, context=16_384))
    async with engine_over(session, port, tmp_path) as engine:
        await restarted(engine, "start")
        streaming = asyncio.Event()
        heard: list[events.EngineEvent] = []

        async def stream() -> None:
            async for event in engine.submit(ask("Tell me a story.", max_output=15_000)):
                heard.append(event)
                if isinstance(event, events.TextDelta):
                    streaming.set()

        talking = asyncio.create_task(stream())
        await streaming.wait()
        assert (await engine.machines.restart_plan("llama")).streams == 1
        ended, _ = await restarted(engine)
        await talking
    assert (
        ended.stage is RestartStage.HEALTHY and ended.seconds < 60
    )  # and not the 90 that systemd gives a unit to stop
    assert isinstance(heard[-1], events.Blocked) and heard[-1].code == "interrupted"


async def test_waiting_for_idle_lets_the_stream_end(session: Session, tiny_gguf: Path, tmp_path: Path) -> None:
    port = free_port()
    await session.write("llama", llama(tiny_gguf, port))
    async with engine_over(session, port, tmp_path) as engine:
        await restarted(engine, "start")
        streaming = asyncio.Event()
        heard: list[events.EngineEvent] = []

        async def stream() -> None:
            async for event in engine.submit(ask("Tell me a story.", max_output=100)):
                heard.append(event)
                if isinstance(event, events.TextDelta):
                    streaming.set()

        talking = asyncio.create_task(stream())
        await streaming.wait()
        ended = await engine.machines.restart("llama", when_idle=True)
        await talking
    assert ended.stage is RestartStage.HEALTHY
    assert isinstance(heard[-1], events.Answered)


@pytest.mark.parametrize("_", ROUNDS)
async def test_a_slow_start_is_waited_for(_: int, session: Session, tiny_gguf: Path, tmp_path: Path) -> None:
    port = free_port()
    slow = "import time,subprocess,sys; time.sleep(0.7); sys.exit(subprocess.call(sys.argv[1:]))"
    command = (sys.executable, "-m", "pointsman.adapters.embedded", tiny_gguf, "--port", port, "--context", 256)
    await session.write("llama", unit(sys.executable, "-c", slow, *command))
    async with engine_over(session, port, tmp_path, load=60.0) as engine:
        ended, stages = await restarted(engine, "start")
    assert ended.stage is RestartStage.HEALTHY and ended.seconds > 0.7
    assert RestartStage.LOADING in stages


@pytest.mark.parametrize("_", ROUNDS)
async def test_a_crash_loop_is_never_healthy(_: int, session: Session, tmp_path: Path) -> None:
    port = free_port()
    dying = unit("/bin/sh", "-c", "echo cannot load; sleep 0.2; exit 1", more="Restart=always\nRestartSec=100ms")
    await session.write("llama", dying)
    async with engine_over(session, port, tmp_path) as engine:
        ended, _ = await restarted(engine)
        assert ended.stage is RestartStage.UNHEALTHY and "keeps dying" in ended.text
        assert any("cannot load" in line for line in ended.tail) and all(line.isprintable() for line in ended.tail)
        text = (await engine.audit(AuditQuery(type="service", limit=1)))[0].text
        assert text.startswith("restart llama: restarted but not healthy")


@pytest.mark.parametrize("_", ROUNDS)
async def test_a_port_that_another_process_took_is_named(_: int, session: Session, tmp_path: Path) -> None:
    """The unit runs and the port answers, only not from the unit: everything a naive check looks at is green."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MUTE, str(port))
    await session.write("llama", unit("/bin/sleep", "1000"))
    try:
        async with engine_over(session, port, tmp_path) as engine:
            async with asyncio.timeout(10):
                while (await engine.machines._monitor.see_endpoint("gpu")).state != "up":
                    continue
            ended, _ = await restarted(engine)
    finally:
        process.kill()
        await process.wait()
    assert ended.stage is RestartStage.UNHEALTHY
    assert f"port {port} belongs to pid {process.pid}" in ended.text and "not to llama" in ended.text


@pytest.mark.parametrize("_", ROUNDS)
async def test_green_health_without_an_answer_is_not_healthy(_: int, session: Session, tmp_path: Path) -> None:
    port = free_port()
    (session.units / "mute.py").write_text(MUTE)
    await session.write("llama", unit(sys.executable, session.units / "mute.py", port))
    async with engine_over(session, port, tmp_path, answer=0.5) as engine:
        ended, stages = await restarted(engine)
    assert ended.stage is RestartStage.UNHEALTHY and stages[-2] is RestartStage.ANSWERING
    assert "health is green, but coder did not answer within 0.5 s" in ended.text


async def test_ten_quick_restarts_from_ten_programs_cannot_take_it_down(
    session: Session, tiny_gguf: Path, tmp_path: Path
) -> None:
    """Promise V3: the guard reads the audit, so it holds for headless verbs too, each of which is a new process."""
    port = free_port()
    await session.write("llama", llama(tiny_gguf, port, limit="StartLimitBurst=3\nStartLimitIntervalSec=600"))
    refusals = 0
    async with engine_over(session, port, tmp_path) as engine:
        await restarted(engine, "start")
        for _ in range(10):
            session.services._started.clear()  # what a new process knows
            result = await engine.service_action("llama", "restart")
            refusals += not result.ok
        plan = await engine.machines.restart_plan("llama")
        assert plan.limit is not None and (plan.limit.burst, plan.recent) == (3, 2)
        assert plan.refusal is not None and plan.wait_s is not None and 500 < plan.wait_s <= 600
        ended = await engine.machines.restart("llama")
        assert ended.stage is RestartStage.REFUSED
        counted = re.compile(r"\d+ s$")  # the wait, of which a second may pass between the two
        assert counted.sub("", ended.text) == counted.sub("", plan.refusal)
        assert refusals >= 7
        await engine.look_at_services()
        assert engine.snapshot.services[0].state is ServiceState.ACTIVE
        assert (await engine.service_action("llama", "reset-failed")).ok


async def test_a_service_that_is_down_is_offered_on_one_key(session: Session, tiny_gguf: Path, tmp_path: Path) -> None:
    port = free_port()
    await session.write("llama", llama(tiny_gguf, port))
    async with engine_over(session, port, tmp_path) as engine:
        await engine.look()
        offer = engine.machines.suggested_action
        assert offer is not None and (offer.service, offer.verb) == ("llama", "start")
        assert offer.argv[-1] == "llama.service" and "general need it" in offer.why
        assert (await engine.machines.restart("llama", offer.verb)).stage is RestartStage.HEALTHY
        assert engine.machines.suggested_action is None
        idle = replace(engine.snapshot, services=())
        assert engine.machines._restarts.suggested(idle) is None
