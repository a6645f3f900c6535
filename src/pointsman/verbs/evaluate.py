"""`eval`: how good models are at tasks whose answers can be checked. What it finds is proposed, never written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pointsman.core.eval_tasks import ITEMS, SUITE
from pointsman.core.fleet import Fleet, Locality, Model
from pointsman.core.grading import Item
from pointsman.core.measured import Quality
from pointsman.core.prices import worst_of
from pointsman.core.proposal import quoted
from pointsman.core.tokens import estimate_tokens
from pointsman.verbs import documents, figures, say
from pointsman.verbs.measuring import Chosen, Document, choose, exit_code, open_fleet, propose, tell_choice
from pointsman.verbs.mistakes import Mistake
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine
    from pointsman.engine.evaluate import Graded
    from pointsman.ports import CodeJudge

_KINDS = tuple(dict.fromkeys(item.kind for item in ITEMS))


@click.command("eval")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only tasks of this kind; repeatable.")
@click.option("--cloud", is_flag=True, help="Cloud models, too; what they may cost at worst is told first.")
@click.option(
    "--unsandboxed",
    is_flag=True,
    help="Run the models' code even where no sandbox works: with limits, but able to read your files.",
)
@click.option("--propose", "proposing", is_flag=True, help="Print the diff that would state the found quality.")
@click.option("--demo", is_flag=True, help="Grade the simulated fleet.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@as_json
@place_options
@click.pass_obj
def evaluate(
    place: Place,
    /,
    *,
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    cloud: bool,
    unsandboxed: bool,
    proposing: bool,
    demo: bool,
    speed: float,
    as_json: bool,
) -> int:
    """Grade models by small tasks whose answers can be checked.

    Code is run in a sandbox against tests; other answers are compared, or their form is. Kept with its date. Without
    MODEL every local model is graded. Exit 1: a model did not answer; 3: a model that was named may not be asked.
    """
    if proposing and as_json:
        raise Mistake("--propose prints a diff and --json a document: ask for one of them")
    items = tuple(item for item in ITEMS if not kinds or item.kind in kinds)
    from pointsman import wiring

    judge = wiring.code_judge(place.state_dir(), unsandboxed=unsandboxed)
    show = _shown(place, proposing, as_json)
    return run(_evaluate(open_fleet(place, demo, speed), models, items, cloud, judge, show))


Found = list[tuple[Quality, "list[Graded]"]]
Show = Callable[[Fleet, Found, list[Document], Chosen], None]


async def _evaluate(
    opening: AbstractAsyncContextManager[Engine],
    names: tuple[str, ...],
    items: tuple[Item, ...],
    cloud: bool,
    judge: CodeJudge,
    show: Show,
) -> int:
    async with opening as engine:
        fleet = engine.fleet
        chosen = choose(fleet, names, cloud, lambda model: worst_cost(model, items, fleet.locality_of(model)))
        tell_choice(chosen)
        await engine.look()
        found: Found = []
        failed: list[Document] = []
        for model in chosen.models:
            await _one(engine, model, items, judge, found, failed)
    show(fleet, found, failed, chosen)
    return exit_code(failed, chosen)


async def _one(
    engine: Engine, model: Model, items: tuple[Item, ...], judge: CodeJudge, found: Found, failed: list[Document]
) -> None:
    from pointsman.engine.bench import NotAnswered

    graded: list[Graded] = []
    with click.progressbar(length=len(items), label=model.name, file=sys.stderr) as bar:

        def hear(one: Graded) -> None:
            graded.append(one)
            bar.update(1)

        try:
            found.append((await engine.evaluate(model.name, items, SUITE, judge, hear), graded))
        except NotAnswered as silent:
            failed.append({"model": model.name, "why": str(silent), "blocked": silent.blocked})


def worst_cost(model: Model, items: tuple[Item, ...], locality: Locality) -> int | None:
    """nano-USD if every answer is as long as it may be. None: a price is unknown."""
    from pointsman.engine.evaluate import OUTPUT

    if locality is Locality.LOCAL:
        return 0
    costs = [worst_of(model, input_tokens=estimate_tokens(item.prompt), max_output=OUTPUT) for item in items]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


# --- showing -----------------------------------------------------------------------------------------------------


def _shown(place: Place, proposing: bool, as_json: bool) -> Show:
    def show(fleet: Fleet, found: Found, failed: list[Document], chosen: Chosen) -> None:
        if as_json:
            told = [{**documents.values(quality), "items": documents.values(graded)} for quality, graded in found]
            say.document({"suite": SUITE, "evaluations": told, "failed": failed, "skipped": list(chosen.skipped)})
            return
        for left in failed:
            say.tell(f"✗ {left['model']}: {left['why']}")
        if proposing:
            changes = [(quality.model, keys) for quality, _ in found if (keys := stated_keys(quality))]
            say.data(propose(place, changes), newline=False)
        elif found:
            _show_tables(fleet, found)

    return show


def stated_keys(quality: Quality) -> dict[str, str]:
    """The configuration's keys as found; nothing for a simulated model or where nothing was judged."""
    shares = {score.kind: score.percent for score in quality.scores if score.percent is not None}
    if not shares or quality.simulated:
        return {}
    day = datetime.fromtimestamp(quality.at, UTC).strftime("%Y-%m-%d")
    counts = ", ".join(f"{score.kind} {score.right} of {score.items}" for score in quality.scores if score.items)
    return {
        "quality": f"{{ {', '.join(f'{kind} = {share}' for kind, share in shares.items())} }}",
        "quality_from": quoted(f"pointsman eval {quality.suite}, {day}: {counts}"),
    }


def _show_tables(fleet: Fleet, found: Found) -> None:
    rows = [
        (
            f"{quality.model} (simulated)" if quality.simulated else quality.model,
            score.kind,
            f"{score.right} of {score.items}",
            figures.UNKNOWN if score.percent is None else f"{score.percent} %",
            str(score.skipped),
            _stated(fleet.models[quality.model], score.kind),
        )
        for quality, _ in found
        for score in quality.scores
    ]
    say.table(("MODEL", "KIND", "SOLVED", "SHARE", "SKIPPED", "STATED"), rows)
    for quality, graded in found:
        for (passed, why), items in _together(graded).items():
            what = "skipped" if passed is None else "wrong"
            say.tell(f"{quality.model}: {what}: {', '.join(items)}: {why}")


def _together(graded: list[Graded]) -> dict[tuple[bool | None, str], list[str]]:
    """What was not solved, by what came of it and why."""
    found: dict[tuple[bool | None, str], list[str]] = {}
    for one in graded:
        if not one.passed:
            found.setdefault((one.passed, one.why), []).append(one.item)
    return found


def _stated(model: Model, kind: str) -> str:
    stated = model.quality.get(kind)
    return "" if stated is None else f"{stated} %"
