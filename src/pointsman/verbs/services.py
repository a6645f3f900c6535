"""`services list|start|stop|restart|logs`: the units that run local models. A command is shown and audited first."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pointsman.core.fleet import Fleet
from pointsman.core.log_filter import passes
from pointsman.core.plain_text import clean, one_line
from pointsman.core.snapshot import RestartProgress, RestartStage, Snapshot
from pointsman.engine.plans import RestartPlan
from pointsman.ports import LogLine, ServiceResult
from pointsman.verbs import documents, say
from pointsman.verbs.mistakes import DONE, FAILED, unknown
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.status import show_services

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


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
    @_waiting(verb)
    @as_json
    @place_options
    @click.pass_obj
    def act(place: Place, /, *, name: str, yes: bool, as_json: bool, wait: bool = False) -> int:
        _known(place, name)
        _announce(run(_with_engine(place, lambda engine: engine.machines.restart_plan(name, verb))))
        if not yes and sys.stdin.isatty():
            click.confirm(f"{verb} {one_line(name)}?", abort=True, err=True)
        if wait:
            return _report_watched(run(_with_engine(place, lambda engine: _watched(engine, name, verb))), as_json)
        result = run(_with_engine(place, lambda engine: engine.service_action(name, verb)))
        return _report(name, verb, result, as_json)

    return act


def _waiting(verb: str) -> Callable[[F], F]:
    """`--wait`, for the verbs after which a model should answer."""
    words = "Watch until the model has answered; exit 1 if it does not."
    option = click.option("--wait", is_flag=True, help=words)
    return option if verb in ("start", "restart") else lambda command: command


def _announce(plan: RestartPlan) -> None:
    if plan.argv:
        say.tell(f"runs: {' '.join(plan.argv)}")
    if plan.typical_s is not None and plan.verb != "stop":
        say.tell(f"usually healthy after {plan.typical_s:.0f} s")
    if plan.limit is not None:
        say.tell(
            f"{plan.recent} of the {plan.limit.burst} starts that are allowed in {plan.limit.seconds:g} s are used"
        )
    for effect in plan.roles:
        say.tell(f"role {effect.role} is meanwhile served by {effect.takes_over or 'nobody'}")


async def _watched(engine: Engine, name: str, verb: str) -> RestartProgress:
    """Tells each stage as it is reached."""

    async def tell() -> None:
        told = None
        async for snapshot in engine.watch():
            for seen in snapshot.restarts:
                if (seen.stage, seen.text) != told and not seen.over:
                    told = (seen.stage, seen.text)
                    say.tell(f"{seen.stage}: {one_line(seen.text)}" if seen.text else str(seen.stage))

    await engine.look()
    telling = asyncio.create_task(tell())
    try:
        return await engine.machines.restart(name, verb)
    finally:
        telling.cancel()


def _report_watched(ended: RestartProgress, as_json: bool) -> int:
    if as_json:
        say.document(documents.values(ended))
    else:
        say.data(f"{ended.verb} {ended.service}: {ended.stage} after {ended.seconds:.1f} s ({one_line(ended.text)})")
        for each in ended.tail:
            say.tell(one_line(each))
    return DONE if ended.stage is RestartStage.HEALTHY else FAILED


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
_action("reset-failed", "Let systemd forget that the service NAME was started too often, so that it may start again.")


@services.command("logs")
@click.argument("name")
@click.option("--lines", type=click.IntRange(1, 10_000), default=200, show_default=True)
@click.option("--follow", is_flag=True, help="Stay, and show new lines as they come.")
@click.option("--filter", "wanted", metavar="WORDS", default="", help="Only lines with all of these; !word: without.")
@as_json
@place_options
@click.pass_obj
def logs(place: Place, /, *, name: str, lines: int, follow: bool, wanted: str, as_json: bool) -> int:
    """Show the last log lines of the service NAME. With --follow and --json, one object per line."""
    _known(place, name)
    if follow:
        run(_with_engine(place, lambda engine: _follow(engine, name, lines, wanted, as_json)))
        return DONE
    found = run(_with_engine(place, lambda engine: engine.service_logs(name, lines)))
    found = tuple(each for each in found if passes(each, wanted))
    if as_json:
        say.document({"service": name, "lines": list(found)})
    for each in () if as_json else found:
        say.data(one_line(each))
    return DONE


async def _follow(engine: Engine, name: str, lines: int, wanted: str, as_json: bool) -> None:
    async with aclosing(engine.follow_logs(name, lines)) as pieces:
        async for piece in pieces:
            for line in piece:
                if line.note and not as_json:
                    say.tell(line.text)
                elif line.note or passes(line.text, wanted):
                    _show_line(line, as_json)


def _show_line(line: LogLine, as_json: bool) -> None:
    if as_json:
        say.line(documents.values(line))
        return
    when = "" if line.at is None else datetime.fromtimestamp(line.at, UTC).astimezone().strftime("%H:%M:%S ")
    say.data(when + clean(line.text))
