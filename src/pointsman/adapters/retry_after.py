"""How long a server asks us to wait, out of the shapes they say it in. Pure: `now` is an argument, garbage is None."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 60.0  # seconds; beyond it a router falls back
_ABSURD = 86_400.0  # a longer one is a mistake of somebody's, not a wait
_EPOCH_S, _EPOCH_MS = 1e9, 1e12  # a larger "number of seconds" is a point in time

_PLAIN = re.compile(r"^\+?\d{1,20}(?:\.\d{1,9})?$")
_DURATION = re.compile(r"^(?:\d{1,12}(?:\.\d{1,12})?(?:ms|us|µs|ns|h|m|s|d))+$")
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(ms|us|µs|ns|h|m|s|d)")
_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_BODY_KEYS = ("retryDelay", "retry_after", "retryAfter", "resets_at", "resetsAt", "reset_at")


def retry_after(headers: Mapping[str, str], body: object, now: float) -> float | None:
    """Seconds from `now` (Unix seconds) in (0, 60], or None if nothing usable is said.

    `headers` are read case-insensitively; `body` is the decoded JSON of the error, of any shape.
    What names the wait itself goes before what only tells when a counter is reset.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    milliseconds = _plain(lowered.get("retry-after-ms", ""))
    stated = (
        None if milliseconds is None else milliseconds / 1000.0,
        wait_in(lowered.get("retry-after"), now),
        next((wait for wait in _body_waits(body, now) if wait is not None), None),
        _reset(lowered, now),
    )
    return next((min(wait, LONGEST_WAIT) for wait in stated if _usable(wait) and wait is not None), None)


def wait_in(written: object, now: float) -> float | None:
    """Seconds told by one value: a number, a duration (`6m0s`), an HTTP or RFC 3339 date, an epoch in s or ms."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    text = str(written).strip()
    number = _plain(text)
    if number is not None:
        return _from_number(number, now)
    if _DURATION.match(text):
        return sum(float(figure) * _SECONDS[unit] for figure, unit in _PART.findall(text))
    return _from_date(text, now)


def _usable(wait: float | None) -> bool:
    return wait is not None and math.isfinite(wait) and 0 < wait <= _ABSURD


def _plain(text: str) -> float | None:
    return float(text) if _PLAIN.match(text.strip()) else None


def _from_number(number: float, now: float) -> float:
    if number >= _EPOCH_MS:
        return number / 1000.0 - now
    return number - now if number >= _EPOCH_S else number


def _from_date(text: str, now: float) -> float | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _body_waits(value: object, now: float, depth: int = 0) -> Iterator[float | None]:
    if depth > 5:
        return
    if isinstance(value, dict):
        for key in _BODY_KEYS:
            if key in value:
                yield wait_in(value[key], now)
        value = list(value.values())
    if isinstance(value, list):
        for item in value[:50]:
            yield from _body_waits(item, now, depth + 1)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    """The longest reset among counters that may be used up: one with something remaining is not the reason."""
    waits = []
    for name, value in headers.items():
        if "ratelimit" not in name or "reset" not in name:
            continue
        remaining = _plain(headers.get(name.replace("reset", "remaining"), "0"))
        wait = wait_in(value, now)
        if not remaining and _usable(wait) and wait is not None:
            waits.append(wait)
    return max(waits, default=None)
