"""Lists to choose from, their page keys mended: Textual's own fail where a list has no room, or was not laid out yet.

Textual makes such lists itself (in the palette, in a form), so that the mend is on its own class.
"""

from __future__ import annotations

from typing import Any, Final

from textual.widgets import OptionList

_move_page: Final = OptionList._move_page


def mend_page_keys() -> None:
    """From now on, for every list of this process."""
    setattr(OptionList, "_move_page", _move_page_if_laid_out)  # noqa: B010 - mypy allows no other way to say it


def _move_page_if_laid_out(options: OptionList, direction: Any) -> None:
    options._update_lines()
    if (options.highlighted or 0) in options._index_to_line:
        _move_page(options, direction)
