"""Bars with ticks, and sparklines. The ticks make the colour redundant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pointsman.tui.render.glyphs import UNICODE, Glyphs
from pointsman.tui.render.paint import Part

BAND_TICKS = (80, 90, 95)  # the fourth mark, 100, is the bar's right edge


def tone_of(percent: int | None) -> str:
    if percent is None or percent < 0:
        return "dim"
    if percent >= 95:
        return "bad"
    return "warn" if percent >= 80 else "good"


def bar(
    percent: int | None,
    width: int,
    *,
    ticks: Sequence[int] = (),
    glyphs: Glyphs = UNICODE,
    tone: str | None = None,
) -> tuple[Part, ...]:
    """`width` cells including both edges. Unknown is an empty track, not an empty bar."""
    inner = max(width - 2, 1)
    share = 0 if percent is None else min(max(percent, 0), 100)
    filled = _fill(share, inner, glyphs)
    rest = _track(len(filled), inner, ticks if percent is not None else (), glyphs)
    colour = tone if tone is not None else tone_of(percent)
    return ((glyphs.left, "faint"), (filled, colour), *rest, (glyphs.right, "faint"))


def _fill(share: int, inner: int, glyphs: Glyphs) -> str:
    steps = len(glyphs.fill)
    eighths = share * inner * steps // 100
    if share and not eighths:
        eighths = 1  # something is never drawn as nothing
    whole, part = divmod(eighths, steps)
    return glyphs.fill[-1] * whole + (glyphs.fill[part - 1] if part else "")


def _track(start: int, inner: int, ticks: Sequence[int], glyphs: Glyphs) -> tuple[Part, ...]:
    marks = {tick * inner // 100 for tick in ticks}
    runs = groupby(range(start, inner), lambda place: place in marks)
    return tuple(_run(marked, len(list(places)), glyphs) for marked, places in runs)


def _run(marked: bool, cells: int, glyphs: Glyphs) -> Part:
    """As one part: cell by cell, a wide bar would be most of what its pane has to draw."""
    return (glyphs.tick * cells, "tick") if marked else (glyphs.track * cells, "faint")


def sparkline(values: Sequence[float | None], width: int, *, most: float = 100.0, glyphs: Glyphs = UNICODE) -> str:
    """The newest `width` values, right-aligned; an unknown value is a gap."""
    if width <= 0:
        return ""
    top = len(glyphs.spark) - 1
    drawn = [
        " " if value is None else glyphs.spark[min(max(round(value / most * top), 0), top)] for value in values[-width:]
    ]
    return "".join(drawn).rjust(width)
