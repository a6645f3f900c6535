"""What a layout repaints, mended: Textual 8.2 loses some of it.

Its compositor keeps a map of where every widget stands, and a layout repaints what differs from that map. Once a widget
without a place has drawn, as panes out of sight do, the next look at any widget's region renews the map. If that look
falls between a change and its layout, the layout finds nothing that differs: what has moved is not sent to the terminal
though Textual's own picture has it, and who has grown is not told. Here the map of the last layout is remembered.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from textual._compositor import Compositor, ReflowResult
from textual.geometry import Region, Size
from textual.widget import Widget

_full_map: Final[Any] = Compositor.__dict__["full_map"].fget
_reflow: Final = Compositor.reflow
_laid_out: Final[WeakKeyDictionary[Compositor, dict[Widget, Any]]] = WeakKeyDictionary()  # only where one was renewed


def mend_repaints() -> None:
    """From now on, for every screen of this process."""
    for name, mended in (("full_map", property(_remembering)), ("reflow", _reflow_from_the_last)):
        setattr(Compositor, name, mended)


def _remembering(compositor: Compositor) -> Any:
    before = compositor._full_map
    found = _full_map(compositor)
    if compositor.root is not None and found is not before and found != before:
        _laid_out.setdefault(compositor, before)
    return found


def _reflow_from_the_last(compositor: Compositor, parent: Widget, size: Size) -> ReflowResult:
    before = _laid_out.pop(compositor, None)
    result = _reflow(compositor, parent, size)
    if before is None:
        return result
    now = compositor._full_map
    compositor._dirty_regions |= {_seen(each) for _, each in before.items() ^ now.items()} - {Region()}
    resized = {each for each in before.keys() & now.keys() if before[each].region.size != now[each].region.size}
    return result._replace(shown=result.shown | (now.keys() - before.keys()), resized=result.resized | resized)


def _seen(place: Any) -> Region:
    seen: Region = place.clip.intersection(place.region)
    return seen if seen else Region()
