"""The lines around the panes: policy strip, banner, tabs, audit ticker.

What draws a picture is imported with the first picture: the first frame does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from pointsman.tui.panes.pane import STARTING, Drawn
from pointsman.tui.render import zones
from pointsman.tui.render.paint import fit, paint, stack

if TYPE_CHECKING:
    from pointsman.tui.picture import Picture

LEAST = Size(40, 10)  # below which the head line says that there is no room; everything goes on all the same
_ACTIVE = "bold $text-primary on $panel "


class PolicyStrip(Drawn):
    """Always visible: band, next threshold, spend, local_only, overrides, alerts; below it the budgets."""

    def __init__(self) -> None:
        super().__init__(f" pointsman   {STARTING}", id="strip")

    def apply(self, picture: Picture, *, budgets: bool, paused: int | None) -> None:
        from pointsman.tui.render import strip, usage

        width = max(self.size.width, 1)
        lines = [strip.line(picture, width, paused=paused)]
        if width < LEAST.width or self.app.size.height < LEAST.height:
            lines = [strip.cramped(picture, self.app.size, LEAST)]
        if budgets and picture.snapshot.usage:
            lines.append(usage.compact_bars(picture, width))
        self.draw(stack(fit(line, width) for line in lines))


class Banner(Drawn):
    """Standing warnings; gone when there are none."""

    def __init__(self) -> None:
        super().__init__("", id="banner")
        self.display = False

    def apply(self, texts: tuple[str, ...]) -> None:
        self.display = bool(texts)
        self.draw(stack([((f" ! {text}", ""),) for text in texts[:3]]))


class Tabs(Static):
    """The panes by number; a click shows one."""

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self._marked = ""

    def mark(self, active: str) -> None:
        if active == self._marked:
            return
        self._marked = active
        words = (
            f"[{_ACTIVE if name == active else ''}@click=app.show_pane('{name}')] {number} {title} [/]"
            for name, (number, title) in zones.TITLES.items()
        )
        self.update(Content.from_markup("".join(words)))  # our own constants, the one place markup is parsed


class Ticker(Drawn):
    """The newest audit lines, where the audit itself has no room."""

    def __init__(self) -> None:
        super().__init__("", id="ticker")

    def apply(self, picture: Picture, lines: int) -> None:
        from pointsman.tui.render import audit

        self.display = lines > 0
        self.styles.height = lines
        width = max(self.size.width, 1)
        self.draw(
            Content("\n").join(paint(fit(line, width)) for line in audit.ticker(picture.newest, picture.glyphs, lines))
        )
