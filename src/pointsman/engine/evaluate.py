"""Grades a model by tasks with checkable answers. Each is asked as anybody asks; no answer of another model is graded.

A task that could not be asked or judged is skipped and counted as such: it is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pointsman.core.fleet import Model
from pointsman.core.grading import Code, Item
from pointsman.core.measured import Quality, Score
from pointsman.engine.bench import Asking, NotAnswered, ask_one
from pointsman.ports import Clock, CodeJudge, CodeVerdict

OUTPUT = 4096  # tokens of an answer, thinking included
_GIVEN_UP = 3  # tasks in a row without an answer: then the model does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One task's result. `passed` None: skipped, `why` says why; for a wrong one it says what was wrong with it."""

    item: str
    kind: str
    passed: bool | None
    why: str = ""  # may quote what the model's code printed: untrusted


Heard = Callable[[Graded], None]


async def evaluate(
    console: Asking, model: Model, items: Sequence[Item], suite: str, judge: CodeJudge, clock: Clock, hear: Heard
) -> Quality:
    """Raises NotAnswered if the first tasks in a row get no answer at all."""
    graded: list[Graded] = []
    no_sandbox = await judge.problem() if any(isinstance(item.check, Code) for item in items) else None
    asked = 0
    for item in items:
        if no_sandbox is not None and isinstance(item.check, Code):  # asking would cost something and tell nothing
            graded.append(Graded(item=item.id, kind=item.kind, passed=None, why=no_sandbox))
        else:
            graded.append(await _grade(console, model, item, judge))
            asked += 1
            if asked == _GIVEN_UP and all(each.passed is None for each in graded):
                raise NotAnswered(graded[-1].why)
        hear(graded[-1])
    if not asked and no_sandbox is not None:
        raise NotAnswered(no_sandbox)
    return Quality(
        model=model.name,
        model_id=model.id,
        endpoint=model.endpoint,
        at=clock.now(),
        suite=suite,
        scores=scores(graded),
        simulated=console.fleet.endpoint_of(model).simulated,
    )


async def _grade(console: Asking, model: Model, item: Item, judge: CodeJudge) -> Graded:
    try:
        answer = await ask_one(console, model, item.prompt, OUTPUT)
    except NotAnswered as silent:
        return Graded(item=item.id, kind=item.kind, passed=None, why=str(silent))
    verdict = await _verdict(item, answer.text, judge)
    return Graded(item=item.id, kind=item.kind, passed=verdict.passed, why=verdict.why)


async def _verdict(item: Item, answer: str, judge: CodeJudge) -> CodeVerdict:
    if isinstance(item.check, Code):
        return await judge.judge(item.check, answer)
    holds = item.check.holds(answer)
    return CodeVerdict(passed=holds, why="" if holds else "not the answer, or not in the form that was asked for")


def scores(graded: Sequence[Graded]) -> tuple[Score, ...]:
    """One for each kind, in the order in which kinds first come."""
    return tuple(_score(kind, [g for g in graded if g.kind == kind]) for kind in dict.fromkeys(g.kind for g in graded))


def _score(kind: str, graded: Sequence[Graded]) -> Score:
    judged = [each for each in graded if each.passed is not None]
    wrong = tuple(each.item for each in judged if not each.passed)
    return Score(
        kind=kind, right=len(judged) - len(wrong), items=len(judged), skipped=len(graded) - len(judged), wrong=wrong
    )
