"""Endpoints: who can be asked, in which state, how fast, how busy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from pointsman.tui import keys
from pointsman.tui.messages import OverrideAsked
from pointsman.tui.panes.listing import Listing
from pointsman.tui.panes.pane import room_in
from pointsman.tui.picture import Picture
from pointsman.tui.render import endpoints
from pointsman.tui.render.paint import fit, paint
from pointsman.tui.render.table import Row


class EndpointsPane(Listing):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.FLEET]
    columns = endpoints.COLUMNS
    empty = (("no endpoint is configured: run `pointsman init`, or `pointsman demo` for a simulated fleet", "dim"),)
    lines_below = 2

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return endpoints.rows(picture)

    def below(self, picture: Picture, key: str | None) -> Content:
        if key is None or key not in picture.fleet.endpoints:
            return Content("")
        width = room_in(self)
        return Content("\n").join([paint(fit(line, width)) for line in endpoints.detail(key, picture)])

    def copies(self, key: str) -> Sequence[tuple[str, str]]:
        endpoint = self.picture.fleet.endpoints.get(key) if self.picture is not None else None
        health = self.picture.snapshot.health.get(key) if self.picture is not None else None
        urls = [("url", endpoint.url)] if endpoint is not None else []
        return [*urls, *([("reason", health.reason)] if health is not None and health.reason else [])]

    def action_pin(self) -> None:
        key, picture = self.rows.current, self.picture
        if key is not None and picture is not None:
            first = next((model.name for model in picture.fleet.models.values() if model.endpoint == key), None)
            self.post_message(OverrideAsked(first))

    def about(self, picture: Picture) -> str:
        up = sum(1 for health in picture.snapshot.health.values() if health.state == "up")
        return f"{up} of {len(picture.fleet.endpoints)} up"
