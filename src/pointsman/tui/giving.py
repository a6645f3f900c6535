"""The part of the app that gives things out of the screen: copies, files, exports."""

from __future__ import annotations

import os

from textual import on

from pointsman.tui import clipboard, messages
from pointsman.tui.chatting import ChattingApp


class GivingApp(ChattingApp):
    @on(messages.Opened)
    def lend_commands(self, event: messages.Opened) -> None:
        from pointsman.tui.panes.services import ServicesPane

        self.home.query_one(ServicesPane).command_of = event.console.service_command

    @on(messages.Copied)
    def copied(self, event: messages.Copied) -> None:
        """To the clipboard of the terminal, also over ssh, and to the desktop's; what neither takes becomes a file."""
        small = len(event.text.encode("utf-8", "replace")) <= clipboard.MOST
        if small:
            self.copy_to_clipboard(event.text)
        if self.bridge is not None:
            self.work(self.bridge.copy(event.text, event.what, by_terminal=small), "copy")

    def copy_to_clipboard(self, text: str) -> None:
        """As Textual's, but also out of tmux and screen."""
        self._clipboard = text
        if self._driver is not None:
            self._driver.write(clipboard.osc52(text, os.environ))

    @on(messages.CopyAsked)
    def copy_asked(self, event: messages.CopyAsked) -> None:
        """One of several things to copy."""
        from pointsman.tui.screens.choice import Choice

        def chosen(place: str | None) -> None:
            if place is not None:
                self.post_message(event.offers[int(place)][1])

        shown = [(str(place), title) for place, (title, _) in enumerate(event.offers)]
        self.push_screen(Choice("copy", shown), chosen)

    @on(messages.Kept)
    def kept(self, event: messages.Kept) -> None:
        if self.bridge is not None:
            self.work(self.bridge.export(event.name, event.text), "export")

    @on(messages.ExportAsked)
    def export_asked(self, event: messages.ExportAsked) -> None:
        from pointsman.tui.render import exports

        def chosen(ending: str | None) -> None:
            if ending is not None:
                self._export(event.pane, ending)

        from pointsman.tui.screens.choice import Choice

        formats = [(ending, title) for ending, title in exports.FORMATS.items() if _offered(event.pane, ending)]
        self.push_screen(Choice("export as", formats), chosen)

    def _export(self, name: str, ending: str) -> None:
        from pointsman.tui import keeping
        from pointsman.tui.panes.audit import AuditPane
        from pointsman.tui.panes.figures import Figures
        from pointsman.tui.panes.listing import Listing

        if self.bridge is None:
            return
        pane = self.home.desk.pane(name)
        if isinstance(pane, AuditPane):
            self.work(self.bridge.export_audit(pane.query_shown, ending), "export")
        elif isinstance(pane, Listing | Figures):
            self.work(self.bridge.export(f"{name}.{ending}", pane.exported(ending)), "export")
        else:
            text = keeping.exported(self.chat.conversation, ending)
            self.work(self.bridge.export(f"chat.{ending}", text), "export")


def _offered(pane: str, ending: str) -> bool:
    return pane != "chat" or ending != "csv"
