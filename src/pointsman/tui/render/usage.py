"""Budgets as bars with the marks of the degradation curve, and the ledger of the day."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pointsman.core.fleet import Budget, BudgetUnit
from pointsman.core.forecast import forecast
from pointsman.core.saved import saved
from pointsman.core.usage import Usage, band_of, fullest
from pointsman.ports import ModelTotal
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.bars import BAND_TICKS, bar, sparkline, tone_of
from pointsman.tui.render.glyphs import UNICODE
from pointsman.tui.render.hints import filtered_out
from pointsman.tui.render.paint import Part, crop, spread
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]
_WIDE = 90  # columns from which there is room for the hours of a day and what was saved


COLUMNS = tuple(
    Column(key, key.upper(), 8)
    for key in ("kind", "name", "percent", "used", "limit", "unit", "band", "requests", "input", "output", "cost")
)


def lines(picture: Picture, width: int, kept: Collection[str] | None = None) -> tuple[Line, ...]:
    """Two lines for each budget, then the day's totals by model. `kept`: only the rows with these keys."""
    drawn: list[Line] = []
    for budget in picture.fleet.budgets:
        if kept is None or _key(budget) in kept:
            drawn += _budget(budget, picture, width)
    if not picture.fleet.budgets:
        drawn.append((("no budget is configured: nothing limits the cloud calls", "dim"),))
    totals = [total for total in picture.totals if kept is None or _key(total) in kept]
    drawn += (*_totals(totals, picture, width), *_saved(totals, picture, width))
    return tuple(drawn) or (filtered_out(),)


def _key(of: Budget | ModelTotal) -> str:
    return f"budget {of.name}" if isinstance(of, Budget) else f"model {of.model}"


def rows(picture: Picture) -> tuple[Row, ...]:
    """The same figures one by one, to be filtered and exported."""
    return (*(_budget_row(budget, picture) for budget in picture.fleet.budgets), *map(_total_row, picture.totals))


def _budget_row(budget: Budget, picture: Picture) -> Row:
    cells = {"kind": "budget", "name": label(budget.name), "unit": str(budget.unit)}
    usage = picture.snapshot.usage.get(budget.name)
    if usage is not None:
        cells |= {"percent": f"{usage.percent}%", "band": label(band_of(usage, picture.fleet.bands).name)}
        of_money = budget.unit is BudgetUnit.NANO_USD
        cells |= {
            key: figures.money(amount) if of_money else str(amount)
            for key, amount in (("used", usage.used), ("limit", usage.limit))
        }
    return _row(_key(budget), cells)


def _total_row(total: ModelTotal) -> Row:
    counts = {"requests": total.requests, "input": total.input_tokens, "output": total.output_tokens}
    cells = {"kind": "model", "name": label(total.model), "cost": figures.money(total.nano_usd)}
    return _row(_key(total), cells | {key: str(count) for key, count in counts.items()})


def _row(key: str, cells: dict[str, str]) -> Row:
    return Row(key, {name: (text, "") for name, text in cells.items()})


def amount(used: int, limit: int, unit: BudgetUnit) -> str:
    if unit is BudgetUnit.NANO_USD:
        return f"{figures.money(used)} of {figures.money(limit)}"
    return f"{figures.compact(used)} of {figures.compact(limit)} {'tok' if unit is BudgetUnit.TOKENS else 'req'}"


def resets(usage: Usage, now: float) -> str:
    return "rolling" if usage.resets_at is None else f"resets in {figures.until(usage.resets_at - now)}"


def _budget(budget: Budget, picture: Picture, width: int) -> tuple[Line, ...]:
    usage = picture.snapshot.usage.get(budget.name)
    wide = min(max(len(entry.name) for entry in picture.fleet.budgets), max(width // 4, 8))
    name: Part = (crop(label(budget.name), wide) + " ", "strong")
    room = max(width - wide - 1 - 5, 10)
    if usage is None:
        return ((name, *bar(None, room, glyphs=picture.glyphs), ("  n/a", "dim")),)
    tone = tone_of(usage.percent)
    band = band_of(usage, picture.fleet.bands)
    capped = "" if usage.limit == budget.limit else ", capped"
    about = f"{amount(usage.used, usage.limit, budget.unit)}{capped} · {resets(usage, picture.now)}"
    ahead = (f"  {ahead_of(usage, picture)}", "dim")
    return (
        (
            name,
            *bar(usage.percent, room, ticks=BAND_TICKS, glyphs=picture.glyphs),
            (f"{usage.percent:>4}%", tone),
        ),
        spread(((" " * (wide + 2), ""), (label(band.name).upper(), tone), ahead), ((about, "dim"),), width),
    )


def ahead_of(usage: Usage, picture: Picture) -> str:
    """`90% in 1h 10m at this rate`; empty where no rate is known."""
    found = forecast(usage, picture.fleet.bands, picture.now, picture.used.get(usage.budget, ()))
    if found is None:
        return ""
    if found.when is None:
        return f"{found.at}% not before the reset at this rate" if usage.resets_at else ""
    return f"{found.at}% in {figures.until(found.when - picture.now)} at this rate"


def _saved(totals: Sequence[ModelTotal], picture: Picture, width: int) -> tuple[Line, ...]:
    """On a wide screen: what local answers of today would have cost, and at whose price that is."""
    used = [(total.model, total.input_tokens, total.output_tokens) for total in totals]
    found = saved(picture.fleet, used) if width >= _WIDE else None
    if found is None:
        return ()
    return (
        (
            ("saved by local today ≈ " if picture.glyphs is UNICODE else "saved by local today ~ ", "head"),
            (figures.money(found.nano_usd), "good"),
            (f" at the list price of {label(found.model)}, the default role's first cloud model", "dim"),
        ),
    )


def _totals(totals: Sequence[ModelTotal], picture: Picture, width: int) -> tuple[Line, ...]:
    if not totals:
        return ()
    wide = min(max(len(total.model) for total in totals) + 1, max(width - 36, 8))
    hours = picture.hourly if width >= max(wide + 64, _WIDE) else {}
    tail = f"      {'24 h':<24}" if hours else ""
    drawn: list[Line] = [((f"{'today, UTC':<{wide}}{'req':>5}{'in':>8}{'out':>8}{'cost':>11}{tail}", "head"),)]
    for total in totals:
        tokens = f"{figures.compact(total.input_tokens):>8}{figures.compact(total.output_tokens):>8}"
        about = " est" if total.estimated else "    "
        spark = hours.get(total.model, ())
        drawn_hours = sparkline(spark, len(spark), most=max(spark, default=0) or 1, glyphs=picture.glyphs)
        cost = f"{figures.money(total.nano_usd):>11}{about}"
        drawn.append(
            (
                (crop(label(total.model), wide), ""),
                (f"{total.requests:>5}{tokens}{cost}  {drawn_hours}".rstrip(), "dim"),
            )
        )
    return tuple(drawn)


def compact_bars(picture: Picture, width: int) -> Line:
    """All budgets in one line, fullest first, as many as fit."""
    ordered = sorted(picture.snapshot.usage.values(), key=lambda usage: -usage.percent)
    drawn: list[Part] = []
    left = width
    for place, usage in enumerate(ordered):
        name = label(usage.budget)
        wide = 24 if place == 0 and width >= 100 else 14 if width >= 140 else 0
        needed = len(name) + 9 + wide
        if needed > left:
            break
        drawn += [
            (" " + name + " ", "dim"),
            *(bar(usage.percent, wide, ticks=BAND_TICKS, glyphs=picture.glyphs) if wide else ()),
        ]
        drawn.append((f" {usage.percent}%  ", tone_of(usage.percent)))
        left -= needed
    return tuple(drawn)


def binding(picture: Picture) -> Usage | None:
    return fullest(picture.snapshot.usage.values())
