"""The audit: a live window over the stored lines, with a filter; `Enter` opens a line in full.

The store holds them all; this pane never holds more than `MOST`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.content import Content
from textual.widgets import OptionList

from pointsman.core.audit import AuditRow
from pointsman.ports import AuditQuery
from pointsman.tui.messages import AuditAsked, AuditOpened, Told
from pointsman.tui.panes.listing import Listing
from pointsman.tui.picture import Picture
from pointsman.tui.render import audit, figures
from pointsman.tui.render.paint import stack
from pointsman.tui.render.table import Row

PAGE = 200
MOST = 2_000


class AuditPane(Listing):
    columns = audit.COLUMNS
    lines_below = 5
    hint = "words, or type=step-down model=opus rule=… request=… actor=… since=2h until=14:30"
    empty = (("no line yet: every decision, call and override will leave one here", "dim"),)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._query = AuditQuery(limit=PAGE)
        self._lines: tuple[AuditRow, ...] = ()
        self._seen_size = -1
        self._loading_older = False
        self._rows_of_lines: tuple[tuple[AuditRow, ...], Sequence[Row]] = ((), ())

    def on_mount(self) -> None:
        self.rows.newest_first = True

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        """A stored line never changes: up to two thousand rows are not made anew every second."""
        if self._rows_of_lines[0] is not self._lines:
            self._rows_of_lines = (self._lines, audit.rows(self._lines, picture.glyphs))
        return self._rows_of_lines[1]

    def any_at_all(self, picture: Picture) -> bool:
        return picture.audit_size > 0

    def show(self, picture: Picture) -> None:
        if picture.audit_size != self._seen_size:
            self._seen_size = picture.audit_size
            self.post_message(AuditAsked(self._query))
        super().show(picture)

    def _rows_once(self, picture: Picture) -> Sequence[Row]:
        return self.rows_of(picture)  # of pages that come between pictures

    def _heading(self, any_at_all: bool, picture: Picture) -> Content:
        return super()._heading(any_at_all or picture.audit_size > 0, picture)

    def about(self, picture: Picture) -> str:
        return f"{figures.counted(picture.audit_size, 'line')} · {audit.soundness(picture.audit_state)}"

    def kept(self, rows: Sequence[Row]) -> Sequence[Row]:
        return rows  # the store has filtered them

    def below(self, picture: Picture, key: str | None) -> Content:
        line = next((line for line in self._lines if str(line.seq) == key), None)
        return Content("") if line is None else stack(audit.in_short(line, picture.glyphs))

    def wants(self, picture: Picture) -> int:
        return 12

    def take(self, query: AuditQuery, lines: tuple[AuditRow, ...], older: bool) -> None:
        """A page arrived. One that answers an old filter is ignored."""
        self._loading_older = False
        if replace(query, before=None) != self._query:
            return
        self._lines = (*self._lines, *lines)[:MOST] if older else self._merged(lines)
        if self.picture is not None:
            self.show(self.picture)

    def _merged(self, newest: tuple[AuditRow, ...]) -> tuple[AuditRow, ...]:
        """The newest page in front of what was already read further back."""
        if not newest:
            return ()
        last = newest[-1].seq
        return (*newest, *(line for line in self._lines if line.seq < last))[:MOST]

    @on(OptionList.OptionHighlighted)
    def _read_further(self, event: OptionList.OptionHighlighted) -> None:
        at_end = event.option_index >= len(self._lines) - 1
        if at_end and not self._loading_older and PAGE <= len(self._lines) < MOST:
            self._loading_older = True
            self.post_message(AuditAsked(replace(self._query, before=self._lines[-1].seq), older=True))

    def copies(self, key: str) -> Sequence[tuple[str, str]]:
        line = next((line for line in self._lines if str(line.seq) == key), None)
        if line is None:
            return ()
        request = [("request", line.request)] if line.request else []
        return [*request, ("the stored line, JSON", line.body)]

    def open(self, key: str) -> None:
        line = next((line for line in self._lines if str(line.seq) == key), None)
        if line is not None:
            self.post_message(AuditOpened(line))

    def typed(self, value: str) -> None:
        """The store is asked once, on Enter."""

    def select(self, written: str) -> None:
        if written.strip() == self.written:
            return
        try:
            query = audit.parse_filter(written, 0.0 if self.picture is None else self.picture.now)
        except ValueError as wrong:
            self.post_message(Told(str(wrong), "error"))
            return
        self.written = written.strip()
        self._query = replace(query, limit=PAGE)
        self._lines = ()
        self.rows.action_first()  # of what is found, the newest is looked at first
        self.post_message(AuditAsked(self._query))

    @property
    def query_shown(self) -> AuditQuery:
        return self._query
