"""How a person arranged the screen: theme, order of the lists, and for each terminal size what stands where.

Values only. What was kept by another version, or by nobody we know, is read as far as it makes sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pointsman.tui.render.selecting import Order
from pointsman.tui.render.zones import MOST_STEPS, PANES

MOST_FILTERS = 50
_FILTER_MOST = 500  # characters
MOST_SIZES = 40  # terminal sizes that are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    active: str = "chat"
    zoomed: bool = False
    hidden: frozenset[str] = frozenset()
    grown: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # steps larger, by pane


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    theme: str | None = None  # chosen on the screen
    instead_of: str | None = None  # the configured one it was chosen over
    orders: Mapping[str, Order] = field(default_factory=lambda: MappingProxyType({}))
    filters: tuple[str, ...] = ()  # written lately, the newest last
    sizes: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))

    def at(self, width: int, height: int) -> Standing | None:
        return self.sizes.get(f"{width}x{height}")

    def with_size(self, width: int, height: int, standing: Standing) -> Arrangement:
        """The size that was used last is the last one; the oldest are forgotten."""
        key = f"{width}x{height}"
        others = {size: kept for size, kept in self.sizes.items() if size != key}
        sizes = dict([*others.items(), (key, standing)][-MOST_SIZES:])
        return replace(self, sizes=MappingProxyType(sizes))

    def theme_over(self, configured: str | None) -> str | None:
        """A choice made on the screen holds until another theme is configured."""
        return self.theme if self.instead_of == configured else None


def written(arrangement: Arrangement) -> Mapping[str, object]:
    return {
        "theme": arrangement.theme,
        "instead_of": arrangement.instead_of,
        "orders": {pane: [order.column, order.reverse] for pane, order in arrangement.orders.items()},
        "filters": list(arrangement.filters),
        "sizes": {
            size: {
                "active": each.active,
                "zoomed": each.zoomed,
                "hidden": sorted(each.hidden),
                "grown": dict(each.grown),
            }
            for size, each in arrangement.sizes.items()
        },
    }


def read(document: Mapping[str, object]) -> Arrangement:
    return Arrangement(
        theme=_text(document.get("theme")),
        instead_of=_text(document.get("instead_of")),
        orders=MappingProxyType(
            {pane: order for pane, kept in _table(document, "orders").items() if (order := _order(kept)) is not None}
        ),
        filters=_filters(document.get("filters")),
        sizes=MappingProxyType({size: _standing(kept) for size, kept in _table(document, "sizes").items()}),
    )


def _filters(kept: object) -> tuple[str, ...]:
    listed = kept if isinstance(kept, list) else []
    return tuple(each for each in listed if isinstance(each, str) and len(each) <= _FILTER_MOST)[-MOST_FILTERS:]


def _table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _order(kept: object) -> Order | None:
    match kept:
        case [str() | None as column, bool() as reverse]:
            return Order(column, reverse)
    return None


def _grown(known: Mapping[str, object]) -> Mapping[str, int]:
    found = {}
    for name, steps in _table(known, "grown").items():
        if name in PANES and type(steps) is int and abs(steps) <= MOST_STEPS:
            found[name] = steps
    return MappingProxyType(found)


def _standing(kept: object) -> Standing:
    known = kept if isinstance(kept, dict) else {}
    active, hidden = known.get("active"), known.get("hidden")
    return Standing(
        active=active if active in PANES else "chat",
        zoomed=known.get("zoomed") is True,
        hidden=frozenset(name for name in hidden if name in PANES) if isinstance(hidden, list) else frozenset(),
        grown=_grown(known),
    )
