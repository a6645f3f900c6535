"""A plan that waits for the user, and the audit lines of its life. Pure values; the stages are in `core.workflow`."""

from __future__ import annotations

from dataclasses import dataclass, field

from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.checks import CheckOrder, sha256_of
from pointsman.core.decision import Decision
from pointsman.core.request import Request
from pointsman.core.workflow import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`decision`: who would do the work, as decided when the plan was opened."""

    id: str
    request: Request
    decision: Decision
    flow: Flow
    planner: str  # model
    text: str = field(repr=False)  # untrusted
    order: CheckOrder | None = None


def told_of_plan(plan: Plan, what: str, at: float) -> AuditEvent:
    """`what` is opened, approved or rejected. Of the plan's text only the hash is kept."""
    return AuditEvent(
        type=EventType.PLAN,
        at=at,
        actor="router" if what == "opened" else "user",
        text=f"plan by {plan.planner} {what}, for {plan.decision.role}",
        request=plan.request.id,
        model=plan.planner,
        rule=f"plan-{what}",
        data={
            "plan": plan.id,
            "sha256": sha256_of(plan.text),
            "role": plan.decision.role,
            "stage": str(plan.flow.stage),
        },
    )
