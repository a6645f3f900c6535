"""Numbers as people read them. `None` is unknown and is written `n/a`, never 0."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

UNKNOWN = "n/a"
STEP = 5  # seconds
_UNITS = ("B", "K", "M", "G", "T")


def age(seconds: float | None) -> str:
    """Whole seconds, minutes, hours or days: `3s`, `12m`, `5h`, `2d`."""
    if seconds is None:
        return UNKNOWN
    whole = max(int(seconds), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size * (1 if unit != "m" else 2):
            return f"{whole // size}{unit}"
    return f"{whole}s"


def seen(seconds: float | None) -> str:
    """How old a sample is, in steps: one that counted every second would have each row redrawn every second."""
    if seconds is None or seconds >= 60:
        return age(seconds)
    return "now" if seconds < STEP else age(seconds // STEP * STEP)


def span(seconds: float | None) -> str:
    """A duration with the digits that matter: `41ms`, `0.31s`, `1.9s`, `12s`, `3m 20s`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 1:
        return f"{seconds:.2f}s"
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 120:
        return f"{seconds:.0f}s"
    minutes = int(seconds) // 60
    return f"{minutes}m {int(seconds) % 60:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def until(seconds: float | None) -> str:
    """Time left: the two largest units, `2d 04h`, `3h 20m`, `41s`."""
    if seconds is None:
        return UNKNOWN
    whole = max(int(seconds), 0)
    if whole >= 86_400:
        return f"{whole // 86_400}d {whole % 86_400 // 3600:02d}h"
    return span(float(whole))


def size(amount: int | None) -> str:
    """Bytes in binary units with one decimal from 1 K on: `57.0G`."""
    if amount is None:
        return UNKNOWN
    figure = float(amount)
    for unit in _UNITS:
        if figure < 1024 or unit == _UNITS[-1]:
            return f"{figure:.0f}{unit}" if unit == "B" else f"{figure:.1f}{unit}"
        figure /= 1024
    return UNKNOWN


def whole(amount: int) -> str:
    """Bytes in whole GiB, for where a unit stands beside."""
    return f"{amount / 1024**3:.0f}"


def counted(count: int, what: str) -> str:
    """`1 line`, `1,204 lines`."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def money(nano_usd: int | None) -> str:
    """US dollars from nano-USD: cents for large sums, four or more digits for small ones."""
    if nano_usd is None:
        return UNKNOWN
    if nano_usd == 0:
        return "$0.00"
    dollars = nano_usd / 1e9
    if abs(dollars) >= 0.995:
        return f"${dollars:,.2f}"
    if abs(dollars) >= 0.00005:
        return f"${dollars:.4f}"
    return "<$0.0001"


def count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def compact(number: int | None) -> str:
    """`812`, `12.3k`, `2.0M`."""
    if number is None:
        return UNKNOWN
    if number < 1_000:
        return str(number)
    if number < 999_500:
        return f"{number / 1_000:.1f}k" if number < 99_950 else f"{number / 1_000:.0f}k"
    return f"{number / 1_000_000:.1f}M"


def tokens(number: int) -> str:
    """The size of a context in four cells: `512`, `65k`, `200k`, `1.0M`."""
    return f"{number // 1_000}k" if 1_000 <= number < 1_000_000 else compact(number)


def share(percent: float) -> str:
    """In four cells: `0.4`, `33.3`, `100`."""
    return f"{percent:.0f}" if percent >= 99.95 else f"{percent:.1f}"


def rate(tokens_per_s: float | None) -> str:
    """Tokens per second."""
    if tokens_per_s is None:
        return UNKNOWN
    return f"{tokens_per_s:.0f}" if tokens_per_s >= 10 else f"{tokens_per_s:.1f}"


def clock(at: float, zone: tzinfo | None = None) -> str:
    """Time of day; `zone` None is this machine's."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone).strftime("%H:%M:%S")


def moment(at: float, now: float, zone: tzinfo | None = None) -> str:
    """Time of day, with the date when it is not within half a day of now."""
    when = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return when.strftime("%H:%M" if abs(at - now) < 43_200 else "%d %b %H:%M")
