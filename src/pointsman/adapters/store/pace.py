"""How much of a core a long look at the audit takes: it goes in pieces, and rests after each. Blocking.

Must never hold the interpreter for long: the screen draws on another thread of the same one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
PIECE = 250  # a few milliseconds' work
QUICK = 10_000  # as many are looked at with half of a core; a user waits for them
_REST, _LONG_REST = 1.0, 4.0  # seconds for each second of work: half of a core, a fifth of one


class Paced(Protocol):
    """The same items, in one go or with rests between them. `before`: if they are lines, how many came before."""

    def __call__(self, items: Iterable[T], /, before: int | None = None) -> Iterator[T]: ...


def at_once(items: Iterable[T], /, before: int | None = None) -> Iterator[T]:
    return iter(items)


class Abandoned(Exception):
    """The program ends; nobody waits for the outcome."""


class Pace:
    """Rests after each piece; `progress` is told how many lines there were so far. `stop` ends it at the next one."""

    def __init__(
        self,
        progress: Callable[[int], None],
        work: Callable[[], float] = time.thread_time,
        rest: Callable[[float], bool] | None = None,
    ) -> None:
        self._stopped = threading.Event()
        self._progress, self._work, self._rest = progress, work, rest or self._stopped.wait

    def stop(self) -> None:
        self._stopped.set()

    def __call__(self, items: Iterable[T], /, before: int | None = None) -> Iterator[T]:
        began = self._work()
        for number, item in enumerate(items, 1):
            yield item
            if number % PIECE:
                continue
            worked = self._work() - began
            if self._rest(worked * (_REST if (before or 0) + number <= QUICK else _LONG_REST)):
                raise Abandoned
            if before is not None:
                self._progress(before + number)
            began = self._work()
