"""Spans of time as people write them on a command line: 90s, 30m, 2h, 7d."""

from __future__ import annotations

import re
from typing import Any

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WRITTEN = re.compile(r"(\d{1,9})([smhdw])\Z")


def seconds(written: str) -> float:
    """Raises ValueError with the form that it expects."""
    found = _WRITTEN.match(written.strip().lower())
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{written!r} is no span of time: write 90s, 30m, 2h or 7d")
    return float(int(found[1]) * _SECONDS[found[2]])


class Span(click.ParamType[float]):
    """Seconds, from a number and a unit."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return seconds(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)


SPAN = Span()
