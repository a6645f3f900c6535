"""The guided start where no configuration is: what was found here, the file that is proposed, and three ways on.

A small app of its own, run before the screen: nothing of the engine is open yet. It writes only what was shown, and
only when it is told to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar, Literal

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.filter import LineFilter
from textual.theme import Theme
from textual.widgets import Footer, Static

from pointsman.tui import keys
from pointsman.tui import theme as theming
from pointsman.tui.untrusted import Backstop, clean, one_line

Choice = Literal["configuration", "demo", "quit"]
Propose = Callable[[], Awaitable[tuple[str, tuple[str, ...]]]]  # (the file's text, what was found in sentences)
Write = Callable[[str], str]  # writes it; returns its path. Raises ValueError

_WELCOME = "No configuration yet. Pointsman asks the right model for each prompt, and never switches silently."
_WAYS = "c  write this configuration and begin     d  look around in a simulated fleet     q  quit"


class FirstRun(App[Choice]):
    TITLE = "Pointsman"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*keys.FIRST_RUN]
    CSS = """
    Screen { background: $background; color: $foreground; }
    Static { height: auto; }
    #head { padding: 0 1; height: auto; background: $surface; }
    #found { padding: 1 1 0 1; height: auto; max-height: 40%; }
    #file { margin: 1; padding: 0 1; height: 1fr; border: round $border-blurred; border-title-style: bold; }
    #file:focus { border: round $border; }
    #problem { padding: 0 1; color: $text-error; }
    """

    def __init__(self, propose: Propose, write: Write, themes: tuple[Theme, ...] = ()) -> None:
        super().__init__()
        self._propose, self._write, self._themes = propose, write, themes
        self._text: str | None = None  # the proposal, once it is known

    def get_line_filters(self) -> list[LineFilter]:
        return [*super().get_line_filters(), Backstop()]

    def compose(self) -> ComposeResult:
        with Vertical(id="head"):
            yield Static(Content(_WELCOME))
            yield Static(Content(_WAYS))
        yield Static(Content("Looking at this machine: model servers, keys by name, GPUs ..."), id="found")
        with VerticalScroll(id="file") as box:
            box.border_title = "proposed config.toml"
            yield Static(id="text", markup=False)
        yield Static(id="problem", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        for entry in self._themes:
            self.register_theme(entry)
        chosen = theming.chosen(None, tuple(self.available_themes))
        if chosen is not None:
            self.theme = chosen
        self.query_one("#file").focus()
        # After the first frame: nothing of this machine is looked at before something can be seen.
        self.call_after_refresh(self.run_worker, self._look(), exit_on_error=False)

    async def _look(self) -> None:
        try:
            text, found = await self._propose()
        except (OSError, ValueError) as problem:
            self._say(f"this machine could not be looked at: {problem}")
            return
        self._text = text
        self.query_one("#found", Static).update(Content("\n".join(one_line(line) for line in found)))
        self.query_one("#text", Static).update(Content(clean(text)))

    def action_use(self) -> None:
        if self._text is None:
            self._say("still looking: nothing is proposed yet")
            return
        try:
            self._write(self._text)
        except ValueError as problem:
            self._say(str(problem))
            return
        self.exit("configuration")

    def action_leave(self, choice: Choice) -> None:
        self.exit(choice)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(Content(one_line(text)))


def choose(propose: Propose, write: Write, *, theme_dir: Path) -> Choice:
    """Runs the guided start until one of its ways is taken."""
    return FirstRun(propose, write, theming.load(theme_dir).themes).run() or "quit"
