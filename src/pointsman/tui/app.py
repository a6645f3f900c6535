"""The screen's App: keys and asks. What a pane or key asks goes to the bridge; nothing here does I/O itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.theme import Theme

from pointsman.core.request import Request
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine.console import Console
from pointsman.tui import consequences, keys, messages, slash
from pointsman.tui import theme as theming
from pointsman.tui.bridge import OpenConsole
from pointsman.tui.commands import Palette
from pointsman.tui.linked import LinkedApp
from pointsman.tui.panes.audit import AuditPane
from pointsman.tui.render import audit, why
from pointsman.tui.render import help as help_text
from pointsman.tui.render.glyphs import ASCII, UNICODE
from pointsman.tui.render.paint import stack
from pointsman.tui.screens.confirm import Confirm
from pointsman.tui.screens.override_form import OverrideForm
from pointsman.tui.screens.reader import Reader
from pointsman.tui.untrusted import AsciiOnly, cleaned_lines, label, one_line


class PointsmanApp(LinkedApp):
    CSS_PATH = "app.tcss"
    TITLE = "Pointsman"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.APP]
    COMMANDS = {Palette}

    def __init__(
        self,
        console: Console | None = None,
        *,
        open_console: OpenConsole | None = None,
        theme: str | None = None,
        keymap: Mapping[str, str] | None = None,
        themes: Sequence[Theme] = (),
        banners: Sequence[str] = (),
        ascii_only: bool = False,
    ) -> None:
        """Shows `console`; or opens one with `open_console` after the first frame, and closes it at the end."""
        if console is None and open_console is None:
            raise ValueError("give a console, or a way to open one")
        super().__init__(
            open_console or (lambda: nullcontext(_given(console))), banners, ASCII if ascii_only else UNICODE
        )
        self.keymap: Mapping[str, str] = dict(keymap or {})
        self._themes = tuple(themes)
        self._wanted_theme = theme
        self._ascii_only = ascii_only
        if ascii_only:
            self.filters_of_text = (*self.filters_of_text, AsciiOnly())

    def on_mount(self) -> None:
        for entry in self._themes:
            self.register_theme(entry)
        chosen = theming.chosen(self._wanted_theme, tuple(self.available_themes))
        if chosen is not None:
            self.theme = chosen
        if self._wanted_theme not in (None, chosen):
            self.home.add_banner(f"no theme is called {one_line(str(self._wanted_theme))!r}")
        self.set_keymap(dict(self.keymap))
        self.set_class(self._ascii_only, "-ascii")
        self.link()

    # --- what the panes ask ---

    @on(messages.Ask)
    async def asked(self, event: messages.Ask) -> None:
        if self.engine is None or self.bridge is None:
            return
        told = self.chat.conversation.messages(event.prompt)
        request = Request(id=self.engine.new_request_id(), messages=told, pin=event.pin)
        await self.chat.begin(request.id, event.prompt)
        self.work(self.bridge.ask(request), "ask", request.id)

    @on(messages.Stop)
    def stop_asked(self, event: messages.Stop) -> None:
        for worker in self.workers:
            if worker.group == "ask" and worker.name == event.request:
                worker.cancel()

    @on(messages.SetOverride)
    def override_set(self, event: messages.SetOverride) -> None:
        if self.bridge is not None:
            self.work(self.bridge.set_override(event.override), "override")

    @on(messages.ClearOverride)
    def override_cleared(self, event: messages.ClearOverride) -> None:
        if self.bridge is not None:
            self.work(self.bridge.clear_override(event.override_id), "override")

    @on(messages.LocalOnlyAsked)
    def local_only_asked(self, event: messages.LocalOnlyAsked) -> None:
        if self.engine is None:
            return
        now = self.engine.snapshot.now
        closed = [entry for entry in self.engine.snapshot.overrides if entry.kind is OverrideKind.LOCAL_ONLY]
        standing = [entry for entry in closed if entry.active(now)]
        wanted = event.wanted if event.wanted is not None else not standing
        if wanted and not standing:
            new_id = self.engine.new_request_id()
            order = Override(id=new_id, kind=OverrideKind.LOCAL_ONLY, created_at=now, reason="set on the screen")
            self.post_message(messages.SetOverride(order))
        for entry in () if wanted else standing:
            self.post_message(messages.ClearOverride(entry.id))

    @on(messages.ServiceAsked)
    def service_asked(self, event: messages.ServiceAsked) -> None:
        if self.engine is None or self.bridge is None:
            return
        bridge = self.bridge
        body = stack(consequences.lines(consequences.of_action(self.engine, event.name, event.verb)))
        question = Confirm(f"{event.verb} {label(event.name)}?", body, f"{event.verb} now")

        def answered(yes: bool | None) -> None:
            if yes:
                self.work(bridge.act(event.name, event.verb), "service")

        self.push_screen(question, answered)

    @on(messages.ServiceActed)
    def acted(self, event: messages.ServiceActed) -> None:
        word = "accepted" if event.result.ok else "refused"
        text = f"{event.verb} {label(event.name)}: {word}. {one_line(event.result.text)}"
        self.tell(messages.Told(text, "information" if event.result.ok else "error"))

    @on(messages.LogsAsked)
    def logs_asked(self, event: messages.LogsAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.logs(event.name), "logs")

    @on(messages.LogsRead)
    def logs_read(self, event: messages.LogsRead) -> None:
        text = cleaned_lines(event.lines) or "no lines: the service has written nothing, or its log cannot be read"
        self.push_screen(Reader(f"log of {label(event.name)}", Content(text), at_end=True))

    @on(messages.FaultAsked)
    def fault_asked(self, event: messages.FaultAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.play(event.fault), "fault")

    @on(messages.AuditAsked)
    def audit_asked(self, event: messages.AuditAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.page(event.query, event.older), "audit")

    @on(messages.AuditOpened)
    def audit_opened(self, event: messages.AuditOpened) -> None:
        self.push_screen(Reader(f"audit line {event.line.seq}", stack(audit.in_full(event.line))))

    # --- keys ---

    def action_show_pane(self, name: str) -> None:
        self.home.show_pane(name)

    def action_zoom(self) -> None:
        self.home.zoom()

    def action_pause(self) -> None:
        self.held_back = 0 if self.held_back is None else None
        self.apply()

    def action_help(self) -> None:
        shown = {str(entry.id): keys.shown(entry, self.keymap) for entry in keys.all_bindings()}
        body = stack(help_text.lines(keys.GROUPS, shown, slash.COMMANDS.values()))
        self.push_screen(Reader("keys", body))

    def action_why(self) -> None:
        turn = self.chat.last
        if turn is None or turn.decision is None:
            self.tell(messages.Told("no reply yet: the first decision will be explained here"))
            return
        self.push_screen(Reader("why this model", stack(why.lines(turn.decision, self._glyphs))))

    def action_override(self) -> None:
        if self.engine is None or self.picture is None:
            return
        form = OverrideForm(self.picture.fleet, self.picture.now, self.engine.new_request_id())
        self.push_screen(form, self._override_written)

    def _override_written(self, override: Override | None) -> None:
        if override is not None:
            self.post_message(messages.SetOverride(override))

    def action_local_only(self) -> None:
        self.post_message(messages.LocalOnlyAsked())

    def action_next_model(self) -> None:
        """Asks the model that a blocked reply offered."""
        turn = self.chat.last
        if turn is not None and turn.blocked is not None and turn.blocked.offer is not None:
            self.chat.ask(turn.prompt, turn.blocked.offer)

    def action_filter_audit(self) -> None:
        self.home.show_pane("audit")
        self.home.query_one(AuditPane).action_filter()

    def action_clear_chat(self) -> None:
        self.chat.clear()

    def action_step_back(self) -> None:
        if not self.chat.stop():
            self.home.desk.pane(self.home.desk.active).focus_inside()

    def action_interrupt(self) -> None:
        """Ctrl+C: stops what runs; with nothing running, quits."""
        if not self.chat.stop():
            self.exit(return_code=int(self.failed))

    async def action_quit(self) -> None:
        self.exit(return_code=int(self.failed))


def _given(console: Console | None) -> Console:
    if console is None:
        raise ValueError("no console")
    return console


def run(
    open_console: OpenConsole,
    *,
    theme: str | None = None,
    keymap: Mapping[str, str] | None = None,
    theme_dir: Path,
    banners: Sequence[str] = (),
    ascii_only: bool = False,
) -> int:
    """Runs the screen until it is left; the exit status. The console is closed when this returns, crash or not."""
    found = theming.load(theme_dir)
    app = PointsmanApp(
        open_console=open_console,
        theme=theme,
        keymap=keymap,
        themes=found.themes,
        banners=(*banners, *found.failed),
        ascii_only=ascii_only,
    )
    asyncio.run(_live(app))
    return app.return_code or 0


async def _live(app: PointsmanApp) -> None:
    try:
        await app.run_async()
    finally:
        await app.close()
