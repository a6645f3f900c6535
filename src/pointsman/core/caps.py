"""Cap overrides: another limit for a budget than the configured one, until it is cleared or expires. Pure.

A cap is in the budget's own unit. When the configuration gives the budget another unit, the cap no longer applies.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from pointsman.core.fleet import Budget, BudgetUnit, Fleet
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.core.usage import Usage

DEFAULT: Final = "default"  # what is written to have the configured limit again
_MOST = 2**62  # as in the configuration: fits a 64-bit integer with room for one addition
_FIGURE = re.compile(r"(\$?)\s*([0-9][0-9_]{0,30}(?:\.[0-9]{1,9})?)\s*([kKmM]?)\s*(tokens?|tok|requests?|)\Z")
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
_NAMED = {"$": BudgetUnit.NANO_USD, "t": BudgetUnit.TOKENS, "r": BudgetUnit.REQUESTS}
_FORMS = {
    BudgetUnit.NANO_USD: "dollars, such as $10",
    BudgetUnit.TOKENS: "tokens, such as 2_000_000 or 200k",
    BudgetUnit.REQUESTS: "requests, such as 500",
}
_CALENDAR = {"day": "today", "week": "this week", "month": "this month"}


def caps_of(overrides: Iterable[Override], now: float) -> tuple[Override, ...]:
    return tuple(entry for entry in overrides if entry.kind is OverrideKind.CAP and entry.active(now))


def in_force(budget: Budget, overrides: Iterable[Override], now: float) -> Budget:
    """The budget with the limit that holds now: that of its newest cap, or the configured one."""
    limits = [
        (entry.created_at, entry.cap)
        for entry in caps_of(overrides, now)
        if entry.scope == budget.name and entry.unit == budget.unit and entry.cap is not None
    ]
    return replace(budget, limit=max(limits)[1]) if limits else budget


def named(fleet: Fleet, name: str) -> Budget:
    """Raises ValueError that names the budgets there are."""
    found = next((budget for budget in fleet.budgets if budget.name == name), None)
    if found is not None:
        return found
    names = [budget.name for budget in fleet.budgets]
    near = difflib.get_close_matches(name, names, 1)
    instead = f", did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names) or 'none'}"
    raise ValueError(f"unknown budget {name!r}{instead}")


def figure(text: str, budget: Budget) -> int:
    """`$10`, `200k tokens` or `500` in the budget's unit. Raises ValueError with the form that it expects."""
    form = f"budget {budget.name} counts {_FORMS[budget.unit]}"
    found = _FIGURE.match(text.strip())
    if found is None:
        raise ValueError(f"{form}, not {text!r}")
    dollar, digits, scale, word = found.groups()
    said = {_NAMED[sign[0]] for sign in (dollar, word) if sign}
    money = budget.unit is BudgetUnit.NANO_USD
    if said - {budget.unit} or (scale and budget.unit is not BudgetUnit.TOKENS):
        raise ValueError(f"{form}, not {text!r}")
    exact = Decimal(digits.replace("_", "")) * (10**9 if money else _SCALE[scale.lower()])
    if exact != int(exact):
        raise ValueError(f"{form}, not a fraction of one")
    return _sane(int(exact), budget)


def _sane(limit: int, budget: Budget) -> int:
    if not 0 < limit <= _MOST:
        raise ValueError(f"a cap of {budget.name} is above zero and no more than the configuration takes")
    return limit


def check(fleet: Fleet, override: Override) -> None:
    """Raises ValueError for a cap that could not hold."""
    budget = named(fleet, override.scope)
    if override.cap is None or override.unit != budget.unit:
        raise ValueError(f"budget {budget.name} counts {budget.unit}, not {override.unit or 'nothing'}")
    _sane(override.cap, budget)


def order(budget: Budget, limit: int, now: float, expires_at: float | None = None, reason: str = "") -> Override:
    """One id for each budget, so that a new cap takes the place of the old one."""
    return Override(
        id=f"cap:{budget.name}",
        kind=OverrideKind.CAP,
        scope=budget.name,
        created_at=now,
        expires_at=expires_at,
        reason=reason,
        cap=limit,
        unit=budget.unit,
    )


def amount(unit: BudgetUnit | None, limit: int) -> str:
    """`$10.00`, never rounded to another figure, or `2,000,000 tokens`."""
    if unit != BudgetUnit.NANO_USD:
        return f"{limit:,} {unit or ''}".rstrip()
    cents, rest = divmod(limit, 10**7)
    return f"${cents // 100:,}.{cents % 100:02}" + (f"{rest:07}".rstrip("0") if rest else "")


def what(override: Override) -> str:
    """The order without its scope: `pin opus`, `cap $10.00`, `local_only`."""
    if override.cap is not None:
        return f"{override.kind} {amount(override.unit, override.cap)}"
    return str(override.kind) if override.model is None else f"{override.kind} {override.model}"


def short(override: Override) -> str:
    """For where there is little room: a cap with its budget, which says nothing without it."""
    return what(override) if override.cap is None else f"{what(override)} {override.scope}"


def more(budget: Budget, before: int, after: int, usage: Usage | None) -> str:
    """What a raise lets happen: `lets up to $2.00 more leave today`."""
    used = 0 if usage is None else usage.used
    room = max(after - max(before, used), 0)
    when = _CALENDAR.get(budget.window.calendar or "", "in its window")
    return f"lets up to {amount(budget.unit, room)} more leave {when}"
