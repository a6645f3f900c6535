"""The memory of similar tasks in the engine: asked before a decision, taught by verdicts, never able to stop a call."""

from __future__ import annotations

from dataclasses import dataclass, field

from pointsman.core.request import Request, Task
from pointsman.core.similar import SimilarEvidence
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.ports import StoreUnavailable
from support.fleets import ask, small_fleet
from support.worlds import StillHost, World

SEEN = SimilarEvidence(model="flash", good=40, total=40, lower=0.91)


@dataclass
class PaperMemory:
    """Answers what it is told, and writes down what it is taught."""

    says: SimilarEvidence | None = None
    broken: bool = False
    remembered: list[str] = field(default_factory=list)
    verdicts: list[tuple[str, str, bool]] = field(default_factory=list)

    async def recall(self, task: Task, text: str) -> SimilarEvidence | None:
        if self.broken:
            raise StoreUnavailable("disk on fire")
        return self.says

    async def remember(self, request: str, task: Task, text: str, at: float) -> None:
        if self.broken:
            raise StoreUnavailable("disk on fire")
        self.remembered.append(request)

    async def record(self, request: str, model: str, good: bool, at: float) -> bool:
        if self.broken:
            raise StoreUnavailable("disk on fire")
        self.verdicts.append((request, model, good))
        return request in self.remembered

    async def aclose(self) -> None: ...


def opened(memory: PaperMemory | None, similar_tasks: bool = True) -> tuple[World, Engine]:
    world = World(fleet=small_fleet(similar_tasks=similar_tasks))
    engine = Engine(
        fleet=world.fleet,
        backends=world.backends,
        store=world.store,
        prober=world.prober,
        host=StillHost(),
        services=world.services,
        clock=world.clock,
        monitor=False,
        memory=memory,
    )
    world.engine = engine
    return world, engine


def code(**more: object) -> Request:
    return ask("write a parser", **{"facts": {"kind": "coding", "tokens": 100}, **more})


async def served(engine: Engine, request: Request) -> events.EngineEvent:
    return [event async for event in engine.submit(request)][-1]


async def test_the_memory_is_asked_before_the_decision_and_shown_in_the_audit() -> None:
    """The remembered model answers, and the decision's line has the evidence among its inputs."""
    world, engine = opened(PaperMemory(SEEN))
    async with engine:
        answered = await served(engine, code())
    assert isinstance(answered, events.Answered) and answered.attempt.model == "flash"
    (line,) = [line for line in world.store.lines if line.type == "decision"]
    assert line.data["inputs"]["similar"] == {"model": "flash", "good": 40, "total": 40, "lower": 0.91}  # type: ignore[index]


async def test_a_verdict_is_kept_for_a_request_that_was_remembered() -> None:
    """Served, remembered, judged."""
    memory = PaperMemory()
    _, engine = opened(memory)
    async with engine:
        await served(engine, code())
        assert await engine.learn("r1", "coder", True)
        assert not await engine.learn("never-asked", "coder", True)
    assert memory.remembered == ["r1"] and memory.verdicts[0] == ("r1", "coder", True)


async def test_a_thumb_on_a_reply_teaches_it_also_one_of_an_earlier_run_and_the_opposite_undoes_it() -> None:
    """Each is an outcome with its audit line; the count of failures ends with a good one."""
    memory = PaperMemory()
    world, engine = opened(memory)
    async with engine:
        await served(engine, code())
        engine.adopt(ask("of yesterday", id="r0", conversation="c1"), "flash", "an answer")
        counts = [await engine.judge_reply(*said) for said in (("r1", True), ("r0", False), ("r0", True))]
    assert memory.verdicts == [("r1", "coder", True), ("r0", "flash", False), ("r0", "flash", True)]
    assert counts == [0, 1, 0]
    assert [line.text for line in world.store.lines if line.type == "verdict"] == [
        "reply of coder good, says the user",
        "reply of flash failed, says the user",
        "reply of flash good, says the user",
    ]


async def test_explain_knows_what_was_looked_up_for_the_same_prompt() -> None:
    """`explain` cannot wait: `recall` looks first, and a decision that was made has looked already."""
    memory = PaperMemory(SEEN)
    _, engine = opened(memory)
    async with engine:
        assert engine.explain(code()).model == "coder"
        assert await engine.recall(code()) == SEEN
        assert engine.explain(code()).model == "flash"
        assert engine.explain(code(), {"local_only": "true"}).model == "coder"
    assert memory.remembered == []


async def test_a_broken_memory_costs_a_preference_and_never_a_call() -> None:
    """The rules decide, and a banner says why."""
    memory = PaperMemory(SEEN, broken=True)
    _, engine = opened(memory)
    async with engine:
        answered = await served(engine, code())
        assert isinstance(answered, events.Answered) and answered.attempt.model == "coder"
        assert any("memory of similar tasks" in banner and "disk on fire" in banner for banner in engine.banners)
        assert not await engine.learn("r1", "coder", True)
        memory.broken = False
        await engine.recall(code())
        assert engine.banners == ()


async def test_a_policy_that_does_not_want_it_is_not_asked_nor_remembered() -> None:
    """`similar_tasks = false`: not a single fingerprint."""
    memory = PaperMemory(SEEN)
    _, engine = opened(memory, similar_tasks=False)
    async with engine:
        answered = await served(engine, code())
    assert isinstance(answered, events.Answered) and answered.attempt.model == "coder"
    assert memory.remembered == []
