"""The chat: transcript and input. Turns are folded from the engine's events; drawing happens at the flush rate."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

from pointsman.core.request import Attachment
from pointsman.engine.events import EngineEvent
from pointsman.tui import slash
from pointsman.tui.conversation import After, Conversation, Turn
from pointsman.tui.messages import (
    Ask,
    AttachAsked,
    CheckAsked,
    JudgeAsked,
    LocalOnlyAsked,
    PlanRuled,
    Stop,
    Told,
    VerdictAsked,
)
from pointsman.tui.panes.pane import STARTING, Drawn, Pane
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.panes.transcript import Transcript
from pointsman.tui.panes.turn import TurnView
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures, replies
from pointsman.tui.render.glyphs import UNICODE
from pointsman.tui.render.paint import paint
from pointsman.tui.untrusted import label, one_line

if TYPE_CHECKING:
    from textual.widgets import Markdown

FLUSHES_PER_SECOND: Final = 8
_NAMED = re.compile(r"(?:^|\s)@((?:~|\.{1,2})?/\S+)")  # never a bare word: code is full of @decorators
WINDOW: Final = 60  # turns that stay mounted


class ChatPane(Pane):
    title = "Chat"
    number = 2

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.conversation = Conversation()
        self._flush_timer: Timer | None = None
        self._pending: tuple[Attachment, ...] | None = None  # shown, and sent with the next Enter
        self._editing: Turn | None = None

    def compose(self) -> ComposeResult:
        with Transcript(id="transcript"), Vertical(id="turns"):
            yield Drawn(STARTING, id="welcome", wraps=True)
        yield Drawn("", id="hints", wraps=True)
        yield Prompt("ask anything, / for commands")

    def on_mount(self) -> None:
        self.query_one("#hints").display = False
        self.transcript.anchor()
        self._flush_timer = self.set_interval(1 / FLUSHES_PER_SECOND, self.flush, pause=True)
        self._show_route()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def running(self) -> Turn | None:
        return self.conversation.running

    @property
    def chosen(self) -> Turn | None:
        """The turn that keys act on: the marked one, or the last."""
        return self.transcript.turn

    @property
    def draft(self) -> str:
        """What stands in the input."""
        return self.query_one(Prompt).text.strip()

    @property
    def last(self) -> Turn | None:
        return self.conversation.last

    def focus_inside(self) -> None:
        self.query_one(Prompt).focus()

    def wants(self, picture: Picture) -> int:
        return 20

    def show(self, picture: Picture) -> None:
        self.prompt.arguments = {
            "/model": ("auto", *picture.fleet.models),
            "/role": ("auto", *picture.fleet.roles),
            "/local": ("on", "off"),
        }
        models = len(picture.fleet.models)
        welcome = (
            f"{models} models on {len(picture.fleet.endpoints)} endpoints, policy “{label(picture.fleet.policy)}”.\n\n"
            "Write a prompt below: the policy chooses the model, and each reply says which one answered and why.\n"
            "/model NAME asks one model only, /help lists the commands, esc leaves the input, ? lists the keys."
        )
        self.query_one("#welcome", Drawn).draw(Content.styled(welcome, "$foreground 65%"))

    # --- asking ---

    @on(Prompt.Sent)
    async def _sent(self, event: Prompt.Sent) -> None:
        event.stop()
        command = slash.parse(event.text)
        if command is not None:
            self._obey(*command)
            return
        attachments, self._pending = self._pending, None
        named = tuple(found.rstrip(".,;:!?)") for found in _NAMED.findall(event.text))
        if named and attachments is None:
            self.post_message(AttachAsked(event.text, named))
        elif self._free():
            await self._go_back_to(self._editing)
            self.ask(event.text, self.conversation.pin, attachments or ())

    def attached(self, prompt: str, attachments: tuple[Attachment, ...], problem: str) -> None:
        """What goes with the prompt is shown before anything is sent: a second Enter sends it."""
        if not self.prompt.text:
            self.prompt.put(prompt)
        if problem:
            self.post_message(Told(problem, "error"))
            return
        self._pending = attachments
        listed = ", ".join(f"{one_line(each.path)} {figures.size(each.size)}" for each in attachments)
        self._hint(
            (
                (f"goes with it: {listed}   ", "warn"),
                ("enter", "accent"),
                (" sends it   ", "dim"),
                ("esc", "accent"),
                (" drops it", "dim"),
            )
        )

    def _free(self) -> bool:
        """May a prompt be sent now? Tells why not."""
        if self.picture is None:
            self.post_message(Told("still starting: nothing can answer yet", "warning"))
        elif self.running is not None:
            self.post_message(Told("one reply is still running: esc stops it", "warning"))
        return self.picture is not None and self.running is None

    def ask(
        self,
        prompt: str,
        pin: str | None = None,
        attachments: tuple[Attachment, ...] = (),
        *,
        critical: bool = False,
        plan: bool = False,
    ) -> None:
        if self._free():
            self._hint(())
            self.post_message(Ask(prompt, pin, attachments, critical, plan))

    @on(TurnView.Edit)
    def _edit(self, event: TurnView.Edit) -> None:
        event.stop()
        self._editing = event.turn
        self.prompt.put(event.turn.prompt)
        self.prompt.focus()
        self._hint(
            (
                ("editing: ", "warn"),
                ("sending it drops this turn and what follows   ", ""),
                ("esc", "accent"),
                (" keeps them", "dim"),
            )
        )

    @on(TurnView.Retry)
    async def _retry(self, event: TurnView.Retry) -> None:
        event.stop()
        if self._free():
            await self._go_back_to(event.turn)
            self.ask(event.turn.prompt, self.conversation.pin, event.turn.attachments)

    async def _go_back_to(self, turn: Turn | None) -> None:
        """The conversation as it was before that turn."""
        self._editing = None
        turns = self.conversation.turns
        place = next((at for at, each in enumerate(turns) if each is turn), len(turns))
        dropped = turns[place:]
        del turns[place:]
        for view in self.transcript.views:
            if any(view.turn is each for each in dropped):
                await view.remove()
        self.transcript.mark(None)

    def ask_next_model(self) -> None:
        """The one that a blocked reply offered, or the next on the ladder after whoever answered."""
        turn = self.chosen
        if turn is None:
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
            self.post_message(PlanRuled(turn.plan.plan, turn.prompt, approved))

    async def begin(self, request: str, prompt: str, attachments: tuple[Attachment, ...] = ()) -> None:
        """A request is on its way."""
        turn = Turn(request, prompt, attachments)
        self.transcript.mark(None)
        self.conversation.turns.append(turn)
        self.query_one("#welcome").display = False
        glyphs = self.picture.glyphs if self.picture else UNICODE
        await self.query_one("#turns").mount(TurnView(turn, glyphs))
        await self._trim()
        self.transcript.anchor()
        if self._flush_timer is not None:
            self._flush_timer.resume()

    async def _trim(self) -> None:
        for view in list(self.query(TurnView))[:-WINDOW]:
            await view.remove()

    # --- being told ---

    def see(self, request: str, event: EngineEvent) -> None:
        turn = self.conversation.find(request)
        if turn is not None and not turn.over:
            turn.see(event)

    def ended(self, request: str, problem: str | None = None) -> None:
        """The worker of a request is done, whatever was said before."""
        turn = self.conversation.find(request)
        if turn is None or turn.over:
            return
        if problem is None:
            turn.stopped()
        else:
            turn.broken(problem)

    async def find(self, answer: str, what: After) -> None:
        """Something was found about an answer."""
        turn = self.conversation.answered_as(answer)
        if turn is None:
            return
        turn.after.append(what)
        for view in self.transcript.views:
            if view.turn is turn and view.settled:
                await view.find()

    async def flush(self) -> None:
        """Draws what came since the last flush. Rests only when every turn is on the screen to its end: a reply may
        end while the drawing of its middle is awaited."""
        behind = [view for view in self.query(TurnView) if not view.settled]
        for view in behind:
            await view.catch_up()
        if all(view.settled for view in behind) and self.running is None and self._flush_timer is not None:
            self._flush_timer.pause()

    # --- commands ---

    def _obey(self, command: str, argument: str) -> None:
        handlers: Mapping[str, Callable[[str], None]] = {
            "/model": self.pin,
            "/role": self._role,
            "/local": self._local,
            "/critical": lambda prompt: self._asked_with("/critical", prompt, critical=True),
            "/plan": lambda prompt: self._asked_with("/plan", prompt, plan=True),
            "/pass": lambda _: self._about_answer(lambda answer: VerdictAsked(answer, True)),
            "/fail": lambda _: self._about_answer(lambda answer: VerdictAsked(answer, False)),
            "/check": self._check,
            "/judge": lambda _: self._about_answer(JudgeAsked),
            "/clear": self._clear,
            "/help": self._help,
        }
        handler = handlers.get(command)
        if handler is None:
            self.post_message(
                Told(f"no such command: {one_line(command)}\n" + "\n".join(slash.COMMANDS.values()), "warning")
            )
            return
        handler(argument)

    def _asked_with(self, command: str, prompt: str, *, critical: bool = False, plan: bool = False) -> None:
        if prompt:
            self.ask(prompt, self.conversation.pin, critical=critical, plan=plan)
        else:
            self.post_message(Told(slash.COMMANDS[command], "warning"))

    def _about_answer(self, ask: Callable[[str], Message]) -> None:
        turn = self.chosen
        if turn is None or turn.answer is None:
            self.post_message(Told("there is no answer yet that this could be about", "warning"))
        else:
            self.post_message(ask(turn.answer))

    def _check(self, argument: str) -> None:
        command, directory = slash.check_command(argument)
        if command:
            self._about_answer(lambda answer: CheckAsked(answer, command, directory))
        else:
            self.post_message(Told(slash.COMMANDS["/check"], "warning"))

    def _role(self, name: str) -> None:
        known = self.picture.fleet.roles if self.picture is not None else {}
        if name.lower() in ("auto", ""):
            self.conversation.role = None
        elif name in known:
            self.conversation.role = name
        else:
            self.post_message(Told(f"no role is called {one_line(name)!r}", "error"))
        self._show_route()

    def pin(self, name: str) -> None:
        """From now on this chat asks only that model; `auto` leaves it to the policy."""
        if name.lower() in ("auto", ""):
            self.conversation.pin = None
        elif self.picture is None or (model := self.picture.fleet.find(name)) is None:
            self.post_message(Told(f"no model is called {one_line(name)!r}", "error"))
            return
        else:
            self.conversation.pin = model.name
        self._show_route()

    def _local(self, argument: str) -> None:
        wanted = {"on": True, "off": False}.get(argument.lower())
        self.post_message(LocalOnlyAsked(wanted))

    def _clear(self, _: str) -> None:
        self.clear()

    def clear(self) -> None:
        """Begins a new conversation; what runs is stopped."""
        if self.running is not None:
            self.post_message(Stop(self.running.request))
        self.conversation = Conversation(pin=self.conversation.pin, role=self.conversation.role)
        self._pending, self._editing = None, None
        self.transcript.mark(None)
        self.query(TurnView).remove()
        self.query_one("#welcome").display = True

    def _help(self, _: str) -> None:
        self.post_message(Told("\n".join(slash.COMMANDS.values())))

    def _show_route(self) -> None:
        pin, role = self.conversation.pin, self.conversation.role
        route = f"only {label(pin)}  (/model auto)" if pin else "route: auto"
        self.border_subtitle = Content(f"{route} · as {label(role)}  (/role auto)" if role else route)

    @on(Prompt.Left)
    def _left(self, event: Prompt.Left) -> None:
        event.stop()
        if self._pending is not None or self._editing is not None:
            self._pending, self._editing = None, None
            self._hint(())
            return
        if not self.stop():
            self.transcript.focus()

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._pending is not None or self._editing is not None:
            return
        found = slash.completions(self.prompt.text, self.prompt.arguments)
        self._hint(replies.completions(found, self.prompt.text))

    def _hint(self, line: tuple[tuple[str, str], ...]) -> None:
        hints = self.query_one("#hints", Drawn)
        hints.display = bool(line)
        hints.draw(paint(line))

    def stop(self) -> bool:
        """Cancels the running reply; False when there is none."""
        if self.running is None:
            return False
        self.post_message(Stop(self.running.request))
        return True

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """A model's link is shown in full and never followed."""
        event.stop()
        self.post_message(Told(f"not opened: {one_line(event.href)}", "warning"))
