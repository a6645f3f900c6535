"""A decision in words, for a terminal: the model first, then everything that led to it."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.core.decision import Decision
from pointsman.core.plain_text import one_line
from pointsman.core.request import Task
from pointsman.verbs import say


def explain(decision: Decision) -> None:
    say.data(f"{decision.model} on {decision.endpoint}" if decision.ladder else "blocked: no model may answer")
    for head, text in _facts(decision):
        say.data(f"  {head:9} {one_line(text)}")
    for told in decision.notices:
        say.data(f"  {'notice':9} {one_line(told.text)}")
    for number, rung in enumerate(decision.ladder, start=1):
        say.data(f"  {'ladder' if number == 1 else '':9} {number}. {rung.model} ({rung.locality}): {rung.why}")
    for number, rejection in enumerate(decision.rejected):
        say.data(f"  {'rejected' if number == 0 else '':9} {rejection.model} [{rejection.code}] {rejection.why}")


def _facts(decision: Decision) -> Iterator[tuple[str, str]]:
    yield "why", decision.why()
    yield "task", _task(decision.task)
    for one in decision.task.evidence:
        yield "", f"{one.fact} = {one.value}: {one.why}"
    yield "role", f"{decision.role}, by rule {decision.rule} ({decision.rule_why})"
    yield "policy", f"{decision.policy} ({decision.policy_rev})"
    usage = decision.usage
    yield "band", decision.band + (f" ({usage.budget} at {usage.percent} %)" if usage is not None else "")


def _task(task: Task) -> str:
    risk = f", high risk ({', '.join(task.risk) or 'stated'})" if task.high_risk else ""
    return f"{task.kind}, complexity {task.complexity}/10, about {task.tokens:,} tokens{risk}"
