"""The desk the panes stand on: places them as `render.zones` says, live, without ever remounting one.

At first it is bare and draws the frames that the panes will have, so that the first frame need not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Container
from textual.content import Content
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.visual import VisualType
from textual.widget import Widget

from pointsman.tui.arrangement import Standing
from pointsman.tui.render import zones
from pointsman.tui.render.frames import frames

if TYPE_CHECKING:
    from pointsman.tui.panes.chat import ChatPane
    from pointsman.tui.panes.pane import Pane
    from pointsman.tui.picture import Picture

_EDGES = {name: f"{number} {title}" for name, (number, title) in zones.TITLES.items()}


class _Zones(Layout):
    name = "zones"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        if not isinstance(parent, Desk):
            return []
        placed = parent.rects(size)
        return [
            WidgetPlacement(Region(rect.x, rect.y, rect.width, rect.height), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if (rect := placed.get(child.id or "")) is not None
        ]


class Desk(Container):
    def __init__(self) -> None:
        super().__init__(id="desk")
        self.active = "chat"
        self.zoomed = False
        self.hidden: frozenset[str] = frozenset()
        self.grown: dict[str, int] = {}  # steps by which a person made a pane larger
        self._wants: dict[str, int] = {}
        self._picture: Picture | None = None
        self._zones = _Zones()
        self.panes: list[Pane] = []

    @property
    def bare(self) -> bool:
        return not self.panes

    async def furnish(self) -> None:
        """Puts the panes on the desk."""
        from pointsman.tui.panes.every import every_pane

        self.panes = every_pane()
        self.settle()
        await self.mount(*self.panes)

    def render(self) -> VisualType:
        if not self.bare:
            return super().render()
        text = frames(self.rects(self.size), _EDGES, *self.size, ascii_only=self.app.has_class("-ascii"))
        return Content.styled(text, "$border-blurred")

    @property
    def chat(self) -> ChatPane:
        return cast("ChatPane", self.pane("chat"))

    @property
    def layout(self) -> Layout:
        return self._zones

    def pane(self, name: str) -> Pane:
        return next(pane for pane in self.panes if pane.id == name)

    def standing(self) -> list[Pane]:
        return [pane for pane in self.panes if pane.display]

    def rects(self, size: Size) -> dict[str, zones.Rect]:
        return dict(
            zones.arrange(
                size.width,
                size.height,
                active=self.active,
                wants=self._wants,
                zoomed=self.zoomed,
                hidden=self.hidden,
                grown=self.grown,
            )
        )

    def shows(self, name: str, size: Size) -> bool:
        return name in self.rects(size)

    def settle(self) -> None:
        """Shows the panes that have a place and hides the others."""
        placed = self.rects(self.size)
        for pane in self.panes:
            comes = pane.id in placed and not pane.display
            pane.display = pane.id in placed
            if comes and self._picture is not None:
                # It may have been drawn long ago, and nothing new need come. It calls itself: what a pane posts while
                # its parent calls it goes no further than that parent.
                pane.call_later(pane.apply, self._picture)
        # Of a child: a widget's own refresh leaves its arrangement as it was.
        (self.panes[0] if self.panes and self.panes[0].is_attached else self).refresh(layout=True)

    def on_resize(self) -> None:
        self.settle()
        self.call_after_refresh(self._heed_wishes)

    def on_pane_wants_other(self) -> None:
        self._heed_wishes()

    def _heed_wishes(self) -> None:
        """The heights that the panes want may differ with the width they got."""
        if self._picture is None:
            return
        wants = {str(pane.id): pane.wants(self._picture) for pane in self.panes}
        if wants != self._wants:
            self._wants = wants
            self.settle()

    def show_pane(self, name: str) -> None:
        self.active = name
        self.hidden = self.hidden - {name}
        self.settle()
        self.pane(name).focus_inside()

    def zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.settle()

    def hide(self, name: str) -> bool:
        """False: it is the last one that is left."""
        left = [pane for pane in zones.PANES if pane not in self.hidden and pane != name]
        if not left:
            return False
        self.hidden = self.hidden | {name}
        if self.active == name:
            # Not the chat unless nothing else is left: its input would take the next keys.
            self.active = next((pane for pane in left if pane != "chat"), left[0])
        self.settle()
        self.pane(self.active).focus_inside()
        return True

    def show_all(self) -> None:
        self.hidden, self.grown = frozenset(), {}
        self.settle()

    def grow(self, name: str, steps: int) -> None:
        most = zones.MOST_STEPS
        self.grown[name] = min(max(self.grown.get(name, 0) + steps, -most), most)
        self.settle()

    def next_view(self) -> str:
        """The view after the present one; its name."""
        names = list(zones.VIEWS)
        now = next((name for name, hidden in zones.VIEWS.items() if hidden == self.hidden), names[-1])
        name = names[(names.index(now) + 1) % len(names)]
        self.hidden, self.zoomed = zones.VIEWS[name], False
        if self.active in self.hidden:
            self.active = next(pane for pane in zones.PANES if pane not in self.hidden)
            self.pane(self.active).focus_inside()
        self.settle()
        return name

    @property
    def standing_now(self) -> Standing:
        grown = {name: steps for name, steps in self.grown.items() if steps}
        return Standing(active=self.active, zoomed=self.zoomed, hidden=self.hidden, grown=grown)

    def restore(self, standing: Standing) -> None:
        if standing == self.standing_now:
            return
        moved = standing.active != self.active
        self.active, self.zoomed, self.hidden = standing.active, standing.zoomed, standing.hidden
        self.grown = dict(standing.grown)
        self.settle()
        if moved:
            self.pane(self.active).focus_inside()

    def apply(self, picture: Picture) -> None:
        """One pass over what can be seen; heights follow what the panes want."""
        self._picture = picture
        self._heed_wishes()
        for pane in self.standing():
            pane.apply(picture)
