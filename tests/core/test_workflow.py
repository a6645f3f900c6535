"""The stages as a table: everything that can happen, and that nothing else can."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from pointsman.core.fleet import Role
from pointsman.core.workflow import ENDS, Flow, Happened, Stage, advance, begin, opinion_role, planner_of
from support.fleets import FLEET_ROLES, small_fleet

H, S = Happened, Stage


def walk(flow: Flow, *happened: Happened) -> list[Stage]:
    stages = [flow.stage]
    for each in happened:
        flow = advance(flow, each)
        stages.append(flow.stage)
    return stages


@pytest.mark.parametrize(
    ("planned", "checks", "happened", "stages"),
    [
        (True, False, (H.ANSWERED, H.ANSWERED, H.APPROVED, H.ANSWERED), (S.PLAN, S.COMPARE, S.APPROVE, S.WORK, S.DONE)),
        (True, False, (H.ANSWERED, H.FAILED, H.REJECTED), (S.PLAN, S.COMPARE, S.APPROVE, S.REJECTED)),
        (True, False, (H.FAILED,), (S.PLAN, S.STOPPED)),
        (False, False, (H.ANSWERED,), (S.WORK, S.DONE)),
        (False, False, (H.FAILED,), (S.WORK, S.STOPPED)),
        (False, True, (H.ANSWERED, H.PASSED), (S.WORK, S.CHECK, S.DONE)),
        (False, True, (H.ANSWERED, H.NOT_PASSED, H.ANSWERED, H.PASSED), (S.WORK, S.CHECK, S.WORK, S.CHECK, S.DONE)),
        (
            False,
            True,
            (H.ANSWERED, H.NOT_PASSED) * 3,
            (S.WORK, S.CHECK, S.WORK, S.CHECK, S.WORK, S.CHECK, S.STOPPED),
        ),
    ],
)
def test_the_way_through(
    planned: bool, checks: bool, happened: tuple[Happened, ...], stages: tuple[Stage, ...]
) -> None:
    assert walk(begin(planned=planned, checks=checks), *happened) == list(stages)


def test_work_on_a_plan_begins_by_the_users_approval_and_by_nothing_else() -> None:
    ways = {
        (stage, happened)
        for stage, happened in product((S.PLAN, S.COMPARE, S.APPROVE), Happened)
        if _after(stage, happened) is S.WORK
    }
    assert ways == {(S.APPROVE, H.APPROVED)}


def test_nothing_happens_after_the_end() -> None:
    assert all(_after(stage, happened) is None for stage, happened in product(ENDS, Happened))


def _after(stage: Stage, happened: Happened) -> Stage | None:
    try:
        return advance(replace(begin(planned=True, checks=True), stage=stage, attempts=1), happened).stage
    except ValueError:
        return None


def test_stages_are_numbered_as_they_are_shown() -> None:
    flow = begin(planned=True, checks=True)
    assert [(s, replace(flow, stage=s).number) for s in flow.stages] == [
        (S.PLAN, 1),
        (S.COMPARE, 2),
        (S.APPROVE, 3),
        (S.WORK, 4),
        (S.CHECK, 5),
    ]
    assert begin(planned=False, checks=False).stages == (S.WORK,)


@pytest.mark.parametrize(
    ("roles", "planner"),
    [
        ({"worker": {"planned_by": "named"}, "named": {}, "emitter": {"emits": "plan.json"}}, "named"),
        ({"worker": {}, "emitter": {"emits": "plan.json"}}, "emitter"),
        ({"worker": {"planned_by": "gone"}, "emitter": {"emits": "plan.json"}}, "emitter"),
        ({"worker": {}}, "worker"),
    ],
)
def test_the_planner_is_named_or_the_role_that_emits_plans_or_the_worker(
    roles: dict[str, dict[str, str]], planner: str
) -> None:
    made = {name: Role(name=name, primary="opus", **more) for name, more in roles.items()}
    assert planner_of(small_fleet(roles=made), made["worker"]).name == planner


def test_an_opinion_is_given_in_free_text() -> None:
    emitting = replace(FLEET_ROLES["implementer"], emits="plan.json")
    found = opinion_role(small_fleet(), emitting)
    assert found is not None and found.name == "general"
    reviewer = Role(name="reviewer", primary="flash")
    found = opinion_role(small_fleet(roles={**FLEET_ROLES, "reviewer": reviewer}), emitting)
    assert found is reviewer
