"""Budgets as bars with the marks of the degradation curve, and the ledger of the day."""

from __future__ import annotations

from pointsman.core.fleet import Budget, BudgetUnit
from pointsman.core.forecast import forecast
from pointsman.core.usage import Usage, band_of, fullest
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.bars import BAND_TICKS, bar, tone_of
from pointsman.tui.render.paint import Part, crop, spread
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]


def lines(picture: Picture, width: int) -> tuple[Line, ...]:
    """Two lines for each budget, then the day's totals by model."""
    drawn: list[Line] = []
    for budget in picture.fleet.budgets:
        drawn += _budget(budget, picture, width)
    if not drawn:
        drawn.append((("no budget is configured: nothing limits the cloud calls", "dim"),))
    return (*drawn, *_totals(picture, width))


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
    about = f"{amount(usage.used, usage.limit, budget.unit)} · {resets(usage, picture.now)}"
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


def _totals(picture: Picture, width: int) -> tuple[Line, ...]:
    if not picture.totals:
        return ()
    wide = min(max(len(total.model) for total in picture.totals) + 1, max(width - 36, 8))
    drawn: list[Line] = [((f"{'today, UTC':<{wide}}{'req':>5}{'in':>8}{'out':>8}{'cost':>11}", "head"),)]
    for total in picture.totals:
        tokens = f"{figures.compact(total.input_tokens):>8}{figures.compact(total.output_tokens):>8}"
        about = " est" if total.estimated else ""
        cost = f"{figures.money(total.nano_usd):>11}{about}"
        drawn.append(((crop(label(total.model), wide), ""), (f"{total.requests:>5}{tokens}{cost}", "dim")))
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
