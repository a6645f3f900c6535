"""The `tiers` preset against document 001, "Intelligent Model Orchestration". Each row's id names its section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.fleet import Locality, Tier
from pointsman.core.rules import Code, Notice
from support.policies import preset

TIERS = preset("tiers")
FLEET = TIERS.fleet

# --- The Stack ---------------------------------------------------------------------------------------------------

STACK = [("opus", "T0"), ("codex", "T1"), ("claude-code", "T1"), ("flash", "T2"), ("sonnet", "T3"), ("gpt-4o", "T3")]


@pytest.mark.parametrize(("model", "tier"), [*STACK, ("llama", "T4")], ids=lambda v: f"The Stack: {v}")
def test_each_model_of_the_stack_has_its_tier(model: str, tier: str) -> None:
    """T0 Opus, T1 Codex or Claude Code, T2 Gemini Flash, T3 Sonnet or GPT-4o, T4 local; only T4 is local."""
    assert FLEET.models[model].tier == tier
    assert (FLEET.locality_of(FLEET.models[model]) is Locality.LOCAL) == (tier == "T4")


# --- Decision Flow, Task -> Model Routing, What Runs Where -------------------------------------------------------

FLOW = [
    ("Decision Flow 1: coding", {"kind": "coding"}, "specialist", "codex"),
    ("Decision Flow 1 before 3: background coding", {"kind": "coding", "background": True}, "specialist", "codex"),
    ("Decision Flow 2: summarization", {"kind": "background"}, "background", "flash"),
    ("Decision Flow 3: deep research", {"kind": "reasoning", "complexity": 9}, "orchestrator", "opus"),
    ("Decision Flow 5: complex", {"kind": "general", "complexity": 9}, "orchestrator", "opus"),
    ("Decision Flow 5: quick", {"kind": "general", "complexity": 1, "quick": True}, "orchestrator", "opus"),
    ("TL;DR: background research", {"kind": "reasoning", "background": True}, "background", "flash"),
    (
        "TL;DR: background, said critical",
        {"kind": "general", "background": True, "critical": True},
        "background",
        "flash",
    ),
    ("What Runs Where: main conversation", {"kind": "general", "complexity": 5}, "orchestrator", "opus"),
    ("What Runs Where: heartbeat", {"kind": "general", "background": True}, "background", "flash"),
    ("What Runs Where: daily security audit by cron", {"kind": "coding", "role": "background"}, "background", "flash"),
    ("The Stack: privacy tasks", {"kind": "general", "user_wants": "local"}, "orchestrator", "llama"),
    ("Extreme fallback, asked for", {"kind": "general", "role": "local"}, "local", "llama"),
    ("an attached image", {"kind": "vision", "images": 1}, "orchestrator", "opus"),
]


@pytest.mark.parametrize(("facts", "role", "model"), [row[1:] for row in FLOW], ids=[row[0] for row in FLOW])
def test_the_decision_flow(facts: dict, role: str, model: str) -> None:
    """The five questions in their order give the role; its first model answers when all is well."""
    decision = TIERS.decided(**facts)
    assert (decision.role, decision.model) == (role, model)


def test_the_questions_are_asked_in_the_documents_order() -> None:
    """Coding, summarization, deep research, image generation, and everything else directly."""
    names = [route.name for route in FLEET.routes]
    asked = ["coding", "summarization", "deep-research", "image-generation", "direct"]
    assert [name for name in names if name in asked] == asked
    assert names[-1] == "direct"


HANDED = [("image-generation", "image skill"), ("audio", "voice skill"), ("embedding", "specialized agent")]


@pytest.mark.parametrize(("kind", "who"), HANDED, ids=[f"Specialized: {kind}" for kind, _ in HANDED])
def test_specialized_work_is_refused_by_the_name_of_who_does_it(kind: str, who: str) -> None:
    """Image generation, voice and special agents are not asked of a language model."""
    decision = TIERS.decided(kind=kind)
    assert decision.model is None
    assert who in (decision.blocked or "")
    assert {rejection.code for rejection in decision.rejected} == {Code.EXTERNAL}


EXAMPLES = [
    ("Plan out the architecture for a new app", "orchestrator", "T0"),
    ("Write a Python script to parse JSON", "specialist", "T1"),
    ("Summarize this doc in the background", "background", "T2"),
    ("Check email, calendar, usage", "background", "T2"),
]


@pytest.mark.parametrize(("text", "role", "tier"), EXAMPLES, ids=[f"Real Examples: {row[0]}" for row in EXAMPLES])
def test_the_worked_examples(text: str, role: str, tier: str) -> None:
    """All four sentences, as written, through the real classifier."""
    decision = TIERS.read(text)
    assert (decision.role, FLEET.models[decision.model or ""].tier) == (role, tier)


# --- TL;DR: "Background tasks never touch the main model" --------------------------------------------------------

KINDS = ("coding", "reasoning", "background", "vision", "general")
FACTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "complexity": st.integers(1, 10),
        "critical": st.booleans(),
        "high_risk": st.booleans(),
        "quick": st.booleans(),
        "ambiguous": st.booleans(),
        "images": st.integers(0, 2),
        "tokens": st.integers(0, 130_000),
        "files": st.none() | st.integers(1, 20),
        "lines": st.none() | st.integers(1, 2_000),
        "failed_attempts": st.integers(0, 3),
        "confidence": st.none() | st.floats(0, 1),
        "user_wants": st.sampled_from((None, "cloud", "local")),
    }
)
DOWN = st.sets(st.sampled_from(sorted(FLEET.endpoints))).map(tuple)


@given(facts=FACTS, usage=st.integers(0, 150), down=DOWN, local_only=st.booleans())
def test_background_work_never_reaches_the_orchestrator(facts: dict, usage: int, down: tuple, local_only: bool) -> None:
    """Whatever the usage, the outages and the other facts, no rung of a background task's ladder is T0."""
    decision = TIERS.decided(**{**facts, "background": True}, usage=usage, down=down, local_only=local_only)
    assert all(FLEET.models[rung.model].tier is not Tier.T0 for rung in decision.ladder)


# --- Complex Coding Workflow -------------------------------------------------------------------------------------

CODING = [
    ("new app", {"lines": 501}, "plan"),
    ("not yet a new app", {"lines": 500}, None),
    ("major refactor", {"complexity": 7}, "plan"),
    ("lesser refactor", {"complexity": 6}, None),
    ("multi-file", {"files": 2}, "plan"),
    ("single file", {"files": 1}, None),
    ("small fix", {"quick": True, "complexity": 7}, None),
]


@pytest.mark.parametrize(("facts", "workflow"), [row[1:] for row in CODING], ids=[f"Workflow: {r[0]}" for r in CODING])
def test_big_coding_work_opens_a_plan_and_quick_tasks_skip_it(facts: dict, workflow: str | None) -> None:
    """The orchestrator plans, the user approves, and the specialist does the work."""
    decision = TIERS.decided(kind="coding", **facts)
    assert (decision.workflow, decision.role, decision.model) == (workflow, "specialist", "codex")
    assert FLEET.roles["specialist"].planned_by == "orchestrator"


def test_work_of_other_kinds_opens_no_plan() -> None:
    """The workflow is one for bigger coding tasks."""
    assert TIERS.decided(kind="reasoning", files=9, complexity=10).workflow is None


# --- Degradation Curve -------------------------------------------------------------------------------------------

THOUGHT, CRITICAL = {"kind": "reasoning"}, {"kind": "reasoning", "critical": True}
CODE, BULK = {"kind": "coding"}, {"kind": "background"}
CURVE = [  # usage in tenths of a percent
    (0, THOUGHT, "normal", "opus"),
    (790, THOUGHT, "normal", "opus"),
    (799, THOUGHT, "normal", "opus"),
    (799, CODE, "normal", "codex"),
    (800, THOUGHT, "prefer-cheaper", "flash"),
    (800, CODE, "prefer-cheaper", "flash"),
    (800, CRITICAL, "prefer-cheaper", "opus"),
    (810, THOUGHT, "prefer-cheaper", "flash"),
    (899, CRITICAL, "prefer-cheaper", "opus"),
    (900, CRITICAL, "cheaper-only", "flash"),
    (910, THOUGHT, "cheaper-only", "flash"),
    (949, CODE, "cheaper-only", "flash"),
    (950, CODE, "background-only", "flash"),
    (960, CRITICAL, "background-only", "flash"),
    (999, BULK, "background-only", "flash"),
    (1000, THOUGHT, "local-only", "llama"),
    (1000, CRITICAL, "local-only", "llama"),
    (1000, BULK, "local-only", "llama"),
    (1010, CODE, "local-only", "llama"),
    (1500, CODE, "local-only", "llama"),
]


@pytest.mark.parametrize(("permille", "facts", "band", "model"), CURVE)
def test_the_degradation_curve(permille: int, facts: dict, band: str, model: str) -> None:
    """80 prefers cheaper and keeps the orchestrator for critical work, 90 closes it, 95 background, 100 local."""
    decision = TIERS.decided(permille=permille, **facts)
    assert (decision.band, decision.model) == (band, model)


OPEN = [
    (0, {"T0", "T1", "T2", "T3", "T4"}),
    (799, {"T0", "T1", "T2", "T3", "T4"}),
    (800, {"T1", "T2", "T3", "T4"}),
    (899, {"T1", "T2", "T3", "T4"}),
    (900, {"T1", "T2", "T3", "T4"}),
    (949, {"T1", "T2", "T3", "T4"}),
    (950, {"T2", "T4"}),
    (999, {"T2", "T4"}),
    (1000, {"T4"}),
    (1500, {"T4"}),
]


@pytest.mark.parametrize(("permille", "tiers"), OPEN)
def test_each_band_leaves_its_tiers_and_tells_why_the_rest_are_closed(permille: int, tiers: set) -> None:
    """The available models of the table, over the ladders of thinking and of coding."""
    decisions = [TIERS.decided(permille=permille, **facts) for facts in (THOUGHT, CODE)]
    assert {str(FLEET.models[rung.model].tier) for d in decisions for rung in d.ladder} == tiers
    closed = {r.model for d in decisions for r in d.rejected if r.code is Code.BAND}
    assert {str(FLEET.models[name].tier) for name in closed} == {"T0", "T1", "T2", "T3", "T4"} - tiers


def test_a_changed_pick_is_told() -> None:
    """GR-005's sense in 001's curve: opus gives way to a cheaper model with a line that says so."""
    told = TIERS.decided(usage=85, **THOUGHT).notices
    assert [t.notice for t in told] == [Notice.STEP_DOWN]
    assert "opus → flash" in told[0].text


@given(facts=FACTS, usage=st.integers(100, 500))
def test_usage_never_hits_zero_service(facts: dict, usage: int) -> None:
    """With every cloud budget exhausted and everything up, a T4 model answers every chat kind."""
    decision = TIERS.decided(usage=usage, **facts)
    assert decision.ladder
    assert {FLEET.models[rung.model].tier for rung in decision.ladder} == {Tier.T4}


@given(facts=FACTS, usage=st.integers(0, 99))
def test_the_emergency_model_stands_last(facts: dict, usage: int) -> None:
    """LOCAL (emergency only): while any cloud model may answer, none of T4 stands before it."""
    decision = TIERS.decided(usage=usage, **facts)
    tiers = [FLEET.models[rung.model].tier is Tier.T4 for rung in decision.ladder]
    assert tiers == sorted(tiers)
    assert any(tiers)


def test_the_local_model_answers_when_every_cloud_is_down() -> None:
    """T4: offline, all cloud exhausted."""
    assert TIERS.decided(kind="general", down=("anthropic", "openai", "gemini")).model == "llama"


FALLBACK = [
    ("opus", THOUGHT, "anthropic", "gpt-4o"),
    ("codex", CODE, "openai", "claude-code"),
    ("flash", BULK, "gemini", "gpt-4o"),
]


@pytest.mark.parametrize(("first", "facts", "down", "then"), FALLBACK)
def test_the_backup_serves_when_a_main_model_is_down(first: str, facts: dict, down: str, then: str) -> None:
    """T3 is the backup when main models are down."""
    assert TIERS.decided(**facts).model == first
    assert TIERS.decided(**facts, down=(down,)).model == then
