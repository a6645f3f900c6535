"""Quantities as people write them in configuration: "57 GiB", "$3.00/Mtok", "7d rolling". Pure functions.

Each takes the TOML value and returns integers (or seconds as float), or raises `Wrong` with the form it expects.
Bare numbers are refused where the unit could be mistaken. Fractions of money are exact decimals, rounded up to a
nano-USD so that a ledger never reads low.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, Decimal

from pointsman.config.problems import Wrong
from pointsman.core.fleet import BudgetUnit, Window

NANO = 1_000_000_000
MOST = 2**62  # every figure fits a 64-bit integer with room for one addition
_NUMBER = r"([0-9][0-9_]{0,30}(?:\.[0-9]{1,12})?)"
_TOKENS = re.compile(rf"{_NUMBER}\s*([kKmM]?)\s*(?:tokens?|tok)\Z")
_BYTES = re.compile(rf"{_NUMBER}\s*([KMGT]i?B)\Z")
_PRICE = re.compile(rf"\$\s*{_NUMBER}\s*/\s*([KM]?)tok(?:ens?)?\Z", re.IGNORECASE)
_MONEY = re.compile(rf"\$\s*{_NUMBER}\Z")
_REQUESTS = re.compile(r"([0-9][0-9_]{0,30})\s*requests?\Z")
_DURATION = re.compile(rf"{_NUMBER}\s*(ms|s|min|m|h|d)\Z")
_ROLLING = re.compile(r"([0-9]{1,9})\s*(s|min|m|h|d)\s+rolling\Z")
_SPEED = re.compile(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?\s*tok(?:ens)?/s\Z")
_SECONDS_RANGE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)(?:\s*-\s*([0-9]{1,4}(?:\.[0-9]{1,3})?))?\s*s\Z")

_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "min": Decimal(60), "m": Decimal(60), "h": Decimal(3600)}
_SECONDS["d"] = Decimal(86400)
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
_SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def tokens(value: object) -> int:
    """200_000 or "200k tokens" -> tokens."""
    form = 'expected a positive number of tokens, such as 200_000 or "200k tokens"'
    if isinstance(value, int) and not isinstance(value, bool):
        return _positive(value, form)
    found = _TOKENS.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Wrong(f"{form}, not {shown(value)}")
    return _positive(int(_decimal(found[1]) * _SCALE[found[2].lower()]), form)


def memory(value: object) -> int:
    """ "57 GiB" -> bytes."""
    form = 'expected a size with its unit, such as "57 GiB"'
    found = _matched(_BYTES, value, form)
    return _positive(int(_decimal(found[1]) * _SIZES[found[2]]), form)


def price(value: object) -> int:
    """ "$3.00/Mtok" -> nano-USD per token, rounded up. "$0/Mtok" is a stated zero."""
    form = 'expected a price per token, such as "$3.00/Mtok"'
    found = _matched(_PRICE, value, form)
    nano = _decimal(found[1]) * NANO / _SCALE[found[2].lower()]
    if nano > MOST:
        raise Wrong(form)
    return int(nano.to_integral_value(ROUND_CEILING))


def duration(value: object) -> float:
    """ "12 s" -> seconds."""
    form = 'expected a positive time with its unit, such as "12 s", "500 ms" or "3 min"'
    found = _matched(_DURATION, value, form)
    seconds = float(_decimal(found[1]) * _SECONDS[found[2]])
    if not seconds > 0:
        raise Wrong(form)
    return seconds


def limit(value: object) -> tuple[int, BudgetUnit]:
    """ "2_000_000 tokens", "$150" or "500 requests" -> figure in the budget's unit."""
    form = 'expected a limit above zero with its unit: "2_000_000 tokens", "$150" or "500 requests"'
    text = value.strip() if isinstance(value, str) else ""
    if found := _TOKENS.match(text):
        figure, unit = int(_decimal(found[1]) * _SCALE[found[2].lower()]), BudgetUnit.TOKENS
    elif found := _MONEY.match(text):
        figure, unit = int(_decimal(found[1]) * NANO), BudgetUnit.NANO_USD
    elif found := _REQUESTS.match(text):
        figure, unit = int(found[1]), BudgetUnit.REQUESTS
    else:
        raise Wrong(f"{form}, not {shown(value)}")
    if not 0 < figure <= MOST:
        raise Wrong(f"{form}; to forbid cloud calls altogether write local_only = true")
    return figure, unit


def window(value: object) -> Window:
    """ "day", "week", "month" or "7d rolling"."""
    form = 'expected "day", "week", "month", or a rolling span such as "7d rolling" or "5h rolling"'
    text = value.strip() if isinstance(value, str) else ""
    if text in ("day", "week", "month"):
        return Window(calendar=text)
    found = _matched(_ROLLING, text, form)
    return Window(seconds=_positive(int(found[1]) * int(_SECONDS[found[2]]), form))


def speed(value: object) -> tuple[int, int]:
    """ "15-30 tok/s" or "500 tok/s" -> (low, high) tokens per second."""
    form = 'expected tokens per second, such as "500 tok/s" or "15-30 tok/s"'
    found = _matched(_SPEED, value, form)
    low, high = int(found[1]), int(found[2] or found[1])
    if not 0 < low <= high:
        raise Wrong(form)
    return low, high


def first_token(value: object) -> tuple[float, float]:
    """ "2-3 s" or "0.5 s" -> (low, high) seconds."""
    form = 'expected seconds, such as "0.5 s" or "2-3 s"'
    found = _matched(_SECONDS_RANGE, value, form)
    low, high = float(found[1]), float(found[2] or found[1])
    if not 0 < low <= high:
        raise Wrong(form)
    return low, high


def shown(value: object) -> str:
    """A value for a message: short, on one line, no control characters."""
    try:
        text = ascii(value)
    except ValueError:  # an integer with more digits than Python prints
        return "a very long number"
    return text if len(text) <= 40 else f"{text[:37]}..."


def finite(value: object) -> float:
    """A real number: bool, NaN and infinity are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Wrong(f"expected a number, not {shown(value)}")
    return float(value)


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace("_", ""))


def _positive(figure: int, form: str) -> int:
    if not 0 < figure <= MOST:
        raise Wrong(form)
    return figure


def _matched(pattern: re.Pattern[str], value: object, form: str) -> re.Match[str]:
    found = pattern.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Wrong(f"{form}, not {shown(value)}")
    return found
