"""Where a reply that still comes can be cut in two: what stands before the cut is drawn once and left alone.

Without that every flush would lay out the whole reply again, and the longest ones would come too slowly.
"""

from __future__ import annotations

import re
from typing import Final

HARDENS_FROM: Final = 700  # characters
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def cut_of(text: str) -> int:
    """After the last blank line that ends a block: outside of fences, and nothing indented follows. 0: nowhere."""
    fence, at, cut, after_blank = "", 0, 0, False
    for line in text.splitlines(keepends=True):
        if after_blank and not fence and not line[0].isspace():
            cut = at
        found = _FENCE.match(line)
        if found is not None:
            fence = _in_fence(fence, found[1])
        after_blank = not line.strip()
        at += len(line)
    return cut


def _in_fence(fence: str, marks: str) -> str:
    """The marks of the fence that is open after a line with these."""
    if not fence:
        return marks
    return "" if marks.startswith(fence) else fence
