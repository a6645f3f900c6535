"""`services list|start|stop|restart|logs`: the units that run local models. A command is shown and audited first."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from pointsman.core.fleet import Fleet
from pointsman.core.plain_text import one_line
from pointsman.core.snapshot import Snapshot
from pointsman.ports import ServiceResult
from pointsman.verbs import documents, say
from pointsman.verbs.mistakes import DONE, FAILED, unknown
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.status import show_services

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

T = TypeVar("T")


@click.group("services")
def services() -> None:
    """Show, start, stop and restart the services that run local models."""


async def _with_engine(place: Place, use: Callable[[Engine], Awaitable[T]]) -> T:
    from pointsman import wiring

    async with wiring.open_engine(place.own_settings(), state_dir=place.state_dir(), monitor=False) as engine:
        return await use(engine)


@services.command("list")
@as_json
@place_options
@click.pass_obj
def list_services(place: Place, /, *, as_json: bool) -> int:
    """List the services with their states."""
    fleet, snapshot = run(_with_engine(place, _look))
    if as_json:
        say.document({"services": documents.service_documents(fleet, snapshot)})
    elif fleet.services:
        show_services(fleet, snapshot)
    else:
        say.data("no services are configured")
    return DONE


async def _look(engine: Engine) -> tuple[Fleet, Snapshot]:
    await engine.look_at_services()
    return engine.fleet, engine.snapshot


def _known(place: Place, name: str) -> str:
    fleet = place.own_settings().fleet
    if name not in fleet.services:
        raise unknown("service", name, fleet.services)
    return name


def _action(verb: str, words: str) -> click.Command:
    """The command for one verb of the service manager."""

    @services.command(verb, help=words)
    @click.argument("name")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @as_json
    @place_options
    @click.pass_obj
    def act(place: Place, /, *, name: str, yes: bool, as_json: bool) -> int:
        _known(place, name)
        argv = run(_with_engine(place, _command(name, verb)))
        if argv:
            say.tell(f"runs: {' '.join(argv)}")
        if not yes and sys.stdin.isatty():
            click.confirm(f"{verb} {one_line(name)}?", abort=True, err=True)
        result = run(_with_engine(place, lambda engine: engine.service_action(name, verb)))
        return _report(name, verb, result, as_json)

    return act


def _command(name: str, verb: str) -> Callable[[Engine], Awaitable[tuple[str, ...]]]:
    async def find(engine: Engine) -> tuple[str, ...]:
        return engine.service_command(name, verb)

    return find


def _report(name: str, verb: str, result: ServiceResult, as_json: bool) -> int:
    if as_json:
        say.document({"service": name, "verb": verb, **documents.values(result)})
    else:
        accepted = "accepted; whether the model answers, `pointsman status` tells" if result.ok else "failed"
        detail = f" ({one_line(result.text)})" if result.text else ""
        say.data(f"{verb} {name}: {accepted}{detail}")
    return DONE if result.ok else FAILED


_action("start", "Start the service NAME.")
_action("stop", "Stop the service NAME. Asks first on a terminal.")
_action("restart", "Restart the service NAME. Asks first on a terminal.")


@services.command("logs")
@click.argument("name")
@click.option("--lines", type=click.IntRange(1, 10_000), default=200, show_default=True)
@as_json
@place_options
@click.pass_obj
def logs(place: Place, /, *, name: str, lines: int, as_json: bool) -> int:
    """Show the last log lines of the service NAME."""
    _known(place, name)
    found = run(_with_engine(place, lambda engine: engine.service_logs(name, lines)))
    if as_json:
        say.document({"service": name, "lines": list(found)})
    for each in () if as_json else found:
        say.data(one_line(each))
    return DONE
