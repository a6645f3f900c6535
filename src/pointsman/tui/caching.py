"""A cache of Textual 8.2, mended: the colours inside and outside of a border are kept for each widget, and with them
the last thousand widgets that were ever drawn, rows and all. They are the same for any widget.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from textual._styles_cache import StylesCache
from textual.color import Color

_BACKGROUNDS: Final = 256
_made: Final = StylesCache.get_inner_outer.__wrapped__


@lru_cache(_BACKGROUNDS)
def _inner_outer(base_background: Color, background: Color) -> Any:
    return _made(None, base_background, background)


def mend_styles() -> None:
    """From now on, for every widget of this process."""
    StylesCache.get_inner_outer = staticmethod(_inner_outer)  # type: ignore[assignment, method-assign] # replaced, which is the mend
