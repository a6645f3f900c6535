"""Which rows of a list are shown, and in which order: the filter that a person writes, and the column to sort by.

`state=down model~=qwen vram>80 !kimi words`: `=` is a whole word of the cell, `~=` a part of it, `!` turns a word
around. What is unknown fulfils no comparison and is sorted last, whichever way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pointsman.tui.render.table import Row

Test = Callable[[Row], bool]

_TERM = re.compile(r"(!?)([a-z_]+)(>=|<=|!=|~=|=|>|<)(.+)", re.I)
_NUMBER = re.compile(r"(-?\$?\d[\d,]*\.?\d*)\s*([a-zµ%]*)", re.I)
_GLYPH = re.compile(r"\S +(?=\S)")  # the state columns begin with one
_SCALES = MappingProxyType(
    {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ms": 1e-3, "s": 1.0, "h": 3600.0, "d": 86_400.0, "min": 60.0}
)
_TIMES = frozenset({"age", "since", "expires", "latency", "ttft", "time"})
_UNKNOWN = frozenset({"", "-", "n/a", "?"})
_COMPARE: MappingProxyType[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        ">": lambda seen, wanted: seen > wanted,
        "<": lambda seen, wanted: seen < wanted,
        ">=": lambda seen, wanted: seen >= wanted,
        "<=": lambda seen, wanted: seen <= wanted,
    }
)


def words_of(text: str) -> str:
    """The cell without its glyphs, in lower case."""
    bare = text.strip()
    glyph = _GLYPH.match(bare)
    return "" if bare in _UNKNOWN else bare[glyph.end() if glyph else 0 :].casefold()


def number_of(text: str, column: str = "") -> tuple[float, str] | None:
    """The first number of a cell, with its unit as written; None where there is none."""
    found = _NUMBER.search(text) if text.strip() not in _UNKNOWN else None
    if found is None:
        return None
    unit = found.group(2).casefold()
    if column in _TIMES and unit == "m":
        unit = "min"
    return float(found.group(1).replace(",", "").replace("$", "")), unit


def scaled(number: tuple[float, str]) -> float:
    return number[0] * _SCALES.get(number[1].rstrip("b"), 1.0)


def parse(written: str, columns: Iterable[str]) -> Test:
    """A row passes if every term holds. A key that no column has is an ordinary word."""
    known = frozenset(columns)
    tests = [_term(word, known) for word in written.split()]
    return lambda row: all(test(row) for test in tests)


def _term(word: str, known: frozenset[str]) -> Test:
    found = _TERM.fullmatch(word)
    if found is None or found.group(2).casefold() not in known:
        turned = word.startswith("!") and len(word) > 1
        wanted = word[turned:].casefold()
        return lambda row: (wanted in _everything(row)) is not turned
    negated, column, sign, wanted = found.groups()
    test = _cell_test(column.casefold(), sign, wanted.casefold())
    return (lambda row: not test(row)) if negated else test


def _everything(row: Row) -> str:
    return " ".join(text for text, _ in row.cells.values()).casefold()


def _cell_test(column: str, sign: str, wanted: str) -> Test:
    if sign in _COMPARE:
        return _number_test(column, sign, wanted)

    def equal(row: Row) -> bool:
        words = words_of(row.cells.get(column, ("", ""))[0])
        return wanted in words if sign == "~=" else wanted == words or wanted in re.split(r"[\s,+/]+", words)

    return (lambda row: not equal(row)) if sign == "!=" else equal


def _number_test(column: str, sign: str, wanted: str) -> Test:
    limit = number_of(wanted, column)
    holds = _COMPARE[sign]

    def test(row: Row) -> bool:
        seen = number_of(row.cells.get(column, ("", ""))[0], column)
        if seen is None or limit is None:
            return False
        return holds(scaled(seen), scaled(limit)) if limit[1] else holds(seen[0], limit[0])

    return test


@dataclass(frozen=True, slots=True)
class Order:
    """`column` None: the order in which the rows come."""

    column: str | None = None
    reverse: bool = False

    def stepped(self, columns: Sequence[str], step: int) -> Order:
        """The next column, or the one before; between the last and the first there is none."""
        ring: list[str | None] = [None, *columns]
        place = ring.index(self.column) if self.column in ring else 0
        return Order(ring[(place + step) % len(ring)])


def ordered(rows: Sequence[Row], order: Order) -> tuple[Row, ...]:
    if order.column is None:
        return tuple(reversed(rows)) if order.reverse else tuple(rows)
    column = order.column
    known = [row for row in rows if _known(row, column)]
    unknown = [row for row in rows if not _known(row, column)]
    return (*sorted(known, key=lambda row: _key(row, column), reverse=order.reverse), *unknown)


def _known(row: Row, column: str) -> bool:
    return row.cells.get(column, ("", ""))[0].strip() not in _UNKNOWN


def _key(row: Row, column: str) -> tuple[int, float, str]:
    text = row.cells[column][0]
    number = number_of(text, column)
    starts_with_it = number is not None and _NUMBER.match(text.strip()) is not None
    return (0, scaled(number), "") if number is not None and starts_with_it else (1, 0.0, words_of(text))
