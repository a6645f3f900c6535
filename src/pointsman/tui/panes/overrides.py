"""Overrides: the standing instructions in force, set with `o`, cleared with `d`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from pointsman.tui import keys
from pointsman.tui.messages import ClearOverride
from pointsman.tui.panes.listing import Listing
from pointsman.tui.picture import Picture
from pointsman.tui.render import overrides
from pointsman.tui.render.paint import paint
from pointsman.tui.render.table import Row


class OverridesPane(Listing):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.OVERRIDES]
    columns = overrides.COLUMNS
    empty = "nothing is overridden: `o` pins or prefers a model, `L` closes the cloud"
    lines_above = 1

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return overrides.rows(picture)

    def above(self, picture: Picture) -> Content:
        return paint(overrides.summary(picture))

    def action_clear(self) -> None:
        override_id = self.rows.current
        if override_id is not None:
            self.post_message(ClearOverride(override_id))
