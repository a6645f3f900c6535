"""The default policy's routes and lanes: facts of a task -> role and ladder. Each row names its document."""

import pytest

from pointsman.config import load
from pointsman.core.fleet import Locality
from pointsman.core.request import Message, Request, Task
from pointsman.core.route import decide
from pointsman.core.rules import Code
from pointsman.core.snapshot import Snapshot
from pointsman.core.usage import Usage

FLEET = load().fleet
ASKED = Request(id="r", messages=(Message(role="user", text="do it"),))


def decided(usage: int = 0, local_only: bool = False, **facts):
    seen = {
        budget.name: Usage(budget=budget.name, spent=budget.limit * usage // 100, limit=budget.limit)
        for budget in FLEET.budgets
    }
    return decide(FLEET, ASKED, Task(**facts), Snapshot(now=0.0, usage=seen, local_only=local_only))


ROLES = [
    ("001 coding", {"kind": "coding"}, "implementer", "coder-next"),
    ("001 planning", {"kind": "reasoning", "complexity": 6}, "orchestrator", "opus"),
    ("001 summary", {"kind": "background"}, "background", "qwen"),
    ("001 heartbeat", {"kind": "general", "background": True}, "background", "qwen"),
    ("000 image", {"kind": "coding", "images": 1}, "vision", "vl"),
    ("000 embedding", {"kind": "embedding"}, "embeddings", "embedding"),
    ("000 overflow", {"kind": "coding", "tokens": 1_200_000}, "overflow", "coder-cpu"),
    ("000 below overflow", {"kind": "coding", "tokens": 900_000}, "implementer", "coder-next"),
    ("002 500 lines are not more than 500", {"kind": "coding", "lines": 500}, "implementer", "coder-next"),
    ("002 large", {"kind": "coding", "lines": 501}, "implementer-cloud", "codex"),
    ("002 multi-file", {"kind": "coding", "files": 4, "complexity": 7}, "implementer-cloud", "codex"),
    ("002 ambiguous", {"kind": "coding", "ambiguous": True}, "implementer-cloud", "codex"),
    ("002 high risk", {"kind": "coding", "high_risk": True}, "implementer-cloud", "codex"),
    ("002 two failures", {"kind": "coding", "failed_attempts": 2}, "implementer", "deepseek"),
    ("002 one failure", {"kind": "coding", "failed_attempts": 1}, "implementer", "coder-next"),
    ("002 unsure", {"kind": "coding", "confidence": 0.5}, "implementer", "deepseek"),
    ("002 cloud asked for", {"kind": "coding", "user_wants": "cloud"}, "implementer", "deepseek"),
    ("002 long synthesis", {"kind": "general", "tokens": 120_000}, "librarian", "kimi"),
    ("002 full sweep", {"kind": "general", "full_sweep": True}, "librarian", "kimi"),
    ("002 judge", {"kind": "coding", "checkpoint": "merge"}, "judge", "opus"),
    ("004 validation", {"kind": "coding", "checkpoint": "validation"}, "validator", "sonnet"),
    ("004 simple", {"kind": "general", "complexity": 2}, "quick", "qwen"),
    ("004 middling", {"kind": "general", "complexity": 5}, "general", "sonnet"),
    ("004 hard", {"kind": "general", "complexity": 8}, "orchestrator", "opus"),
    ("stated role", {"kind": "general", "role": "tutor"}, "tutor", "coder-next"),
]


@pytest.mark.parametrize(("facts", "role", "model"), [row[1:] for row in ROLES], ids=[row[0] for row in ROLES])
def test_a_task_gets_its_role_and_first_model(facts, role, model):
    """With everything free and well, the facts give the role and its first model."""
    decision = decided(**facts)
    assert (decision.role, decision.model) == (role, model)


@pytest.mark.parametrize("kind", ["image-generation", "audio"])
def test_what_no_model_does_is_refused_by_name(kind):
    """Blocked, with the name of who does it (document 001)."""
    decision = decided(kind=kind)
    assert decision.model is None
    assert "skill outside Pointsman" in (decision.blocked or "")


CURVE = [
    (79, {"kind": "reasoning", "complexity": 6}, "opus"),
    (80, {"kind": "reasoning", "complexity": 6}, "deepseek-pro"),
    (80, {"kind": "reasoning", "complexity": 6, "critical": True}, "opus"),
    (89, {"kind": "coding", "lines": 600}, "deepseek"),
    (90, {"kind": "reasoning", "complexity": 6, "critical": True}, "deepseek-pro"),
    (95, {"kind": "reasoning", "complexity": 6}, "qwen"),
    (95, {"kind": "general", "complexity": 5}, "haiku"),
    (95, {"kind": "coding"}, "coder-next"),
    (100, {"kind": "general", "complexity": 5}, "qwen"),
    (150, {"kind": "coding", "lines": 600}, "coder-next"),
]


@pytest.mark.parametrize(("usage", "facts", "model"), CURVE)
def test_the_degradation_curve_bounds_the_cloud(usage, facts, model):
    """Document 001's curve at its edges: cheaper first, then cheaper only, then background only, then local only."""
    assert decided(usage=usage, **facts).model == model


@pytest.mark.parametrize("facts", [row[1] for row in ROLES], ids=[row[0] for row in ROLES])
def test_local_only_leaves_no_cloud_model_and_accounts_for_every_model(facts):
    """GR-009 holds for every route, and ladder plus rejected is the whole fleet."""
    decision = decided(local_only=True, **facts)
    assert all(rung.locality is Locality.LOCAL for rung in decision.ladder)
    assert {r.model for r in decision.ladder} | {r.model for r in decision.rejected} == set(FLEET.models)


def test_high_risk_code_is_never_left_to_a_local_model():
    """GR-002 with GR-009 is a refusal with both codes, never a quiet local answer."""
    decision = decided(local_only=True, kind="coding", high_risk=True)
    assert decision.model is None
    assert {Code.LOCAL_ONLY, Code.HIGH_RISK} <= {rejection.code for rejection in decision.rejected}
