"""Quantities: the forms that are read, their figures, and the ones that are refused."""

import math

import pytest

from pointsman.config import units
from pointsman.config.problems import Wrong
from pointsman.core.fleet import BudgetUnit, Window


@pytest.mark.parametrize(
    ("read", "written", "figure"),
    [
        (units.tokens, 200_000, 200_000),
        (units.tokens, "200k tokens", 200_000),
        (units.tokens, "1M tokens", 1_000_000),
        (units.tokens, "1.5M tokens", 1_500_000),
        (units.tokens, "2_000_000 tokens", 2_000_000),
        (units.tokens, "1 token", 1),
        (units.memory, "57 GiB", 57 * 2**30),
        (units.memory, "57GB", 57 * 10**9),
        (units.memory, "0.5 MiB", 2**19),
        (units.price, "$3.00/Mtok", 3000),
        (units.price, "$0.25/Mtok", 250),
        (units.price, "$0/Mtok", 0),
        (units.price, "$0.003/Ktok", 3000),
        (units.price, "$ 15 / Mtokens", 15_000),
        (units.price, "$0.0001/Mtok", 1),  # a fraction of a nano-USD is rounded up, never to free
        (units.duration, "12 s", 12.0),
        (units.duration, "500 ms", 0.5),
        (units.duration, "3 min", 180.0),
        (units.duration, "2h", 7200.0),
        (units.limit, "2_000_000 tokens", (2_000_000, BudgetUnit.TOKENS)),
        (units.limit, "$150", (150_000_000_000, BudgetUnit.NANO_USD)),
        (units.limit, "$0.50", (500_000_000, BudgetUnit.NANO_USD)),
        (units.limit, "500 requests", (500, BudgetUnit.REQUESTS)),
        (units.window, "day", Window(calendar="day")),
        (units.window, "month", Window(calendar="month")),
        (units.window, "7d rolling", Window(seconds=7 * 86400)),
        (units.window, "5h rolling", Window(seconds=5 * 3600)),
        (units.speed, "500 tok/s", (500, 500)),
        (units.speed, "15-30 tok/s", (15, 30)),
    ],
)
def test_reads(read, written, figure):
    """A quantity with its unit becomes an integer (or seconds)."""
    assert read(written) == figure


@pytest.mark.parametrize(
    ("read", "written"),
    [
        *(
            (units.tokens, value)
            for value in (
                0,
                -1,
                True,
                1.5,
                2**63,
                "9" * 5000 + " tokens",
                math.nan,
                "200000",
                "many tokens",
                "-5 tokens",
                [],
            )
        ),
        *((units.memory, value) for value in (57, "57", "57 gigs", "0 GiB", "-1 GiB", None)),
        *((units.price, value) for value in (3.0, 0, "3.00", "3 EUR/Mtok", "$-3/Mtok", "$3", "$nan/Mtok")),
        *((units.duration, value) for value in (12, "12", "0 s", "-3 s", "12 parsecs", math.inf)),
        *(
            (units.limit, value)
            for value in (
                0,
                150,
                "150",
                "$0",
                "0 tokens",
                "-5 tokens",
                "$-1",
                "9" * 5000 + " requests",
                "$" + "9" * 20,
                math.nan,
                True,
            )
        ),
        *((units.window, value) for value in ("7d", "year", "0d rolling", 7, "rolling")),
        *((units.speed, value) for value in (500, "500", "30-15 tok/s", "0 tok/s")),
        *((units.finite, value) for value in (math.nan, math.inf, True, "1", None)),
    ],
)
def test_refuses(read, written):
    """No unit, a wrong unit, zero, a negative, NaN or a text number is refused with a sentence."""
    with pytest.raises(Wrong, match="expected"):
        read(written)


def test_messages_stay_on_one_short_line():
    """What was written is shown without control characters, and cut."""
    assert units.shown("\x1b[31m" + "x" * 100).isprintable()
    assert len(units.shown("x" * 100)) <= 40


def test_a_number_too_long_to_print_is_refused():
    """TOML reads hexadecimal numbers of any length; Python does not print them, and no figure needs them."""
    with pytest.raises(Wrong, match="very long number"):
        units.tokens([16**5000])
    with pytest.raises(Wrong, match="expected"):
        units.tokens(16**5000)
