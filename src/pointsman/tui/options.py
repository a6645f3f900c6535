"""Lists to choose from, mended: where a list has no room, or was just filled anew, Textual's own page keys and clicks
look for a row that is not there.

Textual makes such lists itself (in the palette, in a form), so that the mend is on its own class.
"""

from __future__ import annotations

from typing import Any, Final

from textual import events
from textual.widgets import OptionList

_move_page: Final = OptionList._move_page
_on_click: Final = OptionList._on_click


def mend_lists() -> None:
    """From now on, for every list of this process."""
    for name, mended in (("_move_page", _move_page_if_laid_out), ("_on_click", _on_click_if_there)):
        setattr(OptionList, name, mended)


def _move_page_if_laid_out(options: OptionList, direction: Any) -> None:
    options._update_lines()
    if (options.highlighted or 0) in options._index_to_line:
        _move_page(options, direction)


async def _on_click_if_there(options: OptionList, event: events.Click) -> None:
    clicked = event.style.meta.get("option")
    if clicked is None or clicked < options.option_count:
        await _on_click(options, event)
