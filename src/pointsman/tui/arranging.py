"""The part of the app that stands the panes where they are wanted, and keeps that for each size of the terminal."""

from __future__ import annotations

from dataclasses import replace

from textual import on

from pointsman.tui import arrangement, messages
from pointsman.tui.arrangement import MOST_FILTERS, Arrangement
from pointsman.tui.giving import GivingApp
from pointsman.tui.render.selecting import Order


class ArrangingApp(GivingApp):
    arrangement = Arrangement()
    keeps = True  # False: nothing is recalled, and nothing kept
    wanted_theme: str | None = None  # the configured one

    @on(messages.Opened)
    def arrange(self, event: messages.Opened) -> None:
        from pointsman.tui.panes.listing import Listing

        if event.console.files is None or not self.keeps:
            return
        self.arrangement = arrangement.read(event.console.files.arrangement())
        theme = self.arrangement.theme_over(self.wanted_theme)
        if theme in self.available_themes:
            self.theme = str(theme)
        for name, order in self.arrangement.orders.items():
            for pane in self.home.query(Listing):
                if pane.id == name:
                    pane.order = order
        self._lend_filters()
        self._restore()

    def on_resize(self) -> None:
        self._restore()
        if self.home.is_mounted and self.screen.size == self.size:
            # It was made smaller and as large again before anything was drawn: for Textual nothing has changed, but the
            # terminal has cut off what stood there.
            self.screen.refresh()

    def _restore(self) -> None:
        standing = self.arrangement.at(self.size.width, self.size.height)
        if standing is not None and self.home.is_mounted:
            self.home.restore(standing)

    def watch_theme(self, _: str, theme: str) -> None:
        if self.engine is not None:
            self.arrangement = replace(self.arrangement, theme=theme, instead_of=self.wanted_theme)
            self._keep()

    @on(messages.Rearranged)
    def rearranged(self) -> None:
        from pointsman.tui.panes.listing import Listing

        desk, size = self.home.desk, self.size
        orders = {str(pane.id): pane.order for pane in self.home.query(Listing) if pane.order != Order()}
        kept = self.arrangement.with_size(size.width, size.height, desk.standing_now)
        self.arrangement = replace(kept, orders=orders)
        self._keep()

    @on(messages.Filtered)
    def filtered(self, event: messages.Filtered) -> None:
        """Kept for every pane with a filter: the arrow up brings it back."""
        others = [each for each in self.arrangement.filters if each != event.written]
        self.arrangement = replace(self.arrangement, filters=tuple([*others, event.written][-MOST_FILTERS:]))
        self._lend_filters()
        self._keep()

    def _lend_filters(self) -> None:
        from pointsman.tui.panes.filtering import Filtering

        for pane in self.home.query(Filtering):
            pane.filters = self.arrangement.filters

    def _keep(self) -> None:
        if self.bridge is not None and self.keeps:
            self.work(self.bridge.keep_arrangement(arrangement.written(self.arrangement)), "arrangement")

    # --- keys ---

    def action_show_pane(self, name: str) -> None:
        self.home.show_pane(name)
        self.rearranged()

    def action_zoom(self) -> None:
        self.home.zoom()
        self.rearranged()

    @property
    def pane_here(self) -> str:
        """The pane with the focus, or the one that is looked at."""
        from pointsman.tui.panes.pane import Pane

        focused = self.home.focused
        around = focused.ancestors_with_self if focused is not None else ()
        return next((str(node.id) for node in around if isinstance(node, Pane)), self.home.desk.active)

    def action_hide_pane(self) -> None:
        if self.home.hide(self.pane_here):
            self.rearranged()
        else:
            self.tell(messages.Told("one pane always stays"))

    def action_resize_pane(self, steps: int) -> None:
        self.home.grow(self.pane_here, steps)
        self.rearranged()

    def action_next_view(self) -> None:
        self.tell(messages.Told(f"view: {self.home.next_view()}; 0 shows everything"))
        self.rearranged()

    def action_show_all(self) -> None:
        self.home.show_all()
        self.rearranged()
