"""The chat: transcript and input. Turns are folded from the engine's events; drawing happens at the flush rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer

from pointsman.engine.events import EngineEvent
from pointsman.tui import slash
from pointsman.tui.conversation import Conversation, Turn
from pointsman.tui.messages import Ask, LocalOnlyAsked, Stop, Told
from pointsman.tui.panes.pane import STARTING, Drawn, Pane
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.panes.turn import TurnView
from pointsman.tui.picture import Picture
from pointsman.tui.render.glyphs import UNICODE
from pointsman.tui.untrusted import label, one_line

if TYPE_CHECKING:
    from textual.widgets import Markdown

FLUSHES_PER_SECOND: Final = 8
WINDOW: Final = 60  # turns that stay mounted


class ChatPane(Pane):
    title = "Chat"
    number = 2

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.conversation = Conversation()
        self._flush_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="transcript"), Vertical(id="turns"):
            yield Drawn(STARTING, id="welcome", wraps=True)
        yield Prompt("ask anything, / for commands")

    def on_mount(self) -> None:
        self.transcript.anchor()
        self._flush_timer = self.set_interval(1 / FLUSHES_PER_SECOND, self.flush, pause=True)
        self._show_route()

    @property
    def transcript(self) -> VerticalScroll:
        return self.query_one("#transcript", VerticalScroll)

    @property
    def running(self) -> Turn | None:
        return self.conversation.running

    @property
    def chosen(self) -> Turn | None:
        """The turn that keys act on: the marked one, or the last."""
        return self.last

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
        models = len(picture.fleet.models)
        welcome = (
            f"{models} models on {len(picture.fleet.endpoints)} endpoints, policy “{label(picture.fleet.policy)}”.\n\n"
            "Write a prompt below: the policy chooses the model, and each reply says which one answered and why.\n"
            "/model NAME asks one model only, /help lists the commands, esc leaves the input, ? lists the keys."
        )
        self.query_one("#welcome", Drawn).draw(Content.styled(welcome, "$foreground 65%"))

    # --- asking ---

    @on(Prompt.Sent)
    def _sent(self, event: Prompt.Sent) -> None:
        event.stop()
        command = slash.parse(event.text)
        if command is None:
            self.ask(event.text, self.conversation.pin)
        else:
            self._obey(*command)

    def ask(self, prompt: str, pin: str | None = None) -> None:
        if self.picture is None:
            self.post_message(Told("still starting: nothing can answer yet", "warning"))
        elif self.running is not None:
            self.post_message(Told("one reply is still running: esc stops it", "warning"))
        else:
            self.post_message(Ask(prompt, pin))

    async def begin(self, request: str, prompt: str) -> None:
        """A request is on its way."""
        turn = Turn(request, prompt)
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

    def see(self, event: EngineEvent) -> None:
        turn = self.conversation.find(event.request)
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
            "/local": self._local,
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
        self.conversation = Conversation(pin=self.conversation.pin)
        self.query(TurnView).remove()
        self.query_one("#welcome").display = True

    def _help(self, _: str) -> None:
        self.post_message(Told("\n".join(slash.COMMANDS.values())))

    def _show_route(self) -> None:
        pin = self.conversation.pin
        self.border_subtitle = Content(f"only {label(pin)}  (/model auto)" if pin else "route: auto")

    @on(Prompt.Left)
    def _left(self, event: Prompt.Left) -> None:
        event.stop()
        if not self.stop():
            self.transcript.focus()

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
