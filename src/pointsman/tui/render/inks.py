"""The colours in which a reply is written: the theme's own, so that each of them can be read on its ground."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from textual.color import Color

FADED: Final = 0.65  # of the text's colour


class Inks(NamedTuple):
    text: Color
    faded: Color
    code: Color  # the ground of code
    accent: Color
    primary: Color
    success: Color
    warning: Color
    error: Color


_FROM: Final = (
    "foreground", "background", "surface", "text-accent", "text-primary", "text-success", "text-warning", "text-error"
)  # fmt: skip


def inks_of(variables: Mapping[str, str]) -> Inks:
    """From the variables of a theme, as Textual makes them. Asked for with every row."""
    return _inks(*(variables[name] for name in _FROM))


@lru_cache(4)
def _inks(*colours: str) -> Inks:
    text, ground, *rest = map(Color.parse, colours)
    return Inks(text, ground.blend(text, FADED), *rest)
