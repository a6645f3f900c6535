"""Asking in the shown conversation: what Enter does, what waits behind a reply, editing, asking again, branching.

Going back to the last turn replaces it. Going back into the middle makes a branch: a new conversation with what came
before, in a tab of its own, and the old one stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from textual import on

from pointsman.core.request import Attachment
from pointsman.tui.conversation import Phase, Turn
from pointsman.tui.messages import Ask, AttachAsked, Cut, EditorAsked, Keep, PlanRuled, Stop, Told
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.panes.talks import Talk, TalksPane
from pointsman.tui.panes.turn import TurnView
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import Part, paint
from pointsman.tui.untrusted import one_line

_NAMED = re.compile(r"(?:^|\s)@((?:~|\.{1,2})?/\S+)")  # never a bare word: code is full of @decorators
MOST_WAITING = 20
LOOK_S = 5.0  # how long what was sent early waits at most until every endpoint was looked at
TOO_MANY = "nine conversations are open: close one first"


class AskingPane(TalksPane):
    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._opened_at: float | None = None  # the time of the first picture
        self._looked = False
        self.expects_tabs = False  # those of the run before are on their way

    def show(self, picture: Picture) -> None:
        super().show(picture)
        if not self._looked:
            self._opened_at = picture.now if self._opened_at is None else self._opened_at
            self._looked = _all_seen(picture) or picture.now - self._opened_at > LOOK_S
            self._let_in()

    # --- before anything can answer ---

    def too_early(self, text: str) -> bool:
        """What is sent while the engine opens waits in sight, commands too: a decision about endpoints that nobody has
        looked at would be a guess."""
        if self._looked and not self.expects_tabs:
            return False
        if len(self.early) >= MOST_WAITING:
            self.post_message(Told(f"{MOST_WAITING} prompts wait already; this one is in the input", "warning"))
            self.prompt.put(text)
        else:
            self.early.append(text)
            self._show_around()
        return True

    def tabs_came(self) -> None:
        self.expects_tabs = False
        self._let_in()

    def _let_in(self) -> None:
        if self._looked and self.early and not self.expects_tabs:
            waited, self.early = self.early, []
            for text in waited:
                self.post_message(Prompt.Sent(text))
            self._show_around()

    # --- sending ---

    async def send(self, text: str) -> None:
        """A prompt, as it was written."""
        talk = self.talk
        attachments, talk.pending = talk.pending, None
        named = tuple(found.rstrip(".,;:!?)") for found in _NAMED.findall(text))
        if named and attachments is None:
            self.post_message(AttachAsked(text, named))
        elif self._ready():
            await self._go_back_to(talk.editing)
            self.ask(text, self.conversation.pin, attachments or ())
        else:  # nothing that was written is lost: a second Enter sends it
            self.prompt.put(text)
            talk.pending = attachments

    def attached(self, prompt: str, attachments: tuple[Attachment, ...], problem: str) -> None:
        """What goes with the prompt is shown before anything is sent: a second Enter sends it."""
        if not self.prompt.text:
            self.prompt.put(prompt)
        if problem:
            self.post_message(Told(problem, "error"))
            return
        self.talk.pending = attachments
        self.show_hints()

    def _ready(self) -> bool:
        if self.picture is None:
            self.post_message(Told("still starting: nothing can answer yet", "warning"))
        return self.picture is not None

    def _free(self) -> bool:
        """May the conversation be changed now? Tells why not."""
        if self.running is not None:
            self.post_message(Told("one reply is still running: esc stops it", "warning"))
        return self._ready() and self.running is None

    def ask(
        self,
        prompt: str,
        pin: str | None = None,
        attachments: tuple[Attachment, ...] = (),
        *,
        critical: bool = False,
        plan: bool = False,
    ) -> None:
        """At once, or as soon as what runs in this conversation is over."""
        if self._ready():
            self.show_hints()
            self.post_message(Ask(self.conversation, prompt, pin, attachments, critical, plan))

    # --- what waits ---

    def wait_with(self, asked: Ask) -> None:
        """A reply is running in that conversation: the prompt waits its turn, in sight."""
        talk = self.talk_of(asked.talk)
        if talk is None:
            return
        if len(talk.queue) >= MOST_WAITING:
            self.post_message(Told(f"{MOST_WAITING} prompts wait already; this one is in the input", "warning"))
            self.prompt.put(asked.prompt)
            return
        talk.queue.append(asked)
        self._show_around()

    def go_on(self, talk: Talk, turn: Turn) -> None:
        """After an answer the next one is sent; after a stop or a failure it waits for the user."""
        if turn.phase is Phase.ANSWERED and turn.over:
            self._send_next(talk)
        self._show_around()

    def _send_next(self, talk: Talk) -> bool:
        if not talk.queue or talk.conversation.running is not None:
            return False
        following = talk.queue.pop(0)
        self.post_message(replace(following))  # a message is posted once
        self._show_around()
        return True

    def take_back(self) -> bool:
        """The last waiting prompt comes back into the input, if that is empty."""
        if self.draft or not (self.early or self.talk.queue or self.talk.held):
            return False
        waits = self.talk.queue or self.early or self.talk.held  # the last of what is shown
        last = waits.pop()
        self.prompt.put(last if isinstance(last, str) else last.typed)
        self._show_around()
        return True

    @on(Prompt.Empty)
    def _sent_nothing(self, event: Prompt.Empty) -> None:
        event.stop()
        held = self.talk.held
        if held and self.running is None:
            self.post_message(Prompt.Sent(held.pop(0)))
            self._show_around()
        else:
            self._send_next(self.talk)

    @on(Prompt.TakeBack)
    def _take_back(self, event: Prompt.TakeBack) -> None:
        event.stop()
        self.take_back()

    @on(Prompt.Edited)
    def _in_editor(self, event: Prompt.Edited) -> None:
        event.stop()
        self.post_message(EditorAsked(event.text))

    # --- going back ---

    @on(TurnView.Edit)
    def _edit(self, event: TurnView.Edit) -> None:
        event.stop()
        self.talk.editing = event.turn
        self.prompt.put(event.turn.prompt)
        self.prompt.focus()
        self.show_hints()

    @on(TurnView.Retry)
    async def _retry(self, event: TurnView.Retry) -> None:
        event.stop()
        if self._free() and await self._go_back_to(event.turn):
            self.ask(event.turn.prompt, self.conversation.pin, event.turn.attachments)

    @on(TurnView.Branch)
    async def _branch(self, event: TurnView.Branch) -> None:
        event.stop()
        if event.turn.over:
            await self.branch_to(self.conversation.place(event.turn) + 1)

    async def _go_back_to(self, turn: Turn | None) -> bool:
        """The conversation as it was before that turn: this one for its last turn, a copy of it for one before."""
        self.talk.editing = None
        place = self.conversation.place(turn)
        if turn is None or place >= len(self.conversation.turns):
            return True
        if turn is self.conversation.last and turn.over:
            await self.transcript.cut(place)
            self.post_message(Cut(self.conversation, place))
            return True
        return await self.branch_to(place)

    async def branch_to(self, place: int) -> bool:
        """A new conversation with the turns before that place. False: there is no room for it."""
        copy = self.conversation.branch(place)
        copy.turns = [turn for turn in copy.turns if turn.over]
        if await self.open_talk(copy) is None:
            self.post_message(Told(TOO_MANY, "warning"))
            return False
        self.post_message(Keep(copy, None))
        self.post_message(Told("a branch, in a tab of its own; the conversation it came from stays as it is"))
        return True

    # --- other models, plans ---

    def ask_next_model(self) -> None:
        """The one that a blocked reply offered, or the next on the ladder after whoever answered."""
        turn = self.chosen
        if turn is None or not self._free():
            return
        offered = turn.blocked.offer if turn.blocked is not None else None
        following = offered or turn.next_model
        if following is None:
            self.post_message(Told("nobody else is on its ladder: w says why"))
        else:
            self.ask(turn.prompt, following, turn.attachments)

    def rule_plan(self, approved: bool) -> None:
        turn = next((each for each in reversed(self.conversation.turns) if each.waits_for_ruling), None)
        if turn is None or turn.plan is None:
            self.post_message(Told("no plan waits for you"))
        elif not approved or self._free():
            turn.ruled = approved
            for view in self.transcript.views:
                if view.turn is turn:
                    view.redraw()
            self.post_message(Keep(self.conversation, turn))
            self.post_message(PlanRuled(self.conversation, turn.plan.plan, turn.prompt, approved))

    def stop(self) -> bool:
        """Cancels the running reply; False when there is none."""
        if self.running is None:
            return False
        self.post_message(Stop(self.running.request))
        return True

    # --- the line above the input ---

    def drop_intent(self) -> bool:
        """What was about to go with the prompt, or to be replaced by it, is let go; False if there was nothing."""
        talk = self.talk
        if talk.pending is None and talk.editing is None:
            return False
        talk.pending, talk.editing = None, None
        self.show_hints()
        return True

    def show_hints(self) -> None:
        talk = self.talk
        if talk.pending is not None:
            listed = ", ".join(f"{one_line(each.path)} {figures.size(each.size)}" for each in talk.pending)
            sends = hint("enter", "sends it", "press('send')")
            self.hint((f"goes with it: {listed}   ", "warn"), *sends, ("   ", ""), *_drops())
        elif talk.editing is not None:
            doing = (
                "replaces this turn" if talk.editing is self.conversation.last else "branches; this one stays as it is"
            )
            self.hint(("editing: ", "warn"), (f"sending it {doing}   ", ""), *_drops())
        else:
            self.hint()

    def hint(self, *line: Part) -> None:
        hints = self.query_one("#hints", Drawn)
        hints.display = bool(line)
        hints.draw(paint(line))


def _all_seen(picture: Picture) -> bool:
    asked = (name for name, each in picture.fleet.endpoints.items() if each.retired is None)
    return all((health := picture.snapshot.health.get(name)) and health.last_seen is not None for name in asked)


def _drops() -> tuple[Part, ...]:
    return hint("esc", "drops it", "press('leave')")
