"""One endpoint over the whole screen, kept up to date; its models are loaded, kept and unloaded from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer

from pointsman.core.fleet import Locality
from pointsman.core.measured import Measurement
from pointsman.engine.console import EndpointDetail
from pointsman.tui import keys
from pointsman.tui.messages import LogsAsked, ModelAsked, ServiceAsked
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.picture import Picture
from pointsman.tui.render import endpoint_detail
from pointsman.tui.render.endpoint_detail import History
from pointsman.tui.render.paint import stack
from pointsman.tui.screens.choice import Choice
from pointsman.tui.screens.modal import Live
from pointsman.tui.screens.reading import Reading
from pointsman.tui.untrusted import label

KEEPS = (("300", "5 minutes"), ("1800", "half an hour"), ("7200", "2 hours"), ("forever", "until it is unloaded"))


class EndpointScreen(Reading, Live[None]):
    kept_as = "endpoint.txt"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.ENDPOINT]

    def __init__(self, picture: Picture, look: Callable[[], EndpointDetail], history: History) -> None:
        """`look` and `history` are asked each time it is drawn; neither waits for anything."""
        super().__init__()
        self._picture = picture
        self._look = look
        self._history = history
        self._measured: Sequence[Measurement] = ()
        self.endpoint = look().endpoint

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="detail") as box:
            box.border_title = Content(label(self.endpoint.name))
            yield Drawn("", wraps=True)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.box.focus()
        self.apply(self._picture)

    @property
    def text(self) -> str:
        return self.query_one(Drawn).shown

    def apply(self, picture: Picture) -> None:
        if self.endpoint.name not in picture.fleet.endpoints:
            return  # a new configuration has no such endpoint any more: what was last known stays
        self._picture = picture
        drawn = endpoint_detail.lines(self._look(), picture, self._history, self._measured)
        self.query_one(Drawn).draw(stack(drawn))

    def measured(self, found: Sequence[Measurement]) -> None:
        self._measured = found
        self.apply(self._picture)

    # --- its models ---

    @property
    def _models(self) -> list[str]:
        """Those that compute here: a relayed one holds no memory."""
        fleet = self._picture.fleet
        here = (model for model in fleet.models.values() if model.endpoint == self.endpoint.name)
        return [model.name for model in here if fleet.locality_of(model) is Locality.LOCAL and model.retired is None]

    def action_model(self, verb: str) -> None:
        models = self._models
        if len(models) == 1:
            self._asked(models[0], verb)
        elif models:

            def chosen(name: str | None) -> None:
                if name is not None:
                    self._asked(name, verb)

            self.app.push_screen(Choice(f"{verb} which model?", [(name, label(name)) for name in models]), chosen)

    def _asked(self, name: str, verb: str) -> None:
        if verb != "keep":
            self.post_message(ModelAsked(name, verb))
            return

        def chosen(seconds: str | None) -> None:
            if seconds is not None:
                self.post_message(ModelAsked(name, verb, None if seconds == "forever" else float(seconds)))

        self.app.push_screen(Choice(f"keep {label(name)} in memory after its last use", KEEPS), chosen)

    # --- its service ---

    def action_logs(self) -> None:
        if self.endpoint.service is not None:
            self.post_message(LogsAsked(self.endpoint.service))

    def action_act(self, verb: str) -> None:
        if self.endpoint.service is not None:
            self.post_message(ServiceAsked(self.endpoint.service, verb))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("logs", "act"):
            return self.endpoint.service is not None
        if action == "model":
            return bool(self._models)
        return super().check_action(action, parameters)
