"""What a door may ask of the engine. The screen and the headless verbs are written against this, not against wiring."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pointsman.core.audit import AuditRow, AuditState
from pointsman.core.decision import Decision
from pointsman.core.drift import Drift
from pointsman.core.fleet import Endpoint, Fleet
from pointsman.core.health import Health
from pointsman.core.history import Point
from pointsman.core.measured import Measurement
from pointsman.core.request import Request
from pointsman.core.snapshot import EndpointStatus, Override, Snapshot
from pointsman.core.traffic import SeenFailure, SeenProbe, TrafficFigures
from pointsman.engine.events import Annotated, CheckEnded, EngineEvent
from pointsman.engine.plans import MachineDesk
from pointsman.ports import AuditQuery, Chats, LogPieces, ModelTotal, ScreenFiles, ServiceResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault the simulated fleet can play on demand, for the command palette."""

    name: str  # kill, slow, 429, oom, cut, loading
    endpoint: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDetail:
    """Everything known of one endpoint. `probes` and `failures` are the last 20, oldest first; reasons and details may
    quote the server: untrusted."""

    endpoint: Endpoint
    health: Health
    status: EndpointStatus | None
    traffic: TrafficFigures | None  # of our own calls in the last hour; None: there were none
    probes: tuple[SeenProbe, ...] = ()
    failures: tuple[SeenFailure, ...] = ()


class Console(Protocol):
    @property
    def fleet(self) -> Fleet: ...

    @property
    def snapshot(self) -> Snapshot:
        """The newest picture. Never blocks."""
        ...

    @property
    def banners(self) -> tuple[str, ...]:
        """Standing warnings for the top of the screen: configuration problems, audit unwritable, drift."""
        ...

    def watch(self) -> AsyncIterator[Snapshot]:
        """Every new picture from now on; a slow reader gets the latest, not a backlog."""
        ...

    def submit(self, request: Request) -> AsyncIterator[EngineEvent]:
        """Serves a request. Closing the iterator cancels it and hangs up."""
        ...

    def new_request_id(self) -> str: ...

    def explain(self, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        """The decision for this request now, or with the snapshot changed; calls no model. ValueError for a bad key."""
        ...

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies that `explain_under` knows; empty where there are none to compare with."""
        ...

    async def explain_under(self, policy: str, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        """As `explain`, under another policy of this configuration. ValueError for one that cannot be used."""
        ...

    @property
    def files(self) -> ScreenFiles | None:
        """Exports, attachments and the arrangement of the panes; None where nothing may be read or written."""
        ...

    @property
    def chats(self) -> Chats | None:
        """The conversations that are kept; None where none are."""
        ...

    @property
    def drift(self) -> Drift | None:
        """A gateway's default model that is not the policy's, with the command that would revert it; None: agreed."""
        ...

    async def revert_drift(self) -> ServiceResult:
        """Copies the gateway's file, audits, and runs its own CLI. Review `drift.command` first."""
        ...

    # --- outcomes, checks, plans, verdicts. A request's reply is known by the `request` of its Answered event.

    async def judge_reply(self, request_id: str, good: bool) -> int:
        """The user says whether a reply helped. Returns how many replies of its task failed since the last good one.
        ValueError for a request that was not answered in this session."""
        ...

    async def check(self, request_id: str, command: str, directory: str | None = None) -> CheckEnded:
        """Runs the user's command about a reply, which it finds on its standard input. ValueError: not readable, no
        directory named, or no such reply. Cancelling ends the command."""
        ...

    def submit_checked(
        self, request: Request, command: str, directory: str | None = None
    ) -> AsyncIterator[EngineEvent]:
        """Answer, check, and again while the check fails, three times at most; ends with the last CheckEnded, or with
        what ended the answers. ValueError as in `check`."""
        ...

    def plan(
        self, request: Request, command: str | None = None, directory: str | None = None
    ) -> AsyncIterator[EngineEvent]:
        """Plan, then compare; ends with PlanReady. With a command the work will be checked by it. `submit` ends the
        same way where the policy opens a plan."""
        ...

    def approve(self, plan_id: str) -> AsyncIterator[EngineEvent]:
        """The specialist works on the plan, and the check runs. ValueError for a plan that does not wait."""
        ...

    async def reject(self, plan_id: str) -> None:
        """Nothing of the plan is done. ValueError for a plan that does not wait."""
        ...

    def judge(self, request_id: str) -> AsyncIterator[EngineEvent]:
        """Asks the cloud judge about a reply; ends with Judged. ValueError for a reply that is not known."""
        ...

    def adopt(self, request: Request, model: str, text: str) -> None:
        """Makes a reply known that was given elsewhere, so that it can be judged and checked."""
        ...

    def annotations(self) -> AsyncIterator[Annotated]:
        """The critic's notes from now on, whichever answer they are about; never ends by itself."""
        ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the figures that `history` has something of; see `engine.gauges.Gauges` for all there may be."""
        ...

    def history(self, metric: str, seconds: float = 900.0) -> tuple[Point, ...]:
        """A figure over the last `seconds`, oldest first: by the second up to 900, by ten up to 21,600. Steps at
        which nobody looked are missing; a point of value None was looked for and not told. Empty if unknown."""
        ...

    async def measurements(self) -> tuple[Measurement, ...]:
        """What bench and eval found, the newest of each; `core.measured` compares it with what is stated."""
        ...

    def endpoint_detail(self, name: str) -> EndpointDetail:
        """Raises KeyError for an unknown endpoint."""
        ...

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]: ...

    async def audit_size(self) -> int: ...

    @property
    def audit_state(self) -> AuditState:
        """What the last check of the audit's chain found; `str` of it is the sentence to show."""
        ...

    async def totals(self, since: float) -> tuple[ModelTotal, ...]: ...

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        """Tokens of each model in each of the 24 hours from `since` on."""
        ...

    async def set_override(self, override: Override) -> None:
        """Audited first, then in force. ValueError for an unknown model or scope."""
        ...

    async def clear_override(self, override_id: str) -> None: ...

    async def reload(self) -> str:
        """Reads the configuration again; what came of it, in one sentence. What cannot be used leaves the present one
        in force, for as long as a banner says why."""
        ...

    def service_command(self, name: str, verb: str) -> tuple[str, ...]: ...

    def streams_on(self, service: str) -> int:
        """How many of our own calls a restart of that service would cut."""
        ...

    async def service_action(self, name: str, verb: str) -> ServiceResult:
        """Audits, cancels our own streams on it, then acts."""
        ...

    @property
    def machines(self) -> MachineDesk | None:
        """Restarts that are watched, models in memory; None where nothing is live (a recording)."""
        ...

    async def service_logs(self, name: str, lines: int = 200) -> tuple[str, ...]: ...

    def follow_logs(self, name: str, lines: int = 1_000) -> LogPieces:
        """The last lines of a service's log, then those to come; see `ports.Services.follow`."""
        ...

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What the simulated fleet can play; empty on a real one."""
        ...

    async def play(self, fault: Fault) -> str:
        """Starts or ends a fault; returns what it did, for a toast."""
        ...


@runtime_checkable
class Replayed(Protocol):
    """A console that plays a recording."""

    def asks(self) -> AsyncIterator[str]:
        """The recorded prompts, each when it was asked: a door submits them again. Ends with the recording."""
        ...
