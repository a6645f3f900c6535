"""What a door may ask of the engine. The screen and the headless verbs are written against this, not against wiring."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pointsman.core.audit import AuditRow, AuditState
from pointsman.core.decision import Decision
from pointsman.core.drift import Drift
from pointsman.core.fleet import Fleet
from pointsman.core.request import Request
from pointsman.core.snapshot import Override, Snapshot
from pointsman.engine.events import EngineEvent
from pointsman.ports import AuditQuery, ModelTotal, ServiceResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault the simulated fleet can play on demand, for the command palette."""

    name: str  # kill, slow, 429, oom, cut, loading
    endpoint: str
    title: str


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
    def drift(self) -> Drift | None:
        """A gateway's default model that is not the policy's, with the command that would revert it; None: agreed."""
        ...

    async def revert_drift(self) -> ServiceResult:
        """Copies the gateway's file, audits, and runs its own CLI. Review `drift.command` first."""
        ...

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]: ...

    async def audit_size(self) -> int: ...

    @property
    def audit_state(self) -> AuditState:
        """What the last check of the audit's chain found; `str` of it is the sentence to show."""
        ...

    async def totals(self, since: float) -> tuple[ModelTotal, ...]: ...

    async def set_override(self, override: Override) -> None:
        """Audited first, then in force. ValueError for an unknown model or scope."""
        ...

    async def clear_override(self, override_id: str) -> None: ...

    def service_command(self, name: str, verb: str) -> tuple[str, ...]: ...

    def streams_on(self, service: str) -> int:
        """How many of our own calls a restart of that service would cut."""
        ...

    async def service_action(self, name: str, verb: str) -> ServiceResult:
        """Audits, cancels our own streams on it, then acts."""
        ...

    async def service_logs(self, name: str, lines: int = 200) -> tuple[str, ...]: ...

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What the simulated fleet can play; empty on a real one."""
        ...

    async def play(self, fault: Fault) -> str:
        """Starts or ends a fault; returns what it did, for a toast."""
        ...
