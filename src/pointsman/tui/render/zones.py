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
GROWS_BY = 2  # rows, or hundredths of the width, of one step larger
MOST_STEPS = 20
_OPERATE = ("endpoints", "memory", "services", "overrides", "usage")  # from the one kept longest
# Rows below which a pane is of no use, if it wants as many: what does not fit scrolls.
_USEFUL = MappingProxyType({"endpoints": 11, "memory": 5, "services": 7, "overrides": 4, "usage": 6})
_DETAIL = 3  # rows the first pane of a stack gets before any other grows

# Views that `v` goes through: what is hidden in each.
VIEWS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "all": frozenset(),
        "operate": frozenset({"chat", "audit"}),
        "talk": frozenset(PANES) - {"chat", "endpoints"},
        "account": frozenset(PANES) - {"audit", "usage"},
    }
)


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
    grown: Mapping[str, int] = MappingProxyType({}),
) -> Mapping[str, Rect]:
    """The panes that are visible, each with its place. `wants` is the height each would like, borders included; `grown`
    the steps by which a person made it larger or smaller.

    The active pane is visible whatever is hidden; the others take the room of the hidden ones.
    """
    whole = Rect(0, 0, max(width, 1), max(height, 1))
    if zoomed or width < TWO_COLUMNS or height < 12:
        return {active: whole}
    shown = frozenset(PANES) - (hidden - {active})
    plan = _Plan(active, wants, grown, shown)
    return _two(whole, plan) if width < THREE_ZONES else _three(whole, plan)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be placed."""

    active: str
    wants: Mapping[str, int]
    grown: Mapping[str, int]
    shown: frozenset[str]

    @property
    def operate(self) -> list[str]:
        return [name for name in _OPERATE if name in self.shown]

    def steps(self, name: str) -> int:
        return self.grown.get(name, 0) * GROWS_BY

    def wanted(self, name: str) -> int:
        return max(self.wants.get(name, LEAST) + self.steps(name), LEAST)

    def least(self, name: str) -> int:
        return max(min(self.wanted(name), _USEFUL.get(name, LEAST) + self.steps(name)), LEAST)


def _two(whole: Rect, plan: _Plan) -> dict[str, Rect]:
    """Operate at the left, talk at the right, the audit along the bottom once there is height for it."""
    operate = plan.operate
    bottom = _audit_height(whole.height, plan) if "audit" in plan.shown else 0
    if not operate and "chat" not in plan.shown:
        bottom = whole.height
    above = whole.height - bottom
    left = _operate_width(whole.width, 49, plan) if "chat" in plan.shown else whole.width
    placed = _stack(Rect(0, 0, left, above), plan) if operate and above else {}
    if "chat" in plan.shown:
        start = left if operate else 0
        placed["chat"] = Rect(start, 0, whole.width - start, above)
    if bottom:
        placed["audit"] = Rect(0, above, whole.width, bottom)
    return placed


def _operate_width(width: int, percent: int, plan: _Plan) -> int:
    """What the chat grew by goes off the operating column."""
    return width * min(max(percent - plan.steps("chat"), 25), 75) // 100


def _audit_height(height: int, plan: _Plan) -> int:
    if height < 26 and plan.active != "audit":
        return 0
    usual = max(min(height // 4, 12) - 1, 6)
    return min(max(usual + plan.steps("audit"), LEAST), height - 8)


def _three(whole: Rect, plan: _Plan) -> dict[str, Rect]:
    """Operate at the left; at the right talk, and account below it."""
    operate, talk, account = plan.operate, "chat" in plan.shown, "audit" in plan.shown
    left = _operate_width(whole.width, 50, plan) if talk or account else whole.width
    placed = _stack(Rect(0, 0, left, whole.height), plan) if operate else {}
    start = left if operate else 0
    below = _account_height(whole.height, plan) if talk and account else whole.height if account else 0
    if talk:
        placed["chat"] = Rect(start, 0, whole.width - start, whole.height - below)
    if account:
        placed["audit"] = Rect(start, whole.height - below, whole.width - start, below)
    return placed


def _account_height(height: int, plan: _Plan) -> int:
    usual = height * 38 // 100
    return min(max(usual + plan.steps("audit"), LEAST), max(height - 8, LEAST))


def _stack(whole: Rect, plan: _Plan) -> dict[str, Rect]:
    """As many of the panes above each other as are of use; the active one is never left out."""
    kept = plan.operate
    while len(kept) > 1 and sum(plan.least(name) for name in kept) > whole.height:
        kept.remove(next(name for name in reversed(kept) if name != plan.active))
    sizes = shares([plan.least(name) for name in kept], [plan.wanted(name) for name in kept], whole.height)
    placed: dict[str, Rect] = {}
    y = whole.y
    for name, size in zip(kept, sizes, strict=True):
        placed[name] = Rect(whole.x, y, whole.width, size)
        y += size
    return placed


def shares(least: Sequence[int], wants: Sequence[int], height: int) -> list[int]:
    """Heights that add up to `height`: what each needs at least, then the wishes, the first before the last.

    What is spare lets the first show its detail, and the last fill the column.
    """
    sizes = list(least)
    for place in reversed(range(len(sizes))):
        sizes[place] -= min(max(sum(sizes) - height, 0), max(sizes[place] - (LEAST if place else 1), 0))
    spare = max(height - sum(sizes), 0)
    for place, want in enumerate(wants):
        more = min(max(want - sizes[place], 0), spare)
        sizes[place] += more
        spare -= more
    detail = min(spare, _DETAIL)
    sizes[0] += detail
    sizes[-1] += spare - detail
    return sizes
