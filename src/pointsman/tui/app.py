"""The screen's App: keys and asks. What a pane or key asks goes to the bridge; nothing here does I/O itself."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import App
from textual.binding import BindingType

from pointsman import keymap as keytable
from pointsman.tui import keys, messages, slash, typed_bytes
from pointsman.tui import theme as theming
from pointsman.tui.commands import Palette
from pointsman.tui.hangup import leaves_on_hangup, leaves_with_its_page
from pointsman.tui.reaching import ReachingApp
from pointsman.tui.render import hints
from pointsman.tui.render.glyphs import ASCII, UNICODE
from pointsman.tui.render.paint import stack
from pointsman.tui.render.svg import self_contained
from pointsman.tui.screens.reader import Reader
from pointsman.tui.signals import SILENT, Kind, Signals
from pointsman.tui.theme import Shelf
from pointsman.tui.untrusted import AsciiOnly, one_line

if TYPE_CHECKING:
    from pointsman.core.request import Request
    from pointsman.engine.console import Console
    from pointsman.tui.bridge import OpenConsole
    from pointsman.tui.panes.audit import AuditPane

THEMES_EVERY: Final = 2.0  # seconds between two looks at their files


class PointsmanApp(ReachingApp):
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
        shelf: Shelf | None = None,
        banners: Sequence[str] = (),
        ascii_only: bool = False,
        read_only: bool = False,
        signals: Signals = SILENT,
        refresh_hz: float = 1.0,
    ) -> None:
        """Shows `console`; or opens one with `open_console` after the first frame, and closes it at the end."""
        if console is None and open_console is None:
            raise ValueError("give a console, or a way to open one")
        super().__init__(
            open_console or (lambda: nullcontext(_given(console))),
            banners,
            ASCII if ascii_only else UNICODE,
            signals,
            refresh_hz,
        )
        self.read_only = read_only
        self.keymap = dict(keymap or {})
        self._shelf = shelf or Shelf()
        self.wanted_theme = theme
        self._dress()
        self.supposed: Request | None = None  # what the what-if screen is about
        self._ascii_only = ascii_only
        if ascii_only:
            self.filters_of_text = (*self.filters_of_text, AsciiOnly())

    def _dress(self) -> None:
        """Before anything is styled: a theme that is set later has everything styled twice."""
        for bad_theme in self.take_themes(self._shelf.look()):
            self.home.add_banner(bad_theme)
        chosen = theming.chosen(self.wanted_theme, tuple(self.available_themes))
        if chosen is not None:
            self.set_reactive(App.theme, chosen)
            self.stylesheet.set_variables(self.get_css_variables())
            self.set_class(self.current_theme.dark, "-dark-mode", update=False)
            self.set_class(not self.current_theme.dark, "-light-mode", update=False)
            self._refresh_truecolor_filter(self.ansi_theme)  # as Textual does when a theme is set later
        if self.wanted_theme not in (None, chosen):
            self.home.add_banner(f"no theme is called {one_line(str(self.wanted_theme))!r}")

    def on_mount(self) -> None:
        for problem in keytable.problems(self.keymap):
            self.home.add_banner(one_line(str(problem)))
        self.set_keymap(dict(keys.for_textual(self.keymap)))
        hints.bind(self.keymap)
        self.set_class(self._ascii_only, "-ascii")
        leaves_with_its_page(self)
        self.work(self._watch_themes(), "themes")
        # The shell wrote where the screen was; of an unchanged size Textual only draws what changed meanwhile.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.link()

    # --- themes: read again when their files are edited ---

    def take_themes(self, found: theming.Loaded) -> tuple[str, ...]:
        """Registers the good ones; what is wrong with the others, which stay as they were."""
        for entry in found.themes:
            self.register_theme(entry)
            if entry.name == self.theme:
                self.mutate_reactive(App.theme)
        return tuple(one_line(problem) for problem in found.failed)

    async def _watch_themes(self) -> None:
        while True:
            await asyncio.sleep(THEMES_EVERY)
            for problem in self.take_themes(await asyncio.to_thread(self._shelf.look)):
                self.post_message(messages.Told(problem, "error"))

    # --- keys ---

    def action_notices(self) -> None:
        from pointsman.tui.render import notices

        self.notices.unread = 0
        self.show_more(unread=0)
        self.push_screen(Reader("what happened", stack(notices.lines(self.notices.history)), at_end=True))

    def action_picture(self) -> None:
        """Of what is seen now. Where it is written, keys are hidden."""
        if self.bridge is not None:
            self.work(self.bridge.keep_picture(self_contained(self.export_screenshot())), "export")

    def action_do_not_disturb(self) -> None:
        self.do_not_disturb = not self.do_not_disturb
        self.show_more(do_not_disturb=self.do_not_disturb)

    def action_what_if(self) -> None:
        from pointsman.core.request import Request
        from pointsman.tui.render import whatif
        from pointsman.tui.screens.what_if import WhatIf

        if self.engine is None or self.picture is None:
            return
        turn = self.chat.chosen
        prompt = turn.prompt if turn is not None else self.chat.draft
        if not prompt:
            self.tell(messages.Told("write or send a prompt first: what if is asked about one"))
            return
        self.supposed = Request(id="what-if", messages=self.chat.conversation.before(turn, prompt))
        knobs = whatif.knobs_of(self.picture, self.engine.policies)
        self.push_screen(WhatIf(prompt, knobs, self.engine.explain(self.supposed)))

    @on(messages.WhatIfAsked)
    def what_if_asked(self, event: messages.WhatIfAsked) -> None:
        if self.bridge is not None and self.supposed is not None:
            self.work(self.bridge.compare(self.supposed, event.settings, event.policy), "what-if")

    @on(messages.Compared)
    def compared(self, event: messages.Compared) -> None:
        from pointsman.tui.screens.what_if import WhatIf

        if isinstance(self.screen, WhatIf):
            self.screen.take(event.decision, event.problem)

    def action_redraw(self) -> None:
        """After something else wrote on the terminal."""
        self.refresh(layout=True)

    def action_pause(self) -> None:
        self.held_back = 0 if self.held_back is None else None
        self.apply()

    def action_help(self) -> None:
        from pointsman.tui.render import help as help_text

        shown = {entry.id: keytable.shown(entry, self.keymap) for entry in keytable.all_keys()}
        live = [entry.binding for entry in self.screen.active_bindings.values()]
        body = stack(help_text.lines(keys.here(live), shown, slash.COMMANDS.values()))
        self.push_screen(Reader("keys", body))

    def action_why(self) -> None:
        from pointsman.tui.render import why

        turn = self.chat.chosen
        if turn is None or turn.decision is None:
            self.tell(messages.Told("no reply yet: the first decision will be explained here"))
            return
        self.push_screen(Reader("why this model", stack(why.lines(turn.decision, self._glyphs))))

    async def action_filter_audit(self) -> None:
        self.home.show_pane("audit")
        await cast("AuditPane", self.home.desk.pane("audit")).action_filter()

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
    theme_dirs: Sequence[Path],
    banners: Sequence[str] = (),
    ascii_only: bool | None = None,
    read_only: bool = False,
    notify: Kind = "off",
    refresh_hz: float = 1.0,
    mouse: bool = True,
    keeps: bool = True,
) -> int:
    """Runs the screen until it is left; the exit status. The console is closed when this returns, crash or not.

    `ascii_only` None: as the terminal says that it can draw. `keeps`: what stands where is kept for the next time.
    """
    app = PointsmanApp(
        open_console=open_console,
        theme=theme,
        keymap=keymap,
        shelf=Shelf(*theme_dirs),
        banners=banners,
        ascii_only=draws_only_ascii(sys.stdout.encoding, os.environ) if ascii_only is None else ascii_only,
        read_only=read_only,
        signals=Signals(notify, in_tmux="TMUX" in os.environ),
        refresh_hz=refresh_hz,
    )
    app.keeps = keeps
    typed_bytes.accept_any()
    asyncio.run(_live(app, mouse))
    return app.return_code or 0


def draws_only_ascii(encoding: str | None, environ: Mapping[str, str]) -> bool:
    """Terminals that cannot be sent anything else, or whose fonts have no boxes and bars."""
    try:
        known = codecs.lookup(encoding or "ascii").name
    except LookupError:
        known = "ascii"
    return known not in _UNICODE or environ.get("TERM", "") in _PLAIN_FONTS


_UNICODE = frozenset({"utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"})
_PLAIN_FONTS = frozenset({"linux", "vt100", "vt102", "vt220", "cons25"})


async def _live(app: PointsmanApp, mouse: bool) -> None:
    with leaves_on_hangup(app):
        try:
            await app.run_async(mouse=mouse)
        finally:
            await app.close()
