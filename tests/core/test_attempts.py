"""What outcomes add up to."""

from __future__ import annotations

import pytest

from pointsman.core.attempts import Source, TaskOutcome, failures, task_key, with_failures
from pointsman.core.request import Request, Task


def said(request: str, good: bool) -> TaskOutcome:
    return TaskOutcome(task="t", request=request, model="m", good=good, source=Source.CHECK, at=0.0)


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        ((), 0),
        ((("a", False),), 1),
        ((("a", False), ("b", False)), 2),
        ((("a", False), ("a", False)), 1),  # found bad twice, failed once
        ((("a", False), ("b", True)), 0),
        ((("a", False), ("b", True), ("c", False)), 1),
        ((("a", True), ("a", False)), 1),  # a user's second thought
        ((("a", False), ("a", True), ("a", False)), 1),
    ],
)
def test_failures_are_replies_since_the_last_good_one(outcomes: tuple[tuple[str, bool], ...], count: int) -> None:
    assert failures(said(request, good) for request, good in outcomes) == count


@pytest.mark.parametrize(
    ("more", "key"),
    [({}, "r"), ({"conversation": "c"}, "c"), ({"conversation": "c", "task": "t"}, "t"), ({"task": "t"}, "t")],
)
def test_a_task_is_stated_or_its_conversation_or_the_request_itself(more: dict[str, str], key: str) -> None:
    assert task_key(Request(id="r", messages=(), **more)) == key


def test_counted_failures_become_a_fact_with_its_reason() -> None:
    task = with_failures(Task(), Request(id="r", messages=(), failed_before=2))
    assert task.failed_attempts == 2
    assert task.evidence[-1].why == "2 replies of this task failed since the last good one"


@pytest.mark.parametrize("stated", [0, 1, 5])
def test_a_stated_figure_stands(stated: int) -> None:
    request = Request(id="r", messages=(), failed_before=2, facts={"failed_attempts": stated})
    assert with_failures(Task(failed_attempts=stated), request).failed_attempts == stated
