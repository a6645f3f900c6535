"""Cap overrides: which limit holds, what may be written, and what a raise lets happen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman.core import caps
from pointsman.core.fleet import Budget, BudgetUnit, Window
from pointsman.core.usage import Usage, band_of
from support.fleets import BANDS

DAY = Budget(name="day", limit=8_000_000_000, unit=BudgetUnit.NANO_USD, window=Window(calendar="day"))
TOKENS = replace(DAY, limit=1000, unit=BudgetUnit.TOKENS)
RAISED = caps.order(DAY, 10_000_000_000, now=100.0, expires_at=200.0)


@pytest.mark.parametrize(("used", "band"), [(7_999_999_999, 0), (8_000_000_000, 80), (9_999_999_999, 95)])
def test_the_bands_are_those_of_the_cap_in_force_to_the_last_unit(used: int, band: int) -> None:
    limit = caps.in_force(DAY, [RAISED], 150.0).limit
    assert band_of(Usage(budget="day", spent=used, limit=limit), BANDS).at == band


def test_a_cap_ends_when_it_expires_and_the_newest_of_two_holds() -> None:
    newer = replace(RAISED, id="other", created_at=101.0, cap=3)
    limits = [caps.in_force(DAY, orders, now).limit for orders, now in (([RAISED, newer], 150.0), ([RAISED], 200.0))]
    assert limits == [3, DAY.limit]


def test_a_cap_in_another_unit_or_for_another_budget_changes_nothing() -> None:
    assert caps.in_force(TOKENS, [RAISED], 150.0) == TOKENS
    assert caps.in_force(replace(DAY, name="week"), [RAISED], 150.0).limit == DAY.limit


@pytest.mark.parametrize(
    ("text", "budget", "limit"),
    [
        ("$10", DAY, 10**10),
        ("0.000000001", DAY, 1),
        ("2_000 tokens", TOKENS, 2000),
        ("1.5k", TOKENS, 1500),
        ("7", replace(TOKENS, unit=BudgetUnit.REQUESTS), 7),
    ],
)
def test_a_limit_is_written_in_the_unit_of_its_budget(text: str, budget: Budget, limit: int) -> None:
    assert caps.figure(text, budget) == limit


@pytest.mark.parametrize(
    ("text", "budget"),
    [("0", DAY), ("-1", DAY), ("10 tokens", DAY), ("10k", DAY), ("$10", TOKENS), ("1.5", TOKENS), ("9" * 30, TOKENS)],
)
def test_a_limit_that_could_not_hold_is_refused_with_the_name_of_its_budget(text: str, budget: Budget) -> None:
    with pytest.raises(ValueError, match="day"):
        caps.figure(text, budget)


def test_a_raise_says_what_may_leave_and_never_more_than_its_own_part() -> None:
    said = [
        caps.more(DAY, DAY.limit, 10**10, Usage(budget="day", spent=spent, limit=DAY.limit))
        for spent in (0, 9_500_000_000)
    ]
    assert said == ["lets up to $2.00 more leave today", "lets up to $0.50 more leave today"]
    assert caps.amount(BudgetUnit.NANO_USD, 10_000_000_001) == "$10.000000001"
