"""Outcomes of replies in the store: with their audit line or not at all, and kept across rotation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pointsman.adapters.store import SqliteStore
from pointsman.adapters.store.segments import rotate
from pointsman.core.attempts import Source, TaskOutcome, told_of_outcome
from pointsman.ports import AuditQuery


def said(request: str, good: bool, task: str = "t", evidence: str | None = None) -> TaskOutcome:
    return TaskOutcome(
        task=task, request=request, model="m", good=good, source=Source.CHECK, at=1000.0, evidence=evidence
    )


async def keep(store: SqliteStore, *outcomes: TaskOutcome) -> None:
    for outcome in outcomes:
        await store.put_outcome(outcome, (told_of_outcome(outcome),))


async def test_outcomes_come_back_as_they_were_oldest_first(store: SqliteStore) -> None:
    outcomes = (said("a", False, evidence="e1"), said("b", True), said("c", False))
    await keep(store, *outcomes, said("x", False, task="other"))
    assert await store.outcomes("t") == outcomes
    assert await store.outcomes("nobody's") == ()
    assert [row.request for row in await store.audit(AuditQuery(type="verdict"))] == ["x", "c", "b", "a"]


async def test_another_process_sees_them(store: SqliteStore, open_store: Callable[[], Awaitable[SqliteStore]]) -> None:
    await keep(store, said("a", False))
    async with await open_store() as other:
        assert await other.outcomes("t") == (said("a", False),)


async def test_an_outcome_without_its_line_is_not_kept(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from pointsman.adapters.store import outcomes

    def fail(*_: object) -> None:
        raise ValueError("no line")

    monkeypatch.setattr(outcomes.audit_log, "append", fail)
    with pytest.raises(ValueError, match="no line"):
        await keep(store, said("a", False))
    assert await store.outcomes("t") == ()


async def test_rotation_keeps_them(state_dir: Path, open_store: Callable[[], Awaitable[SqliteStore]]) -> None:
    async with await open_store() as store:
        await keep(store, said("a", False), said("b", False))
    rotate(state_dir, None, 2000.0)
    async with await open_store() as store:
        assert await store.outcomes("t") == (said("a", False), said("b", False))
