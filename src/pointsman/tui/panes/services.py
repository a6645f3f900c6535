"""Services on this machine: state, the keys that start, stop and restart them after a confirmation, and below the list
the end of the log of one that is in trouble."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from pointsman.core.snapshot import ServiceStatus
from pointsman.ports import LogLine
from pointsman.tui import keys
from pointsman.tui.messages import LogsAsked, ServiceAsked, TailAsked
from pointsman.tui.panes.listing import Listing
from pointsman.tui.panes.pane import room_in
from pointsman.tui.picture import Picture
from pointsman.tui.render import services
from pointsman.tui.render.paint import paint, stack
from pointsman.tui.render.table import Row

TAIL_WIDTH = 70  # columns from which on lines of a log say enough


class ServicesPane(Listing):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.SERVICES]
    columns = services.COLUMNS
    empty = (("no service is configured: name one under [services] to restart it from here", "dim"),)

    lines_above = 1
    lines_below = 2
    command_of: Callable[[str, str], Sequence[str]] | None = None  # what its keys would run

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        # By service: the state in which its log was asked for, and its last lines (None: they are on their way).
        self._tails: dict[str, tuple[tuple[object, ...], tuple[LogLine, ...] | None]] = {}

    def above(self, picture: Picture) -> Content:
        return paint(services.suggestion(picture))

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return services.rows(picture)

    # --- the end of a log ---

    def wants(self, picture: Picture) -> int:
        return super().wants(picture) + (self.rows_below() + 1 if self._troubled(picture) else 0)

    def rows_below(self) -> int:
        status = None if self.picture is None else self._troubled(self.picture)
        lines = None if status is None else self._tails.get(status.name, ((), None))[1]
        return 1 + len(lines or ())

    def below(self, picture: Picture, key: str | None) -> Content:
        status = self._troubled(picture)
        if status is None:
            return Content("")
        change = services.change_of(status)
        asked, lines = self._tails.get(status.name, ((), None))
        if asked != change:
            # Once for each change of its state. What was read before stands until the answer comes.
            self._tails[status.name] = (change, lines)
            self.post_message(TailAsked(status.name))
        return stack(services.tail(status, lines, room_in(self) - 1))

    def in_trouble(self, picture: Picture) -> ServiceStatus | None:
        """The one under the cursor, or the first; None where there is none."""
        found = services.in_trouble(picture)
        return next((each for each in found if each.name == self.rows.current), next(iter(found), None))

    def _troubled(self, picture: Picture) -> ServiceStatus | None:
        """None also where there is no width for its log."""
        return self.in_trouble(picture) if room_in(self) >= TAIL_WIDTH else None

    def take(self, name: str, lines: tuple[LogLine, ...]) -> None:
        self._tails[name] = (self._tails.get(name, ((), None))[0], lines)
        self.show_again()
        self.post_message(self.WantsOther())

    def on_resize(self) -> None:
        self.post_message(self.WantsOther())  # its width decides whether a log is shown

    # --- keys ---

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
