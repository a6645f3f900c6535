"""Endpoints: who can be asked, in which state, how fast, how busy."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pointsman.tui.panes.listing import Listing
from pointsman.tui.picture import Picture
from pointsman.tui.render import endpoints
from pointsman.tui.render.paint import fit, paint
from pointsman.tui.render.table import Row


class EndpointsPane(Listing):
    title = "Fleet"
    number = 1
    columns = endpoints.COLUMNS
    empty = "no endpoint is configured: run `pointsman init`, or `pointsman demo` for a simulated fleet"
    lines_below = 2

    def rows_of(self, picture: Picture) -> Sequence[Row]:
        return endpoints.rows(picture)

    def below(self, picture: Picture, key: str | None) -> Content:
        if key is None or key not in picture.fleet.endpoints:
            return Content("")
        width = self.content_size.width
        return Content("\n").join([paint(fit(line, width)) for line in endpoints.detail(key, picture)])

    def show(self, picture: Picture) -> None:
        super().show(picture)
        up = sum(1 for health in picture.snapshot.health.values() if health.state == "up")
        self.border_subtitle = Content(f"{up} of {len(picture.fleet.endpoints)} up")
