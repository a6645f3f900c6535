"""Running engines: over the real world, or over the simulated fleet; everything opened is closed with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.wiring.chats import kept_chats
from pointsman.wiring.places import anchor_of, key_names, secrets_of

if TYPE_CHECKING:
    import httpx

    from pointsman.adapters.clients import Clients
    from pointsman.adapters.secrets import Secrets
    from pointsman.adapters.services import ServiceRouter
    from pointsman.config import Audit, Settings
    from pointsman.core.fleet import Endpoint, Fleet, Service
    from pointsman.core.request import Request
    from pointsman.core.similar import SimilarEvidence
    from pointsman.demo.fleet import SimulatedFleet
    from pointsman.engine.checks import CheckSetting
    from pointsman.engine.console import Fault
    from pointsman.engine.engine import Engine
    from pointsman.ports import (
        Backend,
        Clock,
        CodeJudge,
        GatewayFile,
        HostProbe,
        Memory,
        Services,
        Store,
    )

DEMO_STATE = "demo"  # below the state directory: simulated calls never touch the real ledger


@asynccontextmanager
async def open_engine(
    settings: Settings, *, state_dir: Path, monitor: bool = True, banners: tuple[str, ...] = ()
) -> AsyncIterator[Engine]:
    """An engine over the configured fleet. Without `monitor` it sees only what it is told to look at."""
    await asyncio.to_thread(_import_world)
    from pointsman.adapters.host import LocalHost

    told = banners
    if monitor and settings.discover:
        told += await _found_beside(settings.fleet)
    async with AsyncExitStack() as stack:
        host = LocalHost(model_dirs=settings.model_dirs)
        stack.push_async_callback(host.aclose)
        services = _real_services(settings.fleet, state_dir)
        stack.push_async_callback(services.aclose)
        yield await _start(
            stack,
            settings.fleet,
            state_dir,
            host=host,
            services=services,
            monitor=monitor,
            banners=told,
            settings=settings,
            adopt=services.take,
        )


@asynccontextmanager
async def open_demo(
    settings: Settings,
    *,
    state_dir: Path,
    monitor: bool = True,
    speed: float = 1.0,
    banners: tuple[str, ...] = (),
) -> AsyncIterator[Engine]:
    """An engine over simulated servers for `settings`' endpoints; servers really found here are offered beside them."""
    await asyncio.to_thread(_import_demo)
    from pointsman.adapters.discover import discover
    from pointsman.adapters.host import LocalHost
    from pointsman.adapters.offers import with_found
    from pointsman.demo.fleet import SimulatedFleet

    # Looked for before the simulated servers listen, so that none of them is found.
    found = await discover() if settings.discover else ()
    async with AsyncExitStack() as stack:
        simulated = await stack.enter_async_context(SimulatedFleet(settings.fleet, speed=speed))
        host = LocalHost()
        stack.push_async_callback(host.aclose)
        yield await _start(
            stack,
            with_found(simulated.fleet, found),
            _demo_state(state_dir),
            host=simulated.host_beside(host),
            services=simulated.services,
            monitor=monitor,
            banners=banners,
            settings=settings,
            demo=simulated,
        )


async def _start(
    stack: AsyncExitStack,
    fleet: Fleet,
    state_dir: Path,
    *,
    host: HostProbe,
    services: Services,
    monitor: bool,
    banners: tuple[str, ...],
    settings: Settings,
    demo: SimulatedFleet | None = None,
    adopt: Callable[[Mapping[str, Service]], None] | None = None,
) -> Engine:
    """Opens store, clients and engine, each closed with the stack in reverse order."""
    from pointsman.adapters.backends import open_backend
    from pointsman.adapters.clients import Clients
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.probe import HttpProber
    from pointsman.adapters.residency import HttpResidency
    from pointsman.adapters.screen_files import LocalScreenFiles
    from pointsman.adapters.store import SqliteStore
    from pointsman.config.policies import ConfiguredPolicies
    from pointsman.engine.engine import Engine
    from pointsman.wiring.outputs import LateOutputs
    from pointsman.wiring.reload import ConfiguredFleet, can_change, remarks_of

    clock, secrets = SystemClock(), secrets_of(fleet)
    stack.enter_context(secrets.out_of_logs())
    store = await _open_store(state_dir, clock, settings.audit, secrets)
    stack.push_async_callback(store.aclose)
    running: list[Engine] = []

    def backend(endpoint: Endpoint) -> Backend:
        return open_backend(endpoint, clients, clock.now)

    def adopted(fleet: Fleet) -> None:
        secrets.also(key_names(fleet))
        if adopt is not None:
            adopt(fleet.services)

    clients = Clients(secrets=secrets, cloud_forbidden=lambda: any(each.snapshot.cloud_forbidden for each in running))
    stack.push_async_callback(clients.aclose)
    files = LocalScreenFiles(state_dir, secrets.redact)
    stack.callback(files.close)
    engine = Engine(
        fleet=fleet,
        backends={name: backend(endpoint) for name, endpoint in fleet.endpoints.items()},
        store=store,
        prober=HttpProber(clients.of, secrets=secrets),
        host=host,
        services=services,
        clock=clock,
        banners=banners,
        remarks=remarks_of(settings) if demo is None else (),
        # Of the simulated fleet nothing can be changed: its servers stand where they stand.
        configuration=ConfiguredFleet(settings, backend, adopted) if demo is None and can_change(settings) else None,
        forget=clients.forget,
        faults=tuple if demo is None else _faults_of(demo),
        play=None if demo is None else _play_of(demo),
        monitor=monitor,
        close_cloud=clients.close_cloud,
        gateway=None if demo is not None else _gateway(fleet, state_dir),
        memory=_memory(stack, fleet, state_dir),
        outputs=LateOutputs(),
        checks=_checking(settings, state_dir),
        policies=ConfiguredPolicies(settings),
        files=files,
        chats=kept_chats(stack, settings, state_dir, secrets),
        measurements=store if isinstance(store, SqliteStore) else None,
        remotes={} if demo is not None else _remotes(settings, clients),
        residency=HttpResidency(clients),
    )
    running.append(engine)
    return await stack.enter_async_context(engine)


def _remotes(settings: Settings, clients: Clients) -> dict[str, HostProbe]:
    """Machines elsewhere. Their exporters are reached as endpoints are: near ones through the guard, far ones not
    under local_only."""
    from pointsman.adapters.remote_host import RemoteHost
    from pointsman.config import is_near
    from pointsman.core.fleet import Endpoint, EndpointKind, Locality

    def client_of(url: str) -> httpx.AsyncClient:
        where = Locality.LOCAL if is_near(url) else Locality.CLOUD
        return clients.of(Endpoint(name="exporter", url=url, kind=EndpointKind.OPENAI_COMPATIBLE, locality=where))

    return {name: RemoteHost(urls, client_of) for name, urls in settings.hosts.items()}


def _checking(settings: Settings, state_dir: Path) -> CheckSetting:
    """Checks see neither our state nor the place where keys may be kept."""
    from pointsman.adapters.check import LocalChecker
    from pointsman.adapters.evidence import FileEvidence
    from pointsman.config import user_config_path
    from pointsman.engine.checks import CheckSetting

    return CheckSetting(
        checker=LocalChecker(private=(state_dir, user_config_path().parent)),
        evidence=FileEvidence(state_dir),
        directory=settings.checks.dir,
        limits=settings.checks.limits,
    )


def code_judge(state_dir: Path, *, unsandboxed: bool) -> CodeJudge:
    """Runs what models write for `eval`. It sees neither our state nor the place where keys may be kept."""
    from pointsman.adapters.check import LocalChecker
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.code_judge import SandboxedJudge
    from pointsman.config import user_config_path

    checker = LocalChecker(private=(state_dir, user_config_path().parent))
    return SandboxedJudge(checker, SystemClock().new_id, unsandboxed=unsandboxed)


async def _found_beside(fleet: Fleet) -> tuple[str, ...]:
    """A word about each server here that the configuration does not name. It is not used: that is for its owner."""
    from pointsman.adapters.discover import discover
    from pointsman.adapters.offers import unlisted

    return tuple(
        f"{server.kind} answers at {server.url} with {len(server.models)} models and is not in the configuration"
        for server in unlisted(fleet, await discover())
    )


async def _open_store(state_dir: Path, clock: Clock, audit: Audit, secrets: Secrets) -> Store:
    """The ledger; without one the engine still runs, and keeps every prompt on this machine (scenarios.md K10)."""
    from pointsman.adapters.no_store import NoStore
    from pointsman.adapters.store import SqliteStore
    from pointsman.ports import StoreUnavailable

    try:
        anchor = anchor_of(state_dir, audit)
        return await SqliteStore.open(state_dir, clock, anchor=anchor, redact=secrets.redact)
    except StoreUnavailable as problem:
        return NoStore(str(problem))


def _real_services(fleet: Fleet, state_dir: Path) -> ServiceRouter:
    import os

    from pointsman.adapters.services import ServiceAdapter, ServiceRouter
    from pointsman.adapters.services.containers import ContainerServices
    from pointsman.adapters.services.launchd import LaunchdServices
    from pointsman.adapters.services.process import ProcessServices
    from pointsman.adapters.services.systemd import SystemdServices
    from pointsman.adapters.services.unit_bus import UnitBus
    from pointsman.core.fleet import ServiceKind

    adapters: dict[ServiceKind, ServiceAdapter] = {
        ServiceKind.SYSTEMD_USER: SystemdServices(user=True, bus=UnitBus(user=True, environ=os.environ)),
        ServiceKind.SYSTEMD_SYSTEM: SystemdServices(user=False, bus=UnitBus(user=False, environ=os.environ)),
        ServiceKind.DOCKER: ContainerServices("docker"),
        ServiceKind.PODMAN: ContainerServices("podman"),
        ServiceKind.LAUNCHD: LaunchdServices(),
        ServiceKind.PROCESS: ProcessServices(state_dir / "services"),
    }
    return ServiceRouter(fleet.services, adapters)


def _gateway(fleet: Fleet, state_dir: Path) -> GatewayFile | None:
    """Of another program; the simulated fleet has none."""
    if fleet.gateway is None:
        return None
    import os

    from pointsman.adapters.openclaw import OpenClawFile

    return OpenClawFile(Path(fleet.gateway.path), state_dir, os.environ)


def _memory(stack: AsyncExitStack, fleet: Fleet, state_dir: Path) -> Memory | None:
    if not fleet.similar_tasks:
        return None
    from pointsman.adapters.memory import SqliteMemory

    memory = SqliteMemory(state_dir)
    stack.push_async_callback(memory.aclose)
    return memory


def similar(settings: Settings, request: Request, *, state_dir: Path) -> SimilarEvidence | None:
    """What did well on tasks like this one, read without an engine; None where the policy does not ask for it."""
    if not settings.fleet.similar_tasks:
        return None
    from pointsman.adapters.memory import recall_now
    from pointsman.core.keywords import task_for

    return recall_now(state_dir, task_for(settings.fleet, request), request.text)


def _faults_of(demo: SimulatedFleet) -> Callable[[], tuple[Fault, ...]]:
    from pointsman.engine.console import Fault

    def faults() -> tuple[Fault, ...]:
        return tuple(Fault(name=f.name, endpoint=f.endpoint, title=f.title) for f in demo.faults)

    return faults


def _play_of(demo: SimulatedFleet) -> Callable[[Fault], Awaitable[str]]:
    from pointsman.demo.faults import DemoFault

    def play(fault: Fault) -> Awaitable[str]:
        return demo.play(DemoFault(name=fault.name, endpoint=fault.endpoint, title=fault.title))

    return play


def _demo_state(state_dir: Path) -> Path:
    # Made here and private: the store would make it as a mere parent, open to others, and later refuse it as its own.
    with suppress(OSError):  # then the store cannot be made either, and says why
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state_dir / DEMO_STATE


def _import_world() -> None:
    """In a thread, so that the screen stays alive meanwhile; afterwards every import in this module is instant."""
    import pointsman.adapters.backends
    import pointsman.adapters.host
    import pointsman.adapters.probe
    import pointsman.adapters.store
    import pointsman.engine.engine  # noqa: F401


def _import_demo() -> None:
    _import_world()
    import pointsman.adapters.discover
    import pointsman.demo.fleet  # noqa: F401
