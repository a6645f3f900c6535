"""Services as rows."""

from __future__ import annotations

from types import MappingProxyType

from pointsman.core.snapshot import ServiceState, ServiceStatus
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.paint import Part
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import label

COLUMNS = (
    Column("name", "SERVICE", 16, flex=2, most=30),
    Column("state", "STATE", 13),
    Column("since", "SINCE", 5, rank=1, right=True),
    Column("restarts", "RST", 3, rank=3, right=True),
    Column("memory", "MEM", 6, rank=2, right=True),
    Column("reason", "REASON", 12, rank=1, flex=3, most=60),
)

_STATES = MappingProxyType(
    {
        ServiceState.ACTIVE: ("good", "good"),
        ServiceState.STARTING: ("partial", "warn"),
        ServiceState.STOPPING: ("partial", "warn"),
        ServiceState.INACTIVE: ("off", "dim"),
        ServiceState.FAILED: ("bad", "bad"),
        ServiceState.CRASH_LOOP: ("bad", "bad"),
        ServiceState.NOT_FOUND: ("unknown", "warn"),
        ServiceState.UNAVAILABLE: ("unknown", "warn"),
    }
)


def rows(picture: Picture) -> tuple[Row, ...]:
    return tuple(_row(status, picture) for status in picture.snapshot.services)


def state_of(status: ServiceStatus, glyphs: Glyphs) -> Part:
    glyph, tone = _STATES[status.state]
    return f"{getattr(glyphs, glyph)} {status.state}", tone


def _row(status: ServiceStatus, picture: Picture) -> Row:
    since = None if status.since is None else picture.now - status.since
    return Row(
        status.name,
        {
            "name": (label(status.name), "strong"),
            "state": state_of(status, picture.glyphs),
            "since": ("-" if since is None else figures.age(since), "dim"),
            "restarts": ("-" if status.restarts is None else str(status.restarts), "dim"),
            "memory": ("-" if status.memory is None else figures.size(status.memory), ""),
            "reason": (status.reason or label(status.unit), "dim"),
        },
    )
