"""Services on this machine: state, and the keys that start, stop and restart them after a confirmation."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from pointsman.tui import keys
from pointsman.tui.messages import LogsAsked, ServiceAsked
from pointsman.tui.panes.listing import Listing
from pointsman.tui.picture import Picture
from pointsman.tui.render import services
from pointsman.tui.render.paint import paint
from pointsman.tui.render.table import Row


class ServicesPane(Listing):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.SERVICES]
    columns = services.COLUMNS
    empty = "no service is configured: name one under [services] to restart it from here"

    lines_above = 1
    command_of: Callable[[str, str], Sequence[str]] | None = None  # what its keys would run

    def above(self, picture: Picture) -> Content:
        return paint(services.suggestion(picture))

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return services.rows(picture)

    def copies(self, key: str) -> Sequence[tuple[str, str]]:
        if self.command_of is None:
            return ()
        return [(f"{verb} command", shlex.join(self.command_of(key, verb))) for verb in ("restart", "start", "stop")]

    def action_act(self, verb: str) -> None:
        name = self.rows.current
        if name is not None:
            self.post_message(ServiceAsked(name, verb))

    def action_logs(self) -> None:
        name = self.rows.current
        if name is not None:
            self.post_message(LogsAsked(name))
