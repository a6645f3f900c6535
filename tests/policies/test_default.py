"""The `default` preset: how the five documents join. Each row's id names the documents that meet in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.fleet import Locality, Tier
from pointsman.core.rules import Code, Notice
from support.policies import preset
from support.soak import SOAK

DEFAULT = preset("default")
FLEET = DEFAULT.fleet
CODE = {"kind": "coding", "complexity": 5}

# --- 001's flow picks the kind of work, 002's lanes say who does it ----------------------------------------------

JOIN = [
    ("001 flow 1 + 002 attempt 1", CODE, "implementer", "coder-next"),
    ("001 flow 1 + 002 direct: lines", {**CODE, "lines": 501}, "implementer-cloud", "codex"),
    ("001 flow 1 + 002 direct: files", {**CODE, "files": 2}, "implementer-cloud", "codex"),
    ("001 flow 1 + 002 direct: ambiguous", {**CODE, "ambiguous": True}, "implementer-cloud", "codex"),
    ("001 flow 1 + 002 §7", {**CODE, "high_risk": True}, "implementer-cloud", "codex"),
    ("001 flow 1 + 002 two failed checks", {**CODE, "failed_attempts": 2}, "implementer", "deepseek"),
    ("001 flow 1 + 004 hard", {**CODE, "complexity": 8}, "implementer-cloud", "codex"),
    ("001 flow 1 + 004 not yet hard", {**CODE, "complexity": 7}, "implementer", "coder-next"),
    ("001 flow 2 + 000 reviewer's model", {"kind": "background"}, "background", "qwen"),
    ("001 flow 2 + 002 hard sweep", {"kind": "background", "tokens": 100_001}, "librarian", "kimi"),
    ("001 flow 2 + 002 no sweep yet", {"kind": "background", "tokens": 50_000}, "background", "qwen"),
    ("001 flow 3", {"kind": "reasoning", "complexity": 6}, "orchestrator", "opus"),
    ("001 flow 3 + 004 light", {"kind": "reasoning", "complexity": 2}, "general", "sonnet"),
    ("001 flow 5 + 004 simple", {"kind": "general", "complexity": 2}, "quick", "qwen"),
    ("001 flow 5 + 004 easy", {"kind": "general", "complexity": 3}, "light", "haiku"),
    ("001 flow 5 + 004 easy", {"kind": "general", "complexity": 4}, "light", "haiku"),
    ("001 flow 5 + 004 middling", {"kind": "general", "complexity": 5}, "general", "sonnet"),
    ("001 flow 5 + 004 middling", {"kind": "general", "complexity": 7}, "general", "sonnet"),
    ("001 flow 5 + 004 hard", {"kind": "general", "complexity": 8}, "orchestrator", "opus"),
    ("001 critical", {"kind": "general", "complexity": 1, "critical": True}, "orchestrator", "opus"),
    ("002 §7 by another name", {"kind": "general", "complexity": 1, "high_risk": True}, "orchestrator", "opus"),
    ("002 §8 HR: cloud architect", {"kind": "reasoning", "complexity": 1, "high_risk": True}, "orchestrator", "opus"),
    ("002 architect", {**CODE, "checkpoint": "plan"}, "architect", "sonnet"),
    ("000 review", {**CODE, "checkpoint": "review"}, "reviewer", "qwen"),
    ("004 validation", {**CODE, "checkpoint": "validation"}, "validator", "sonnet"),
    ("002 judge", {**CODE, "checkpoint": "judge"}, "judge", "opus"),
    ("000 overflow", {**CODE, "tokens": 1_000_001}, "overflow", "coder-cpu"),
    ("000 vision", {"kind": "vision", "images": 1}, "vision", "vl"),
    ("000 embeddings", {"kind": "embedding"}, "embeddings", "embedding"),
]


@pytest.mark.parametrize(("facts", "role", "model"), [row[1:] for row in JOIN], ids=[row[0] for row in JOIN])
def test_the_join(facts: dict, role: str, model: str) -> None:
    """The flow picks the work, the lanes say who does it, complexity chooses within the lane."""
    decision = DEFAULT.decided(**facts)
    assert (decision.role, decision.model) == (role, model)


EXAMPLES = [
    ("Plan out the architecture for a new app", "orchestrator"),
    ("Write a Python script to parse JSON", "implementer"),
    ("Summarize this doc in the background", "background"),
    ("Check email, calendar, usage", "background"),
]


@pytest.mark.parametrize(("text", "role"), EXAMPLES, ids=[f"001: {row[0]}" for row in EXAMPLES])
def test_the_worked_examples_keep_their_lanes(text: str, role: str) -> None:
    """001's four sentences through the real classifier; code goes to 002's local lane."""
    assert DEFAULT.read(text).role == role


PLANS = [
    ({"lines": 501}, "plan"),
    ({"files": 2}, "plan"),
    ({"complexity": 8}, "plan"),
    ({"ambiguous": True}, None),
    ({}, None),
]


@pytest.mark.parametrize(("facts", "workflow"), PLANS)
def test_big_coding_work_opens_a_plan(facts: dict, workflow: str | None) -> None:
    """001's workflow with 002's architect, who emits plan.json."""
    decision = DEFAULT.decided(**{**CODE, **facts})
    assert decision.workflow == workflow
    assert FLEET.roles[FLEET.roles[decision.role].planned_by or ""].emits == "plan.json"


# --- what bounds it: capacity (000), the curve (001), guardrails (002) -------------------------------------------

BOUNDS = [
    ("000 local server down", {**CODE}, {"down": ("coder-gpu",)}, "codex"),
    (
        "000 local and its clouds down",
        {**CODE},
        {"down": ("coder-gpu", "openai", "deepseek", "anthropic")},
        "coder-cpu",
    ),
    ("001 at 79 %", {"kind": "reasoning", "complexity": 6}, {"permille": 799}, "opus"),
    ("001 at 80 %", {"kind": "reasoning", "complexity": 6}, {"permille": 800}, "deepseek-pro"),
    ("001 at 80 %, critical", {"kind": "reasoning", "complexity": 6, "critical": True}, {"permille": 800}, "opus"),
    (
        "001 at 90 %, critical",
        {"kind": "reasoning", "complexity": 6, "critical": True},
        {"permille": 900},
        "deepseek-pro",
    ),
    ("001 at 95 %", {"kind": "general", "complexity": 5}, {"permille": 950}, "haiku"),
    ("001 at 99 %", {"kind": "general", "complexity": 5}, {"permille": 990}, "haiku"),
    ("001 at 100 %", {"kind": "general", "complexity": 5}, {"permille": 1000}, "qwen"),
    ("001 at 95 % leaves local coding alone", {**CODE}, {"permille": 950}, "coder-next"),
    ("002 local_only", {"kind": "general", "complexity": 5}, {"local_only": True}, "qwen"),
]


@pytest.mark.parametrize(("facts", "where", "model"), [row[1:] for row in BOUNDS], ids=[row[0] for row in BOUNDS])
def test_the_bounds(facts: dict, where: dict, model: str) -> None:
    """Capacity, the degradation curve and the guardrails take models out; the lane's order decides among the rest."""
    decision = DEFAULT.decided(**facts, **where)
    assert decision.model == model


FACTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("coding", "reasoning", "background", "vision", "general")),
        "complexity": st.integers(1, 10),
        "critical": st.booleans(),
        "ambiguous": st.booleans(),
        "tool_heavy": st.booleans(),
        "contradictions": st.booleans(),
        "full_sweep": st.booleans(),
        "tokens": st.integers(0, 60_000),
        "files": st.none() | st.integers(1, 20),
        "lines": st.none() | st.integers(1, 2_000),
        "failed_attempts": st.integers(0, 3),
        "confidence": st.none() | st.floats(0, 1),
    }
)
DOWN = st.sets(st.sampled_from(sorted(FLEET.endpoints))).map(tuple)
RISKS = (
    "auth",
    "crypto",
    "secrets",
    "money",
    "migration",
    "unsafe",
    "concurrency",
    "public-api",
    "routing-config",
    "build",
)


@given(facts=FACTS, usage=st.integers(0, 150), down=DOWN, risky=st.booleans(), wants=st.sampled_from((None, "cloud")))
def test_background_work_never_reaches_the_orchestrator(facts, usage, down, risky, wants) -> None:
    """001, whatever else holds: no rung of a background task's ladder is T0."""
    facts = {**facts, "background": True, "high_risk": risky, "user_wants": wants}
    decision = DEFAULT.decided(**{**facts, "kind": "general"}, usage=usage, down=down)
    assert all(FLEET.models[rung.model].tier is not Tier.T0 for rung in decision.ladder)


@given(facts=FACTS, usage=st.integers(100, 400))
def test_usage_never_hits_zero_service(facts: dict, usage: int) -> None:
    """001's floor: with every budget exhausted a local model answers, and for text the emergency model is among them."""
    decision = DEFAULT.decided(**facts, usage=usage)
    assert decision.ladder
    assert all(rung.locality is Locality.LOCAL for rung in decision.ladder)
    assert decision.role == "vision" or "emergency" in {rung.model for rung in decision.ladder}


@settings(max_examples=200 * SOAK)  # the cases that matter are corners of several facts at once
@given(facts=FACTS, code=st.sampled_from(RISKS), usage=st.integers(0, 120), down=DOWN)
def test_risk_can_only_raise(facts: dict, code: str, usage: int, down: tuple) -> None:
    """002 §7, "Complexity is not risk": adding risk never moves the pick to a local model, nor to a lower tier."""
    calm = DEFAULT.decided(**facts, usage=usage, down=down).model
    risky = DEFAULT.decided(**facts, high_risk=True, risk=(code,), usage=usage, down=down).model
    if calm is not None and risky is not None:
        assert DEFAULT.strength(risky) >= DEFAULT.strength(calm)


@given(facts=FACTS, code=st.sampled_from(RISKS), usage=st.integers(0, 120), down=DOWN)
def test_high_risk_text_is_never_left_to_a_local_model(facts: dict, code: str, usage: int, down: tuple) -> None:
    """GR-002: whichever role it lands in, every rung computes in the cloud, and a judge is required."""
    facts = facts if facts["kind"] != "vision" else {**facts, "kind": "general"}
    decision = DEFAULT.decided(**facts, high_risk=True, risk=(code,), usage=usage, down=down)
    assert all(rung.locality is Locality.CLOUD for rung in decision.ladder)
    assert decision.judge_required


@pytest.mark.parametrize("kind", ["coding", "reasoning", "general", "background"])
def test_high_risk_under_local_only_is_refused_with_both_codes(kind: str) -> None:
    """GR-002 x GR-009: never a quiet local answer."""
    decision = DEFAULT.decided(kind=kind, high_risk=True, local_only=True)
    assert decision.model is None
    assert {Code.LOCAL_ONLY, Code.HIGH_RISK} <= {rejection.code for rejection in decision.rejected}
    assert Notice.JUDGE in {told.notice for told in decision.notices}


@given(facts=FACTS)
def test_a_user_who_asks_for_the_cloud_gets_it(facts: dict) -> None:
    """002 §3: honoured in every lane, unless local_only or a budget forbids it."""
    assert not DEFAULT.local(DEFAULT.decided(**facts, user_wants="cloud"))


@given(facts=FACTS, wants=st.sampled_from((None, "local")))
def test_escalation_only_models_never_answer_without_a_trigger(facts: dict, wants: str | None) -> None:
    """002 §4: Kimi is for hard sweeps."""
    decision = DEFAULT.decided(**facts, user_wants=wants)
    if decision.escalated is None:
        assert "kimi" not in {rung.model for rung in decision.ladder}


@given(facts=FACTS, usage=st.integers(0, 120), down=DOWN, local_only=st.booleans())
def test_ladder_and_rejections_are_the_whole_fleet(facts: dict, usage: int, down: tuple, local_only: bool) -> None:
    """The law."""
    decision = DEFAULT.decided(**facts, usage=usage, down=down, local_only=local_only)
    names = [rung.model for rung in decision.ladder] + [rejection.model for rejection in decision.rejected]
    assert sorted(names) == sorted(FLEET.models)
