"""The base of all panes: a titled box that is handed a picture and changes only what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style as RichStyle
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from pointsman.tui.render.zones import TITLES

if TYPE_CHECKING:
    from pointsman.tui.picture import Picture

STARTING = "starting…"
_AS_IT_IS = RichStyle()


class Drawn(Widget, inherit_bindings=False):
    """Text that repaints only its lines that differ. It never parses markup."""

    DEFAULT_CSS = "Drawn { height: auto; }"

    def __init__(
        self, text: str = "", *, id: str | None = None, classes: str | None = None, wraps: bool = False
    ) -> None:
        """`wraps`: a line may take more than one row, so that which row is whose is not known."""
        super().__init__(id=id, classes=classes, markup=False)
        self._wraps = wraps
        self._drawn = Content(text)

    @property
    def shown(self) -> str:
        """The text, without its styles."""
        return self._drawn.plain

    def render(self) -> Content:
        return self._drawn

    @property
    def link_style(self) -> RichStyle:
        """What a click presses keeps its own tone."""
        return _AS_IT_IS

    async def action_press(self, action: str) -> None:
        """What a hint in it names, done by whoever in its pane can."""
        name = action.partition("(")[0]
        pane = next((node for node in self.ancestors if isinstance(node, Pane)), None)
        around = () if pane is None else (pane, *pane.query("*"))
        owner = next((node for node in around if hasattr(node, f"action_{name}")), None)
        if owner is not None:
            await self.app.run_action(action, default_namespace=owner)

    def draw(self, content: Content) -> None:
        if content.is_same(self._drawn):
            return
        old, new = (each.split(allow_blank=True) for each in (self._drawn, content))
        self._drawn = content
        if self._wraps or len(old) != len(new):
            self.refresh(layout=True)  # a layout repaints the whole screen: only if the height may change
            return
        changed = [y for y, pair in enumerate(zip(old, new, strict=True)) if not pair[0].is_same(pair[1])]
        self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))


class Pane(Vertical):
    """One part of the picture. Subclasses say how to show it (`show`) and how tall they would like to be (`wants`)."""

    class WantsOther(Message):
        """The height it would like may be another one, though no new picture came."""

    picture: Picture | None = None
    _edge_text = ""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        number, title = TITLES[id]
        self.border_title = Content(f"{number} {title}")

    def apply(self, picture: Picture) -> None:
        """Takes the newest picture. Called for visible panes only, at most once a second when nothing is touched."""
        self.picture = picture
        self.show(picture)

    def show(self, picture: Picture) -> None:
        raise NotImplementedError

    def wants(self, picture: Picture) -> int:
        """Rows this pane would like, borders included."""
        raise NotImplementedError

    def write_edge(self, text: str) -> None:
        """The words in the lower edge. Setting them repaints the whole pane, so only if they differ."""
        if text != self._edge_text:
            self._edge_text = text
            self.border_subtitle = Content(text)

    def on_resize(self) -> None:
        self.show_again()

    def show_again(self) -> None:
        """In the room there is now."""
        if self.picture is not None:
            self.show(self.picture)

    def focus_inside(self) -> None:
        """Puts the focus where this pane's keys work."""
        target = next((child for child in self.query("*") if child.focusable and child.display), None)
        if target is not None:
            target.focus()


def room_in(widget: Widget) -> int:
    """Columns inside its borders and scrollbar, as it was last laid out; 0 if it never was. Not its `region`: that one
    is gone while the screen is between two layouts."""
    return max(widget.outer_size.width - widget.gutter.width, 0)
