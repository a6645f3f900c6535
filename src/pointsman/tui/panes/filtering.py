"""A pane with a line to write a filter in, above what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from pointsman.tui import keys
from pointsman.tui.messages import Filtered
from pointsman.tui.panes.pane import Pane


class Filter(Input):
    """The arrows bring back what was written before, in any list."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.FILTER]

    def __init__(self, written: str, hint: str, before: Sequence[str]) -> None:
        super().__init__(written, placeholder=hint, classes="filter", compact=True)
        self._before = tuple(before)
        self._place = len(self._before)

    def action_recall(self, step: int) -> None:
        self._place = min(max(self._place + step, 0), len(self._before))
        self.value = self._before[self._place] if self._place < len(self._before) else ""
        self.cursor_position = len(self.value)


class Filtering(Pane):
    hint: ClassVar[str] = "words, or state=down model~=qwen age>1m !word"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.written = ""  # the filter
        self.filters: Sequence[str] = ()  # written before, in any pane

    @property
    def filter_input(self) -> Input | None:
        return next(iter(self.query(Input)), None)

    async def action_filter(self) -> None:
        found = self.filter_input
        if found is None:
            found = Filter(self.written, self.hint, self.filters)
            await self.mount(found, before=0)
        found.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "clear_filter":
            return bool(self.written) or self.filter_input is not None
        return super().check_action(action, parameters)

    async def action_clear_filter(self) -> None:
        await self._close_filter()
        self.select("")

    async def _close_filter(self) -> None:
        found = self.filter_input
        self.focus_inside()
        if found is not None:
            await found.remove()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.is_attached:
            self.typed(event.value)

    def typed(self, value: str) -> None:
        """While it is being written. Lists that are asked elsewhere wait for Enter."""
        self.select(value)

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        await self._close_filter()
        self.select(event.value)
        if event.value.strip():
            self.post_message(Filtered(event.value.strip()))

    def select(self, written: str) -> None:
        """Shows only what this filter leaves."""
        if written.strip() != self.written:
            self.written = written.strip()
            self.show_again()
