"""Replay as a pure function: the same revision, another policy, and what is said of the difference."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pointsman.core.audit import AuditEvent
from pointsman.core.caps import in_force, order
from pointsman.core.fleet import Fleet
from pointsman.core.narrate import decided
from pointsman.core.outcome import TokenUsage
from pointsman.core.recorded import restore
from pointsman.core.replay import Move, Recorded, Replayed, Spent, decision_of, replay, report, spent_of
from pointsman.core.request import Task
from pointsman.core.route import decide
from pointsman.core.snapshot import Snapshot
from pointsman.core.usage import Usage
from support.fleets import FLEET_ROLES, MODELS, ask, small_fleet

NOW = 1_000.0


def recorded(fleet: Fleet, seq: int = 1, request: str = "r1", **task: object) -> Recorded:
    asked, snapshot = ask(id=request), Snapshot(now=NOW)
    decision = decide(fleet, asked, Task(**task), snapshot)  # type: ignore[arg-type]
    return line_of(decided(decision, fleet, asked, snapshot), seq)


def line_of(event: AuditEvent, seq: int) -> Recorded:
    line = decision_of(seq, json.loads(event.body()))
    assert line is not None
    return line


def with_role(name: str, revision: str = "ffffffffffff", **changes: object) -> Fleet:
    roles = {**FLEET_ROLES, name: replace(FLEET_ROLES[name], **changes)}
    return small_fleet(roles=roles, revision=revision)


@pytest.mark.parametrize(
    "task",
    [
        {"kind": "coding", "tokens": 100},
        {"kind": "coding", "tokens": 100, "failed_attempts": 2},
        {"kind": "coding", "high_risk": True, "risk": ("auth",)},
        {"kind": "vision", "images": 1},
        {"kind": "reasoning", "tokens": 95_000},
        {"role": "camera"},
        {"role": "odd"},
    ],
)
def test_the_same_revision_gives_the_same_decision(task: dict[str, object]) -> None:
    fleet = small_fleet()
    again = replay(recorded(fleet, **task), fleet)
    assert again.differences == () and again.known and not again.moved


def test_a_replay_sees_the_cap_that_stood_then() -> None:
    fleet, asked = small_fleet(), ask(id="r1")
    (budget,) = fleet.budgets
    cap = order(budget, 1, NOW)
    used = {budget.name: Usage(budget=budget.name, spent=0, limit=in_force(budget, [cap], NOW).limit)}
    snapshot = Snapshot(now=NOW, overrides=(cap,), usage=used)
    task = Task(kind="general")
    decision = decide(fleet, asked, task, snapshot)
    assert decision != decide(fleet, asked, task, Snapshot(now=NOW))
    line = line_of(decided(decision, fleet, asked, snapshot), 1)
    assert replay(line, fleet).differences == ()
    assert restore(line.inputs, "r1")[2].overrides == (cap,)


def test_a_changed_policy_names_the_parts_that_differ() -> None:
    again = replay(
        recorded(small_fleet(), kind="coding"), with_role("implementer", primary="flash", fallbacks=("coder", "sonnet"))
    )
    assert again.differences == ("ladder",) and again.moved and not again.known


def test_servers_found_beside_the_fleet_are_no_difference() -> None:
    """They are offered while they are there, and are no part of the revision."""
    fleet = small_fleet()
    found = replace(MODELS[0], name="found-ollama/x", id="x")
    line = recorded(replace(fleet, models={**fleet.models, found.name: found}), kind="coding")
    assert ("found-ollama/x", "role") in line.rejected
    assert replay(line, fleet).differences == ()
    assert replay(line, replace(fleet, revision="ffffffffffff")).differences == ("rejected",)


def moved(before: Fleet, after: Fleet, *lines: Recorded, spent: dict[str, Spent] | None = None) -> object:
    return report([replay(line, after) for line in lines], spent or {}, before, after)


@pytest.mark.parametrize(
    ("used", "cost", "unpriced"),
    [
        ({}, 0, 2),  # no tokens known: not priced, and not free
        ({"a": Spent(model="coder", used=TokenUsage(input=1000, output=100), cost=0)}, 1000 * 300 + 100 * 1200, 1),
        ({"a": Spent(model="coder", used=TokenUsage(input=1000, output=100), cost=None)}, 0, 2),
        (
            {
                "a": Spent(model="coder", used=TokenUsage(input=10, output=0), cost=5_000),
                "b": Spent(model="coder", used=TokenUsage(input=20, output=1), cost=0),
            },
            10 * 300 - 5_000 + 20 * 300 + 1200,
            0,
        ),
    ],
)
def test_the_cost_is_the_used_tokens_at_the_new_price_less_what_was_paid(
    used: dict[str, Spent], cost: int, unpriced: int
) -> None:
    before, after = small_fleet(), with_role("implementer", primary="flash")
    lines = (recorded(before, 1, "a", kind="coding"), recorded(before, 2, "b", kind="coding"))
    found = moved(before, after, *lines, spent=used)
    assert (found.cost, found.unpriced, found.moved) == (cost, unpriced, 2)  # type: ignore[attr-defined]


def test_an_unknown_price_is_not_priced() -> None:
    before, after = small_fleet(), with_role("implementer", cloud_only=True, primary="mystery", fallbacks=())
    line = recorded(before, 1, "a", kind="coding")
    used = {"a": Spent(model="coder", used=TokenUsage(input=1, output=1), cost=0)}
    found = moved(before, after, line, spent=used)
    (move,) = found.moves  # type: ignore[attr-defined]
    assert (move.to_model, move.cost, move.unpriced) == (None, 0, 0)  # nobody would do it: unknown price is refused


def test_moves_are_counted_by_where_from_and_where_to() -> None:
    before = small_fleet()
    after = with_role("implementer", primary="flash")
    lines = [recorded(before, n, f"r{n}", kind="coding") for n in range(1, 4)]
    lines += [recorded(before, 4, "r4", kind="reasoning")]
    found = moved(before, after, *lines)
    assert found.moves == (Move(from_model="coder", to_model="flash", requests=3, unpriced=3),)  # type: ignore[attr-defined]
    assert (found.decisions, found.same, found.moved, found.foreign) == (4, 1, 3, 4)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("task", "changes", "why"),
    [
        (
            {"role": "thinker", "high_risk": True},
            {"primary": "coder", "fallbacks": ()},
            "from the cloud to a local model",
        ),
        ({"role": "thinker", "high_risk": True}, {"primary": "sonnet"}, "from T0 to T3"),
        ({"role": "thinker", "high_risk": False}, {"primary": "sonnet"}, None),
        ({"role": "general", "high_risk": True}, {}, None),
    ],
)
def test_high_risk_work_that_would_sink_is_named(
    task: dict[str, object], changes: dict[str, object], why: str | None
) -> None:
    before, after = small_fleet(), with_role("thinker", **changes)
    found = moved(before, after, recorded(before, 7, "r7", **task))
    assert [(s.seq, s.request, s.why) for s in found.sinking] == ([(7, "r7", why)] if why else [])  # type: ignore[attr-defined]


def test_rising_is_no_risk() -> None:
    before, after = with_role("thinker", primary="sonnet"), small_fleet()
    assert moved(before, after, recorded(before, role="thinker", high_risk=True)).sinking == ()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "health", "data": {}},
        {"type": "blocked", "text": "every model failed", "data": {}},
        {"type": "decision"},
    ],
)
def test_lines_that_tell_of_no_decision_are_passed_over(body: dict[str, object]) -> None:
    assert decision_of(1, body) is None


def test_only_calls_that_answered_tell_what_was_used() -> None:
    done = {
        "type": "outcome",
        "request": "r",
        "model": "m",
        "cost": 7,
        "data": {"outcome": "completed", "usage": {"input": 3}},
    }
    assert spent_of(done) == ("r", Spent(model="m", used=TokenUsage(input=3, output=0), cost=7))
    assert spent_of({**done, "data": {"outcome": "failed"}}) is None
    assert spent_of({"type": "decision"}) is None


def test_a_replayed_line_keeps_what_it_came_from() -> None:
    line = recorded(small_fleet(), 9, "r9", kind="coding")
    again = replay(line, small_fleet())
    assert isinstance(again, Replayed) and again.line is line and again.decision.request == "r9"
