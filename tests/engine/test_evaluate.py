"""Grading by tasks with checkable answers."""

from __future__ import annotations

import pytest

from pointsman.core.grading import Code, Exact, Item
from pointsman.core.outcome import FailureKind
from pointsman.engine.bench import NotAnswered
from pointsman.engine.evaluate import Graded, evaluate, scores
from pointsman.ports import CodeVerdict
from support.worlds import World, fail, say


class PaperJudge:
    """Says what it was told to say, and remembers what it judged."""

    def __init__(self, passed: bool | None = True, problem: str | None = None) -> None:
        self.passed, self.trouble = passed, problem
        self.judged: list[str] = []

    async def problem(self) -> str | None:
        return self.trouble

    async def judge(self, code: Code, answer: str) -> CodeVerdict:
        self.judged.append(answer)
        return CodeVerdict(passed=self.passed, why="" if self.passed else "exit 1")


def item(id: str, kind: str = "general", accepted: str = "yes") -> Item:
    return Item(id=id, kind=kind, prompt="?", check=Exact(accepted=(accepted,)))


CODE = Item(id="c", kind="coding", prompt="write f", check=Code(function="f", tests=""))


async def graded(world: World, *items: Item, judge: PaperJudge | None = None):
    heard: list[Graded] = []
    async with world.engine as engine:
        model = world.fleet.models["coder"]
        quality = await evaluate(engine, model, items, "s-1", judge or PaperJudge(), world.clock, heard.append)
    return quality, heard


async def test_right_and_wrong_are_counted_by_kind_with_the_wrong_ones_named() -> None:
    world = World({"gpu": [say("ANSWER: yes"), say("ANSWER: no"), say("code")]})
    quality, heard = await graded(world, item("a"), item("b"), CODE)
    assert [(s.kind, s.right, s.items, s.wrong) for s in quality.scores] == [
        ("general", 1, 2, ("b",)),
        ("coding", 1, 1, ()),
    ]
    assert (quality.suite, quality.model_id, quality.at) == ("s-1", "coder-id", 1_000.0)
    assert [one.passed for one in heard] == [True, False, True]
    assert world.called() == ["gpu"] * 3 and len(world.store.settled) == 3


async def test_what_was_not_answered_is_neither_right_nor_wrong() -> None:
    world = World({"gpu": [say("yes"), fail(FailureKind.BAD_REQUEST, detail="no"), say("yes")]})
    quality, heard = await graded(world, item("a"), item("b"), item("c"))
    (score,) = quality.scores
    assert (score.right, score.items, score.skipped, score.percent) == (2, 2, 1, 100)
    assert heard[1].passed is None and heard[1].why
    assert set(world.called()) == {"gpu"}


async def test_where_no_code_can_be_run_none_is_asked_for() -> None:
    world, judge = World({"gpu": [say("yes")]}), PaperJudge(problem="no sandbox")
    quality, _ = await graded(world, CODE, CODE, CODE, item("a"), judge=judge)
    assert world.called() == ["gpu"] and judge.judged == []
    code, general = quality.scores
    assert (code.percent, code.skipped, general.percent) == (None, 3, 100)
    with pytest.raises(NotAnswered, match="no sandbox"):
        await graded(world, CODE, judge=judge)


async def test_a_model_that_answers_nothing_at_first_is_given_up() -> None:
    world = World({"gpu": [fail(FailureKind.BAD_REQUEST, detail="no")]})
    with pytest.raises(NotAnswered):
        await graded(world, *(item(str(n)) for n in range(9)))
    assert len(world.called()) == 3


def test_kinds_come_in_their_order() -> None:
    told = scores([Graded(item="1", kind="b", passed=True), Graded(item="2", kind="a", passed=False)])
    assert [score.kind for score in told] == ["b", "a"]
