"""`models load|unload|fits`: models in and out of memory, and which fit this machine. Nothing here can erase a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from pointsman.core.memory import Fit, gib
from pointsman.ports import ServiceResult
from pointsman.verbs import documents, say
from pointsman.verbs.asked import known_model
from pointsman.verbs.mistakes import DONE, FAILED
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine


def _action(verb: str, words: str) -> click.Command:
    @click.command(verb, help=words)
    @click.argument("name")
    @as_json
    @place_options
    @click.pass_obj
    def act(place: Place, /, *, name: str, as_json: bool) -> int:
        model = known_model(place.own_settings().fleet, name)
        assert model is not None  # a name was given, and an unknown one is a mistake
        result = run(_with_engine(place, lambda engine: _told(engine, model, verb)))
        return _report(model, verb, result, as_json)

    return act


def _report(model: str, verb: str, result: ServiceResult, as_json: bool) -> int:
    if as_json:
        say.document({"model": model, "verb": verb, **documents.values(result)})
    else:
        say.data(f"{verb} {model}: {'done' if result.ok else 'failed'} ({result.text})")
    return DONE if result.ok else FAILED


async def _with_engine(place: Place, use: Callable[[Engine], Awaitable[ServiceResult]]) -> ServiceResult:
    from pointsman import wiring

    async with wiring.open_engine(place.own_settings(), state_dir=place.state_dir(), monitor=False) as engine:
        await engine.look()
        return await use(engine)


async def _told(engine: Engine, model: str, verb: str) -> ServiceResult:
    request = engine.machines.model_request(model, verb)
    if request:
        say.tell(f"sends: {request}")
    desk = engine.machines
    return await (desk.load_model(model) if verb == "load" else desk.unload_model(model))


@click.command("keep")
@click.argument("name")
@click.argument("duration", metavar="DURATION")
@as_json
@place_options
@click.pass_obj
def keep(place: Place, /, *, name: str, duration: str, as_json: bool) -> int:
    """Keep the model NAME in memory for DURATION (30m, 2h) after its last use, or until it is unloaded (forever)."""
    model = known_model(place.own_settings().fleet, name)
    assert model is not None
    seconds = None if duration == "forever" else _seconds(duration)

    async def told(engine: Engine) -> ServiceResult:
        say.tell(f"sends: {engine.machines.model_request(model, 'keep', seconds) or 'nothing'}")
        return await engine.machines.keep_model(model, seconds)

    return _report(model, "keep", run(_with_engine(place, told)), as_json)


def _seconds(duration: str) -> float:
    from pointsman.config.units import duration as read_duration

    try:
        return read_duration(duration)
    except ValueError as problem:
        raise click.BadParameter(f"{problem}, or `forever`", param_hint="DURATION") from None


load = _action("load", "Load the model NAME into memory; in an exclusive group, in its turn.")
unload = _action("unload", "Take the model NAME out of memory. Its files stay.")


@click.command("fits")
@as_json
@place_options
@click.pass_obj
def fits(place: Place, /, *, as_json: bool) -> int:
    """Show which local models fit this machine's memory, alone and in pairs."""
    found = run(_fits(place))
    if as_json:
        say.document({"fits": documents.values(found)})
        return DONE
    say.table(("MODELS", "NEED", "OF", "FIT", "WHY"), [_row(fit) for fit in found])
    if not found:
        say.tell("there are no local models")
    return DONE


async def _fits(place: Place) -> tuple[Fit, ...]:
    from pointsman import wiring

    settings = place.own_settings()
    async with wiring.open_engine(settings, state_dir=place.state_dir(), monitor=False) as engine:
        await engine.look()
        return engine.machines.fits()


def _row(fit: Fit) -> tuple[str, ...]:
    need = "n/a" if fit.need is None else gib(fit.need)
    have = "n/a" if fit.have is None else gib(fit.have)
    return " + ".join(fit.models), need, have, fit.word, fit.why
