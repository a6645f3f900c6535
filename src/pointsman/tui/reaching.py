"""The part of the app that the palette reaches: any action of any pane, and words with an argument."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from textual.theme import ThemeProvider

from pointsman.tui import messages
from pointsman.tui.render.paint import stack
from pointsman.tui.reopening import ReopeningApp
from pointsman.tui.screens.modal import Search
from pointsman.tui.screens.reader import Reader
from pointsman.tui.untrusted import one_line

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from pointsman.tui.panes.audit import AuditPane
    from pointsman.tui.panes.listing import Listing


_PANES = MappingProxyType(
    {"Fleet": "endpoints", "Services": "services", "Override": "overrides", "Usage": "usage", "GPU / host": "memory"}
)


class ReachingApp(ReopeningApp):
    keymap: Mapping[str, str] = MappingProxyType({})

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Search):
            self.push_screen(Search())

    def search_themes(self) -> None:
        if not isinstance(self.screen, Search):
            self.push_screen(Search(providers=[ThemeProvider], placeholder="Search for themes…"))

    def search_for(self, written: str) -> None:
        """The palette again, with a word that wants something after it."""
        self.call_later(self.push_screen, Search(written=written))

    async def act_in(self, group: str, action: str) -> None:
        """An action of one pane, whichever pane has the focus."""
        name = re.split(r"[(.]", action.removeprefix("app."))[0]
        owner = next((widget for widget in self._owners(group) if hasattr(widget, f"action_{name}")), None)
        if owner is None:
            self.tell(messages.Told("there is nothing here that this could be done to"))
            return
        await self.run_action(action, default_namespace=owner)

    def _owners(self, group: str) -> Sequence[DOMNode]:
        if group == "A cut answer":
            return list(self.home.query(".fragment"))[-1:]
        if group == "Reading the chat":
            return (self.chat.transcript, self)
        if group == "Writing a prompt":
            return (self.chat.prompt,)
        name = _PANES.get(group) or str(self.listing_here.id)
        self.home.show_pane(name)
        pane = self.home.desk.pane(name)
        return (pane, *pane.query("*"))

    @property
    def listing_here(self) -> Listing:
        """The list with the focus, or the one that is looked at; the fleet, if neither is a list."""
        from pointsman.tui.panes.listing import Listing

        focused = self.home.focused
        around = focused.ancestors_with_self if focused is not None else ()
        within = next((node for node in around if isinstance(node, Listing)), None)
        active = self.home.desk.pane(self.home.desk.active)
        return within or (active if isinstance(active, Listing) else cast("Listing", self.home.desk.pane("endpoints")))

    def explain(self, prompt: str) -> None:
        """Routes it dry: the same decision as a sent prompt would get now, and no model is called."""
        from pointsman.core.request import Request
        from pointsman.tui.render import why

        if self.engine is None:
            self.tell(messages.Told("still starting: nothing can be explained yet", "warning"))
            return
        decision = self.engine.explain(Request(id="explain", messages=self.chat.conversation.before(None, prompt)))
        told = [[(f"“{one_line(prompt)}”", "strong"), ("   nothing was sent", "dim")], []]
        self.push_screen(Reader("who would answer", stack([*told, *why.lines(decision, self._glyphs)])))

    def ask_prompt(self, prompt: str) -> None:
        self.action_show_pane("chat")
        self.chat.ask(prompt, self.chat.conversation.pin)

    def filter_here(self, words: str) -> None:
        listing = self.listing_here
        self.home.show_pane(str(listing.id))
        listing.select(words)

    def filter_audit_by(self, words: str) -> None:
        self.home.show_pane("audit")
        cast("AuditPane", self.home.desk.pane("audit")).select(words)
