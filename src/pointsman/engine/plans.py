"""What is told before something is done to a service or a model, and what a door may ask for. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pointsman.core.memory import Fit
from pointsman.core.snapshot import RestartProgress
from pointsman.ports import ServiceResult, StartLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEffect:
    """A role that works through the service, and who takes its work meanwhile. None: nobody can."""

    role: str
    takes_over: str | None
    why: str  # of the decision


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPlan:
    """Everything a confirmation names. `refusal`: why it would not be done now."""

    service: str
    verb: str
    argv: tuple[str, ...]
    streams: int  # of ours, that it would cut
    oldest_s: float | None = None  # how long the oldest of them has been running
    roles: tuple[RoleEffect, ...] = ()
    last_at: float | None = None  # Unix seconds, of the last start or restart from here
    typical_s: float | None = None  # from there to healthy, median of the past ones
    refusal: str | None = None
    wait_s: float | None = None  # after which a refusal for want of patience ends
    limit: StartLimit | None = None  # of its manager, which gives up what is started more often
    recent: int = 0  # starts from here that count against it


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedAction:
    """The one thing that would help now, for one key."""

    service: str
    verb: str
    argv: tuple[str, ...]
    why: str


class MachineDesk(Protocol):
    """Services and models in memory. Names that are not configured raise KeyError (services), ValueError (models)."""

    async def restart_plan(self, name: str, verb: str = "restart") -> RestartPlan:
        """What a start or restart would mean, for the confirmation."""
        ...

    async def restart(self, name: str, verb: str = "restart", *, when_idle: bool = False) -> RestartProgress:
        """Does it and watches until it is healthy or surely not; the stages are on `Snapshot.restarts` meanwhile.
        `when_idle`: our own streams on it may end first. Cancelling stops the watching, not the service."""
        ...

    @property
    def suggested_action(self) -> SuggestedAction | None:
        """For one key: a service that is down although a role needs it."""
        ...

    def model_request(self, name: str, verb: str, seconds: float | None = None) -> str:
        """What `load`, `keep` or `unload` would send, for the confirmation; empty if the server cannot be told."""
        ...

    async def load_model(self, name: str) -> ServiceResult: ...

    async def keep_model(self, name: str, seconds: float | None) -> ServiceResult:
        """In memory that long after its last use, None until it is unloaded; loads it if need be."""
        ...

    async def unload_model(self, name: str) -> ServiceResult:
        """Out of memory; its files stay."""
        ...

    def fits(self) -> tuple[Fit, ...]:
        """Every local model of the fleet on this machine, alone and in pairs."""
        ...
