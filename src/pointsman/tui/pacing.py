"""When a reply that comes is drawn on: at every beat; while somebody types, less often and behind the echo of a key.

Drawing on takes as long as a key may wait altogether. Right behind an echo the next key is farthest away.
"""

from __future__ import annotations

from typing import Final

BEATS_PER_SECOND: Final = 8
ECHO_S: Final = 0.02  # from a key until it stands on the screen, with some room
TYPING: Final = 3  # beats after a key in which the next one is expected
AT_LEAST: Final = 2  # beats between two drawings meanwhile
AT_MOST: Final = 4  # beats that the reply waits, whatever the keys do


class Pace:
    def __init__(self) -> None:
        self._typing = 0  # beats left
        self._waited = 0  # beats since something was drawn

    def key(self) -> None:
        self._typing = TYPING

    def beat(self) -> bool:
        """Whether to draw now."""
        self._waited += 1
        self._typing = max(self._typing - 1, 0)
        return self._goes_on(0 if not self._typing else AT_MOST)

    def echoed(self) -> bool:
        """Whether to draw now, behind a key."""
        return self._goes_on(AT_LEAST)

    def _goes_on(self, beats: int) -> bool:
        due = self._waited >= beats
        if due:
            self._waited = 0
        return due
