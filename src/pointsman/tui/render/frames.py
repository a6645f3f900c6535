"""The empty frames of the panes, as text: what stands on the desk until the panes themselves are there."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.tui.render.zones import Rect

_ROUND = ("╭", "─", "╮", "│", "╰", "╯")
_ASCII = ("+", "-", "+", "|", "+", "+")


def frames(rects: Mapping[str, Rect], titles: Mapping[str, str], width: int, height: int, *, ascii_only: bool) -> str:
    """Each pane's box at its place, with its title in the upper edge."""
    grid = [[" "] * width for _ in range(height)]
    for name, rect in rects.items():
        for offset, line in enumerate(_box(rect, titles[name], _ASCII if ascii_only else _ROUND)):
            grid[rect.y + offset][rect.x : rect.x + rect.width] = line
    return "\n".join("".join(line) for line in grid)


def _box(rect: Rect, title: str, border: tuple[str, str, str, str, str, str]) -> list[str]:
    left, line, right, side, low_left, low_right = border
    inner = rect.width - 2
    if inner < 0 or rect.height < 2:
        return []
    head = f"{line} {title} "[:inner]
    sides = side + " " * inner + side
    return [left + head.ljust(inner, line) + right, *[sides] * (rect.height - 2), low_left + line * inner + low_right]
