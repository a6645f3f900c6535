"""What workers and panes tell the app. Handlers own the state; whoever posts never touches another widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual.message import Message

if TYPE_CHECKING:
    from pointsman.core.audit import AuditRow
    from pointsman.core.chats import Chat, ChatFound, ChatTurn
    from pointsman.core.decision import Decision
    from pointsman.core.measured import Measurement
    from pointsman.core.request import Attachment
    from pointsman.core.snapshot import Override, Snapshot
    from pointsman.engine.console import Console, Fault
    from pointsman.engine.events import EngineEvent
    from pointsman.engine.plans import RestartPlan
    from pointsman.ports import AuditQuery, LogLine, ModelTotal, ServiceResult
    from pointsman.tui.conversation import After, Conversation, Turn
    from pointsman.tui.open_talks import OpenTalks


Severity = Literal["information", "warning", "error"]


class Changes(Message):
    """Would change something, or spend money: not done while the screen is read-only."""


# --- from the bridge ---------------------------------------------------------------------------------------------


@dataclass(eq=False, repr=False)
class Opened(Message):
    console: Console


@dataclass(eq=False, repr=False)
class Pictured(Message):
    """A new picture. `urgent`: somebody waits to see it, so it is drawn at once."""

    snapshot: Snapshot
    urgent: bool = False


@dataclass(eq=False, repr=False)
class Ledger(Message):
    """The audit has grown, or a minute is over: its newest lines, the day's totals, the last 24 hours of each model."""

    newest: tuple[AuditRow, ...]
    size: int
    totals: tuple[ModelTotal, ...]
    hourly: Mapping[str, tuple[int, ...]]


@dataclass(eq=False, repr=False)
class AuditPage(Message):
    """The answer to one query. `older` lines continue the page that is shown."""

    query: AuditQuery
    lines: tuple[AuditRow, ...]
    older: bool


@dataclass(eq=False, repr=False)
class Replied(Message):
    """`turn` is the request whose turn it belongs to; the calls of a workflow have ids of their own."""

    turn: str
    event: EngineEvent


@dataclass(eq=False, repr=False)
class Found(Message):
    """Something about an answer that was given before. `answer` is the request that was answered."""

    answer: str
    what: After


@dataclass(eq=False, repr=False)
class Attached(Message):
    """The files that go with this prompt, or why they cannot."""

    prompt: str
    attachments: tuple[Attachment, ...]
    problem: str = ""


@dataclass(eq=False, repr=False)
class ServiceActed(Message):
    name: str
    verb: str
    result: ServiceResult


@dataclass(eq=False, repr=False)
class ServicePlanned(Message):
    """What a service action would mean; None: the engine watches nothing here."""

    name: str
    verb: str
    plan: RestartPlan | None


@dataclass(eq=False, repr=False)
class LogGrew(Message):
    """The next piece of a service's log."""

    name: str
    lines: tuple[LogLine, ...]


@dataclass(eq=False, repr=False)
class Tailed(Message):
    """The last lines of a service's log, or a note why there are none."""

    name: str
    lines: tuple[LogLine, ...]


@dataclass(eq=False, repr=False)
class Measured(Message):
    """What bench and eval found so far."""

    found: tuple[Measurement, ...]


@dataclass(eq=False, repr=False)
class Told(Message):
    """Something for the person: done, or refused and why."""

    text: str
    severity: Severity = "information"
    aloud: bool = True  # False: it is told by a notice anyway


@dataclass(eq=False, repr=False)
class Changed(Message):
    """An override was set or cleared. `inverse` would undo it."""

    what: str
    inverse: Message


@dataclass(eq=False, repr=False)
class Compared(Message):
    """The answer to a what-if question, or why there is none."""

    decision: Decision | None
    problem: str = ""


# --- from the panes ----------------------------------------------------------------------------------------------


@dataclass(eq=False, repr=False)
class Ask(Changes):
    talk: Conversation
    prompt: str
    pin: str | None = None
    attachments: tuple[Attachment, ...] = ()
    critical: bool = False
    plan: bool = False  # plan and compare first, whatever the policy says

    @property
    def typed(self) -> str:
        """As a person would write it."""
        return f"{'/plan ' if self.plan else '/critical ' if self.critical else ''}{self.prompt}"


@dataclass(eq=False, repr=False)
class AttachAsked(Message):
    prompt: str
    paths: tuple[str, ...]


@dataclass(eq=False, repr=False)
class PlanRuled(Changes):
    """The user's answer to a plan."""

    talk: Conversation
    plan: str
    prompt: str
    approved: bool


@dataclass(eq=False, repr=False)
class VerdictAsked(Changes):
    answer: str
    good: bool


@dataclass(eq=False, repr=False)
class CheckAsked(Changes):
    answer: str
    command: str
    directory: str | None


@dataclass(eq=False, repr=False)
class JudgeAsked(Changes):
    answer: str


@dataclass(eq=False, repr=False)
class Stop(Message):
    request: str


@dataclass(eq=False, repr=False)
class SetOverride(Changes):
    override: Override


@dataclass(eq=False, repr=False)
class OverrideAsked(Changes):
    """The form is wanted, with that model in it."""

    model: str | None


@dataclass(eq=False, repr=False)
class CapAsked(Changes):
    """As it was written: `$10`, or `default`. `span` seconds; 0: until it is cleared."""

    budget: str
    limit: str
    span: int = 0


@dataclass(eq=False, repr=False)
class LocalOnlyAsked(Changes):
    """None: the other way round than it is."""

    wanted: bool | None = None


@dataclass(eq=False, repr=False)
class ClearOverride(Changes):
    override_id: str


@dataclass(eq=False, repr=False)
class ServiceAsked(Changes):
    name: str
    verb: str


@dataclass(eq=False, repr=False)
class ModelAsked(Changes):
    """Load a model into memory, keep it there for `seconds` (None: until it is unloaded), or take it out."""

    name: str
    verb: str
    seconds: float | None = None


@dataclass(eq=False, repr=False)
class LogsAsked(Message):
    name: str


@dataclass(eq=False, repr=False)
class TailAsked(Message):
    """Only the last lines of that log are wanted, once."""

    name: str


@dataclass(eq=False, repr=False)
class FaultAsked(Changes):
    fault: Fault


@dataclass(eq=False, repr=False)
class AuditAsked(Message):
    query: AuditQuery
    older: bool = False


@dataclass(eq=False, repr=False)
class AuditOpened(Message):
    line: AuditRow


@dataclass(eq=False, repr=False)
class WhatIfAsked(Message):
    settings: dict[str, str]
    policy: str | None


@dataclass(eq=False, repr=False)
class DetailAsked(Message):
    """Enter on a row of that pane."""

    pane: str
    key: str


@dataclass(eq=False, repr=False)
class Copied(Message):
    """`text` is wanted in the clipboard; `what` it is, for the confirmation."""

    text: str
    what: str


@dataclass(eq=False, repr=False)
class CopyAsked(Message):
    """One of these is wanted: (what it is, the message that copies or keeps it)."""

    offers: tuple[tuple[str, Message], ...]


@dataclass(eq=False, repr=False)
class Kept(Message):
    """`text` is wanted in a file of that name, below the state directory."""

    name: str
    text: str


@dataclass(eq=False, repr=False)
class ExportAsked(Message):
    """What that pane shows is wanted as a file."""

    pane: str


# --- conversations that are kept ---------------------------------------------------------------------------------


@dataclass(eq=False, repr=False)
class Keep(Message):
    """This turn is worth keeping as it stands now; None: the conversation is a new copy, all of it is."""

    talk: Conversation
    turn: Turn | None


@dataclass(eq=False, repr=False)
class Cut(Message):
    """The turns from that place on are dropped."""

    talk: Conversation
    place: int


@dataclass(eq=False, repr=False)
class Reopened(Message):
    """The kept conversations of these tabs; None: it is not kept any more."""

    talks: OpenTalks
    chats: tuple[Chat | None, ...]


@dataclass(eq=False, repr=False)
class DetailsAsked(Message):
    """How the turns of places first to end were drawn is wanted from the disk."""

    talk: Conversation
    first: int
    end: int


@dataclass(eq=False, repr=False)
class Detailed(Message):
    talk: Conversation
    first: int
    turns: tuple[ChatTurn, ...]


@dataclass(eq=False, repr=False)
class ChatsAsked(Message):
    """The list of kept conversations is wanted, with these words looked for."""

    written: str = ""


@dataclass(eq=False, repr=False)
class ChatsLookedFor(Message):
    written: str


@dataclass(eq=False, repr=False)
class ChatsFound(Message):
    written: str
    found: tuple[ChatFound, ...]


@dataclass(eq=False, repr=False)
class ChatOpenAsked(Message):
    chat: str


@dataclass(eq=False, repr=False)
class ChatOpened(Message):
    chat: Chat


@dataclass(eq=False, repr=False)
class ChatRenamed(Changes):
    chat: str
    title: str


@dataclass(eq=False, repr=False)
class ChatDeleteAsked(Changes):
    """The user is asked before it is done."""

    chat: str
    title: str
    turns: int


@dataclass(eq=False, repr=False)
class ChatDeleted(Message):
    chat: str


@dataclass(eq=False, repr=False)
class ChatExportAsked(Message):
    chat: str
    title: str


@dataclass(eq=False, repr=False)
class EditorAsked(Message):
    """The prompt is wanted in the user's own editor."""

    text: str


@dataclass(eq=False, repr=False)
class Filtered(Message):
    """A filter was written to its end."""

    written: str


class Rearranged(Message):
    """What stands where, in which order, has changed and is worth keeping."""
