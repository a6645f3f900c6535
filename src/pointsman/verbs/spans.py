"""Spans of time as people write them on a command line: 90s, 30m, 2h, 7d."""

from __future__ import annotations

import re
from typing import Any

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WRITTEN = re.compile(r"(\d{1,9})([smhdw])\Z")


class Span(click.ParamType[float]):
    """Seconds, from a number and a unit."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        written = _WRITTEN.match(str(value).strip().lower())
        if written is None or int(written[1]) == 0:
            self.fail(f"{value!r} is no span of time: write 90s, 30m, 2h or 7d", param, ctx)
        return float(int(written[1]) * _SECONDS[written[2]])


SPAN = Span()
