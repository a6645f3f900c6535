"""K: the user's own rules, as far as they show from outside; each policy's own decisions are in tests/policies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pointsman.core.conditions import parse_condition
from pointsman.core.fleet import Fleet, Locality, Role
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine import events
from support.fault_server import (
    Play,
    cut_after,
    empty_200,
    error_frame,
    good,
    html,
    limited,
    out_of_memory,
    reset_at_once,
    status,
)
from support.rows import Scene, Table
from support.stages import Stage, stage

NOT_HERE = {
    "K3": "tests/policies/test_roles.py::test_gr_002_high_risk_work_needs_a_cloud_judge, "
    "tests/policies/test_roles.py::test_gr_003_only_the_judge_in_the_cloud_may_approve and "
    "tests/engine/test_workflow.py::test_a_local_judge_cannot_approve",
    "K4": "tests/policies/test_roles.py::test_gr_002_with_gr_009_is_a_refusal_that_names_both and "
    "tests/engine/test_workflow.py::test_under_local_only_nothing_is_judged_and_nothing_leaves",
    "K6": "tests/policies/test_roles.py::test_the_implementer_starts_locally_and_escalates_on_each_trigger",
    "K7": "tests/policies/test_roles.py::test_a_user_who_asks_for_the_cloud_gets_it",
    "K8": "tests/policies/test_roles.py::test_gr_001_one_model_is_asked_at_a_time and "
    "tests/engine/test_workflow.py::test_one_model_is_asked_at_a_time",
    "K10": "tests/trust/test_full_disk.py::"
    "test_the_banner_is_there_within_a_second_local_chat_goes_on_and_all_is_well_within_five and "
    "tests/engine/test_dispatch.py::test_an_unwritable_audit_lets_local_work_go_on_and_nothing_leave",
}
k = Table()
LOCAL_ONLY = Override(id="local", kind=OverrideKind.LOCAL_ONLY)
CLOUDS = {"p": {"locality": Locality.LOCAL}, **{name: {"locality": Locality.CLOUD} for name in "fg"}}


def judged(fleet: Fleet) -> Fleet:
    """A local primary, clouds behind it: fallbacks, escalations and a judge."""
    escalates = (parse_condition("failed_attempts", ">=2"),)
    general = replace(fleet.roles["general"], escalate_to=("g",), escalate_when=(escalates,))
    judge = Role(name="judge", primary="g", cloud_only=True, judge=True)
    return replace(fleet, roles={"general": general, "judge": judge})


@asynccontextmanager
async def at_home(dialect: str, **more: object) -> AsyncIterator[Stage]:
    async with stage(dialect=dialect, endpoints=CLOUDS, change=judged, **more) as s:  # type: ignore[arg-type]
        yield s


FAULTS: dict[str, Play] = {
    "500": status(500),
    "401": status(401, "no"),
    "404": status(404, "model not found"),
    "413": status(413, "too large"),
    "429": limited(retry_after="20"),
    "context": status(400, "This model's maximum context length is 8192 tokens"),
    "out-of-memory": out_of_memory(),
    "reset": reset_at_once,
    "web-page": html(),
    "nothing": empty_200,
    "error-frame": error_frame(),
    "cut": cut_after("some "),
}


@k.row("K1")
async def under_local_only_no_failure_reaches_for_the_cloud(dialect: str) -> None:
    """Whatever goes wrong at home, and whoever asks: fallback, escalation, judge, pin, wish, probe."""
    async with at_home(dialect) as s:
        await s.engine.set_override(LOCAL_ONLY)
        for play in FAULTS.values():
            s["p"].plays(play)
            await s.ask()
            s.clock.advance(700)
            await s.probe()
        for facts in ({"failed_attempts": 3}, {"user_wants": "cloud"}, {"role": "judge"}, {"high_risk": True}):
            await s.ask(facts=facts)
        for name in "fg":
            assert (await s.ask(pin=name)).blocked.by_policy
        await s.ask(fallbacks=("f", "g"), prefer="f")
        assert len(s["p"].chats) >= len(FAULTS)
        assert [s[name].connections for name in "fg"] == [0, 0]


@k.row("K2")
async def under_local_only_a_dead_chain_is_a_clear_refusal(dialect: str) -> None:
    async with at_home(dialect) as s:
        await s.engine.set_override(LOCAL_ONLY)
        await s.probe()
        await s["p"].stop()
        heard = await s.ask()
        assert [s[name].connections for name in "fg"] == [0, 0]
        (line,) = await s.audit("blocked")
    assert isinstance(heard.last, events.Blocked) and "p: refused" in heard.blocked.why and "p: refused" in line.text
    assert {r.code for r in heard.decision.decision.rejected} == {"GR-009"}


@k.row("K5")
async def after_two_failed_attempts_the_third_goes_to_the_cloud_every_time(dialect: str) -> None:
    async with at_home(dialect) as s:
        by = [(await s.ask(facts={"failed_attempts": failed})).by for failed in (0, 1, 2, 3)]
        request = s.request(facts={"failed_attempts": 2})
        paths = {tuple(rung.model for rung in s.engine.explain(request).ladder) for _ in range(100)}
        (up, _) = await s.audit("step-up")
    assert by == ["p", "p", "g", "g"] == s.called and len(paths) == 1
    assert (up.from_model, up.model) == ("p", "g")


@k.row("K9")
async def a_pick_other_than_the_role_s_own_is_exactly_one_whole_line(dialect: str) -> None:
    """Decided so beforehand, or forced by a failure: time, request, role, from, to, reason code and evidence."""
    async with at_home(dialect, models={"p": {"context": 8_000}}) as s:
        s["p"].plays(out_of_memory(), good())
        for _ in range(2):
            await s.ask(id="failed" if not s.called else "fine")
        await s.ask(id="large", facts={"tokens": 9_000})
        lines = {row.request: row for row in await s.audit("step-down", "step-up")}
        assert len(await s.audit("step-down", "step-up")) == 2
        assert all(row.at == s.clock.at for row in lines.values())
    assert set(lines) == {"failed", "large"}
    assert [(lines[r].from_model, lines[r].model, lines[r].rule) for r in ("failed", "large")] == [
        ("p", "f", "out_of_memory"),
        ("p", "f", "context"),
    ]
    data = [json.loads(lines[r].body)["data"] for r in ("failed", "large")]
    assert [one["role"] for one in data] == ["general"] * 2
    assert data[0]["evidence"][0]["status"] == 500 and "evidence" in data[1]


@k.row("K11")
async def an_override_wins_is_shown_is_written_and_expires(dialect: str) -> None:
    """Over the policy's own pick, and not over local_only."""
    async with at_home(dialect) as s:
        pin = Override(id="o", kind=OverrideKind.PIN, model="f", expires_at=s.clock.at + 60)
        await s.engine.set_override(pin)
        assert (await s.ask()).by == "f"
        assert [o.model for o in s.engine.snapshot.overrides] == ["f"]
        (line,) = await s.audit("override")
        assert line.model == "f" and "pin f" in line.text
        await s.engine.set_override(LOCAL_ONLY)
        assert (await s.ask()).blocked.by_policy and s.called == ["f"]
        await s.engine.clear_override(LOCAL_ONLY.id)
        s.clock.advance(61)
        await s.see_ledger()
        assert (await s.ask()).by == "p" and s.engine.snapshot.overrides == ()


@pytest.mark.parametrize(*k.cases)
async def test_k(scene: Scene, dialect: str) -> None:
    await scene(dialect)
