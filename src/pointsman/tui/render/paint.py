"""Parts of styled text: (text, tone). Tones are meanings; the theme gives them colours.

A tone may carry what a click on its text does. Such a tone is made by `pressing`, of our own words only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.style import Style

from pointsman.tui.untrusted import one_line

Part = tuple[str, str]

TONES = MappingProxyType(
    {
        "": "",
        "strong": "bold",
        "dim": "$foreground 65%",
        "faint": "$foreground 40%",
        "good": "$text-success",
        "warn": "$text-warning",
        "bad": "bold $text-error",
        "accent": "$text-accent",
        "name": "bold $text-primary",
        "head": "$foreground 60%",
        "found": "reverse",
        "tick": "$foreground 70%",
    }
)


_DOES = "@"


def pressing(action: str, tone: str = "") -> str:
    """The tone of a hint that is pressed by a click, as its key would do it. Never with a foreign word in `action`."""
    return f"{tone}{_DOES}{action}"


def paint(parts: Iterable[Part]) -> Content:
    """One line of clean text in the tones' styles."""
    cleaned = [(one_line(text), tone) for text, tone in parts]
    try:
        return Content.assemble(*[(text, TONES[tone]) for text, tone in cleaned])
    except KeyError:  # a tone with more to it: few lines have one, and this is done for every line of every second
        return _painted([(text, *tone.partition(_DOES)) for text, tone in cleaned])


def _painted(parts: Sequence[tuple[str, str, str, str]]) -> Content:
    """With what a click does: (text, tone, -, action)."""
    painted = Content.assemble(*((text, TONES[tone]) for text, tone, _, _ in parts))
    place = 0
    for text, _, _, action in parts:
        if action:
            painted = painted.stylize(Style.from_meta({"@click": action}), place, place + len(text))
        place += len(text)
    return painted


def stack(lines: Iterable[Iterable[Part]]) -> Content:
    return Content("\n").join([paint(line) for line in lines])


def width_of(parts: Iterable[Part]) -> int:
    return sum(cell_len(one_line(text)) for text, _ in parts)


def crop(text: str, width: int, ellipsis: str = "…") -> str:
    """Exactly `width` terminal cells: cut with an ellipsis, or padded."""
    clean = one_line(text)
    if width <= 0:
        return ""
    if cell_len(clean) <= width:
        return set_cell_size(clean, width)
    return set_cell_size(clean, width - 1) + ellipsis if width > 1 else set_cell_size(clean, width)


def fit(parts: Iterable[Part], width: int, ellipsis: str = "…") -> tuple[Part, ...]:
    """The parts cut to at most `width` cells."""
    left = width
    kept: list[Part] = []
    for text, tone in parts:
        size = cell_len(one_line(text))
        if size > left:
            kept.append((crop(text, left, ellipsis), tone))
            break
        kept.append((text, tone))
        left -= size
    return tuple(kept)


def spread(left: Iterable[Part], right: Iterable[Part], width: int) -> tuple[Part, ...]:
    """`left` at the left, `right` at the right edge; the left part gives way first."""
    tail = fit(right, width)
    room = width - width_of(tail)
    head = fit(left, max(room - 1, 0))
    return (*head, (" " * max(room - width_of(head), 0), ""), *tail)
