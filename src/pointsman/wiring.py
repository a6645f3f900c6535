"""The composition root: from settings to a running engine, over the real world or over the simulated fleet.

The only module that knows both the engine and the adapters. Everything heavy is imported inside its functions, so that
the screen can paint its first frame, and the pure verbs answer, without HTTP, drivers or an engine in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.core.snapshot import Gpu, HostSample, Snapshot

if TYPE_CHECKING:
    import httpx

    from pointsman.adapters.clients import Clients
    from pointsman.adapters.doctor import Finding
    from pointsman.adapters.secrets import Secrets
    from pointsman.adapters.services import ServiceRouter
    from pointsman.adapters.store import Anchor, Verdict
    from pointsman.config import Audit, Settings
    from pointsman.core.audit import AuditRow
    from pointsman.core.fleet import Fleet
    from pointsman.core.measured import Measurement
    from pointsman.core.request import Request
    from pointsman.core.similar import SimilarEvidence
    from pointsman.demo.fleet import SimulatedFleet
    from pointsman.engine.checks import CheckSetting
    from pointsman.engine.console import Console, Fault
    from pointsman.engine.engine import Engine
    from pointsman.ports import (
        AuditQuery,
        Clock,
        CodeJudge,
        GatewayFile,
        HostProbe,
        Memory,
        ModelTotal,
        Services,
        Store,
    )

_MOST_REMARKS = 2  # banners about the configuration
DEMO_STATE = "demo"  # below the state directory: simulated calls never touch the real ledger


# --- running engines ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_engine(
    settings: Settings, *, state_dir: Path, monitor: bool = True, banners: tuple[str, ...] = ()
) -> AsyncIterator[Engine]:
    """An engine over the configured fleet. Without `monitor` it sees only what it is told to look at."""
    await asyncio.to_thread(_import_world)
    from pointsman.adapters.host import LocalHost

    told = (*banners, *_remarks(settings))
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
) -> Engine:
    """Opens store, clients and engine, each closed with the stack in reverse order."""
    from pointsman.adapters.backends import open_backend
    from pointsman.adapters.clients import Clients
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.probe import HttpProber
    from pointsman.adapters.residency import HttpResidency
    from pointsman.adapters.screen_files import LocalScreenFiles
    from pointsman.adapters.store import SqliteStore
    from pointsman.adapters.structured import StructuredOutputs
    from pointsman.config.policies import ConfiguredPolicies
    from pointsman.engine.engine import Engine

    clock, secrets = SystemClock(), _secrets(fleet)
    stack.enter_context(secrets.out_of_logs())
    store = await _open_store(state_dir, clock, settings.audit, secrets)
    stack.push_async_callback(store.aclose)
    running: list[Engine] = []
    clients = Clients(secrets=secrets, cloud_forbidden=lambda: any(each.snapshot.cloud_forbidden for each in running))
    stack.push_async_callback(clients.aclose)
    engine = Engine(
        fleet=fleet,
        backends={name: open_backend(endpoint, clients, clock.now) for name, endpoint in fleet.endpoints.items()},
        store=store,
        prober=HttpProber(clients.of, secrets=secrets),
        host=host,
        services=services,
        clock=clock,
        banners=banners,
        faults=tuple if demo is None else _faults_of(demo),
        play=None if demo is None else _play_of(demo),
        monitor=monitor,
        close_cloud=clients.close_cloud,
        gateway=None if demo is not None else _gateway(fleet, state_dir),
        memory=_memory(stack, fleet, state_dir),
        outputs=StructuredOutputs(),
        checks=_checking(settings, state_dir),
        policies=ConfiguredPolicies(settings),
        files=LocalScreenFiles(state_dir),
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


def _remarks(settings: Settings) -> tuple[str, ...]:
    """Of the configuration's reader; many of them as one banner, because `check` reads them out better."""
    if len(settings.warnings) > _MOST_REMARKS:
        return (f"{len(settings.warnings)} remarks about the configuration: `pointsman check` reads them",)
    return tuple(str(warning) for warning in settings.warnings)


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


def anchor_of(state_dir: Path, audit: Audit | None = None, stated: Path | None = None) -> Anchor:
    """The anchor of that state's audit: as `stated`, else POINTSMAN_ANCHOR, else as configured, else the usual place.
    Raises StoreUnavailable for one in the ledger's own directory, which would be lost together with it."""
    import os

    from pointsman.adapters.journal import journal_witness
    from pointsman.adapters.store import Anchor
    from pointsman.config import anchor_file
    from pointsman.ports import StoreUnavailable

    configured = None if audit is None or audit.anchor is None else Path(audit.anchor)
    named = stated if stated is not None or "POINTSMAN_ANCHOR" in os.environ else configured
    path = anchor_file(state_dir, os.environ, named)
    if path.resolve().parent == state_dir.resolve():
        raise StoreUnavailable(f"the audit's anchor {path} lies beside the ledger: choose another directory")
    return Anchor(path, journal_witness() if audit is not None and audit.journal else None)


def _secrets(fleet: Fleet) -> Secrets:
    import os

    from pointsman.adapters.secrets import Secrets
    from pointsman.config import secrets_file

    names = dict.fromkeys(e.key_env for e in fleet.endpoints.values() if e.key_env is not None)
    return Secrets(tuple(names), file=secrets_file(os.environ) if names else None)


def _real_services(fleet: Fleet, state_dir: Path) -> ServiceRouter:
    from pointsman.adapters.services import ServiceAdapter, ServiceRouter
    from pointsman.adapters.services.containers import ContainerServices
    from pointsman.adapters.services.launchd import LaunchdServices
    from pointsman.adapters.services.process import ProcessServices
    from pointsman.adapters.services.systemd import SystemdServices
    from pointsman.core.fleet import ServiceKind

    adapters: dict[ServiceKind, ServiceAdapter] = {
        ServiceKind.SYSTEMD_USER: SystemdServices(user=True),
        ServiceKind.SYSTEMD_SYSTEM: SystemdServices(user=False),
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
    import pointsman.adapters.structured
    import pointsman.engine.engine  # noqa: F401


def _import_demo() -> None:
    _import_world()
    import pointsman.adapters.discover
    import pointsman.demo.fleet  # noqa: F401


# --- recordings ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def recording(
    opening: AbstractAsyncContextManager[Console], path: Path, *, words: bool
) -> AsyncIterator[Console]:
    """The console of `opening`, everything it tells its door written to a new file. Raises OSError for the file."""
    import json

    from pointsman import __version__
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.redact import redact
    from pointsman.adapters.tape_file import TapeFile
    from pointsman.core.tape import Head, head_line
    from pointsman.engine.recording import recorded

    clock = SystemClock()
    async with opening as console:
        keys = _secrets(console.fleet).known()
        hidden = (*keys, *(json.dumps(key)[1:-1] for key in keys))
        with closing(TapeFile(path, lambda text: redact(text, hidden))) as tape:
            tape.write(head_line(Head(began=clock.now(), words=words, fleet=console.fleet, program=__version__)))
            yield recorded(console, tape.write, clock.monotonic, words=words, problem=lambda: tape.problem)


def open_replay(path: Path, *, speed: float | None = 1.0) -> AbstractAsyncContextManager[Console]:
    """A console that plays a recording: no engine, no network. Raises ValueError for what is none."""
    from datetime import UTC, datetime

    from pointsman.adapters.tape_file import read_file
    from pointsman.engine.replay import Replay

    tape = read_file(path)
    began = datetime.fromtimestamp(tape.head.began, UTC).strftime("%Y-%m-%d %H:%M")
    return Replay(tape, speed=speed, banners=(f"replaying a recording of {began} UTC: nothing here is live",))


# --- the first configuration --------------------------------------------------------------------------------------


async def propose() -> tuple[str, tuple[str, ...]]:
    """A configuration from what is on this machine, and what was found, in sentences. Creates and starts nothing."""
    from datetime import UTC, datetime

    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.discover import discover
    from pointsman.adapters.doctor import endpoints as fleet_checks
    from pointsman.adapters.doctor import machine
    from pointsman.adapters.host import LocalHost
    from pointsman.adapters.proposal import Seen, propose
    from pointsman.config import load

    preset = (await asyncio.to_thread(load)).fleet
    host = LocalHost()
    try:
        found, sample = await asyncio.gather(discover(), host.sample())
    finally:
        await host.aclose()
    seen = Seen(
        servers=found,
        keys=fleet_checks.keys_there(preset, _secrets(preset).source),
        gpus=tuple(finding.text for finding in machine.gpus(sample)) if sample.gpus else (),
    )
    day = datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y-%m-%d")
    return propose(seen, preset, day), tuple(seen.sentences())


# --- the doctor ---------------------------------------------------------------------------------------------------


async def examine_fleet(settings: Settings, state_dir: Path) -> AsyncIterator[Finding]:
    """Everything that can be wrong around this fleet, one look at each. Creates nothing; asks no model."""
    import os

    from pointsman.adapters.clients import Clients
    from pointsman.adapters.discover import discover
    from pointsman.adapters.doctor import endpoints as fleet_checks
    from pointsman.adapters.doctor import machine
    from pointsman.adapters.probe import HttpProber
    from pointsman.core.fleet import EndpointKind, Locality

    fleet, secrets = settings.fleet, _secrets(settings.fleet)
    local_only = await _cloud_forbidden(settings, state_dir)
    asked = [each for each in fleet_checks.used(fleet) if each.locality is Locality.LOCAL or not local_only]
    clients = Clients(secrets=secrets, cloud_forbidden=lambda: local_only)
    prober = HttpProber(clients.of, secrets=secrets)
    ollamas = [each for each in asked if each.kind is EndpointKind.OLLAMA and each.locality is Locality.LOCAL]
    try:
        found, probed, relays = await asyncio.gather(
            discover(),
            asyncio.gather(*(prober.probe(each) for each in asked)),
            asyncio.gather(*(fleet_checks.relay_disabled(clients.of(each), each) for each in ollamas)),
        )
    finally:
        await clients.aclose()
    seen = {each.name: probe.health for each, probe in zip(asked, probed, strict=True)}
    alive = {each.name for each in asked if seen[each.name].state in fleet_checks.ANSWERS}
    told = {each.name: off for each, off in zip(ollamas, relays, strict=True) if each.name in alive}
    here = [(each.url, each.kind) for each in asked if each.name in alive and _is_here(each.url)]
    for finding in (
        *fleet_checks.keys(fleet, secrets.source),
        *fleet_checks.reachable(fleet, seen),
        *fleet_checks.unconfigured(fleet, found),
        *fleet_checks.relays(fleet, told),
        *fleet_checks.exposed([*here, *((each.url, each.kind) for each in found)], machine.open_to_all),
        *(await machine.systemd(os.environ, _user()) if fleet_checks.needs_systemd(fleet) else ()),
    ):
        yield finding


async def examine_servers() -> AsyncIterator[Finding]:
    """Without a configuration: which servers answer here, and whether others could reach them."""
    from pointsman.adapters.discover import discover
    from pointsman.adapters.doctor import endpoints as fleet_checks
    from pointsman.adapters.doctor import machine

    found = await discover()
    for finding in (
        *fleet_checks.unconfigured(None, found),
        *fleet_checks.exposed([(each.url, each.kind) for each in found], machine.open_to_all),
    ):
        yield finding


async def examine_machine(state_dir: Path) -> AsyncIterator[Finding]:
    """What can be wrong whatever the configuration says."""
    import locale
    import os
    import sqlite3
    import sys

    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.doctor import machine, program, storage
    from pointsman.adapters.host import LocalHost
    from pointsman.config import secrets_file
    from pointsman.ports import AuditQuery, StoreUnavailable

    yield program.python(sys.version_info[:3])
    encoding = sys.stdout.encoding or locale.getpreferredencoding()
    for finding in program.terminal(os.environ, is_terminal=sys.stdout.isatty(), encoding=encoding):
        yield finding
    inside = "TMUX" in os.environ
    tmux = program.tmux(inside, await machine.tmux_clipboard(os.environ) if inside else None)
    newest: tuple[AuditRow, ...] = ()
    ledger: tuple[Finding, ...] = ()
    try:
        newest = await read_audit(state_dir, AuditQuery(limit=1))
    except StoreUnavailable as problem:
        ledger = (storage.no_ledger(str(problem)),)
    host = LocalHost()
    try:
        sample = await host.sample()
    finally:
        await host.aclose()
    kept = storage.secrets_file(secrets_file(os.environ))
    for finding in (
        *(() if tmux is None else (tmux,)),
        *storage.state(state_dir),
        *ledger,
        program.sqlite(sqlite3.sqlite_version_info),
        program.clock(SystemClock().now(), newest[0].at if newest else None),
        *(() if kept is None else (kept,)),
        *machine.gpus(sample),
    ):
        yield finding


async def _cloud_forbidden(settings: Settings, state_dir: Path) -> bool:
    """In doubt yes: nobody in the cloud is asked."""
    from pointsman.ports import StoreUnavailable

    try:
        return (await known(settings, state_dir=state_dir)).cloud_forbidden
    except StoreUnavailable:
        return True


def _is_here(url: str) -> bool:
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    return host.startswith("127.") or host in ("localhost", "::1")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no entry for it in the user database
        return "$USER"


# --- looking without an engine -----------------------------------------------------------------------------------


async def known(settings: Settings, *, state_dir: Path) -> Snapshot:
    """The picture without asking anybody: every endpoint assumed available, usage and overrides from the ledger.

    No network, and nothing is created. The machine has one GPU of unknown figures, so that they can be supposed.
    """
    from pointsman.adapters import ledger_reader
    from pointsman.adapters.clock import SystemClock

    now = SystemClock().now()
    standing = await asyncio.to_thread(ledger_reader.standing, state_dir, settings.fleet.budgets, now)
    return Snapshot(
        now=now,
        usage=standing.usage,
        overrides=standing.overrides,
        local_only=settings.fleet.local_only,
        host=HostSample(taken_at=now, gpus=(Gpu(index=0, name="unknown"),)),
    )


async def look_once(settings: Settings, *, state_dir: Path) -> Snapshot:
    """The picture after one look at every endpoint and this machine."""
    async with open_engine(settings, state_dir=state_dir, monitor=False) as engine:
        await engine.look()
        return engine.snapshot


async def totals(state_dir: Path, since: float) -> tuple[ModelTotal, ...]:
    from pointsman.adapters import ledger_reader

    return await asyncio.to_thread(ledger_reader.totals, state_dir, since)


async def measured(state_dir: Path) -> tuple[Measurement, ...]:
    """What bench and eval found, the newest of each sort of each model."""
    from pointsman.adapters import ledger_reader

    return await asyncio.to_thread(ledger_reader.measured, state_dir)


async def read_audit(state_dir: Path, query: AuditQuery) -> tuple[AuditRow, ...]:
    """Newest first."""
    from pointsman.adapters import ledger_reader

    return await asyncio.to_thread(ledger_reader.audit_rows, state_dir, query)


async def verify_audit(state_dir: Path, anchor: Anchor, export: Path | None = None) -> Verdict:
    """Of the ledger's audit, or of an export of it. Never raises for what is on the disk."""
    from pointsman.adapters.store.export import inspect_file
    from pointsman.adapters.store.inspection import inspect

    if export is not None:
        return await asyncio.to_thread(inspect_file, export, anchor)
    return await asyncio.to_thread(inspect, state_dir, anchor)


def export_audit(state_dir: Path, foreign: bool) -> Iterator[str]:
    """The audit as JSON lines, oldest first. Raises StoreUnavailable."""
    from pointsman.adapters.store.export import export

    return export(state_dir, foreign=foreign)


async def rotate_audit(state_dir: Path, anchor: Anchor, keep: int | None) -> tuple[str, tuple[str, ...]]:
    """Closes a segment and deletes all but the newest `keep` (None: none); the new segment's name, and the deleted."""
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.store.segments import retire, rotate

    now = SystemClock().now()
    closed = await asyncio.to_thread(rotate, state_dir, anchor, now)
    gone = () if keep is None else await asyncio.to_thread(retire, state_dir, anchor, keep, now)
    return closed.file, gone


async def erase_foreign(state_dir: Path, anchor: Anchor, seq: int, field: str | None) -> tuple[tuple[str, ...], bool]:
    """Erases one text of others in an audit line, or all of them; their names, and whether no other process can still
    read them in the write-ahead log. Raises StoreUnavailable, or LookupError for what the line does not have."""
    from pointsman.adapters import ledger_reader
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.store import SqliteStore
    from pointsman.core.narrate import erased

    there = await asyncio.to_thread(ledger_reader.foreign_fields, state_dir, seq)
    fields = there if field is None else (field,)
    if not set(fields) <= set(there) or not fields:
        raise LookupError(f"line {seq} has no such text of others" + (f"; it has: {', '.join(there)}" if there else ""))
    clock = SystemClock()
    async with await SqliteStore.open(state_dir, clock, anchor=anchor) as store:
        return fields, await store.erase(seq, fields, erased(seq, fields, clock.now()))


def new_id() -> str:
    from pointsman.adapters.clock import SystemClock

    return SystemClock().new_id()
