"""The tour: ten sentences about the screen, each beside the pane it speaks of. It asks nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pointsman.keymap import all_keys, shown
from pointsman.tui import keys
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import paint
from pointsman.tui.screens.modal import Modal

if TYPE_CHECKING:
    from pointsman.tui.app import PointsmanApp

# (pane, sentence); {id} is the key of that binding, as it is bound now.
SENTENCES = (
    ("chat", "Write a prompt and press {prompt.send}: the policy chooses the model, and the reply's head names it."),
    ("chat", "{why} reads out why it was that one, and why every other model was not."),
    ("endpoints", "The fleet lists every place that answers, its state as a sign and a word, and how old that is."),
    ("memory", "GPU and host show what is loaded, what still fits, and what the machine is busy with."),
    ("services", "Services can be restarted from here: first you read what it cuts and who takes over meanwhile."),
    ("usage", "Usage fills the caps; from each edge on the policy closes dearer models, and the top line says so."),
    ("overrides", "{override.new} writes an override, {undo} takes the last one back, {local_only} closes the cloud."),
    ("audit", "Every decision, switch and restart is a line of the audit, written before it takes effect."),
    (
        "chat",
        "In the demo {palette.anywhere} and `fault` kill an endpoint in the middle of a reply: watch who takes over.",
    ),
    ("chat", "{help} lists the keys of where you are, {palette.anywhere} every action there is: the rest is yours."),
)


def begin(app: PointsmanApp) -> None:
    app.push_screen(Tour(app.keymap))


def sentence(number: int, keymap: Mapping[str, str]) -> str:
    """With the keys as they are bound."""
    text = SENTENCES[number][1]
    for entry in all_keys():
        text = text.replace(f"{{{entry.id}}}", shown(entry, keymap).split(" ")[0])
    return text


class Tour(Modal[None]):
    """A strip at the lower edge; above it the pane that is spoken of."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.TOUR]
    DEFAULT_CSS = """
    Tour { align: center bottom; background: $background 0%; }
    Tour #tour { width: 100%; height: auto; border: round $accent; background: $surface; padding: 0 1; }
    Tour #tour > Static { height: auto; }
    .-ascii Tour #tour, Tour.-ascii #tour { border: ascii $accent; }
    """

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap
        self._place = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="tour"):
            yield Static(id="sentence", markup=False)
            yield Drawn(id="tour-keys")

    def on_mount(self) -> None:
        steps = (("enter", "next", "step(1)"), ("left", "back", "step(-1)"), ("esc", "leave", "leave"))
        hints = (hint(key, f"{word}   ", f"screen.{action}") for key, word, action in steps)
        self.query_one("#tour-keys", Drawn).draw(paint([part for each in hints for part in each]))
        self._show()

    def action_step(self, by: int) -> None:
        if self._place + by >= len(SENTENCES):
            self.dismiss()
            return
        self._place = max(self._place + by, 0)
        self._show()

    def action_leave(self) -> None:
        self.dismiss()

    def _show(self) -> None:
        app: PointsmanApp = self.app  # type: ignore[assignment]
        app.home.show_pane(SENTENCES[self._place][0])
        head = f"{self._place + 1} of {len(SENTENCES)}  "
        text = Content.assemble((head, "$foreground 65%"), (sentence(self._place, self._keymap), ""))
        self.query_one("#sentence", Static).update(text)
