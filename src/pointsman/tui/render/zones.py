"""Which panes stand where, for any size of terminal: a pure function from size to rectangles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

TITLES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "endpoints": (1, "Fleet"),
        "chat": (2, "Chat"),
        "audit": (3, "Audit"),
        "services": (4, "Services"),
        "overrides": (5, "Override"),
        "usage": (6, "Usage"),
        "memory": (7, "GPU / host"),
    }
)
PANES = tuple(TITLES)
TWO_COLUMNS = 100
THREE_ZONES = 160
LEAST = 4  # rows of a pane, its two borders included
_OPERATE = ("endpoints", "memory", "services", "overrides", "usage")  # from the one kept longest
_SQUEEZE = 3  # rows by which wishes may be cut before a pane is left out
_DETAIL = 3  # rows the first pane of a stack gets before any other grows


@dataclass(frozen=True, slots=True)
class Rect:
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chrome:
    """Which lines around the panes are drawn."""

    tabs: bool
    budgets: bool
    ticker: int
    footer: bool


def chrome(width: int, height: int, audit_shown: bool) -> Chrome:
    ticker = 0 if audit_shown or height < 16 else 1 if height < 20 else 2
    return Chrome(tabs=width < TWO_COLUMNS and height >= 8, budgets=height >= 20, ticker=ticker, footer=height >= 8)


def arrange(
    width: int,
    height: int,
    *,
    active: str,
    wants: Mapping[str, int],
    zoomed: bool = False,
    hidden: frozenset[str] = frozenset(),
) -> Mapping[str, Rect]:
    """The panes that are visible, each with its place. `wants` is the height each would like, borders included.

    The active pane is visible whatever is hidden; the others take the room of the hidden ones.
    """
    whole = Rect(0, 0, max(width, 1), max(height, 1))
    if zoomed or width < TWO_COLUMNS or height < 12:
        return {active: whole}
    shown = frozenset(PANES) - (hidden - {active})
    return _two(whole, active, wants, shown) if width < THREE_ZONES else _three(whole, active, wants, shown)


def _two(whole: Rect, active: str, wants: Mapping[str, int], shown: frozenset[str]) -> dict[str, Rect]:
    """Operate at the left, talk at the right, the audit along the bottom once there is height for it."""
    operate = [name for name in _OPERATE if name in shown]
    bottom = _audit_height(whole.height, active) if "audit" in shown else 0
    if not operate and "chat" not in shown:
        bottom = whole.height
    above = whole.height - bottom
    left = whole.width * 49 // 100 if "chat" in shown else whole.width
    placed = _stack(0, 0, left, above, operate, active, wants) if operate and above else {}
    if "chat" in shown:
        start = left if operate else 0
        placed["chat"] = Rect(start, 0, whole.width - start, above)
    if bottom:
        placed["audit"] = Rect(0, above, whole.width, bottom)
    return placed


def _audit_height(height: int, active: str) -> int:
    if height < 26 and active != "audit":
        return 0
    return max(min(height // 4, 12) - 1, 6)


def _three(whole: Rect, active: str, wants: Mapping[str, int], shown: frozenset[str]) -> dict[str, Rect]:
    """Operate, talk, account."""
    operate = [name for name in _OPERATE if name in shown]
    parts = {
        "operate": 40 if operate else 0,
        "chat": 32 if "chat" in shown else 0,
        "audit": 28 if "audit" in shown else 0,
    }
    placed: dict[str, Rect] = {}
    x, given, total = 0, 0, sum(parts.values())
    for name, part in parts.items():
        given += part
        end = whole.width * given // total
        if part and name == "operate":
            placed |= _stack(0, 0, end, whole.height, operate, active, wants)
        elif part:
            placed[name] = Rect(x, 0, end - x, whole.height)
        x = end
    return placed


def _stack(
    x: int,
    y: int,
    width: int,
    height: int,
    names: Sequence[str],
    active: str,
    wants: Mapping[str, int],
) -> dict[str, Rect]:
    """As many of the panes above each other as have room; the active one is never left out."""
    kept = list(names)
    while len(kept) > 1 and sum(max(wants.get(name, LEAST), LEAST) for name in kept) > height + _SQUEEZE:
        kept.remove(next(name for name in reversed(kept) if name != active))
    sizes = shares([wants.get(name, LEAST) for name in kept], height)
    placed: dict[str, Rect] = {}
    for name, size in zip(kept, sizes, strict=True):
        placed[name] = Rect(x, y, width, size)
        y += size
    return placed


def shares(wants: Sequence[int], height: int) -> list[int]:
    """Heights that add up to `height`: everybody's wish, the last giving way first.

    What is spare lets the first show its detail, and the last fill the column.
    """
    sizes = [max(want, LEAST) for want in wants]
    for place in reversed(range(len(sizes))):
        least = LEAST if place else 1
        sizes[place] -= min(max(sum(sizes) - height, 0), max(sizes[place] - least, 0))
    spare = max(height - sum(sizes), 0)
    detail = min(spare, _DETAIL)
    sizes[0] += detail
    sizes[-1] += spare - detail
    return sizes
