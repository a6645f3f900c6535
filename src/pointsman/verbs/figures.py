"""Figures as a person reads them. Unknown is `?`, never 0."""

from __future__ import annotations

from datetime import UTC, datetime

from pointsman.core.fleet import BudgetUnit

UNKNOWN = "?"


def size(figure: int | None) -> str:
    return UNKNOWN if figure is None else f"{figure / 1024**3:.1f} GiB"


def count(figure: int | None) -> str:
    return UNKNOWN if figure is None else f"{figure:,}"


def money(nano_usd: int | None) -> str:
    return UNKNOWN if nano_usd is None else f"${nano_usd / 1e9:.4f}"


def amount(unit: BudgetUnit, figure: int) -> str:
    return money(figure) if unit is BudgetUnit.NANO_USD else f"{figure:,} {unit}"


def number(figure: float | None, unit: str = "") -> str:
    return UNKNOWN if figure is None else f"{figure:.1f}{unit}"


def moment(at: float | None) -> str:
    """UTC, to the second."""
    return UNKNOWN if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
