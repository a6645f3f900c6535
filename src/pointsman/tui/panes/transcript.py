"""The scrolling part of the chat: a window over one conversation's turns, a mark on one, and the keys that act on it.

However long the conversation is, only the turns of the window are widgets; it moves when one scrolls to its edge.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import AwaitMount

from pointsman.tui import keys
from pointsman.tui.conversation import Conversation, Turn
from pointsman.tui.messages import Copied, DetailsAsked, ExportAsked, Kept, Told, VerdictAsked
from pointsman.tui.panes.growing import Column, Growing
from pointsman.tui.panes.pane import STARTING, Drawn
from pointsman.tui.panes.turn import TurnView
from pointsman.tui.render.glyphs import UNICODE, Glyphs

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
WINDOW: Final = 30  # turns that stay mounted
STEP: Final = 10  # turns by which the window moves
LONG: Final = 4_000  # characters of an answer that count as another turn
LEAST: Final = 2  # turns, however long they are


def code_blocks(text: str) -> tuple[str, ...]:
    """What stands in the fences of a reply, without the fences."""
    return tuple(found.group(2) for found in _FENCE.finditer(text))


def how_many(turns: Iterable[Turn], most: int) -> int:
    """Of these, from the first on: what is together worth so many short ones."""
    room, count = most, 0
    for turn in turns:
        room -= 1 + len(turn.text) // LONG
        if room < 0 and count >= LEAST:
            break
        count += 1
    return count


class Transcript(VerticalScroll, Growing):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.TRANSCRIPT]

    class Moved(Message):
        """Scrolled, or grown: what is below the screen may be another amount."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(classes="transcript")
        self.conversation = conversation
        self.marked: TurnView | None = None
        self.glyphs: Glyphs = UNICODE
        self.first = 0  # places of the turns that are mounted
        self.end = 0
        self._code = 0  # the block that was copied last
        self._moving = False
        self._changing = asyncio.Lock()  # the window is changed by one at a time: the app, a tab, a worker
        self._seen_height = 0  # rows there were when the end was last on the screen

    def compose(self) -> ComposeResult:
        with Column(classes="turns"):
            yield Drawn(STARTING, classes="welcome", wraps=True)

    def on_mount(self) -> None:
        self.anchor()

    # --- the window ---

    @property
    def views(self) -> list[TurnView]:
        return list(self.query(TurnView))

    @property
    def turns(self) -> list[Turn]:
        return self.conversation.turns

    @property
    def at_end(self) -> bool:
        return self.end >= len(self.turns) and self.scroll_y >= self.max_scroll_y - 1

    @property
    def below(self) -> int:
        """Rows that came below the screen since its end was last seen."""
        if self.at_end:
            self._seen_height = self.virtual_size.height
        return max(self.virtual_size.height - self._seen_height, 0)

    async def show_last(self) -> None:
        """The newest turns, and the end of them."""
        async with self._changing:
            await self._show_last()

    async def _show_last(self) -> None:
        if self.end < len(self.turns) or not self.views:
            await self._remount(len(self.turns) - how_many(reversed(self.turns), STEP), len(self.turns))
        self.anchor()

    async def renew(self, conversation: Conversation) -> None:
        """Another conversation stands here from now on."""
        async with self._changing:
            self.conversation = conversation
            await self._remount(0, 0)

    async def _remount(self, first: int, end: int) -> None:
        self.mark(None)
        await self.query(TurnView).remove()
        self.first, self.end = first, end
        await self._mount(self.turns[first:end], None)
        for view in self.views:
            await view.catch_up()

    def _mount(self, turns: Sequence[Turn], before: TurnView | None) -> AwaitMount:
        self.query_one(".welcome", Drawn).display = not self.turns
        views = [TurnView(turn, self.glyphs) for turn in turns]
        return self.query_one(".turns", Column).mount(*views, before=before)

    async def append(self, turn: Turn) -> None:
        """A new turn, which is followed."""
        self.turns.append(turn)  # at once: what runs is known by it
        async with self._changing:
            self.mark(None)
            if self.end == len(self.turns) - 1:
                self.end += 1
                await self._mount([turn], None)
                await self._trim()
                self.anchor()
            else:
                await self._show_last()

    async def cut(self, place: int) -> None:
        """The conversation as it was before that turn."""
        async with self._changing:
            dropped = self.turns[place:]
            del self.turns[place:]
            for view in self.views:
                if any(view.turn is each for each in dropped):
                    await view.remove()
            self.end = min(self.end, place)
            self.first = min(self.first, self.end)
            self.mark(None)

    async def _trim(self) -> None:
        await self._narrow(self.end - how_many(reversed(self._standing), WINDOW), self.end)

    @property
    def _standing(self) -> list[Turn]:
        return self.turns[self.first : self.end]

    async def _narrow(self, first: int, end: int) -> None:
        views = self.views
        for view in (*views[: first - self.first], *views[len(views) - (self.end - end) :]):
            await view.remove()
        self.first, self.end = first, end

    @property
    def _earlier(self) -> int:
        return self.first - how_many(reversed(self.turns[: self.first]), STEP)

    def look_back(self) -> None:
        """The turns before the window are wanted: at once if they are here, else once they came from the disk."""
        if self.first == 0 or self._moving:
            return
        self._moving = True
        if all(turn.complete for turn in self.turns[self._earlier : self.first]):
            self.run_worker(self.grow_back(), exit_on_error=False)
        else:
            self.post_message(DetailsAsked(self.conversation, self._earlier, self.first))

    async def grow_back(self) -> None:
        """What one looks at stays where it is, and the window's other end gives way."""
        async with self._changing:
            kept = self.first + how_many(self._standing, WINDOW - STEP)
            await self._move(self._earlier, self.end, self._earlier, kept, self.views[:1])

    def look_ahead(self) -> None:
        """The turns behind the window, which stood here before."""
        if self.end < len(self.turns) and not self._moving:
            self._moving = True
            self.run_worker(self.grow_on(), exit_on_error=False)

    async def grow_on(self) -> None:
        async with self._changing:
            self.anchor(False)  # its end is not the end
            kept = self.end - how_many(reversed(self._standing), WINDOW - STEP)
            later = self.end + how_many(self.turns[self.end :], STEP)
            await self._move(self.first, later, kept, later, self.views[-1:])

    async def _move(self, first: int, end: int, kept_first: int, kept_end: int, stays: Sequence[TurnView]) -> None:
        """Grows the window to these places and narrows it to those."""
        above = [view.virtual_region.y - self.scroll_y for view in stays]
        before, behind = self.turns[first : self.first], self.turns[self.end : end]
        if before:
            await self._mount(before, next(iter(self.views), None))
        if behind:
            await self._mount(behind, None)
        self.first, self.end = first, end
        await self._narrow(kept_first, kept_end)
        for view in self.views:
            await view.catch_up()
        self.call_after_refresh(self._stay, stays, above)

    def _stay(self, views: Sequence[TurnView], above: Sequence[float]) -> None:
        """`above`: rows from the top of the screen to each view, as they were."""
        self._moving = False
        for view, rows in zip(views, above, strict=True):
            if view.is_attached:
                self.scroll_to(y=view.virtual_region.y - rows, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value <= 0:
            self.look_back()
        elif new_value > old_value and new_value >= self.max_scroll_y:
            self._reach_end()
        self.post_message(self.Moved())

    def _reach_end(self) -> None:
        if self.end < len(self.turns):
            self.look_ahead()
        elif not self.is_anchored:
            self.anchor()

    # --- keys ---

    @property
    def view(self) -> TurnView | None:
        """The turn that keys act on."""
        views = self.views
        if self.marked in views:
            return self.marked
        return views[-1] if views else None

    @property
    def turn(self) -> Turn | None:
        return self.view.turn if self.view is not None else None

    def action_mark(self, step: int) -> None:
        views = self.views
        if not views or self.view is None:
            return
        place = views.index(self.view) + step
        if place < 0:
            self.look_back()
        place = min(max(place, 0), len(views) - 1)
        self.mark(views[place] if place < len(views) - 1 else None)
        views[place].scroll_visible(animate=False)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The turn that is pressed is the one that keys act on, and what its hints name."""
        view = next((view for view in self.views if view.region.contains_point(event.screen_offset)), None)
        if view is not None:
            self.mark(None if view is self.views[-1] else view)

    def mark(self, view: TurnView | None) -> None:
        """None: the last one, whichever it is."""
        self.marked, self._code = view, 0
        for each in self.views:
            each.set_class(each is view, "-marked")

    def action_scroll_home(self) -> None:
        self.scroll_home(animate=False)
        self.look_back()

    async def action_last(self) -> None:
        self.mark(None)
        await self.show_last()

    def action_copy(self) -> None:
        if self.turn is not None and self.turn.text:
            self.post_message(Copied(self.turn.text, "the reply"))

    def action_keep(self) -> None:
        if self.turn is not None and self.turn.text:
            self.post_message(Kept("reply.md", self.turn.text))

    def action_copy_code(self) -> None:
        blocks = code_blocks(self.turn.text) if self.turn is not None else ()
        if not blocks:
            self.post_message(Told("there is no code block in this reply"))
            return
        place = self._code % len(blocks)
        self._code = place + 1
        self.post_message(Copied(blocks[place], f"code block {place + 1} of {len(blocks)}"))

    def action_verdict(self, good: bool) -> None:
        if self.turn is None or self.turn.answer is None:
            self.post_message(Told("there is no answer yet that this could be about", "warning"))
        else:
            self.post_message(VerdictAsked(self.turn.answer, good))

    def action_export(self) -> None:
        self.post_message(ExportAsked("chat"))

    def action_edit(self) -> None:
        if self.turn is not None:
            self.post_message(TurnView.Edit(self.turn))

    def action_retry(self) -> None:
        if self.turn is not None:
            self.post_message(TurnView.Retry(self.turn))

    def action_branch(self) -> None:
        if self.turn is not None:
            self.post_message(TurnView.Branch(self.turn))
