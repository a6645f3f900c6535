"""The simulated fleet: one server per endpoint, all of them in one thread of their own, with faults on demand.

Owns that thread and the way across. The screen's loop never runs a simulated server.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from pointsman.core.fleet import Endpoint, EndpointKind, Fleet, Model, Service, ServiceKind
from pointsman.core.snapshot import Gpu, HostSample, ServiceStatus
from pointsman.demo import host
from pointsman.demo.anthropic import AnthropicServer
from pointsman.demo.faults import DemoFault, describe, offered
from pointsman.demo.llama_server import LlamaServer
from pointsman.demo.lmstudio import LmStudioServer
from pointsman.demo.machine import Pace
from pointsman.demo.ollama import OllamaServer
from pointsman.demo.openai import CloudServer
from pointsman.demo.server import Life, SimulatedServer
from pointsman.demo.services import Seen, ServicePlay
from pointsman.demo.vllm import VllmServer
from pointsman.ports import HostProbe, LogLine, LogPieces, PortOwner, ServiceResult, StartLimit

T = TypeVar("T")
_LOOK_S = 0.25  # between two looks at a log

# Document 000 describes its fleet with this service down: the first thing to do is to start it.
INACTIVE_AT_START = frozenset({"llama-qwen"})

_SERVERS: Mapping[EndpointKind, type[SimulatedServer]] = MappingProxyType(
    {
        EndpointKind.LLAMA_CPP: LlamaServer,
        EndpointKind.OLLAMA: OllamaServer,
        EndpointKind.LMSTUDIO: LmStudioServer,
        EndpointKind.VLLM: VllmServer,
        EndpointKind.ANTHROPIC: AnthropicServer,
    }
)


class SimulatedFleet:
    """`async with SimulatedFleet(fleet) as demo:` serves every endpoint of `fleet` that is not retired, on loopback.

    `demo.fleet` is the same fleet with its URLs rebound; `demo.services`, `demo.host` and `demo.faults` belong to it.
    `speed` 10 makes everything ten times as fast.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        speed: float = 1.0,
        inactive: frozenset[str] = INACTIVE_AT_START,
        load_seconds: float | None = None,
    ) -> None:
        self._given = fleet
        self._rebound: Fleet | None = None
        self._pace = Pace(speed)
        self._inactive = inactive
        self._load_seconds = load_seconds
        self._servers: dict[str, SimulatedServer] = {}
        self._thread = _LoopThread("pointsman-demo")

    async def __aenter__(self) -> SimulatedFleet:
        await self._thread.start(self._open, self._close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._thread.stop()

    @property
    def fleet(self) -> Fleet:
        if self._rebound is None:
            raise RuntimeError("the simulated fleet is not open")
        return self._rebound

    @property
    def services(self) -> SimulatedServices:
        return SimulatedServices(self._thread, self._play_services())

    @property
    def host(self) -> SimulatedHost:
        """The simulated GPUs alone."""
        return SimulatedHost(self._thread, self._gpus)

    def host_beside(self, real: HostProbe) -> SimulatedHost:
        """The real machine's CPU and RAM with the simulated GPUs."""
        return SimulatedHost(self._thread, self._gpus, real)

    # --- faults --------------------------------------------------------------------------------------------------

    @property
    def faults(self) -> tuple[DemoFault, ...]:
        """What can be played now; the titles say what playing it would do."""
        return tuple(
            describe(name, server.endpoint.name, playing=_plays(server, name))
            for server in self._servers.values()
            for name in offered(server.endpoint)
        )

    async def play(self, fault: DemoFault) -> str:
        """Starts the fault, or ends it if it plays; returns what it did. Takes any value with `name` and `endpoint`.

        Raises KeyError for an unknown endpoint or fault.
        """
        return await self._thread.call(self._play(self._servers[fault.endpoint], fault.name))

    async def _play(self, server: SimulatedServer, name: str) -> str:
        endpoint = server.endpoint.name
        if name == "kill":
            await (server.open() if server.life is Life.FAILED else server.kill())
            return f"{endpoint}: {'revived' if server.life is Life.UP else 'killed, refuses every connection'}"
        if name == "loading":
            await (server.finish_loading() if server.life is Life.LOADING else server.begin_loading())
            return f"{endpoint}: {'model loaded' if server.life is Life.UP else 'loads its model until told otherwise'}"
        on = server.faults.toggle(name)
        return f"{endpoint}: {name} {'plays' if on else 'ended'}"

    # --- inspection, for tests and for the honest kind of demo -----------------------------------------------------

    async def look(self, endpoint: str, read: Callable[[SimulatedServer], T]) -> T:
        """What `read` finds in that server, read in its own thread."""

        async def reading() -> T:
            return read(self._servers[endpoint])

        return await self._thread.call(reading())

    async def until(self, endpoint: str, holds: Callable[[SimulatedServer], bool]) -> None:
        """Returns once that holds of the server."""
        server = self._servers[endpoint]
        await self._thread.call(server.signal.until(lambda: holds(server)))

    # --- opening and closing, in the fleet's own thread --------------------------------------------------------------

    async def _open(self) -> None:
        for endpoint in self._given.endpoints.values():
            if endpoint.retired is None:
                server = self._server_for(endpoint)
                self._servers[endpoint.name] = server
                if endpoint.service not in self._inactive:
                    await server.open()
        self._rebound = _rebind(self._given, {name: server.url for name, server in self._servers.items()})

    async def _close(self) -> None:
        for server in self._servers.values():
            await server.aclose()

    def _server_for(self, endpoint: Endpoint) -> SimulatedServer:
        models = [model for model in self._given.models.values() if _served_by(endpoint, model)]
        kind = _SERVERS.get(endpoint.kind, CloudServer)
        return kind(endpoint, models, pace=self._pace, load_seconds=self._load_seconds, number=len(self._servers))

    def _play_services(self) -> ServicePlay:
        running: dict[str, list[SimulatedServer]] = {}
        for server in self._servers.values():
            if server.endpoint.service is not None:
                running.setdefault(server.endpoint.service, []).append(server)
        services = {name: service for name, service in self.fleet.services.items() if name in running}
        return ServicePlay(services, running)

    def _gpus(self) -> tuple[Gpu, ...]:
        return host.gpus(list(self._servers.values()))


class SimulatedServices:
    """`ports.Services` over the simulated servers."""

    def __init__(self, thread: _LoopThread, play: ServicePlay) -> None:
        self._thread = thread
        self._play = play

    async def status(self) -> tuple[ServiceStatus, ...]:
        return await self._thread.read(self._play.status)

    def command(self, name: str, verb: str) -> tuple[str, ...]:
        return self._play.command(name, verb)

    async def act(self, name: str, verb: str) -> ServiceResult:
        return await self._thread.call(self._play.act(name, verb))

    async def start_limit(self, name: str) -> StartLimit | None:
        """Simulated services never tire of being started."""
        return None

    async def port_owner(self, name: str, url: str) -> PortOwner:
        return PortOwner(ours=True, text="simulated")

    async def logs(self, name: str, lines: int) -> tuple[str, ...]:
        return await self._thread.read(lambda: self._play.logs(name, lines))

    async def follow(self, name: str, lines: int) -> LogPieces:
        seen: Seen = ()
        first = True
        while True:
            seen, written = await self._thread.read(partial(self._play.written_since, name, seen, lines))
            if first and not written:
                yield (LogLine(text="it has written nothing", note=True),)
            elif written:
                yield tuple(_log_line(line) for line in written)
            first = False
            await asyncio.sleep(_LOOK_S)


def _log_line(written: str) -> LogLine:
    stamp, _, text = written.partition(" ")
    return LogLine(text=text, at=datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S%z").timestamp())


class SimulatedHost:
    """`ports.HostProbe`: simulated GPUs, beside the real machine if one is given."""

    def __init__(self, thread: _LoopThread, read: Callable[[], tuple[Gpu, ...]], real: HostProbe | None = None) -> None:
        self._thread = thread
        self._read = read
        self._real = real

    async def sample(self) -> HostSample:
        gpus = await self._thread.read(self._read)
        taken = HostSample(taken_at=time.time()) if self._real is None else await self._real.sample()
        return host.beside(taken, gpus)


class _LoopThread:
    """One daemon thread with an event loop of its own, and the way to run something in it from another loop."""

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._opened: Future[None] = Future()
        self._open: Callable[[], Awaitable[None]]
        self._close: Callable[[], Awaitable[None]]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    async def start(self, opening: Callable[[], Awaitable[None]], closing: Callable[[], Awaitable[None]]) -> None:
        self._open, self._close = opening, closing
        self._thread.start()
        await asyncio.wrap_future(self._opened)

    async def stop(self) -> None:
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        await asyncio.to_thread(self._thread.join)

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None or self._loop.is_closed():
            work.close()
            raise RuntimeError("the simulated fleet is not open")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def read(self, reading: Callable[[], T]) -> T:
        async def work() -> T:
            return reading()

        return await self.call(work())

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        finally:
            if not self._opened.done():  # nobody may wait for a thread that is gone
                self._opened.set_exception(RuntimeError("the simulated fleet could not be opened"))

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            await self._open()
        except OSError as error:
            self._opened.set_exception(error)
        else:
            self._opened.set_result(None)
            await self._stopping.wait()
        finally:
            await self._close()


def _served_by(endpoint: Endpoint, model: Model) -> bool:
    return model.endpoint == endpoint.name and model.retired is None


def _plays(server: SimulatedServer, name: str) -> bool:
    if name == "kill":
        return server.life is Life.FAILED
    if name == "loading":
        return server.life is Life.LOADING
    return server.faults.plays(name)


def _rebind(fleet: Fleet, urls: Mapping[str, str]) -> Fleet:
    endpoints = {
        name: replace(endpoint, url=urls[name], simulated=True, key_env=None) if name in urls else endpoint
        for name, endpoint in fleet.endpoints.items()
    }
    services = {name: _simulated(service) for name, service in fleet.services.items()}
    return replace(fleet, endpoints=MappingProxyType(endpoints), services=MappingProxyType(services))


def _simulated(service: Service) -> Service:
    return replace(service, kind=ServiceKind.SIMULATED)
