"""Rows of a list laid out in exactly the width there is: columns are left out by rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from pointsman.tui.render.paint import Part, crop, paint

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """`rank` 0 always stays; higher ranks are left out first, those of one rank together. `flex` shares what width is
    left, up to `most`."""

    key: str
    title: str
    width: int
    rank: int = 0
    flex: int = 0
    right: bool = False
    most: int = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list. `key` is its identity across updates; cells hold foreign text, cleaned when drawn.

    The cell named by `wide` takes the room of all columns between it and the last one.
    """

    key: str
    cells: Mapping[str, Part]
    wide: str = ""


Fitted = tuple[tuple[Column, int], ...]


def fit_columns(columns: Sequence[Column], width: int) -> Fitted:
    """The columns that fit, with their widths, in their order."""
    kept = frozenset({0})
    for rank in sorted({column.rank for column in columns} - kept):
        more = kept | {rank}
        if _needed([column for column in columns if column.rank in more]) <= width:
            kept = more  # what a rank that is too wide leaves free, a later one may take
    return _stretched([column for column in columns if column.rank in kept], width)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _stretched(columns: Sequence[Column], width: int) -> Fitted:
    spare = width - _needed(columns)
    shares = sum(column.flex for column in columns)
    if spare <= 0 or not shares:
        return tuple((column, column.width) for column in columns)
    return tuple((column, min(column.width + spare * column.flex // shares, column.most)) for column in columns)


def head(fitted: Fitted, sorted_by: str | None = None, mark: str = "") -> Content:
    """The titles; the column that orders the rows wears the mark."""
    parts: list[Part] = []
    for column, wide in fitted:
        own = column.key == sorted_by
        title = _cell(crop(column.title, wide - 2, "").rstrip() + " " + mark if own else column.title, wide, column)
        parts += [(" " * GAP, ""), (title, "accent" if own else "head")]
    return paint(parts[1:])


def column_at(fitted: Fitted, x: int) -> str | None:
    """The column whose title stands at that cell of the heading."""
    start = 0
    for column, wide in fitted:
        if start <= x < start + wide + GAP:
            return column.key
        start += wide + GAP
    return None


def draw(row: Row, fitted: Fitted, ellipsis: str = "…") -> Content:
    parts: list[Part] = []
    for column, wide in _widened(fitted, row.wide):
        text, tone = row.cells.get(column.key, ("", ""))
        parts += [(" " * GAP, ""), (_cell(text, wide, column, ellipsis), tone)]
    return paint(parts[1:])


def looks_same(one: Row, other: Row, fitted: Fitted) -> bool:
    """They differ in nothing that is drawn in this width."""
    return one.wide == other.wide and all(
        one.cells.get(column.key) == other.cells.get(column.key) for column, _ in fitted
    )


def _widened(fitted: Fitted, key: str) -> Fitted:
    names = [column.key for column, _ in fitted]
    if key not in names[:-2]:
        return fitted
    start = names.index(key)
    covered = fitted[start:-1]
    wide = sum(wide for _, wide in covered) + GAP * (len(covered) - 1)
    return (*fitted[:start], (fitted[start][0], wide), fitted[-1])


def _cell(text: str, wide: int, column: Column, ellipsis: str = "…") -> str:
    drawn = crop(text, wide, ellipsis)
    stripped = drawn.rstrip()
    return " " * (len(drawn) - len(stripped)) + stripped if column.right else drawn
