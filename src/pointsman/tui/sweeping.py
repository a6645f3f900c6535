"""When the garbage collector looks at everything: in a quiet moment, not while somebody types or reads on.

A full collection takes as long as there are objects, after a long conversation some 100 ms and more, in which no key is
answered and no word drawn. Python runs it after so many objects were made, which is in the middle of a reply.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 700
MIDDLE: Final = 10
RARELY: Final = 100  # middle collections until a full one comes by itself: a reply may go on for an hour
DUE: Final = 10  # middle collections after which a quiet moment is used; Python's own measure
QUIET: Final = 1  # passes without a key or a running reply
THOROUGH: Final = 4  # sweeps, of which one looks at what earlier ones left, too


class Sweeping:
    """Told of every key and every pass of the screen."""

    def __init__(self) -> None:
        self._quiet = 0
        self._swept = 0
        gc.freeze()  # what is loaded by now stays, and need not be looked at in the middle of a reply
        gc.set_threshold(YOUNG, MIDDLE, RARELY)
        gc.enable()

    def disturbed(self) -> None:
        self._quiet = 0

    def passed(self, busy: bool) -> bool:
        """Whether it swept."""
        self._quiet = 0 if busy else self._quiet + 1
        if self._quiet < QUIET or gc.get_count()[2] < DUE:
            return False
        self._swept += 1
        sweep(thorough=self._swept % THOROUGH == 0)
        return True


def sweep(*, thorough: bool) -> None:
    """What is left stands aside from now on, so that the next full collection, wherever it comes, is short."""
    if thorough:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
