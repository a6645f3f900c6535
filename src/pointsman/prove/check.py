"""What a proof is: a promise, something that tries to break it, and what came of it. Values and errors only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path


class Broken(Exception):
    """The promise does not hold; the message says where."""


class CouldNotRun(Exception):
    """This machine lacks what the check needs; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was done, how often, and the figure that came out of it."""

    tried: str
    count: int
    figure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`run` gets a directory of its own, made for it. It returns what it tried, or raises Broken or CouldNotRun."""

    id: str  # as in promises.md §9
    promise: str
    run: Callable[[Path], Tried | Awaitable[Tried]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`held` None: it could not run, and `why` says why."""

    id: str
    promise: str
    held: bool | None
    tried: str = ""
    count: int = 0
    figure: str = ""
    why: str = ""
    seconds: float = 0.0


def expect(holds: bool, otherwise: str) -> None:
    """Raises Broken."""
    if not holds:
        raise Broken(otherwise)
