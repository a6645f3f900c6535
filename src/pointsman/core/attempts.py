"""Did a reply help? Outcomes of replies, and what they mean for the next attempt at the same task (GR-004). Pure.

A task is a conversation with its retries: `Request.task`, else the conversation, else the request itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.request import Evidence, Request, Task


class Source(StrEnum):
    """Who said so."""

    USER = "user"
    CHECK = "check"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """One reply was good or not."""

    task: str
    request: str
    model: str
    good: bool
    source: Source
    at: float  # Unix seconds
    evidence: str | None = None  # id of the artifact, where there is one


def task_key(request: Request) -> str:
    return request.task or request.conversation or request.id


def failures(outcomes: Iterable[TaskOutcome]) -> int:
    """How many replies failed since the last good one; oldest first. A reply found bad twice failed once."""
    failed: set[str] = set()
    for outcome in outcomes:
        if outcome.good:
            failed.clear()
        else:
            failed.add(outcome.request)
    return len(failed)


def with_failures(task: Task, request: Request) -> Task:
    """The task with the failed attempts that were counted. What the caller stated wins."""
    count = request.failed_before
    if count <= 0 or request.facts.get("failed_attempts") is not None:
        return task
    why = f"{count} {'reply' if count == 1 else 'replies'} of this task failed since the last good one"
    evidence = Evidence(fact="failed_attempts", value=count, why=why)
    return replace(task, failed_attempts=count, evidence=(*task.evidence, evidence))


def told_of_outcome(outcome: TaskOutcome) -> AuditEvent:
    said = "good" if outcome.good else "failed"
    return AuditEvent(
        type=EventType.VERDICT,
        at=outcome.at,
        actor="user" if outcome.source is Source.USER else "router",
        text=f"reply of {outcome.model} {said}, says the {outcome.source}",
        request=outcome.request,
        model=outcome.model,
        rule=f"outcome-{outcome.source}",
        data={"task": outcome.task, "good": outcome.good, "source": str(outcome.source), "evidence": outcome.evidence},
    )
