"""The picture of the screen as it leaves the program: it loads nothing from elsewhere when somebody opens it."""

from __future__ import annotations

import re
from typing import Final

_FROM_ELSEWHERE: Final = re.compile(r',?\s*url\("https?://[^"]*"\)(?:\s*format\("[^"]*"\))?')


def self_contained(svg: str) -> str:
    """Without the fonts that Rich's picture would fetch; those of the reader's machine are as good."""
    return _FROM_ELSEWHERE.sub("", svg)
