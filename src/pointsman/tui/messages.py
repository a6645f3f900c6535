"""What workers and panes tell the app. Handlers own the state; whoever posts never touches another widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from pointsman.core.audit import AuditRow
from pointsman.core.decision import Decision
from pointsman.core.snapshot import Override, Snapshot
from pointsman.engine.console import Console, Fault
from pointsman.engine.events import Annotated, CheckEnded, EngineEvent, Judged
from pointsman.engine.plans import RestartPlan
from pointsman.ports import Attachment, AuditQuery, ModelTotal, ServiceResult

Severity = Literal["information", "warning", "error"]


class Changes(Message):
    """Would change something, or spend money: not done while the screen is read-only."""


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
    """`turn` is the request whose turn it belongs to; the calls of a workflow have ids of their own."""

    turn: str
    event: EngineEvent


@dataclass
class Found(Message):
    """Something about an answer that was given before. `answer` is the request that was answered."""

    answer: str
    what: CheckEnded | Judged | Annotated | str


@dataclass
class Attached(Message):
    """The files that go with this prompt, or why they cannot."""

    prompt: str
    attachments: tuple[Attachment, ...]
    problem: str = ""


@dataclass
class ServiceActed(Message):
    name: str
    verb: str
    result: ServiceResult


@dataclass
class ServicePlanned(Message):
    """What a service action would mean; None: the engine watches nothing here."""

    name: str
    verb: str
    plan: RestartPlan | None


@dataclass
class LogsRead(Message):
    name: str
    lines: tuple[str, ...]


@dataclass
class Told(Message):
    """Something for the person: done, or refused and why."""

    text: str
    severity: Severity = "information"
    aloud: bool = True  # False: it is told by a notice anyway


@dataclass
class Changed(Message):
    """An override was set or cleared. `inverse` would undo it."""

    what: str
    inverse: Message


@dataclass
class Compared(Message):
    """The answer to a what-if question, or why there is none."""

    decision: Decision | None
    problem: str = ""


# --- from the panes ----------------------------------------------------------------------------------------------


@dataclass
class Ask(Changes):
    prompt: str
    pin: str | None = None
    attachments: tuple[Attachment, ...] = ()
    critical: bool = False
    plan: bool = False  # plan and compare first, whatever the policy says


@dataclass
class AttachAsked(Message):
    prompt: str
    paths: tuple[str, ...]


@dataclass
class PlanRuled(Changes):
    """The user's answer to a plan."""

    plan: str
    prompt: str
    approved: bool


@dataclass
class VerdictAsked(Changes):
    answer: str
    good: bool


@dataclass
class CheckAsked(Changes):
    answer: str
    command: str
    directory: str | None


@dataclass
class JudgeAsked(Changes):
    answer: str


@dataclass
class Stop(Message):
    request: str


@dataclass
class SetOverride(Changes):
    override: Override


@dataclass
class OverrideAsked(Changes):
    """The form is wanted, with that model in it."""

    model: str | None


@dataclass
class LocalOnlyAsked(Changes):
    """None: the other way round than it is."""

    wanted: bool | None = None


@dataclass
class ClearOverride(Changes):
    override_id: str


@dataclass
class ServiceAsked(Changes):
    name: str
    verb: str


@dataclass
class ModelAsked(Changes):
    """Load a model into memory, or take it out."""

    name: str
    verb: str


@dataclass
class LogsAsked(Message):
    name: str


@dataclass
class FaultAsked(Changes):
    fault: Fault


@dataclass
class AuditAsked(Message):
    query: AuditQuery
    older: bool = False


@dataclass
class AuditOpened(Message):
    line: AuditRow


@dataclass
class WhatIfAsked(Message):
    settings: dict[str, str]
    policy: str | None


@dataclass
class DetailAsked(Message):
    """Enter on a row of that pane."""

    pane: str
    key: str


@dataclass
class Copied(Message):
    """`text` is wanted in the clipboard; `what` it is, for the confirmation."""

    text: str
    what: str


@dataclass
class Kept(Message):
    """`text` is wanted in a file of that name, below the state directory."""

    name: str
    text: str


@dataclass
class ExportAsked(Message):
    """What that pane shows is wanted as a file."""

    pane: str


class Rearranged(Message):
    """What stands where, in which order, has changed and is worth keeping."""
