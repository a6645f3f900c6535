"""The result of routing: a ladder of models to try, every other model with its reason, and what the user must know."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.fleet import Locality
from pointsman.core.request import Task
from pointsman.core.rules import Code, Notice
from pointsman.core.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder: a model to try, and why it stands here."""

    model: str
    endpoint: str
    locality: Locality
    why: str
    context: int | None = None  # tokens, the live figure where there is one
    max_output: int = 4096  # tokens asked for and reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    model: str
    code: Code
    why: str
    retry_at: float | None = None  # Unix seconds, where time alone would mend it


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something the user must be told about a decision."""

    notice: Notice
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """ladder + rejected = every model of the fleet. An empty ladder means blocked; `blocked` then says why."""

    id: str
    policy: str
    policy_rev: str
    request: str
    task: Task
    role: str
    rule: str
    rule_why: str
    band: str
    usage: Usage | None  # the binding budget
    ladder: tuple[Rung, ...]
    rejected: tuple[Rejection, ...]
    notices: tuple[Told, ...] = ()
    default_model: str | None = None  # what the role would take with everything free and well
    escalated: str | None = None  # the trigger that held
    blocked: str | None = None
    retry_at: float | None = None
    workflow: str | None = None  # "plan": the user approves a plan before the role does the work
    judge_required: bool = False  # high risk: nothing of it is approved without a cloud judge's verdict (GR-002)

    @property
    def model(self) -> str | None:
        return self.ladder[0].model if self.ladder else None

    @property
    def endpoint(self) -> str | None:
        return self.ladder[0].endpoint if self.ladder else None

    def why(self) -> str:
        """One line for the head of a reply."""
        if not self.ladder:
            return self.blocked or "blocked"
        return f"{self.task.kind} → {self.role} ({self.rule}): {self.ladder[0].why}"
