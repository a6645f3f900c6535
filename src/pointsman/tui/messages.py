"""What workers and panes tell the app. Handlers own the state; whoever posts never touches another widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from pointsman.core.audit import AuditRow
from pointsman.core.request import Request
from pointsman.core.snapshot import Override, Snapshot
from pointsman.engine.console import Console, Fault
from pointsman.engine.events import EngineEvent
from pointsman.ports import AuditQuery, ModelTotal, ServiceResult

Severity = Literal["information", "warning", "error"]

# --- from the bridge ---------------------------------------------------------------------------------------------


@dataclass
class Opened(Message):
    console: Console


@dataclass
class Pictured(Message):
    """A new picture. `urgent`: somebody waits to see it, so it is drawn at once."""

    snapshot: Snapshot
    urgent: bool = False


@dataclass
class Ledger(Message):
    """The audit has grown: its newest lines, and the day's totals."""

    newest: tuple[AuditRow, ...]
    size: int
    totals: tuple[ModelTotal, ...]


@dataclass
class AuditPage(Message):
    """The answer to one query. `older` lines continue the page that is shown."""

    query: AuditQuery
    lines: tuple[AuditRow, ...]
    older: bool


@dataclass
class Replied(Message):
    event: EngineEvent


@dataclass
class ServiceActed(Message):
    name: str
    verb: str
    result: ServiceResult


@dataclass
class LogsRead(Message):
    name: str
    lines: tuple[str, ...]


@dataclass
class Told(Message):
    """Something for the person: done, or refused and why."""

    text: str
    severity: Severity = "information"


# --- from the panes ----------------------------------------------------------------------------------------------


@dataclass
class Ask(Message):
    prompt: str
    pin: str | None = None


@dataclass
class Submit(Message):
    request: Request


@dataclass
class Stop(Message):
    request: str


@dataclass
class SetOverride(Message):
    override: Override


@dataclass
class LocalOnlyAsked(Message):
    """None: the other way round than it is."""

    wanted: bool | None = None


@dataclass
class ClearOverride(Message):
    override_id: str


@dataclass
class ServiceAsked(Message):
    name: str
    verb: str


@dataclass
class LogsAsked(Message):
    name: str


@dataclass
class FaultAsked(Message):
    fault: Fault


@dataclass
class AuditAsked(Message):
    query: AuditQuery
    older: bool = False


@dataclass
class AuditOpened(Message):
    line: AuditRow
