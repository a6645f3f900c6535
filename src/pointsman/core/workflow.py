"""Plan, compare, ask the user, do, check: the stages of bigger work (documents 001, 002 §2) as a state machine. Pure.

One model at a time; nothing is voted on, and a second opinion only annotates (GR-001). What is to be done in a stage
is the engine's; what comes next is decided here, from the outcomes alone (GR-004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from pointsman.core.fleet import Fleet, Role

MOST_ATTEMPTS = 3  # replies of one task until its check passes


class Stage(StrEnum):
    PLAN = "plan"
    COMPARE = "compare"
    APPROVE = "approve"  # the user is asked; nothing is sent meanwhile
    WORK = "specialist"
    CHECK = "check"
    DONE = "done"
    REJECTED = "rejected"
    STOPPED = "stopped"


ENDS = frozenset({Stage.DONE, Stage.REJECTED, Stage.STOPPED})


class Happened(StrEnum):
    ANSWERED = "answered"
    FAILED = "failed"  # no answer
    APPROVED = "approved"
    REJECTED = "rejected"
    PASSED = "passed"
    NOT_PASSED = "not-passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Where the work stands. `attempts` counts the specialist's replies, the one under way included."""

    stage: Stage
    checks: bool = False  # a check follows each reply of the specialist
    planned: bool = True  # False: quick work, which skips the plan
    attempts: int = 0
    most: int = MOST_ATTEMPTS

    @property
    def stages(self) -> tuple[Stage, ...]:
        plan = (Stage.PLAN, Stage.COMPARE, Stage.APPROVE) if self.planned else ()
        return (*plan, Stage.WORK, *((Stage.CHECK,) if self.checks else ()))

    @property
    def number(self) -> int:
        """1-based place of the stage; that of the last one once it is over."""
        return self.stages.index(self.stage) + 1 if self.stage in self.stages else len(self.stages)

    @property
    def over(self) -> bool:
        return self.stage in ENDS


def begin(*, planned: bool, checks: bool, most: int = MOST_ATTEMPTS) -> Flow:
    flow = Flow(stage=Stage.PLAN, planned=planned, checks=checks, most=most)
    return flow if planned else replace(flow, stage=Stage.WORK, attempts=1)


# A second opinion that does not come is no reason to stop: it could only have annotated.
_NEXT: Mapping[tuple[Stage, Happened], Stage] = MappingProxyType(
    {
        (Stage.PLAN, Happened.ANSWERED): Stage.COMPARE,
        (Stage.PLAN, Happened.FAILED): Stage.STOPPED,
        (Stage.COMPARE, Happened.ANSWERED): Stage.APPROVE,
        (Stage.COMPARE, Happened.FAILED): Stage.APPROVE,
        (Stage.APPROVE, Happened.APPROVED): Stage.WORK,
        (Stage.APPROVE, Happened.REJECTED): Stage.REJECTED,
        (Stage.WORK, Happened.FAILED): Stage.STOPPED,
        (Stage.CHECK, Happened.PASSED): Stage.DONE,
    }
)


def advance(flow: Flow, happened: Happened) -> Flow:
    """What comes next. Raises ValueError for what cannot happen there, such as work without the user's approval."""
    following = _NEXT.get((flow.stage, happened)) or _next_of_work(flow, happened)
    if following is None:
        raise ValueError(f"{happened} cannot happen in stage {flow.stage}")
    begun = following is Stage.WORK
    return replace(flow, stage=following, attempts=flow.attempts + begun)


def _next_of_work(flow: Flow, happened: Happened) -> Stage | None:
    if (flow.stage, happened) == (Stage.WORK, Happened.ANSWERED):
        return Stage.CHECK if flow.checks else Stage.DONE
    if (flow.stage, happened) == (Stage.CHECK, Happened.NOT_PASSED):
        return Stage.WORK if flow.attempts < flow.most else Stage.STOPPED
    return None


def planner_of(fleet: Fleet, worker: Role) -> Role:
    """Who plans what that role will do: whom it names, else the first that emits plans, else the role itself."""
    named = fleet.roles.get(worker.planned_by or "")
    if named is not None:
        return named
    return next((role for role in fleet.roles.values() if role.emits == "plan.json"), worker)


def opinion_role(fleet: Fleet, worker: Role) -> Role | None:
    """The role under which a second opinion is asked: one that answers in free text."""
    candidates = (fleet.roles.get("critic"), fleet.roles.get("reviewer"), worker, fleet.roles.get(fleet.default_role))
    return next((role for role in candidates if role is not None and role.emits is None and not role.handled_by), None)
