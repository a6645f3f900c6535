"""The one main screen: chrome around the desk. It draws what it is handed and knows nothing of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from pointsman.tui.arrangement import Standing
from pointsman.tui.chrome import Banner, PolicyStrip, Tabs, Ticker
from pointsman.tui.desk import Desk
from pointsman.tui.render import zones

if TYPE_CHECKING:
    from pointsman.tui.conversation import Conversation
    from pointsman.tui.panes.chat import ChatPane
    from pointsman.tui.picture import Picture


class Home(Screen[None]):
    def __init__(self, banners: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._own_banners = banners
        self._desk = Desk()
        self._picture: Picture | None = None
        self._paused: int | None = None
        self._live: Picture | None = None

    def compose(self) -> ComposeResult:
        yield PolicyStrip()
        yield Banner()
        yield Tabs()
        yield self._desk
        yield Ticker()
        yield Footer(show_command_palette=False, compact=True)

    @property
    def talks_now(self) -> tuple[Conversation, ...]:
        """The open conversations, also when the screen is gone already."""
        return () if self._desk.bare else tuple(talk.conversation for talk in self._desk.chat.talks)

    @property
    def chat(self) -> ChatPane:
        """Also when the screen is gone already: what was said is still to be kept."""
        return self._desk.chat

    @property
    def desk(self) -> Desk:
        return self.query_one(Desk)

    def on_mount(self) -> None:
        self._lay_out()
        self.query_one(Banner).apply(self._own_banners)

    async def furnish(self) -> None:
        """Puts the panes on the desk, once the first frame stands without them."""
        await self.desk.furnish()
        pane = self.desk.pane(self.desk.active)
        if pane.children:  # else the screen is being left already
            self._lay_out()
            pane.focus_inside()

    def on_resize(self) -> None:
        self._lay_out()

    def add_banner(self, text: str) -> None:
        self._own_banners = (*self._own_banners, text)
        if self.is_mounted:
            self._lay_out()

    def show_pane(self, name: str) -> None:
        self.desk.show_pane(name)
        self._lay_out()

    def zoom(self) -> None:
        self.desk.zoom()
        self._lay_out()

    def hide(self, name: str) -> bool:
        hidden = self.desk.hide(name)
        self._lay_out()
        return hidden

    def grow(self, name: str, steps: int) -> None:
        self.desk.grow(name, steps)
        self._lay_out()

    def next_view(self) -> str:
        name = self.desk.next_view()
        self._lay_out()
        return name

    def show_all(self) -> None:
        self.desk.show_all()
        self._lay_out()

    def restore(self, standing: Standing) -> None:
        self.desk.restore(standing)
        self._lay_out()

    def apply(self, picture: Picture, paused: int | None = None, live: Picture | None = None) -> None:
        """`live` is for the head line, which goes on while the rest is paused."""
        self._picture, self._paused, self._live = picture, paused, live
        self._lay_out()

    def _lay_out(self) -> None:
        chrome = zones.chrome(self.size.width, self.size.height, self.desk.shows("audit", self.desk.size))
        self.query_one(Tabs).display = chrome.tabs
        self.query_one(Tabs).mark(self.desk.active)
        self.query_one(Footer).display = chrome.footer
        self.query_one(Ticker).display = chrome.ticker > 0
        if self._picture is None:
            self.query_one(Banner).apply(self._own_banners)
            return
        from pointsman.tui.render import strip  # with the first picture, not the first frame

        live = self._live or self._picture
        self.query_one(PolicyStrip).apply(live, budgets=chrome.budgets, paused=self._paused)
        self.query_one(Banner).apply((*self._own_banners, *strip.banner(live)))
        self.query_one(Ticker).apply(self._picture, chrome.ticker)
        self.desk.apply(self._picture)
