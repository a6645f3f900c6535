"""The open conversations of the chat, one in each tab: which one is shown, what is typed for it, what each is told.

Only the shown one is drawn. The others go on folding what they hear, and are brought up to date when they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.style import Style
from textual.timer import Timer

from pointsman.core.chats import title_of
from pointsman.core.request import Attachment
from pointsman.engine.events import EngineEvent
from pointsman.tui import keeping
from pointsman.tui.conversation import After, Conversation, Turn
from pointsman.tui.messages import Ask, Detailed, Keep
from pointsman.tui.open_talks import OpenTalk, OpenTalks
from pointsman.tui.pacing import BEATS_PER_SECOND, ECHO_S, Pace
from pointsman.tui.panes.pane import Drawn, Pane
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.panes.transcript import Transcript
from pointsman.tui.picture import Picture
from pointsman.tui.render import talks as drawing
from pointsman.tui.render.glyphs import UNICODE, Glyphs
from pointsman.tui.render.paint import paint, stack
from pointsman.tui.render.zones import TITLES
from pointsman.tui.untrusted import label, one_line

KEEP_EVERY: Final = 2.0  # seconds between two times that a running reply is kept
KEEP_SOON: Final = 0.5  # after its first words, which are kept at once
MOST_TABS: Final = 9


@dataclass(eq=False)
class Talk:
    """One tab."""

    transcript: Transcript
    draft: str = ""
    queue: list[Ask] = field(default_factory=list)  # sent one by one, each when the reply before it is over
    held: list[str] = field(default_factory=list)  # waited when the program was left: never sent without the user
    pending: tuple[Attachment, ...] | None = None  # shown, and sent with the next Enter
    editing: Turn | None = None
    unseen: bool = False
    _kept: tuple[str, int] = ("", 0)  # the running turn, and the characters of its answer that are kept

    @property
    def conversation(self) -> Conversation:
        return self.transcript.conversation

    @property
    def untouched(self) -> bool:
        return not (self.conversation.turns or self.queue or self.held)

    def kept(self, draft: str, early: Sequence[str]) -> OpenTalk:
        """What of it comes back after a restart."""
        talk = self.conversation
        held = (*self.held, *early, *(each.typed for each in self.queue))
        return OpenTalk(chat=talk.id if talk.turns else None, draft=draft, held=held, pin=talk.pin, role=talk.role)

    @property
    def begins(self) -> bool:
        """The first words of the running answer are there, and not kept."""
        turn = self.conversation.running
        return turn is not None and bool(turn.text) and (self._kept[0] != turn.request or not self._kept[1])

    def grown(self) -> Turn | None:
        """The running turn, if more of it came since this was last asked."""
        turn = self.conversation.running
        if turn is None or (turn.request, len(turn.text)) == self._kept:
            return None
        self._kept = turn.request, len(turn.text)
        return turn


class TalksPane(Pane):
    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.talks = [Talk(Transcript(Conversation()))]
        self.place = 0
        self.early: list[str] = []  # sent before anything could answer
        self._input = Prompt("ask anything, / for commands")
        self._titled = ""
        self._pace = Pace()
        self._flush_timer: Timer | None = None
        self._keep_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Drawn("", id="talks")
        yield self.talk.transcript
        yield Drawn("", id="below")
        yield Drawn("", id="waiting", wraps=True)
        yield Drawn("", id="hints", wraps=True)
        self._input.waiting = lambda: bool(self.talk.queue or self.talk.held or self.early)
        yield self._input

    def on_mount(self) -> None:
        for name in ("#talks", "#below", "#waiting", "#hints"):
            self.query_one(name).display = False
        self._flush_timer = self.set_interval(1 / BEATS_PER_SECOND, self._beat, pause=True)
        self._keep_timer = self.set_interval(KEEP_EVERY, self._keep_running, pause=True)
        self.show_route()

    # --- which one ---

    @property
    def talk(self) -> Talk:
        return self.talks[self.place]

    @property
    def conversation(self) -> Conversation:
        return self.talk.conversation

    @property
    def transcript(self) -> Transcript:
        return self.talk.transcript

    @property
    def prompt(self) -> Prompt:
        """Also when the screen is gone already: what stands in it is still to be kept."""
        return self._input

    @property
    def open_talks(self) -> OpenTalks:
        """As it stands now, for the next run."""
        shown = self.talk
        kept = (
            talk.kept(self.prompt.text if talk is shown else talk.draft, self.early if talk is shown else ())
            for talk in self.talks
        )
        return OpenTalks(tuple(kept), self.place).worth_keeping()

    @property
    def running(self) -> Turn | None:
        return self.conversation.running

    @property
    def busy(self) -> bool:
        """A reply comes, in whichever conversation."""
        return any(talk.conversation.running is not None for talk in self.talks)

    @property
    def chosen(self) -> Turn | None:
        """The turn that keys act on: the marked one, or the last."""
        return self.transcript.turn

    @property
    def draft(self) -> str:
        """What stands in the input."""
        return self.prompt.text.strip()

    @property
    def last(self) -> Turn | None:
        return self.conversation.last

    @property
    def glyphs(self) -> Glyphs:
        return self.picture.glyphs if self.picture else UNICODE

    def talk_of(self, conversation: Conversation) -> Talk | None:
        return next((each for each in self.talks if each.conversation is conversation), None)

    def focus_inside(self) -> None:
        self.prompt.focus()

    def wants(self, picture: Picture) -> int:
        return 20

    def show(self, picture: Picture) -> None:
        self.prompt.arguments = {
            "/model": ("auto", *picture.fleet.models),
            "/role": ("auto", *picture.fleet.roles),
            "/local": ("on", "off"),
            "/cap": tuple(f"{budget.name} default" for budget in picture.fleet.budgets),
            "/export": ("md", "jsonl"),
        }
        self.transcript.glyphs = picture.glyphs
        self.transcript.query_one(".welcome", Drawn).draw(stack(drawing.welcome(picture.fleet)))
        self._show_tabs()

    # --- tabs ---

    async def open_talk(self, conversation: Conversation) -> Talk | None:
        """A tab of its own, shown at once; None: there are too many."""
        if len(self.talks) >= MOST_TABS:
            return None
        fresh = Talk(Transcript(conversation))
        fresh.transcript.glyphs = self.glyphs
        fresh.transcript.display = False
        self.talks.append(fresh)
        await self.mount(fresh.transcript, before="#below")
        await self.show_talk(len(self.talks) - 1)
        return fresh

    async def reopen(self, found: Sequence[tuple[OpenTalk, Conversation]], place: int) -> None:
        """Tabs of the run before. Who has begun to write stays in the tab that was there."""
        for kept, conversation in found[: MOST_TABS - len(self.talks) + 1]:
            fresh = Talk(Transcript(conversation), draft=kept.draft, held=list(kept.held))
            fresh.transcript.glyphs = self.glyphs
            fresh.transcript.display = False
            self.talks.append(fresh)
            await self.mount(fresh.transcript, before="#below")
        first = self.talks[0]
        if found and self.talk is first and first.untouched and not (self.draft or self.early):
            await self.close_talk()
            await self.show_talk(place)
        self._show_tabs()

    async def show_talk(self, place: int) -> None:
        self.talk.draft = self.prompt.text
        self.transcript.display = False
        self.place = place % len(self.talks)
        self.talk.unseen = False
        self.transcript.display = True
        self.prompt.put(self.talk.draft)
        if not self.transcript.views:
            await self.transcript.show_last()
        if self.picture is not None:
            self.show(self.picture)
        self.show_route()
        self.show_hints()
        self._show_around()
        await self.flush()
        self._awake()

    async def close_talk(self) -> bool:
        """False: a reply is running in it."""
        if self.running is not None:
            return False
        if len(self.talks) == 1:
            await self.renew(Conversation(pin=self.conversation.pin, role=self.conversation.role))
            return True
        gone = self.talks.pop(self.place)
        self.place = min(self.place, len(self.talks) - 1)
        self.prompt.put(self.talk.draft)
        await gone.transcript.remove()
        await self.show_talk(self.place)
        return True

    async def renew(self, conversation: Conversation) -> None:
        """Another conversation in this tab."""
        talk = self.talk
        talk.queue.clear()
        talk.held.clear()
        talk.pending, talk.editing = None, None
        await talk.transcript.renew(conversation)
        await self.show_talk(self.place)

    async def resume(self, conversation: Conversation) -> bool:
        """Brings a kept conversation back, in its tab, this one if nothing stands here, or a new one."""
        there = next((at for at, each in enumerate(self.talks) if each.conversation.id == conversation.id), None)
        if there is not None:
            await self.show_talk(there)
        elif self.talk.untouched:
            await self.renew(conversation)
        elif await self.open_talk(conversation) is None:
            return False
        return True

    async def forget(self, chat: str) -> None:
        """A conversation was deleted: it does not stay open either."""
        for talk in [each for each in self.talks if each.conversation.id == chat]:
            await self.show_talk(self.talks.index(talk))
            await self.close_talk()

    def _show_tabs(self) -> None:
        if not self.is_attached:
            return  # what is left is folded and kept, and drawn no more
        line = self.query_one("#talks", Drawn)
        line.display = len(self.talks) > 1
        self._show_title()
        if not line.display:
            return
        shown = [
            drawing.Tab(each.conversation.title or "new", each.conversation.running is not None, each.unseen)
            for each in self.talks
        ]
        content = Content("")
        for place, parts in drawing.tabs(shown, self.place, max(self.size.width - 2, 1), self.glyphs):
            content += paint(parts).stylize(Style.from_meta({"@click": f"app.show_tab({place - self.place})"}))
        line.draw(content)

    def _show_title(self) -> None:
        title = self.conversation.title
        if title != self._titled:
            self._titled = title
            number, name = TITLES["chat"]
            self.border_title = Content(f"{number} {name}" + (f" · {one_line(title)}" if title else ""))

    # --- being told ---

    async def begin(
        self, conversation: Conversation, request: str, prompt: str, attachments: tuple[Attachment, ...], at: float
    ) -> None:
        """A request is on its way."""
        talk = self.talk_of(conversation)
        if talk is None or not self.is_attached:
            return
        turn = Turn(request, prompt, attachments, at=at)
        if not conversation.turns:
            conversation.began = at
            conversation.title = conversation.title or title_of(prompt)
        await talk.transcript.append(turn)
        self.post_message(Keep(conversation, turn))
        self._show_tabs()
        self._show_around()
        self._awake()

    def _awake(self) -> None:
        for timer in (self._flush_timer, self._keep_timer):
            if timer is not None:
                timer.resume()

    def turn_of(self, request: str) -> tuple[Talk, Turn] | None:
        for talk in self.talks:  # asked for every piece of a stream: what runs is last in its conversation
            turn = talk.conversation.last
            if turn is not None and turn.request == request:
                return talk, turn
        return next(
            ((talk, turn) for talk in self.talks if (turn := talk.conversation.find(request)) is not None), None
        )

    def see(self, request: str, event: EngineEvent) -> None:
        found = self.turn_of(request)
        if found is not None and not found[1].over:
            found[1].see(event)
            if found[0].begins and self.is_attached:
                self._keep_running()  # at once, so that whoever is killed in the next second leaves the beginning
                self.set_timer(KEEP_SOON, self._keep_running)

    def ended(self, request: str, problem: str | None = None) -> None:
        """The worker of a request is done, whatever was said before."""
        found = self.turn_of(request)
        if found is None:
            return
        talk, turn = found
        if not turn.over:
            if problem is None:
                turn.stopped()
            else:
                turn.broken(problem)
        talk.unseen = talk is not self.talk
        self.post_message(Keep(talk.conversation, turn))
        self._show_tabs()
        self.go_on(talk, turn)

    def go_on(self, talk: Talk, turn: Turn) -> None:
        """What follows when a turn is over."""

    async def find(self, answer: str, what: After) -> None:
        """Something was found about an answer: it stands wherever the answer does."""
        seen: list[Turn] = []
        for talk in self.talks:
            turn = talk.conversation.answered_as(answer)
            if turn is None:
                continue
            if not any(turn is each for each in seen):
                turn.note(what)
            seen.append(turn)
            self.post_message(Keep(talk.conversation, turn))
            for view in talk.transcript.views:
                if view.turn is turn and view.settled:
                    await view.find()

    async def detailed(self, event: Detailed) -> None:
        """How earlier turns were drawn came from the disk."""
        talk = self.talk_of(event.talk)
        if talk is None:
            return
        for turn, found in zip(event.talk.turns[event.first :], event.turns, strict=False):
            keeping.complete(turn, found.detail)
        await talk.transcript.grow_back()

    def _keep_running(self) -> None:
        """A long reply is kept while it comes, so that a crash costs little of it."""
        for talk in self.talks:
            turn = talk.grown()
            if turn is not None:
                self.post_message(Keep(talk.conversation, turn))
        if self._keep_timer is not None and all(talk.conversation.running is None for talk in self.talks):
            self._keep_timer.pause()

    # --- drawing ---

    async def _beat(self) -> None:
        if self._pace.beat():
            await self.flush()

    async def _echoed(self) -> None:
        if self._pace.echoed():
            await self.flush()

    def keyed(self) -> None:
        """A key was pressed in the input: its echo goes before the reply."""
        if self.busy:
            self._pace.key()
            self.set_timer(ECHO_S, self._echoed)

    async def flush(self) -> None:
        """Draws what came since the last flush. Rests only when every turn is on the screen to its end: a reply may
        end while the drawing of its middle is awaited."""
        transcript = self.transcript
        behind = [view for view in transcript.views if not view.settled]
        for view in behind:
            await view.catch_up()
        self.call_after_refresh(self._show_below)  # once the rows of it are counted
        if all(view.settled for view in behind) and self.running is None and self._flush_timer is not None:
            self._flush_timer.pause()

    @on(Transcript.Moved)
    def _moved(self, event: Transcript.Moved) -> None:
        event.stop()
        self._show_below()

    @on(Prompt.Scrolled)
    def _scrolled(self, event: Prompt.Scrolled) -> None:
        event.stop()
        rows = event.pages * max(self.transcript.size.height - 1, 1)
        self.transcript.scroll_relative(y=rows, animate=False)

    def _show_below(self) -> None:
        line = self.query_one("#below", Drawn)
        parts = drawing.below(self.transcript.below, self.glyphs)
        line.display = bool(parts)
        line.draw(paint(parts).stylize(Style.from_meta({"@click": "app.follow"})) if parts else Content(""))

    def _show_around(self) -> None:
        """What waits for the engine, or behind the running reply."""
        if not self.is_attached:
            return
        line = self.query_one("#waiting", Drawn)
        held = self.talk.held
        prompts = [*held, *self.early, *(each.prompt for each in self.talk.queue)]
        until = "once the endpoints were looked at" if self.early else "when the reply is over" if self.running else ""
        until = "" if held else until
        lines = drawing.waiting(prompts, until, self.glyphs)
        line.display = bool(lines)
        line.draw(stack(lines))

    def show_hints(self) -> None:
        """The line above the input."""

    def show_route(self) -> None:
        pin, role = self.conversation.pin, self.conversation.role
        route = f"only {label(pin)}  (/model auto)" if pin else "route: auto"
        self.border_subtitle = Content(f"{route} · as {label(role)}  (/role auto)" if role else route)
