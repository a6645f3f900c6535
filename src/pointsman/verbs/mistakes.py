"""How a verb ends badly: one clear line and an exit code. The codes are the contract with scripts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import click

DONE, FAILED, USAGE, BLOCKED = 0, 1, 2, 3


class Mistake(click.ClickException):
    """The user asked for something that does not exist or cannot be: exit 2."""

    exit_code = USAGE


class Failure(click.ClickException):
    """What was asked for did not work: exit 1."""

    exit_code = FAILED


def unknown(what: str, name: str, valid: Iterable[str]) -> Mistake:
    """The mistake of naming something that is not there, with the nearest name that is."""
    names = tuple(valid)
    near = nearest(name, names)
    if near is not None:
        return Mistake(f"unknown {what} {name!r}, did you mean {near!r}?")
    return Mistake(f"unknown {what} {name!r}; there are: {', '.join(names) or 'none'}")


def nearest(name: str, valid: Iterable[str]) -> str | None:
    by_lower = {candidate.lower(): candidate for candidate in valid}
    close = difflib.get_close_matches(name.lower(), list(by_lower), 1)
    return by_lower[close[0]] if close else None
