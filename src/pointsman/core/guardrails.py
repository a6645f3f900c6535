"""The guardrails of document 002 §7 by their codes: what each demands, and the ones that a decision itself must tell.

Pure. Must never let anything approve but a judge in the cloud: `may_approve` is the only place that says who may.
"""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.decision import Told
from pointsman.core.fleet import Fleet, Locality, Role
from pointsman.core.request import Task
from pointsman.core.rules import Notice
from pointsman.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """`demands` in the document's sense, `held_by` the mechanism here."""

    code: str
    demands: str
    held_by: str


GUARDRAILS = (
    Guardrail(
        code="GR-001",
        demands="no consensus: no votes, committees or merged answers on the way of a request",
        held_by="one ladder, walked one model at a time; configuration has no key for voting and says so",
    ),
    Guardrail(
        code="GR-002",
        demands="high-risk work needs a cloud judge",
        held_by="every high-risk decision carries `judge_required`; guarded roles leave no such work to a local model",
    ),
    Guardrail(
        code="GR-003",
        demands="local models cannot approve",
        held_by="only a role with `judge = true`, answered in the cloud, may record an approval",
    ),
    Guardrail(
        code="GR-004",
        demands="escalation is deterministic",
        held_by="`decide` is a pure function of recorded inputs; triggers are conditions over facts",
    ),
    Guardrail(
        code="GR-005",
        demands="no silent degradation",
        held_by="a pick other than the role's own is a notice and an audit line, and waits for that line",
    ),
    Guardrail(
        code="GR-006",
        demands="compiler and tests are the truth",
        held_by="failed checks escalate whatever confidence was claimed; a verdict never outweighs a failed check",
    ),
    Guardrail(
        code="GR-007",
        demands="evidence artifacts",
        held_by="a verdict without cited evidence is an invalid output; checks leave artifacts tied to the request",
    ),
    Guardrail(
        code="GR-008",
        demands="syntheses are grounded in citations, none of them invented",
        held_by='a role that emits "cited" must quote what stands in the request, word for word',
    ),
    Guardrail(
        code="GR-009",
        demands="`local_only` forbids every cloud call",
        held_by="cloud models are rejected, relays included; an override can only add the rule",
    ),
    Guardrail(
        code="GR-010",
        demands="tools run in a sandbox",
        held_by="checks run by argv, under limits, in the directory the user named",
    ),
    Guardrail(
        code="GR-011",
        demands="budget caps are enforced by the router",
        held_by="the worst case must fit every budget before a call; reserved and settled in one transaction",
    ),
    Guardrail(
        code="GR-012",
        demands="structured output for automation",
        held_by='an answer that is not valid for what its role `emits` is a failed attempt ("invalid_output")',
    ),
    Guardrail(
        code="GR-013",
        demands="escalations record their provenance",
        held_by="the step-up line names time, request, role, from, to, trigger and the facts' evidence",
    ),
)


def needs_judge(fleet: Fleet, task: Task, role: Role) -> bool:
    """Is a verdict needed before anything of this task is approved? Not of the judge's own work."""
    return task.high_risk and not role.judge and judge_role(fleet) is not None


def judge_role(fleet: Fleet) -> Role | None:
    """The role that gives verdicts: the first judge of the policy."""
    return next((role for role in fleet.roles.values() if role.judge), None)


def told_of_judge(fleet: Fleet, task: Task, role: Role, snapshot: Snapshot) -> tuple[Told, ...]:
    judge = judge_role(fleet)
    if judge is None or not needs_judge(fleet, task, role):
        return ()
    text = f"high-risk ({', '.join(task.risk) or 'stated by the caller'}): approval needs a verdict of {judge.name}"
    if snapshot.cloud_forbidden:
        text += ", which computes in the cloud, and local_only (GR-009) forbids that: nothing can be approved"
    return (Told(notice=Notice.JUDGE, text=text),)


def may_approve(role: Role, locality: Locality) -> str | None:
    """None if an answer of this role, computed there, may be recorded as an approval; else the rule it breaks."""
    if not role.judge:
        return f"role {role.name} is no judge: it cannot approve (GR-002)"
    if locality is not Locality.CLOUD:
        return "a local model cannot approve (GR-003)"
    return None
