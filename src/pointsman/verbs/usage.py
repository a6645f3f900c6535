"""`usage`: what the budgets and the models have used, from the ledger alone."""

from __future__ import annotations

from collections.abc import Mapping

import click

from pointsman.core.fleet import Band, Fleet
from pointsman.core.forecast import forecast
from pointsman.core.usage import Usage, band_of
from pointsman.ports import ModelTotal
from pointsman.verbs import documents, figures, say
from pointsman.verbs.mistakes import DONE
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.spans import SPAN


@click.command("usage")
@click.option("--since", type=SPAN, default="30d", show_default=True, help="Span of the models' totals.")
@as_json
@place_options
@click.pass_obj
def usage(place: Place, /, *, since: float, as_json: bool) -> int:
    """Show every budget with its band, and what each model has used. Looks at no endpoint."""
    from pointsman import wiring

    settings, state_dir = place.settings(), place.state_dir()
    known = run(wiring.known(settings, state_dir=state_dir))
    totals = run(wiring.totals(state_dir, known.now - since))
    if as_json:
        models = documents.values(totals)
        budgets = documents.usage_documents(settings.fleet, known.usage, known.now)
        say.document({"now": known.now, "since": known.now - since, "budgets": budgets, "models": models})
        return DONE
    show_budgets(settings.fleet, known.usage, known.now)
    if totals:
        say.data("")
        _show_models(totals)
    return DONE


def show_budgets(fleet: Fleet, usage: Mapping[str, Usage], now: float) -> None:
    if not fleet.budgets:
        say.data("no budgets are configured")
        return
    rows = []
    for budget in fleet.budgets:
        seen = usage.get(budget.name)
        used = figures.UNKNOWN if seen is None else figures.amount(budget.unit, seen.used)
        percent = figures.UNKNOWN if seen is None else f"{seen.percent} %"
        resets = "-" if seen is None or seen.resets_at is None else figures.moment(seen.resets_at)
        limit = figures.amount(budget.unit, budget.limit)
        ahead = _ahead(seen, fleet.bands, now)
        rows.append((budget.name, percent, band_of(seen, fleet.bands).name, used, limit, resets, ahead))
    say.table(("BUDGET", "USED", "BAND", "FIGURE", "LIMIT", "FREES AT (UTC)", "AT THIS RATE"), rows)


def _ahead(usage: Usage | None, bands: tuple[Band, ...], now: float) -> str:
    ahead = None if usage is None else forecast(usage, bands, now)
    if ahead is None:
        return "-"
    return f"{ahead.at} % not before then" if ahead.when is None else f"{ahead.at} % at {figures.moment(ahead.when)}"


def _show_models(totals: tuple[ModelTotal, ...]) -> None:
    rows = [
        (
            total.model,
            figures.count(total.requests),
            figures.count(total.input_tokens),
            figures.count(total.output_tokens),
            figures.money(total.nano_usd),
            figures.count(total.estimated),
        )
        for total in totals
    ]
    say.table(("MODEL", "CALLS", "INPUT", "OUTPUT", "COST", "ESTIMATED"), rows)
