"""All panes of the desk. Loads everything that they draw with: after the first frame."""

from __future__ import annotations

from pointsman.tui.panes.audit import AuditPane
from pointsman.tui.panes.chat import ChatPane
from pointsman.tui.panes.endpoints import EndpointsPane
from pointsman.tui.panes.figures import MemoryPane, UsagePane
from pointsman.tui.panes.overrides import OverridesPane
from pointsman.tui.panes.pane import Pane
from pointsman.tui.panes.services import ServicesPane


def every_pane() -> list[Pane]:
    return [
        EndpointsPane(id="endpoints"),
        ChatPane(id="chat"),
        AuditPane(id="audit"),
        ServicesPane(id="services"),
        OverridesPane(id="overrides"),
        UsagePane(id="usage"),
        MemoryPane(id="memory"),
    ]
