"""A service's log as rows: times, levels, what was searched for, and lines longer than the screen is wide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from pointsman.ports import LogLine
from pointsman.tui.render import figures
from pointsman.tui.render.paint import Part
from pointsman.tui.untrusted import clean

Line = tuple[Part, ...]
_WORSE, _WARNING = 3, 4  # levels of syslog


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the log is shown."""

    wrap: bool = True
    times: bool = True
    searched: str = ""


def rows(line: LogLine, width: int, look: Look) -> tuple[Line, ...]:
    """At least one; several where it is wrapped."""
    text = shown_text(line)
    stamp = _stamp(line) if look.times else ""
    room = max(width - cell_len(stamp), 8)
    pieces = chop_cells(text, room) if look.wrap and cell_len(text) > room else [text]
    tone = _tone(line)
    heads = [stamp, *[" " * cell_len(stamp)] * (len(pieces) - 1)]
    return tuple(
        ((head, "dim"), *_marked(piece, tone, look.searched)) for head, piece in zip(heads, pieces, strict=True)
    )


def shown_text(line: LogLine) -> str:
    return clean(line.text).replace("\n", " ").expandtabs(4)


def _stamp(line: LogLine) -> str:
    return "" if line.at is None else f"{figures.clock(line.at)} "


def _tone(line: LogLine) -> str:
    if line.note:
        return "accent"
    if line.level is None or line.level > _WARNING:
        return ""
    return "bad" if line.level <= _WORSE else "warn"


def _marked(text: str, tone: str, searched: str) -> Iterator[Part]:
    """The text with every occurrence of what is searched for standing out."""
    if not searched:
        yield text, tone
        return
    folded, wanted, place = text.lower(), searched.lower(), 0
    while (found := folded.find(wanted, place)) >= 0 and len(folded) == len(text):
        yield text[place:found], tone
        yield text[found : found + len(wanted)], "found"
        place = found + len(wanted)
    yield text[place:], tone


def holds(line: LogLine, searched: str) -> bool:
    return bool(searched) and searched.lower() in shown_text(line).lower()
