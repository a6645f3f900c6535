"""One turn on the screen: prompt, headline, why, cut pieces, dividers, and the answer.

The answer is one widget, which is told how far it came, and in the end that it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.widget import MountError, Widget
from textual.widgets import Static

from pointsman.tui import keys
from pointsman.tui.conversation import Divider, Fragment, Part, Phase, Said, Turn
from pointsman.tui.panes.growing import Column
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.panes.reply import Reply
from pointsman.tui.render import figures, replies
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.paint import paint, stack
from pointsman.tui.untrusted import one_line, to_content


class FragmentView(Static, can_focus=True):
    """A cut answer, collapsed to one line until asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.FRAGMENT]

    def __init__(self, fragment: Fragment, glyphs: Glyphs) -> None:
        super().__init__(markup=False, classes="fragment")
        self._fragment = fragment
        self._glyphs = glyphs
        self._open = False

    def on_mount(self) -> None:
        self._draw()

    def on_click(self) -> None:
        self.action_toggle_fragment()

    def action_toggle_fragment(self) -> None:
        self._open = not self._open
        self._draw()

    def _draw(self) -> None:
        head = paint(replies.fragment(self._fragment.model, self._fragment.text, self._open, self._glyphs))
        body = to_content("\n" + self._fragment.text, "$foreground 65%") if self._open else Content("")
        self.update(head + body)


class SaidView(Vertical):
    """What was said in a stage that is over, with a line at its side."""

    def __init__(self, said: Said) -> None:
        super().__init__(classes="said")
        self._said = said

    def compose(self) -> ComposeResult:
        reply = Reply()
        reply.show(self._said.text, over=True)
        yield reply


class TurnView(Column):
    """Draws one `Turn`; it is told when the turn changed and finds out what to touch."""

    @dataclass
    class Edit(Message):
        """The prompt of this turn is wanted in the input."""

        turn: Turn

    @dataclass
    class Retry(Message):
        turn: Turn

    @dataclass
    class Branch(Message):
        """To go on from here in a new conversation."""

        turn: Turn

    def __init__(self, turn: Turn, glyphs: Glyphs) -> None:
        super().__init__(classes="turn")
        self.turn = turn
        self._glyphs = glyphs
        self._settled = 0
        self._written = 0  # characters of turn.text that are on the screen
        self._reply: Reply | None = None
        self._frozen = False
        self._drawing = False  # somebody does: the timer, or who brought a tab to the front

    def compose(self) -> ComposeResult:
        shown = to_content(self.turn.prompt)
        for each in self.turn.attachments:
            shown += Content.styled(f"\n+ {one_line(each.path)}  {figures.size(each.size)}", "$foreground 65%")
        yield Static(shown, markup=False, classes="prompt")
        yield Drawn("", classes="head", wraps=True)
        yield Drawn("", classes="why", wraps=True)

    def on_mount(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """The one-line parts: cheap, done for every event that changes them."""
        self._redraw_head()
        why = self.query_one(".why", Drawn)
        line = replies.why(self.turn, self._glyphs)
        why.display = bool(line)
        why.draw(stack([line, *replies.told(self.turn, self._glyphs)]))
        self._redraw_after()

    def _redraw_head(self) -> None:
        shown = self.query_one(".head", Drawn)
        if self.turn.phase is Phase.STREAMING and self._is_scrolled_away(shown):
            return  # how far it came: drawn when it is in sight again, or when that is over
        head = [replies.head(self.turn, self._glyphs)]
        offered = replies.offer(self.turn) or replies.plan_offer(self.turn)
        shown.draw(stack([*head, offered] if offered else head))

    def _is_scrolled_away(self, part: Widget) -> bool:
        """For a part that changes out of sight, Textual 8.2 would find all places on the screen a second time."""
        window = next((each for each in self.ancestors if isinstance(each, VerticalScroll)), None)
        return window is not None and bool(part.size) and not window.region.overlaps(part.region)

    def _redraw_after(self) -> None:
        """What was found about the answer, below it."""
        found = next(iter(self.query(".after").results(Drawn)), None)
        if found is not None:
            found.draw(stack(replies.after(self.turn, self._glyphs)))

    async def find(self) -> None:
        """Something was found about the answer, which stands here already."""
        if not self.query(".after"):
            await self.mount(Drawn("", classes="after", wraps=True))
        self._redraw_after()

    @property
    def settled(self) -> bool:
        """The turn is over, and on the screen to its end."""
        return self._frozen

    async def catch_up(self) -> None:
        """Brings the body to where the turn is; called at the flush rate, not for every token."""
        if self._frozen or self._drawing or not self.is_mounted:
            return
        self._drawing = True
        try:
            await self._draw_on()
        except (MountError, NoMatches):
            if all(each.is_attached for each in (self, self._reply) if each is not None):
                raise
            # Else the screen, or this tab, is being left, innermost first: there is nothing to draw on any more.
        finally:
            self._drawing = False

    async def _draw_on(self) -> None:
        self.redraw()
        await self._settle()
        if self.turn.over:
            await self._freeze()
        elif len(self.turn.text) > self._written:
            await self._append()

    async def _settle(self) -> None:
        for part in self.turn.settled[self._settled :]:
            if isinstance(part, Fragment | Said):
                await self._drop_reply()
            await self.mount(self._drawn(part), before=self._reply)
            self._settled += 1

    def _drawn(self, part: Part) -> Widget:
        if isinstance(part, Fragment):
            return FragmentView(part, self._glyphs)
        if isinstance(part, Said):
            return SaidView(part)
        line = replies.divider(part.switch, self._glyphs) if isinstance(part, Divider) else replies.stage(part.stage)
        return Static(paint(line), markup=False, classes="divider")

    async def _append(self) -> None:
        self._written = len(self.turn.text)
        await self._show()

    async def _show(self, *, over: bool = False) -> None:
        if self._reply is None:
            self._reply = Reply()
            await self.mount(self._reply)
        self._reply.show(self.turn.text, over=over)

    async def _drop_reply(self) -> None:
        self._written = 0
        if self._reply is not None:
            await self._reply.remove()
            self._reply = None

    async def _freeze(self) -> None:
        self._frozen = True
        self.redraw()
        if self.turn.plan is not None and self.turn.plan.judge_required:
            line = paint([("high risk: nothing of it is approved without a cloud judge", "warn")])
            await self.mount(Static(line, markup=False, classes="notes"), before=self._reply)
        if self.turn.text:
            await self._show(over=True)
        elif self._reply is not None:
            await self._drop_reply()
        notes = self._notes()
        if notes:
            await self.mount(Static(to_content(notes, "$text-warning"), markup=False, classes="notes"))
        if self.turn.after:
            await self.find()

    def _notes(self) -> str:
        if self.turn.phase is not Phase.ANSWERED or self.turn.attempt is None:
            return ""
        return "\n".join(self.turn.attempt.notices)
