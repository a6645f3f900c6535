"""Plan, compare, approval, work, check; the judge and the critic: who is called when, and what is recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pointsman.adapters.structured import StructuredOutputs
from pointsman.core.fleet import Fleet, Route
from pointsman.core.outcome import FailureKind
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine import events
from pointsman.ports import Text
from support.checking import PaperChecker, PaperEvidence, run, setting
from support.fleets import FLEET_ROLES, ROUTES, ask, small_fleet, when
from support.worlds import World, fail, heard, say

K = FailureKind
FACTS = {"kind": "coding", "tokens": 100, "high_risk": False, "lines": 400, "files": 5}


def big(**more: object) -> object:
    return ask("build a new app", **{"id": "r1", "conversation": "c1", "facts": FACTS, **more})


async def told(stream: AsyncIterator[events.EngineEvent]) -> list[events.EngineEvent]:
    return [event async for event in stream]


def planned_fleet(**changes: object) -> Fleet:
    """The implementer's plans are the thinker's, and big coding work opens one."""
    roles = {**FLEET_ROLES, "implementer": replace(FLEET_ROLES["implementer"], planned_by="thinker")}
    opens = Route(name="big-code", role="implementer", when=when(kind="coding", files=">1"), workflow="plan")
    return small_fleet(**{"roles": roles, "routes": (opens, *ROUTES), **changes})


def world_of_plans(**more: object) -> World:
    scripts = {"anthropic": [say("the plan"), say("mind the parser")], "gpu": [say("the code")]}
    return World(**{"scripts": scripts, "fleet": planned_fleet(), **more})


# --- plan ----------------------------------------------------------------------------------------------------------


async def test_a_plan_is_made_compared_and_waits_with_nothing_sent_to_the_specialist() -> None:
    world = world_of_plans()
    async with world.engine:
        seen = await told(world.engine.plan(big()))  # type: ignore[arg-type]
        ready = seen[-1]
        assert isinstance(ready, events.PlanReady)
        assert (ready.text, ready.planner, ready.opinion, ready.opinion_by) == (
            "the plan",
            "opus",
            "mind the parser",
            "sonnet",
        )
        assert world.called() == ["anthropic", "anthropic"]
        assert [(e.stage, e.number) for e in seen if isinstance(e, events.StageBegan)] == [
            ("plan", 1),
            ("compare", 2),
            ("approve", 3),
        ]
        done = await told(world.engine.approve(ready.plan))
    assert isinstance(done[-1], events.Answered) and done[-1].text == "the code"
    work = world.backends["gpu"].calls[0].messages[-1].text
    assert work.startswith("build a new app\n") and "the plan" in work and "mind the parser" not in work
    assert [line.rule for line in world.store.lines if line.type == "plan"] == ["plan-opened", "plan-approved"]


async def test_one_model_is_asked_at_a_time() -> None:
    """GR-001: no two calls of a workflow are ever under way together, and nobody votes."""
    most = 0
    world = world_of_plans()

    async def look() -> None:
        nonlocal most
        most = max(most, len(world.store.open))

    for backend in world.backends.values():
        backend.scripts[:] = [(look, *script) for script in backend.scripts]
    async with world.engine:
        ready = (await told(world.engine.plan(big())))[-1]  # type: ignore[arg-type]
        assert isinstance(ready, events.PlanReady)
        await told(world.engine.approve(ready.plan))
    assert most == 1


async def test_a_rejected_plan_never_reaches_the_specialist() -> None:
    world = world_of_plans()
    async with world.engine:
        ready = (await told(world.engine.plan(big())))[-1]  # type: ignore[arg-type]
        assert isinstance(ready, events.PlanReady)
        await world.engine.reject(ready.plan)
        with pytest.raises(ValueError, match="no plan"):
            world.engine.approve(ready.plan)
        with pytest.raises(ValueError, match="no plan"):
            await world.engine.reject(ready.plan)
    assert world.called() == ["anthropic", "anthropic"]
    assert world.store.lines[-1].rule == "plan-rejected"


async def test_a_plan_can_be_approved_once() -> None:
    world = world_of_plans()
    async with world.engine:
        ready = (await told(world.engine.plan(big())))[-1]  # type: ignore[arg-type]
        assert isinstance(ready, events.PlanReady)
        await told(world.engine.approve(ready.plan))
        with pytest.raises(ValueError, match="no plan"):
            world.engine.approve(ready.plan)
    assert world.called().count("gpu") == 1


async def test_a_planner_that_fails_ends_it() -> None:
    bad = [fail(K.BAD_REQUEST, detail="no")]
    world = world_of_plans(scripts={"anthropic": bad})
    async with world.engine:
        seen = await told(world.engine.plan(big()))  # type: ignore[arg-type]
    assert isinstance(seen[-1], events.Blocked) and "gpu" not in world.called()


async def test_a_second_opinion_that_does_not_come_only_leaves_its_notes_out() -> None:
    world = world_of_plans(scripts={"anthropic": [say("the plan"), fail(K.BAD_REQUEST, detail="no")]})
    async with world.engine:
        ready = (await told(world.engine.plan(big())))[-1]  # type: ignore[arg-type]
    assert isinstance(ready, events.PlanReady) and ready.opinion == "" and ready.opinion_by is None


async def test_without_a_second_model_the_stage_says_so() -> None:
    base = planned_fleet()
    only = {**base.roles, "thinker": replace(base.roles["thinker"], fallbacks=())}
    only["implementer"] = replace(only["implementer"], primary="opus", fallbacks=(), escalate_to=(), escalate_when=())
    world = world_of_plans(fleet=replace(base, roles=only, default_role="implementer"))
    async with world.engine:
        seen = await told(world.engine.plan(big()))  # type: ignore[arg-type]
    said = [e.text for e in seen if isinstance(e, events.StageBegan) and e.stage == "compare"]
    assert said == ["no second model may give its opinion now"] and isinstance(seen[-1], events.PlanReady)


async def test_the_policy_opens_a_plan_for_its_work_unless_it_is_quick_or_waived() -> None:
    opens = Route(name="all-code", role="implementer", when=when(kind="coding"), workflow="plan")
    world = world_of_plans(fleet=planned_fleet(routes=(opens,)))
    async with world.engine:
        big_work = await heard(world, big())
        assert isinstance(big_work[-1], events.PlanReady) and "gpu" not in world.called()
        waived = await heard(world, big(id="r2", planned=True))
        assert isinstance(waived[-1], events.Answered) and waived[-1].attempt.model == "coder"
        quick = await heard(world, ask("fix the typo in this comment", id="r3", facts={"kind": "coding"}))
        assert isinstance(quick[-1], events.Answered) and quick[-1].decision.workflow == "plan"
    assert world.called() == ["gpu", "gpu", "anthropic", "anthropic"]


async def test_planned_work_is_checked_and_tried_again_with_its_plan() -> None:
    checks = setting(run(1, "2 failed"), run(0))
    world = world_of_plans(checks=checks)
    async with world.engine:
        ready = (await told(world.engine.plan(big(), "make test")))[-1]  # type: ignore[arg-type]
        assert isinstance(ready, events.PlanReady) and isinstance(checks.checker, PaperChecker)
        assert checks.checker.asked == []
        seen = await told(world.engine.approve(ready.plan))
    assert isinstance(seen[-1], events.CheckEnded) and seen[-1].checked.run.passed
    again = world.backends["gpu"].calls[1].messages[-1].text
    assert "the plan" in again and "2 failed" in again
    stages = [(e.stage, e.number, e.of) for e in seen if isinstance(e, events.StageBegan)]
    assert stages == [("specialist", 4, 5), ("check", 5, 5), ("specialist", 4, 5), ("check", 5, 5)]


async def test_a_planner_must_emit_a_valid_plan() -> None:
    roles = {**FLEET_ROLES, "architect": replace(FLEET_ROLES["general"], name="architect", emits="plan.json")}
    plan = json.dumps({"goal": "an app", "steps": [{"title": "write it"}], "confidence": 0.8})
    world = World(
        {"anthropic": [say("no JSON")], "deepseek": [say(plan), say("notes")]},
        fleet=small_fleet(roles=roles),
        outputs=StructuredOutputs(),
    )
    async with world.engine:
        ready = (await told(world.engine.plan(big())))[-1]  # type: ignore[arg-type]
    assert isinstance(ready, events.PlanReady) and ready.planner == "flash" and ready.text == plan


# --- judge ---------------------------------------------------------------------------------------------------------


def verdict(said: str = "approve", quote: str = "hello", source: str = "reply") -> str:
    evidence = [{"source": source, "quote": quote}] if quote else []
    return json.dumps({"verdict": said, "reasons": ["it does what was asked"], "evidence": evidence})


def judging(*scripts: object, **more: object) -> World:
    return World(**{"scripts": {"anthropic": list(scripts)}, "outputs": StructuredOutputs(), **more})


async def judged(world: World, before: object = None) -> events.Judged:
    """coder answers `hello` to a coding task; then the judge is asked."""
    async with world.engine:
        await heard(world, ask("say hello", facts={"kind": "coding", "tokens": 10}))
        if before is not None:
            await before(world)  # type: ignore[operator]
        last = (await told(world.engine.judge("r1")))[-1]
    assert isinstance(last, events.Judged)
    return last


async def test_a_cloud_judge_with_evidence_approves() -> None:
    world = judging(say(verdict()))
    last = await judged(world)
    assert last.ruling.approved and last.judge == "opus" and last.recorded
    line = world.store.lines[-1]
    assert str(line.type) == "verdict" and line.data["approved"] is True and line.from_model == "coder"
    assert [(o.good, str(o.source)) for o in world.store.said] == [(True, "judge")]
    asked = world.backends["anthropic"].calls[0].messages[-1].text
    assert "say hello" in asked and "hello" in asked


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (verdict(quote="it works on my machine"), "GR-007"),
        (verdict(quote=""), "GR-012"),
        ("I approve.", "GR-012"),
        (json.dumps({"verdict": "approve", "reasons": ["x"]}), "GR-012"),
        (verdict(said="merge"), "GR-012"),
    ],
)
async def test_no_approval_is_recorded_without_cited_evidence(text: str, code: str) -> None:
    roles = {**FLEET_ROLES, "judge": replace(FLEET_ROLES["judge"], emits="verdict")}
    world = judging(say(text), fleet=small_fleet(roles=roles))
    last = await judged(world)
    assert not last.ruling.approved and last.ruling.code == code
    assert world.store.said == [] and world.store.lines[-1].data["approved"] is False


async def test_a_local_judge_cannot_approve() -> None:
    roles = {**FLEET_ROLES, "judge": replace(FLEET_ROLES["judge"], primary="big", cloud_only=False)}
    world = World({"cpu": [say(verdict())]}, fleet=small_fleet(roles=roles), outputs=StructuredOutputs())
    last = await judged(world)
    assert not last.ruling.approved and last.ruling.code == "GR-003" and last.judge == "big"
    assert world.store.said == [] and world.store.lines[-1].rule == "GR-003"


async def test_a_relay_is_a_cloud_judge_only_by_where_it_computes() -> None:
    roles = {**FLEET_ROLES, "judge": replace(FLEET_ROLES["judge"], primary="relay", fallbacks=())}
    world = World({"ollama": [say(verdict())]}, fleet=small_fleet(roles=roles), outputs=StructuredOutputs())
    assert (await judged(world)).ruling.approved


async def test_no_verdict_outweighs_a_failed_check() -> None:
    async def check(world: World) -> None:
        await world.engine.check("r1", "make test")

    world = judging(say(verdict(quote="2 failed", source="check")), checks=setting(run(1, "2 failed")))
    last = await judged(world, check)
    assert last.ruling.code == "GR-006" and not last.ruling.approved
    assert [o.good for o in world.store.said] == [False]


async def test_the_judge_may_cite_what_a_check_printed() -> None:
    async def check(world: World) -> None:
        await world.engine.check("r1", "make test")

    world = judging(
        say(verdict(quote='14 passed in "unit"', source="check")), checks=setting(run(0, '14 passed\nin "unit"'))
    )
    assert (await judged(world, check)).ruling.approved


async def test_evidence_that_was_changed_is_not_shown_to_the_judge() -> None:
    checks = setting(run(0, "14 passed"))

    async def check_and_forge(world: World) -> None:
        await world.engine.check("r1", "make test")
        assert isinstance(checks.evidence, PaperEvidence)
        ((name, text),) = checks.evidence.kept.items()
        checks.evidence.kept[name] = text.replace("14 passed", "99 passed")

    world = judging(say(verdict(quote="99 passed", source="check")), checks=checks)
    last = await judged(world, check_and_forge)
    assert last.ruling.code == "GR-007"
    assert "99 passed" not in world.backends["anthropic"].calls[0].messages[-1].text


async def test_a_judge_that_wants_changes_counts_as_a_failed_attempt() -> None:
    world = judging(say(verdict("revise")))
    last = await judged(world)
    assert not last.ruling.approved and last.ruling.said == "revise" and last.ruling.code is None
    assert [(o.good, str(o.source)) for o in world.store.said] == [(False, "judge")]


async def test_under_local_only_nothing_is_judged_and_nothing_leaves() -> None:
    async def forbid(world: World) -> None:
        await world.engine.set_override(Override(id="o", kind=OverrideKind.LOCAL_ONLY))

    world = judging(say(verdict()))
    last = await judged(world, forbid)
    assert not last.ruling.approved and "GR-009" in (last.ruling.code or "")
    assert world.called() == ["gpu"]


async def test_a_policy_without_a_judge_approves_nothing() -> None:
    roles = {name: role for name, role in FLEET_ROLES.items() if name != "judge"}
    world = World(fleet=small_fleet(roles=roles), outputs=StructuredOutputs())
    last = await judged(world)
    assert last.ruling.code == "GR-002" and world.called() == ["gpu"]


async def test_an_approval_that_cannot_be_written_is_not_recorded() -> None:
    world = judging()

    async def fill() -> None:
        world.store.full = "disk full"

    world.backends["anthropic"].scripts[:] = [(*say(verdict())[:-1], fill, say(verdict())[-1])]
    last = await judged(world)
    assert not last.recorded


async def test_a_reply_from_elsewhere_can_be_adopted_and_judged() -> None:
    world = judging(say(verdict(quote="+ return 5")))
    async with world.engine:
        world.engine.adopt(ask("fix the sum", id="pr-7"), "another program", "- return 4\n+ return 5")
        last = (await told(world.engine.judge("pr-7")))[-1]
    assert isinstance(last, events.Judged) and last.ruling.approved


# --- critic --------------------------------------------------------------------------------------------------------


async def test_the_critic_is_off_unless_the_policy_wants_it() -> None:
    world = World()
    async with world.engine:
        await heard(world, ask("hi", facts={"kind": "coding", "tokens": 10}))
    assert world.called() == ["gpu"]


async def test_the_critic_annotates_with_another_model_and_changes_nothing() -> None:
    world = World({"gpu": [say("the code")], "deepseek": [say("no tests")]}, fleet=small_fleet(critic=True))
    async with world.engine:
        notes = world.engine.annotations()
        waiting = asyncio.ensure_future(anext(notes))
        await asyncio.sleep(0)  # it listens from here on
        answer = (await heard(world, ask("hi", facts={"kind": "coding", "tokens": 10})))[-1]
        noted = await waiting
        await notes.aclose()  # type: ignore[attr-defined]
    assert isinstance(answer, events.Answered) and answer.text == "the code"
    assert (noted.request, noted.by, noted.text) == ("r1", "flash", "no tests")
    critic = [line for line in world.store.lines if line.type == "decision" and line.actor == "critic"]
    assert len(critic) == 1 and len(world.store.settled) == 2 and not world.store.open


async def test_a_critic_that_hangs_delays_no_answer_and_is_ended_with_the_engine() -> None:
    never, begun = asyncio.Event(), asyncio.Event()

    async def begin() -> None:
        begun.set()

    world = World(
        {"gpu": [say("the code")], "deepseek": [(begin, Text("well"), never.wait)]},  # type: ignore[list-item]
        fleet=small_fleet(critic=True),
    )
    async with world.engine:
        answer = (await heard(world, ask("hi", facts={"kind": "coding", "tokens": 10})))[-1]
        assert isinstance(answer, events.Answered) and answer.text == "the code"
        await begun.wait()
    assert world.backends["deepseek"].hung_up == 1 and not world.store.open


async def test_a_critic_that_fails_says_why() -> None:
    world = World({"deepseek": [fail(K.BAD_REQUEST, detail="no")]}, fleet=small_fleet(critic=True))
    async with world.engine:
        notes = world.engine.annotations()
        waiting = asyncio.ensure_future(anext(notes))
        await asyncio.sleep(0)
        await heard(world, ask("hi", facts={"kind": "coding", "tokens": 10}))
        noted = await waiting
        await notes.aclose()  # type: ignore[attr-defined]
    assert noted.text == "" and noted.problem is not None and "no notes" in noted.problem
