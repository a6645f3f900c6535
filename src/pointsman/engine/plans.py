"""What is told before something is done to a service or a model, for the confirmation. Values only."""

from __future__ import annotations

from dataclasses import dataclass


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
    roles: tuple[RoleEffect, ...] = ()
    last_at: float | None = None  # Unix seconds, of the last start or restart from here
    typical_s: float | None = None  # from there to healthy, median of the past ones
    refusal: str | None = None
    wait_s: float | None = None  # after which a refusal for want of patience ends


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedAction:
    """The one thing that would help now, for one key."""

    service: str
    verb: str
    argv: tuple[str, ...]
    why: str
