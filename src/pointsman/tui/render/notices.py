"""The notices as lines."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from pointsman.tui.notices import Notice
from pointsman.tui.render import figures
from pointsman.tui.render.paint import Part

_TONES = MappingProxyType({"information": "dim", "warning": "warn", "error": "bad"})


def lines(history: Iterable[Notice]) -> tuple[tuple[Part, ...], ...]:
    """Oldest first."""
    drawn = tuple(
        ((f"{figures.clock(entry.at)}  ", "dim"), (f"{entry.severity:<12}", _TONES[entry.severity]), (entry.text, ""))
        for entry in history
    )
    return drawn or ((("nothing happened yet that was worth a word", "dim"),),)
