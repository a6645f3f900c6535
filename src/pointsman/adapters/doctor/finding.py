"""One thing that was looked at: how it is, and what mends it. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # may be meant so
    WARNING = "warning"  # works, but not as well or as safely as it should
    BROKEN = "broken"  # nothing will work until it is mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`mend` is a command, ready to be copied; None: there is nothing to do, or no command for it."""

    topic: str
    level: Level
    text: str
    mend: str | None = None


def broken(findings: Iterable[Finding]) -> bool:
    return any(finding.level is Level.BROKEN for finding in findings)


def ok(topic: str, text: str) -> Finding:
    return Finding(topic=topic, level=Level.OK, text=text)


def note(topic: str, text: str, mend: str | None = None) -> Finding:
    return Finding(topic=topic, level=Level.NOTE, text=text, mend=mend)


def warning(topic: str, text: str, mend: str | None = None) -> Finding:
    return Finding(topic=topic, level=Level.WARNING, text=text, mend=mend)


def failure(topic: str, text: str, mend: str | None = None) -> Finding:
    return Finding(topic=topic, level=Level.BROKEN, text=text, mend=mend)
