"""Words and exit codes for what a workflow tells: stages, plans, checks, verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pointsman.core.checks import OUTPUT_KEPT, CheckRun
from pointsman.engine import events
from pointsman.verbs import say
from pointsman.verbs.mistakes import BLOCKED, DONE, FAILED

_OUTPUT_LINES = 15  # the last ones, of a check that failed


def tell_stage(event: events.StageBegan) -> None:
    say.tell(f"[{event.number}/{event.of} {event.stage}] {event.text}")


def tell_check(event: events.CheckEnded) -> None:
    run, checked = event.checked.run, event.checked
    if not run.passed:
        for line in run.output[-OUTPUT_KEPT:].splitlines()[-_OUTPUT_LINES:]:
            say.tell(f"  {line}")
    kept = f"evidence {checked.evidence}" if checked.evidence is not None else f"no evidence kept: {checked.lost}"
    count = f" · {event.failed} failed so far" if event.failed else ""
    say.tell(f"check {_word(run)} ({run.ending()}) in {run.seconds:.1f} s · {kept}{count}")
    if not run.sandboxed and run.guarantee:
        say.tell(f"note: {run.guarantee}")


def _word(run: CheckRun) -> str:
    if not run.started:
        return "not run"
    return "passed" if run.passed else "failed"


def tell_plan(event: events.PlanReady) -> None:
    """Who planned, and what the second model notes; the plan's own words are data."""
    if event.opinion:
        say.tell(f"{event.opinion_by} notes (it decides nothing):")
        for line in event.opinion.splitlines():
            say.tell(f"  {line}")
    if event.judge_required:
        say.tell("notice: high-risk: nothing of it is approved without a cloud judge's verdict (GR-002)")
    say.tell(f"plan by {event.planner}; nothing is sent before you approve it")


def tell_verdict(event: events.Judged) -> None:
    ruling = event.ruling
    for reason in ruling.reasons:
        say.tell(f"  {reason}")
    for citation in ruling.evidence:
        say.tell(f"  “{citation.quote}” ({citation.source})")
    code = f" [{ruling.code}]" if ruling.code is not None else ""
    by = f" by {event.judge}" if event.judge is not None else ""
    say.tell(f"{'approved' if ruling.approved else 'NOT approved'}{by}{code}: {ruling.why}")
    if not event.recorded:
        say.tell("it is not recorded, because the audit cannot be written: it does not count")


def code_of(event: events.EngineEvent) -> int | None:
    """The exit code if this were the last event; None if it does not change what there was."""
    if isinstance(event, events.Answered):
        return DONE
    if isinstance(event, events.Blocked):
        return BLOCKED if event.by_policy else FAILED
    if isinstance(event, events.PlanReady):
        return BLOCKED
    if isinstance(event, events.CheckEnded):
        return DONE if event.checked.run.passed else FAILED
    if isinstance(event, events.Judged):
        return DONE if event.ruling.approved and event.recorded else FAILED
    return FAILED if isinstance(event, events.Cancelled) else None


Hear = Callable[[events.EngineEvent], None]


@dataclass(slots=True)
class LastAnswer:
    """Holds an answer back until nothing more will follow, so that a pipe gets one answer and not every attempt."""

    hear_now: Hear
    _stage: str = "specialist"
    _held: events.Answered | None = None

    def hear(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.StageBegan):
            self._stage = event.stage
        if isinstance(event, events.Answered) and self._stage == "specialist":
            self._held = event
        else:
            self.hear_now(event)

    def end(self) -> None:
        if self._held is not None:
            self.hear_now(self._held)
            self._held = None
