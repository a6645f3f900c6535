"""What an endpoint only tells anew after a restart, so that not every look has to ask for it again.

A restarted server has no old connections: whatever answers over a known one is still the same. Behind a proxy that
need not hold, so that nothing is kept for long.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT_S = 10.0


class Settled(Generic[T]):
    """The answers of one endpoint, by what was asked. Times are monotonic seconds; a connection is None where nobody
    can say which one it was."""

    def __init__(self) -> None:
        self._known: list[object] = []  # connections
        self._kept: dict[Hashable, tuple[float, T]] = {}

    def greeted(self, connection: object | None, *, well: bool) -> None:
        """A look begins: over that connection the endpoint said how it is."""
        if not well or not any(each is connection for each in self._known):
            self.forget()
        self._meet(connection)

    def forget(self) -> None:
        self._known.clear()
        self._kept.clear()

    def keep(self, asked: Hashable, answer: T, connection: object | None, now: float) -> None:
        self._meet(connection)
        self._kept[asked] = (now, answer)

    def kept(self, asked: Hashable, now: float) -> T | None:
        found = self._kept.get(asked)
        return found[1] if found is not None and 0 <= now - found[0] < KEPT_S else None

    def _meet(self, connection: object | None) -> None:
        if connection is not None and not any(each is connection for each in self._known):
            self._known.append(connection)
