"""`hierarchy`: document 000's page from what is configured and runs, and whether a committed copy is still true."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pointsman.core import hierarchy as pages
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, FAILED, Failure, Mistake
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.core.fleet import Fleet
    from pointsman.core.snapshot import Snapshot
    from pointsman.engine.engine import Engine


@click.command("hierarchy")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to this file.")
@click.option(
    "--check", "checked", type=click.Path(path_type=Path, dir_okay=False), help="Compare this file with the live page."
)
@click.option("--demo", is_flag=True, help="Of the simulated fleet.")
@as_json
@place_options
@click.pass_obj
def hierarchy(place: Place, /, *, output: Path | None, checked: Path | None, demo: bool, as_json: bool) -> int:
    """Write the model hierarchy page from what is configured and what runs.

    With --check nothing is written: exit 0 if FILE still says what is, 1 with the difference if it has drifted. Dates,
    latencies and measured figures never count.
    """
    if output is not None and checked is not None:
        raise Mistake("--output writes a page and --check compares one: ask for one of them")
    committed = None if checked is None else _read(checked)
    page = run(_page(place, demo))
    if checked is not None and committed is not None:
        return _compare(checked, committed, page, as_json)
    if output is not None:
        _write(output, page)
        say.tell(f"written: {output}")
    if as_json:
        say.document({"page": page, "file": None if output is None else str(output)})
    elif output is None:
        say.data(page, newline=False)
    return DONE


async def _page(place: Place, demo: bool) -> str:
    from pointsman import wiring

    settings = place.demo_settings() if demo else place.own_settings()
    opening = wiring.open_demo if demo else wiring.open_engine
    async with opening(settings, state_dir=place.state_dir(), monitor=False) as engine:
        await engine.look()
        drift = engine.drift
        live = pages.Live(
            fleet=_as_configured(engine.fleet, settings.fleet),
            snapshot=_with_configured_places(engine.snapshot, engine.fleet, settings.fleet),
            measured=await engine.measurements(),
            commands=_commands(engine, settings.fleet),
            drift=None if drift is None else drift.text,
        )
        return pages.page(live)


def _as_configured(running: Fleet, configured: Fleet) -> Fleet:
    """Simulated servers listen on other ports at every start; servers found beside are no part of the policy."""
    endpoints = {
        name: replace(endpoint, simulated=running.endpoints[name].simulated)
        for name, endpoint in configured.endpoints.items()
    }
    return replace(configured, endpoints=endpoints)


def _with_configured_places(snapshot: Snapshot, running: Fleet, configured: Fleet) -> Snapshot:
    """The same in the reasons, which name the address that was tried."""
    health = dict(snapshot.health)
    for name, endpoint in configured.endpoints.items():
        tried, meant = urlsplit(running.endpoints[name].url).netloc, urlsplit(endpoint.url).netloc
        if name in health and tried != meant:
            health[name] = replace(health[name], reason=health[name].reason.replace(tried, meant))
    return replace(snapshot, health=health)


def _commands(engine: Engine, fleet: Fleet) -> dict[str, str]:
    told: dict[str, str] = {}
    for name in fleet.services:
        with suppress(KeyError):  # a service that nobody here can start
            told[name] = shlex.join(engine.service_command(name, "start"))
    return told


def _compare(path: Path, committed: str, page: str, as_json: bool) -> int:
    found = pages.difference(committed, page, str(path))
    if as_json:
        say.document({"file": str(path), "drifted": bool(found), "diff": found})
    else:
        say.data(found, newline=False)
    say.tell(f"{path} has drifted: --output {path} writes it anew" if found else f"{path} is true")
    return FAILED if found else DONE


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from None


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from None
