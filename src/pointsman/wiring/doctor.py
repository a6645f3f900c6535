"""What can be wrong: one look at everything, each finding with what to do. Creates nothing; asks no model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.wiring.audit import read_audit
from pointsman.wiring.looking import known
from pointsman.wiring.places import secrets_of

if TYPE_CHECKING:
    from pointsman.adapters.doctor import Finding
    from pointsman.config import Settings
    from pointsman.core.audit import AuditRow


async def examine_fleet(settings: Settings, state_dir: Path) -> AsyncIterator[Finding]:
    """Everything that can be wrong around this fleet, one look at each. Creates nothing; asks no model."""
    import os

    from pointsman.adapters.clients import Clients
    from pointsman.adapters.discover import discover
    from pointsman.adapters.doctor import endpoints as fleet_checks
    from pointsman.adapters.doctor import machine
    from pointsman.adapters.probe import HttpProber
    from pointsman.core.fleet import EndpointKind, Locality

    fleet, secrets = settings.fleet, secrets_of(settings.fleet)
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
