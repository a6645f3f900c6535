"""`usage`: what the budgets and the models have used, from the ledger alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from pointsman.core import caps
from pointsman.core.fleet import Band, Budget, Fleet
from pointsman.core.forecast import forecast
from pointsman.core.plain_text import one_line
from pointsman.core.usage import Usage, band_of
from pointsman.ports import ModelTotal
from pointsman.verbs import documents, figures, say
from pointsman.verbs.mistakes import DONE, Mistake
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.spans import SPAN


@click.group("usage", invoke_without_command=True)
@click.option("--since", type=SPAN, default="30d", show_default=True, help="Span of the models' totals.")
@as_json
@place_options
@click.pass_context
def usage(ctx: click.Context, /, *, since: float, as_json: bool) -> int:
    """Show every budget with its band, and what each model has used. Looks at no endpoint."""
    if ctx.invoked_subcommand is not None:
        return DONE
    from pointsman import wiring

    place: Place = ctx.obj
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
        limit = _limit(budget, seen)
        ahead = _ahead(seen, fleet.bands, now)
        rows.append((budget.name, percent, band_of(seen, fleet.bands).name, used, limit, resets, ahead))
    say.table(("BUDGET", "USED", "BAND", "FIGURE", "LIMIT", "FREES AT (UTC)", "AT THIS RATE"), rows)


def _limit(budget: Budget, usage: Usage | None) -> str:
    """A cap says what it stands in for."""
    stated = figures.amount(budget.unit, budget.limit)
    if usage is None or usage.limit == budget.limit:
        return stated
    return f"{figures.amount(budget.unit, usage.limit)} (cap; configured {stated})"


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


# --- caps --------------------------------------------------------------------------------------------------------


@usage.command("cap")
@click.argument("name")
@click.argument("limit")
@click.option("--expires", type=SPAN, help="End by itself after this span: 90s, 30m, 2h, 7d.")
@click.option("--reason", default="", help="Goes into the audit.")
@click.option("--yes", is_flag=True, help="Do not ask before a raise.")
@as_json
@place_options
@click.pass_obj
def cap(place: Place, /, *, name: str, limit: str, expires: float | None, reason: str, yes: bool, as_json: bool) -> int:
    """Put another LIMIT ($10, 200k, 500) on the budget NAME; `default` has the configured one again."""
    from pointsman import wiring

    settings = place.settings()
    try:
        budget = caps.named(settings.fleet, name)
        wanted = None if limit == caps.DEFAULT else caps.figure(limit, budget)
    except ValueError as problem:
        raise Mistake(str(problem)) from None
    seen = run(wiring.known(settings, state_dir=place.state_dir()))
    before = caps.in_force(budget, seen.overrides, seen.now).limit
    after = budget.limit if wanted is None else wanted
    if after > before:
        say.tell(f"cap {name}: {caps.more(budget, before, after, seen.usage.get(name))}")
        if not yes and sys.stdin.isatty():
            click.confirm(f"raise the cap of {one_line(name)}?", abort=True, err=True)
    run(_cap(place, budget, wanted, expires, reason))
    if as_json:
        say.document({"budget": name, "unit": str(budget.unit), "before": before, "limit": after})
    else:
        say.data(f"cap {name} {caps.amount(budget.unit, before)} → {caps.amount(budget.unit, after)}")
    return DONE


async def _cap(place: Place, budget: Budget, wanted: int | None, expires: float | None, reason: str) -> None:
    from pointsman import wiring

    async with wiring.open_engine(place.settings(), state_dir=place.state_dir(), monitor=False) as engine:
        seen = engine.snapshot
        if wanted is not None:
            until = None if expires is None else seen.now + expires
            await engine.set_override(caps.order(budget, wanted, seen.now, until, reason))
            return
        for standing in caps.caps_of(seen.overrides, seen.now):
            if standing.scope == budget.name:
                await engine.clear_override(standing.id)
