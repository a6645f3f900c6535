"""`bench`: how fast models really are, beside what the documents say. Every call is decided, paid and audited."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from pointsman.core.bench import Plan, fitting, worst_cost
from pointsman.core.fleet import Fleet, Model
from pointsman.core.measured import Speed, SpeedPoint, Spread, compared
from pointsman.verbs import documents, figures, say
from pointsman.verbs.measuring import Chosen, Document, choose, exit_code, open_fleet, propose, tell_choice
from pointsman.verbs.mistakes import Mistake
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

_USUAL = Plan()


def _whole(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(int(word) for word in value.split(",")))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number <= 1_000_000 for number in numbers):
        raise click.BadParameter("write whole numbers above 0 with commas between them, such as 64,512", ctx, param)
    return numbers


def _joined(numbers: tuple[int, ...]) -> str:
    return ",".join(str(number) for number in numbers)


@click.command("bench")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--cloud", is_flag=True, help="Cloud models, too; what they may cost at worst is told first.")
@click.option(
    "--prompts",
    default=_joined(_USUAL.prompts),
    callback=_whole,
    show_default=True,
    help="Prompt lengths in tokens.",
)
@click.option(
    "--at-once",
    "concurrencies",
    default=_joined(_USUAL.concurrencies),
    callback=_whole,
    show_default=True,
    help="Calls at the same time.",
)
@click.option("--rounds", type=click.IntRange(1, 100), default=_USUAL.rounds, show_default=True, help="Of each step.")
@click.option(
    "--output", type=click.IntRange(8, 8192), default=_USUAL.output, show_default=True, help="Tokens of each answer."
)
@click.option("--propose", "proposing", is_flag=True, help="Print the diff that would state the measured speed.")
@click.option("--demo", is_flag=True, help="Measure the simulated fleet.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@as_json
@place_options
@click.pass_obj
def bench(
    place: Place,
    /,
    *,
    models: tuple[str, ...],
    cloud: bool,
    demo: bool,
    speed: float,
    proposing: bool,
    as_json: bool,
    **steps: Any,
) -> int:
    """Measure how fast models answer, beside what is stated.

    After one warm-up call: the time to the first token, the speed of reading prompts and of writing, at several prompt
    lengths and numbers of calls at once, as median and quartiles. Kept with its date. Without MODEL every local model
    is measured, one after the other. Exit 1: a model did not answer; 3: a model that was named may not be asked.
    """
    if proposing and as_json:
        raise Mistake("--propose prints a diff and --json a document: ask for one of them")
    return run(_bench(place, models, cloud, demo, speed, Plan(**steps), _shown(place, proposing, as_json)))


Show = Callable[[Fleet, list[Speed], list[Document], Chosen], None]


async def _bench(
    place: Place, names: tuple[str, ...], cloud: bool, demo: bool, factor: float, plan: Plan, show: Show
) -> int:
    async with open_fleet(place, demo, factor) as engine:
        fleet = engine.fleet
        chosen = choose(fleet, names, cloud, lambda model: worst_cost(model, plan, fleet.locality_of(model)))
        tell_choice(chosen)
        await engine.look()
        found: list[Speed] = []
        failed: list[Document] = []
        for model in chosen.models:
            await _one(engine, model, plan, found, failed)
    show(fleet, found, failed, chosen)
    return exit_code(failed, chosen)


async def _one(engine: Engine, model: Model, plan: Plan, found: list[Speed], failed: list[Document]) -> None:
    from pointsman.engine.bench import NotAnswered

    smaller, too_long = fitting(plan, _context(engine, model))
    if too_long:
        say.tell(f"{model.name}: prompts of {_joined(too_long)} tokens do not fit its context and are left out")
    if not smaller.prompts:
        failed.append({"model": model.name, "why": "no prompt fits its context", "blocked": False})
        return
    steps = len(smaller.prompts) * len(smaller.concurrencies)
    with click.progressbar(length=steps, label=model.name, file=sys.stderr) as bar:

        def hear(prompt: int, concurrency: int, done: SpeedPoint | None) -> None:
            bar.label = f"{model.name}: {prompt} tokens × {concurrency}"
            bar.update(0 if done is None else 1)

        try:
            found.append(await engine.bench(model.name, smaller, hear))
        except NotAnswered as silent:
            failed.append({"model": model.name, "why": str(silent), "blocked": silent.blocked})


def _context(engine: Engine, model: Model) -> int | None:
    """As it was loaded, which may be less than what is configured."""
    status = engine.snapshot.status.get(model.endpoint)
    live = None if status is None else status.contexts.get(model.id)
    known = [context for context in (live, model.context) if context is not None]
    return min(known, default=None)


# --- showing -----------------------------------------------------------------------------------------------------


def speed_document(model: Model, speed: Speed) -> Document:
    return {**documents.values(speed), "compared": [documents.values(each) for each in compared(model, speed)]}


def _shown(place: Place, proposing: bool, as_json: bool) -> Show:
    def show(fleet: Fleet, found: list[Speed], failed: list[Document], chosen: Chosen) -> None:
        if as_json:
            told = [speed_document(fleet.models[speed.model], speed) for speed in found]
            say.document({"measurements": told, "failed": failed, "skipped": list(chosen.skipped)})
            return
        for left in failed:
            say.tell(f"✗ {left['model']}: {left['why']}")
        if proposing:
            _propose(place, found)
        elif found:
            _show_table(fleet, found)

    return show


def _propose(place: Place, found: list[Speed]) -> None:
    keys = [(speed.model, stated) for speed in found if (stated := stated_keys(speed))]
    if keys:
        say.data(propose(place, keys), newline=False)
    else:
        simulated = any(speed.simulated for speed in found)
        say.tell(
            f"nothing to propose: {'simulated figures are of no real model' if simulated else 'no speed was told'}"
        )


def stated_keys(speed: Speed) -> dict[str, str]:
    """The configuration's keys as measured: the middle half, in whole tokens per second, and when it was."""
    point = speed.headline
    if point is None or point.generation_per_s is None or speed.simulated:
        return {}
    low, high = round(point.generation_per_s.low), round(point.generation_per_s.high)
    if low < 1:
        return {}
    figure = f"{low}" if low == high else f"{low}-{high}"
    day = datetime.fromtimestamp(speed.at, UTC).strftime("%Y-%m-%d")
    calls = point.generation_per_s.count
    return {"speed": f'"{figure} tok/s" # measured {day} by pointsman bench: {calls} calls, middle half'}


def _show_table(fleet: Fleet, found: list[Speed]) -> None:
    if any(speed.simulated for speed in found):
        say.tell("simulated: these figures are of no real model")
    say.tell("median (middle half); speeds in tokens per second, times in seconds")
    head = ("MODEL", "PROMPT", "AT ONCE", "FIRST TOKEN", "READS", "WRITES", "TOGETHER", "FAILED", "STATED")
    say.table(head, [row for speed in found for row in _rows(fleet.models[speed.model], speed)])


def _rows(model: Model, speed: Speed) -> list[tuple[str, ...]]:
    generation = next(each for each in compared(model, speed) if each.figure == "generation_per_s")
    stated = "not stated"
    if generation.stated is not None:
        low, high = generation.stated
        stated = f"{generation.verdict or '?'} {low:g}" + ("" if low == high else f"-{high:g}")
    return [
        (
            f"{speed.model} sim" if speed.simulated else speed.model,
            figures.count(point.prompt_tokens),
            str(point.concurrency),
            _spread(point.first_token_s, 2),
            _spread(point.prompt_per_s, 0),
            _spread(point.generation_per_s, 1),
            figures.number(point.together_per_s, ""),
            str(point.failed),
            stated if point is speed.headline else "",
        )
        for point in speed.points
    ]


def _spread(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return figures.UNKNOWN
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f}-{spread.high:.{digits}f})"
