"""A service's log over the whole screen, as it is being written: follow, filter, search, wrap, times.

Keeps the newest lines only. It is handed lines; whoever opened it reads them, and stops when it is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual
from textual.widgets import Footer, Input

from pointsman.core.log_filter import passes
from pointsman.ports import LogLine
from pointsman.tui import keys
from pointsman.tui.render import figures, log
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.hints import hint
from pointsman.tui.render.log import Look
from pointsman.tui.render.paint import paint
from pointsman.tui.screens.reading import Reading
from pointsman.tui.untrusted import label, one_line

KEPT: Final = 5_000  # lines
SLACK: Final = 1_000  # more before the oldest are forgotten: that draws everything anew


class LogView(ScrollView, can_focus=True):
    """The rows. Only those in sight are drawn."""

    def __init__(self) -> None:
        super().__init__(id="log-rows")
        self.rows: list[log.Line] = []

    def render_line(self, y: int) -> Strip:
        place, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if place >= len(self.rows):
            return Strip.blank(width, self.visual_style.rich_style)
        (strip,) = Visual.to_strips(self, paint(self.rows[place]), width, 1, self.visual_style, pad=True)
        return strip

    def show(self, rows: list[log.Line]) -> None:
        self.rows = rows
        self.virtual_size = Size(self.scrollable_content_region.width, len(rows))
        self.refresh()

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y >= self.max_scroll_y

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if isinstance(self.screen, LogScreen):
            self.screen.moved()


class LogScreen(Reading):
    kept_as = "log.txt"
    what = "the log"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.LOG]

    def __init__(self, name: str, glyphs: Glyphs) -> None:
        super().__init__()
        self.service = name
        self._glyphs = glyphs
        self.lines: deque[LogLine] = deque()
        self.look = Look()
        self.following = True
        self.wanted = ""  # the filter
        self._unseen = 0  # lines that came below what is shown
        self._first_rows: list[int] = []  # of each line that is shown, where its rows begin
        self._found: int | None = None  # the row that was found last
        self._place = (0, 0)  # which of how many found lines that is

    def compose(self) -> ComposeResult:
        with Container(id="log") as box:
            box.border_title = Content(f"log of {label(self.service)}")
            yield LogView()
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.box.focus()
        self._tell()

    @property
    def box(self) -> LogView:
        return self.query_one(LogView)

    @property
    def _shown(self) -> Iterator[LogLine]:
        return (line for line in self.lines if line.note or passes(line.text, self.wanted))

    @property
    def text(self) -> str:
        """What passes the filter, without times."""
        return "\n".join(log.shown_text(line) for line in self._shown)

    # --- lines ---

    def take(self, lines: Iterable[LogLine]) -> None:
        """The next piece. Rows are only made for what is new, while nothing had to be forgotten."""
        fresh = tuple(lines)
        self.lines.extend(fresh)
        forgets = len(self.lines) > KEPT + SLACK
        while forgets and len(self.lines) > KEPT:
            self.lines.popleft()
        if not self.following:
            self._unseen += sum(1 for line in fresh if line.note or passes(line.text, self.wanted))
        if forgets:
            self._redraw()
        else:
            self._append(line for line in fresh if line.note or passes(line.text, self.wanted))

    def _append(self, lines: Iterable[LogLine]) -> None:
        view = self.box
        width = max(view.scrollable_content_region.width, 8)
        rows = view.rows
        for line in lines:
            self._first_rows.append(len(rows))
            rows.extend(log.rows(line, width, self.look))
        view.show(rows)
        if self.following:
            view.scroll_end(animate=False, immediate=True)
        self._tell()

    def _redraw(self) -> None:
        """Everything anew; the first line in sight stays in sight."""
        view = self.box
        before = view.scroll_offset.y
        grown, self._first_rows, view.rows, self._found = len(view.rows), [], [], None
        self._append(self._shown)
        if not self.following:
            view.scroll_to(y=max(before - max(grown - len(view.rows), 0), 0), animate=False, immediate=True)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._redraw)

    def _tell(self) -> None:
        """The lower edge: what is filtered and searched for, and whether it follows."""
        count = len(self._first_rows)
        parts = [figures.counted(count, "line")]
        if self.wanted:
            parts.append(f"/{one_line(self.wanted)} ({len(self._first_rows):,} of {len(self.lines):,})")
        if self.look.searched:
            place, found = self._place
            parts.append(f"“{one_line(self.look.searched)}” {place} of {found}, n next, N before")
        if self._unseen and not self.following:
            parts.append(f"{self._glyphs.down} {self._unseen:,} new")
        follows = (("following", ""),) if self.following else hint("f", "follows", "screen.follow")
        self.query_one("#log").border_subtitle = paint([(" · ".join([*parts, ""]), ""), *follows])

    # --- following ---

    def moved(self) -> None:
        """Whoever scrolls up wants to read; whoever comes back to the end wants to follow."""
        following = self.box.at_end
        if following != self.following:
            self.following = following
            self._unseen = 0 if following else self._unseen
            self._tell()

    def action_follow(self) -> None:
        self.following = not self.following
        self._unseen = 0
        if self.following:
            self.box.scroll_end(animate=False, immediate=True)
        self._tell()

    # --- looks ---

    def action_wrap(self) -> None:
        self._look(replace(self.look, wrap=not self.look.wrap))

    def action_times(self) -> None:
        self._look(replace(self.look, times=not self.look.times))

    def _look(self, look: Look) -> None:
        self.look = look
        self._redraw()

    # --- filter and search ---

    async def action_filter(self) -> None:
        await self._ask("filter", "only lines with all of these words; !word: without it", self.wanted)

    async def action_search(self) -> None:
        await self._ask("search", "search for", self.look.searched)

    async def _ask(self, about: str, hint: str, value: str) -> None:
        for old in self.query(Input):
            await old.remove()
        field = Input(value, placeholder=hint, classes=f"filter {about}", compact=True)
        await self.query_one("#log").mount(field, before=0)
        field.focus()

    @on(Input.Changed, ".filter.filter")
    def _narrowed(self, event: Input.Changed) -> None:
        event.stop()
        if "search" not in event.input.classes:
            self.wanted = event.value.strip()
            self._unseen = 0
            self._redraw()

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        search = "search" in event.input.classes
        self.box.focus()
        await event.input.remove()
        if search:
            self._look(replace(self.look, searched=event.value.strip()))
            self._found = None
            self.action_next(-1)

    def action_next(self, step: int) -> None:
        """The next line that holds what is searched for; -1: the one before. The first search begins below."""
        view, height = self.box, max(self.box.scrollable_content_region.height, 1)
        rows = zip(self._shown, self._first_rows, strict=True)
        found = [row for line, row in rows if log.holds(line, self.look.searched)]
        here = view.scroll_offset.y + height if self._found is None else self._found
        there = [row for row in found if (row - here) * step > 0]
        if there:
            self._found = there[0] if step > 0 else there[-1]
            if not view.scroll_offset.y <= self._found < view.scroll_offset.y + height:
                view.scroll_to(y=self._found - height // 2, animate=False, immediate=True)
        self._place = (found.index(self._found) + 1 if self._found in found else 0, len(found))
        self._tell()

    # --- reading ---

    async def action_close(self) -> None:
        """Out of a field first, then out of the log."""
        fields = self.query(Input)
        if not fields:
            self.dismiss()
        for field in fields:
            self.box.focus()
            await field.remove()

    def action_page_down(self) -> None:
        self.box.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        self.box.scroll_page_up(animate=False)
