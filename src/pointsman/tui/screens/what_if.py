"""What if: knobs at the left, the two decisions beside each other at the right. Asks the engine's pure call."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, OptionList
from textual.widgets.option_list import Option

from pointsman.core.decision import Decision
from pointsman.tui import keys
from pointsman.tui.messages import WhatIfAsked
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.render import whatif
from pointsman.tui.render.paint import paint, stack
from pointsman.tui.render.whatif import Knob
from pointsman.tui.screens.modal import Modal
from pointsman.tui.untrusted import one_line


class Knobs(OptionList):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.KNOBS]


class WhatIf(Modal[None]):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.WHAT_IF]

    def __init__(self, prompt: str, knobs: tuple[Knob, ...], now: Decision) -> None:
        super().__init__()
        self._prompt = prompt
        self.knobs = list(knobs)
        self._now = now
        self._then: Decision | None = now
        self._problem = ""

    def compose(self) -> ComposeResult:
        with Container(id="what-if") as box:
            box.border_title = Content(f"what if: “{one_line(self._prompt)}”")
            yield Knobs(markup=False, compact=True, id="knobs")
            with VerticalScroll(id="compared", can_focus=True):
                yield Drawn("", wraps=True)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self._fill()
        self.query_one(Knobs).focus()
        self.draw()

    def on_resize(self) -> None:
        self._fill()
        self.draw()

    def _fill(self) -> None:
        knobs = self.query_one(Knobs)
        place, width = knobs.highlighted, max(knobs.scrollable_content_region.width, 20)
        knobs.set_options([Option(paint(whatif.knob_line(knob, width))) for knob in self.knobs])
        knobs.highlighted = 0 if place is None else min(place, len(self.knobs) - 1)

    def draw(self) -> None:
        box = self.query_one("#compared", VerticalScroll)
        width = max(box.scrollable_content_region.width, 20)
        self.query_one(Drawn).draw(stack(whatif.compared(self._now, self._then, self._problem, width)))

    def take(self, decision: Decision | None, problem: str) -> None:
        """The answer to what was asked last."""
        self._then, self._problem = decision, problem
        self.draw()

    # --- turning ---

    def action_turn(self, step: int) -> None:
        self._change(lambda knob: knob.turned(step))

    def action_as_it_is(self) -> None:
        self._change(lambda knob: replace(knob, value=None))

    def action_all_as_they_are(self) -> None:
        self.knobs = [replace(knob, value=None) for knob in self.knobs]
        self._fill()
        self._ask()

    def _change(self, how: whatif.Change) -> None:
        place = self.query_one(Knobs).highlighted
        if place is None:
            return
        self.knobs[place] = how(self.knobs[place])
        width = max(self.query_one(Knobs).scrollable_content_region.width, 20)
        self.query_one(Knobs).replace_option_prompt_at_index(place, paint(whatif.knob_line(self.knobs[place], width)))
        self._ask()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_turn(1)

    def _ask(self) -> None:
        settings, policy = whatif.settings(self.knobs)
        self.post_message(WhatIfAsked(dict(settings), policy))

    def action_close(self) -> None:
        self.dismiss()
