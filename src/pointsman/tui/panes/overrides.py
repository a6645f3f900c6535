"""Overrides: the standing instructions in force, set with `o`, cleared with `d`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from pointsman.core import caps
from pointsman.core.snapshot import OverrideKind
from pointsman.tui import keys
from pointsman.tui.messages import CapAsked, ClearOverride
from pointsman.tui.panes.listing import Listing
from pointsman.tui.panes.pane import room_in
from pointsman.tui.picture import Picture
from pointsman.tui.render import overrides
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import Part, paint
from pointsman.tui.render.table import Row


class OverridesPane(Listing):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.OVERRIDES]
    columns = overrides.COLUMNS
    lines_above = 1

    def nothing_yet(self) -> Sequence[Part]:
        pins = hint("o", "pins or prefers a model", "app.override")
        return (("none: ", "dim"), *pins, (", ", "dim"), *hint("L", "closes the cloud", "app.local_only"))

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return overrides.rows(picture)

    def above(self, picture: Picture) -> Content:
        return paint(overrides.summary(picture, max(room_in(self) - 1, 1)))

    def action_clear(self) -> None:
        override_id = self.rows.current
        known = () if self.picture is None else self.picture.snapshot.overrides
        capped = next((each for each in known if each.id == override_id and each.kind is OverrideKind.CAP), None)
        if capped is not None:
            self.post_message(CapAsked(capped.scope, caps.DEFAULT))  # which may raise the limit: it is asked about
        elif override_id is not None:
            self.post_message(ClearOverride(override_id))
