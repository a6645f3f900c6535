"""What was said about replies, as rows: which attempt at a task failed, and which was good. Rows are only added."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from pointsman.adapters.store import audit_log
from pointsman.adapters.store.foreign import Line
from pointsman.core.attempts import Source, TaskOutcome


def put(connection: sqlite3.Connection, outcome: TaskOutcome, lines: Sequence[Line]) -> None:
    connection.execute(
        "INSERT INTO task_outcome (task, request, model, good, source, at, evidence) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            outcome.task,
            outcome.request,
            outcome.model,
            int(outcome.good),
            str(outcome.source),
            outcome.at,
            outcome.evidence,
        ),
    )
    audit_log.append(connection, lines)


def of_task(connection: sqlite3.Connection, task: str) -> tuple[TaskOutcome, ...]:
    """Oldest first, in the order they were said."""
    rows = connection.execute(
        "SELECT request, model, good, source, at, evidence FROM task_outcome WHERE task = ? ORDER BY id", (task,)
    )
    return tuple(
        TaskOutcome(
            task=task,
            request=request,
            model=model,
            good=bool(good),
            source=Source(source),
            at=at,
            evidence=evidence,
        )
        for request, model, good, source, at, evidence in rows
    )
