"""The half of the app that is linked to the engine: opens it after the first frame, keeps the picture, draws it."""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import rich
from rich.console import Group
from rich.segment import Segments
from rich.text import Text
from textual import events, on
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerError, WorkerState

from pointsman.tui import messages
from pointsman.tui.screens.home import Home
from pointsman.tui.screens.modal import Live
from pointsman.tui.signals import Signals
from pointsman.tui.sweeping import Sweeping
from pointsman.tui.telling import TellingApp
from pointsman.tui.untrusted import Backstop, clean, one_line

if TYPE_CHECKING:
    from pointsman.engine.console import Console
    from pointsman.tui.bridge import Bridge, OpenConsole
    from pointsman.tui.panes.audit import AuditPane
    from pointsman.tui.panes.chat import ChatPane
    from pointsman.tui.picture import Picture
    from pointsman.tui.render.glyphs import Glyphs

BLURRED: Final = 5.0  # times as long between two pictures while nobody looks


class LinkedApp(TellingApp):
    read_only = False

    def __init__(
        self,
        open_console: OpenConsole,
        banners: Sequence[str],
        glyphs: Glyphs,
        signals: Signals,
        refresh_hz: float,
    ) -> None:
        super().__init__(signals)
        self.engine: Console | None = None
        self.bridge: Bridge | None = None
        self.home = Home(tuple(banners))
        self.failed = False  # the engine could not be opened, or its watch broke
        self.held_back: int | None = None  # pictures that came while paused; None: not paused
        self._open = open_console
        self._holding: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()
        self._not_begun: set[Coroutine[Any, Any, None]] = set()
        self._glyphs = glyphs
        self._seconds = 1 / refresh_hz  # between two pictures
        self.filters_of_text: tuple[LineFilter, ...] = (Backstop(),)
        self._applied: tuple[Picture, Picture, int | None] | None = None  # shown, live, held back
        self._apply_timer: Timer | None = None
        self._sweeping: Sweeping | None = None
        self._early: list[events.Event] | None = []  # input that came before the panes; None: they are there

    def get_default_screen(self) -> Screen[Any]:
        return self.home

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self.filters_of_text]

    @property
    def chat(self) -> ChatPane:
        return self.home.chat

    # --- life ---

    def link(self) -> None:
        """Furnishes the desk, then opens the console, as soon as the first frame is on the screen."""
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        await self.home.furnish()
        self._apply_every(self._seconds)
        self.call_later(self._let_in)  # behind the focus that the panes asked for

    async def on_event(self, event: events.Event) -> None:
        """What is typed ahead waits for the panes: without them it would fall on the app's keys, and `q` quits.

        What is pasted is foreign text, into whichever field it goes.
        """
        if isinstance(event, events.Paste):
            event.text = clean(event.text)
        if self._sweeping is not None and isinstance(event, events.InputEvent | events.Paste):
            self._sweeping.disturbed()
        if self._early is not None and isinstance(event, events.InputEvent | events.Paste):
            self._early.append(_as_meant(event))
        else:
            await super().on_event(event)

    async def _let_in(self) -> None:
        while self._early:
            await super().on_event(self._early.pop(0))
        self._early = None
        self.call_after_refresh(self._panes_drawn)

    def _panes_drawn(self) -> None:
        """Textual may call this between two refreshes: the next call is the one behind the panes' first."""
        self.call_after_refresh(self._open_console)

    def _open_console(self) -> None:
        from pointsman.tui.bridge import hold

        if not gc.isenabled():  # as the door left it
            self._sweeping = Sweeping()
        self._holding = asyncio.create_task(hold(self._open, self.post_message, self._leaving))
        self._holding.add_done_callback(self._let_go)

    def _let_go(self, holding: asyncio.Task[None]) -> None:
        problem = None if holding.cancelled() else holding.exception()
        if problem is not None and self.is_running:
            self._engine_broke(problem)

    def _engine_broke(self, problem: BaseException) -> None:
        self.failed = True
        self.home.add_banner(f"the engine stopped: {type(problem).__name__}: {one_line(str(problem))}")

    async def close(self) -> None:
        """After the screen is gone: ends the workers, then closes the console and waits for it."""
        for worker in list(self.workers):
            worker.cancel()
            with suppress(WorkerError):
                await worker.wait()
        for doing in self._not_begun:
            doing.close()
        self._leaving.set()
        if self._holding is not None:
            await asyncio.wait([self._holding])

    def work(self, doing: Coroutine[Any, Any, None], group: str, name: str = "") -> None:
        self._not_begun.add(doing)
        if group == "ask":
            self.reply_began(name)
        begin: Callable[[], Coroutine[None, None, None]] = partial(self._begin, doing)
        _: Worker[None] = self.run_worker(begin, name=name or group, group=group, exit_on_error=False)

    async def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        self._not_begun.discard(doing)
        await doing

    @on(Worker.StateChanged)
    def worker_changed(self, event: Worker.StateChanged) -> None:
        """A failure of the engine is shown; it never takes the screen down. What counts is the state that is told, not
        the worker's own: that may be ahead of the words it has posted."""
        worker = event.worker
        if worker.group == "ask" and event.state in _FINISHED:
            self.chat.ended(worker.name, _problem(worker))
            self.reply_ended(worker.name)
        elif worker.group == "watch" and worker.state is WorkerState.ERROR and worker.error is not None:
            self._engine_broke(worker.error)
        elif worker.state is WorkerState.ERROR:
            self.tell(messages.Told(_problem(worker) or "failed", "error"))

    def _fatal_error(self) -> None:
        """As Textual's, but without local variables, which may hold a key, and kept in a file without any key."""
        from rich.traceback import Traceback  # loads a highlighter: only for a crash

        self.bell()
        plain = traceback.format_exc()
        files = None if self.engine is None else self.engine.files
        hidden, path = (plain, None) if files is None else files.crash(plain)
        trace = Traceback(show_locals=False, width=None, suppress=[rich]) if hidden == plain else Text(clean(hidden))
        where = Text("" if path is None else f"written, readable by you alone: {clean(path)}")
        self._exit_renderables.append(Segments(self.console.render(Group(trace, where), self.console.options)))
        self._close_messages_no_wait()

    # --- what the bridge says ---

    @on(messages.Opened)
    def opened(self, event: messages.Opened) -> None:
        from pointsman.tui.bridge import Bridge

        self.engine = event.console
        self.bridge = Bridge(event.console, self.post_message)
        self.work(self.bridge.watch(), "watch")
        self.work(self.bridge.listen(), "notes")

    @on(messages.Pictured)
    def pictured(self, event: messages.Pictured) -> None:
        from pointsman.tui.picture import Picture, remember, remember_usage

        if self.engine is None:
            return
        old = self.picture or Picture(fleet=self.engine.fleet, snapshot=event.snapshot, glyphs=self._glyphs)
        machines = self.engine.machines
        suggested = machines.suggested_action if machines is not None else None
        self.picture = replace(
            old,
            suggested=suggested,
            fleet=self.engine.fleet,
            snapshot=event.snapshot,
            banners=self.engine.banners,
            audit_state=self.engine.audit_state,
            history=remember(old.history, event.snapshot),
            used=remember_usage(old.used, event.snapshot),
        )
        self.picture = replace(self.tell_changes(self.picture), read_only=self.read_only)
        if self.held_back is not None:
            self.held_back += 1
        if event.urgent or self._applied is None:
            self.apply()

    @on(messages.Ledger)
    def counted(self, event: messages.Ledger) -> None:
        if self.picture is not None:
            self.picture = replace(
                self.picture, newest=event.newest, audit_size=event.size, totals=event.totals, hourly=event.hourly
            )

    @on(messages.AuditPage)
    def paged(self, event: messages.AuditPage) -> None:
        cast("AuditPane", self.home.desk.pane("audit")).take(event.query, event.lines, event.older)

    @on(messages.Replied)
    def replied(self, event: messages.Replied) -> None:
        self.chat.see(event.turn, event.event)

    @on(messages.Found)
    async def found(self, event: messages.Found) -> None:
        await self.chat.find(event.answer, event.what)

    @on(messages.Attached)
    def attached(self, event: messages.Attached) -> None:
        self.chat.attached(event.prompt, event.attachments, event.problem)

    # --- drawing ---

    def _pass(self) -> None:
        self.apply()
        self._keep_focus()
        if self._sweeping is not None:
            self._sweeping.passed(self.chat.busy)

    def _keep_focus(self) -> None:
        """Whatever took the focus away: without it no key of a pane works."""
        screen = self.screen
        if not self.app_focus or screen.focused is not None or not screen.focus_chain:
            return
        if screen is self.home:
            self.home.desk.pane(self.home.desk.active).focus_inside()
        else:
            screen.focus_next()

    def apply(self) -> None:
        """The one pass that draws: at most once a second, and only when something differs; never at the end."""
        if self.picture is None or not self.is_running:
            return
        frozen = self.held_back is not None and self._applied is not None
        shown = self._applied[0] if frozen and self._applied else self.picture
        wanted = (shown, self.picture, self.held_back)  # the head line goes on while the rest is paused
        if wanted == self._applied:
            return
        self._applied = wanted
        with self.batch_update():
            self.home.apply(shown, self.held_back, self.picture)
            for screen in self.screen_stack:
                if isinstance(screen, Live) and screen.is_mounted:
                    screen.apply(shown)

    def on_app_blur(self) -> None:
        self._apply_every(self._seconds * BLURRED)

    def on_app_focus(self) -> None:
        self._apply_every(self._seconds)
        self.apply()

    def _apply_every(self, seconds: float) -> None:
        if self._apply_timer is not None:
            self._apply_timer.stop()
        self._apply_timer = self.set_interval(seconds, self._pass)


def _as_meant(event: events.Event) -> events.Event:
    """Until the terminal was ours, it made a new line of Enter."""
    is_enter = isinstance(event, events.Key) and event.key == "ctrl+j"
    return events.Key("enter", "\r") if is_enter else event


_FINISHED = frozenset({WorkerState.SUCCESS, WorkerState.ERROR, WorkerState.CANCELLED})


def _problem(worker: Worker[Any]) -> str | None:
    return None if worker.state is not WorkerState.ERROR else f"{type(worker.error).__name__}: {worker.error}"
