"""The `roles` preset against document 002, "Model Routing Policy" 2.0.0. Each row's id names its section."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.config import ConfigError, load
from pointsman.core import narrate
from pointsman.core.after import Rules, Try, after
from pointsman.core.fleet import Fleet, Locality, Role
from pointsman.core.guardrails import GUARDRAILS, may_approve
from pointsman.core.outcome import Attempt, Failed, FailureKind
from pointsman.core.request import Evidence, Message, Request, Task
from pointsman.core.route import decide
from pointsman.core.rules import Code, Notice
from pointsman.core.snapshot import EndpointStatus, Override, OverrideKind, Snapshot
from support.policies import preset
from support.soak import SOAK

ROLES = preset("roles")
FLEET = ROLES.fleet
LOCAL_MOE = "qwen3-coder-30b-a3b"
CODE = {"kind": "coding"}

# --- §1 Model Routing Table --------------------------------------------------------------------------------------

TABLE = [  # role, default, where, fallbacks
    ("architect", "sonnet", "cloud", ("gpt-5.1", "deepseek-reasoner", LOCAL_MOE)),
    ("implementer", LOCAL_MOE, "local", ("deepseek-chat", "sonnet", "gpt-5.1", "ministral-3-14b")),
    ("librarian", LOCAL_MOE, "local", ("ministral-3-14b",)),
    ("tutor", LOCAL_MOE, "local", ("haiku", "ministral-3-14b")),
    ("judge", "gpt-5.1-high", "cloud", ("opus", "sonnet", "deepseek-reasoner")),
    ("stage0-synth", "notebooklm", "cloud", (LOCAL_MOE, "ministral-3-14b")),
    ("ace", "local-8b", "local", (LOCAL_MOE,)),
    ("embeddings", "bge-m3", "local", ("openai-embeddings",)),
]


@pytest.mark.parametrize(("role", "default", "where", "fallbacks"), TABLE, ids=[f"§1: {row[0]}" for row in TABLE])
def test_each_role_has_its_default_and_its_fallbacks(role: str, default: str, where: str, fallbacks: tuple) -> None:
    """The row's default answers when all is well, and its fallbacks follow in their order."""
    decision = ROLES.decided(role=role, kind="general")
    assert tuple(rung.model for rung in decision.ladder) == (default, *fallbacks)
    assert decision.ladder[0].locality == where


@pytest.mark.parametrize(
    ("role", "who"),
    [("stage0-retrieval", "deterministic retrieval"), ("cv", "YOLO on TensorRT")],
    ids=["§1: Stage0 Retrieval", "§1: CV / Camera"],
)
def test_what_needs_no_language_model_is_refused_by_name(role: str, who: str) -> None:
    """Retrieval and camera are handled apart from language models, and asked for they say so."""
    decision = ROLES.decided(role=role)
    assert decision.model is None
    assert who in (decision.blocked or "")


def test_retrieval_has_its_optional_lane_that_explains_scores() -> None:
    """§1: no LLM except the optional "explain scoring" lane, which is local."""
    assert ROLES.decided(role="explain-scoring").model == LOCAL_MOE
    assert all(rung.locality is Locality.LOCAL for rung in ROLES.decided(role="explain-scoring").ladder)


CONSTRAINTS = [
    ("architect emits plan.json", FLEET.roles["architect"].emits, "plan.json"),
    ("judge emits a verdict", FLEET.roles["judge"].emits, "verdict"),
    ("judge is cloud-only", FLEET.roles["judge"].cloud_only, True),
    ("judge is budget-gated", {b.scope.tier for b in FLEET.budgets if b.name == "premium-judge"}, {"T0"}),
    ("NotebookLM's synthesis is cited", FLEET.roles["stage0-synth"].emits, "cited"),
    ("embeddings need an embedding model", FLEET.roles["embeddings"].needs, {"embedding"}),
]


@pytest.mark.parametrize(("seen", "wanted"), [row[1:] for row in CONSTRAINTS], ids=[f"§1: {r[0]}" for r in CONSTRAINTS])
def test_the_constraints_of_the_table(seen: object, wanted: object) -> None:
    """The column "Constraints", as policy data."""
    assert seen == wanted


# --- the way to a role -------------------------------------------------------------------------------------------

LANES = [
    ("§3 Architect: planning", {"kind": "reasoning"}, "architect", "sonnet"),
    ("§3 Architect: a fast draft", {"kind": "reasoning", "checkpoint": "draft"}, "architect-draft", LOCAL_MOE),
    ("§3 Architect: batch planning", {"kind": "reasoning", "background": True}, "architect-draft", LOCAL_MOE),
    ("§3 Architect: plan checkpoint", {"kind": "coding", "checkpoint": "plan"}, "architect", "sonnet"),
    ("§1 Reflex: small patch", {**CODE, "lines": 99}, "implementer", LOCAL_MOE),
    ("§1 Reflex: 100 lines are still small to medium", {**CODE, "lines": 100}, "implementer", LOCAL_MOE),
    ("§3 Direct: exactly 500 lines are not", {**CODE, "lines": 500}, "implementer", LOCAL_MOE),
    ("§3 Direct: 501 lines are", {**CODE, "lines": 501}, "serious-implementer", "sonnet"),
    ("§3 Direct: one file is not", {**CODE, "files": 1}, "implementer", LOCAL_MOE),
    ("§3 Direct: multi-file", {**CODE, "files": 2}, "serious-implementer", "sonnet"),
    ("§3 Direct: ambiguous", {**CODE, "ambiguous": True}, "serious-implementer", "sonnet"),
    ("§1 Cloud: async", {**CODE, "high_risk": True, "risk": ("concurrency",)}, "serious-implementer", "sonnet"),
    ("§1 Cloud: unsafe, FFI", {**CODE, "high_risk": True, "risk": ("unsafe",)}, "serious-implementer", "sonnet"),
    ("§1 Cloud: public API", {**CODE, "high_risk": True, "risk": ("public-api",)}, "serious-implementer", "sonnet"),
    ("§1 Librarian: routine", {"kind": "background"}, "librarian", LOCAL_MOE),
    ("§0 high volume", {"kind": "general", "background": True}, "librarian", LOCAL_MOE),
    ("§1 Tutor", {"kind": "general"}, "tutor", LOCAL_MOE),
    ("§1 Judge: audit", {"kind": "coding", "checkpoint": "audit"}, "judge", "gpt-5.1-high"),
    ("§1 Judge: merge", {"kind": "coding", "checkpoint": "merge"}, "judge", "gpt-5.1-high"),
    ("§1 Stage0 Tier2", {"kind": "general", "checkpoint": "stage0"}, "stage0-synth", "notebooklm"),
    ("§1 Stage0 Retrieval", {"kind": "general", "checkpoint": "retrieval"}, "stage0-retrieval", None),
    ("§1 CV", {"kind": "vision", "checkpoint": "camera"}, "cv", None),
    ("§1 ACE", {"kind": "general", "checkpoint": "curate"}, "ace", "local-8b"),
    ("§1 Embeddings", {"kind": "embedding"}, "embeddings", "bge-m3"),
    ("§7 high risk by another name", {"kind": "general", "high_risk": True}, "serious-implementer", "sonnet"),
    ("§8 HR: cloud architect", {"kind": "reasoning", "high_risk": True, "tokens": 120_000}, "architect", "sonnet"),
]


@pytest.mark.parametrize(("facts", "role", "model"), [row[1:] for row in LANES], ids=[row[0] for row in LANES])
def test_the_lanes(facts: dict, role: str, model: str | None) -> None:
    """Cloud where quality wins, local where speed wins."""
    decision = ROLES.decided(**facts)
    assert (decision.role, decision.model) == (role, model)


# --- §3 Escalation Triggers --------------------------------------------------------------------------------------

STUCK = [
    ("attempt 1", {}, LOCAL_MOE),
    ("1 failed loop", {"failed_attempts": 1}, LOCAL_MOE),
    ("2 failed loops", {"failed_attempts": 2}, "deepseek-chat"),
    ("3 failed loops", {"failed_attempts": 3}, "deepseek-chat"),
    ("confidence just high enough", {"confidence": 0.6}, LOCAL_MOE),
    ("low confidence", {"confidence": 0.59}, "deepseek-chat"),
    ("the user asks for the cloud", {"user_wants": "cloud"}, "deepseek-chat"),
    *[
        (f"high risk: {code}", {"high_risk": True, "risk": (code,)}, "deepseek-chat")
        for code in ("auth", "crypto", "secrets", "migration", "build", "routing-config")
    ],
]


@pytest.mark.parametrize(("facts", "model"), [row[1:] for row in STUCK], ids=[f"§3 Implementer: {r[0]}" for r in STUCK])
def test_the_implementer_starts_locally_and_escalates_on_each_trigger(facts: dict, model: str) -> None:
    """DeepSeek when stuck, then Sonnet and GPT-5.1; the trigger is named."""
    decision = ROLES.decided(**CODE, **facts)
    assert (decision.role, decision.model) == ("implementer", model)
    assert (decision.escalated is not None) == (model == "deepseek-chat")
    if decision.escalated:
        assert [rung.model for rung in decision.ladder][:3] == ["deepseek-chat", "sonnet", "gpt-5.1"]


SWEEPS = [
    ("exactly 100k", {"tokens": 100_000}, LOCAL_MOE),
    ("more than 100k", {"tokens": 100_001}, "kimi-k2-0905"),
    ("contradictions", {"contradictions": True}, "kimi-k2-0905"),
    ("tool-heavy", {"tool_heavy": True}, "kimi-k2-0905"),
    ("full sweep", {"full_sweep": True}, "kimi-k2-0905"),
    ("confidence at the threshold", {"confidence": 0.6}, LOCAL_MOE),
    ("confidence below the threshold", {"confidence": 0.59}, "kimi-k2-0905"),
]


@pytest.mark.parametrize(("facts", "model"), [row[1:] for row in SWEEPS], ids=[f"§3 Librarian: {r[0]}" for r in SWEEPS])
def test_the_librarian_escalates_to_kimi_on_five_triggers(facts: dict, model: str) -> None:
    """Kimi for hard sweeps only, in §4's order."""
    decision = ROLES.decided(kind="background", **facts)
    assert (decision.role, decision.model) == ("librarian", model)
    if model.startswith("kimi"):
        kimi = ["kimi-k2-0905", "kimi-k2-thinking", "kimi-k2-thinking-turbo"]
        assert [rung.model for rung in decision.ladder][:3] == kimi


def test_the_librarians_threshold_is_configuration(tmp_path) -> None:
    """§3: `local_synth_confidence < threshold`, and the threshold is a figure in the file."""
    file = tmp_path / "config.toml"
    file.write_text('extends = "roles"\n[roles.librarian]\nescalate_when = [{ confidence = "<0.8" }]\n')
    fleet = load(file).fleet
    request = Request(id="r", messages=(Message(role="user", text="do it"),))
    unsure = Task(kind="background", confidence=0.7)
    assert decide(fleet, request, unsure, ROLES.situation()).model == "kimi-k2-0905"
    assert decide(FLEET, request, unsure, ROLES.situation()).model == LOCAL_MOE


CURATION = [
    ({}, "local-8b"),
    ({"failed_attempts": 1}, "local-8b"),
    ({"complexity": 9}, "local-8b"),
    ({"failed_attempts": 1, "complexity": 7}, "kimi-k2-0905"),
    ({"failed_attempts": 1, "contradictions": True}, "kimi-k2-0905"),
]


@pytest.mark.parametrize(("facts", "model"), CURATION)
def test_the_curator_escalates_for_interesting_failures_only(facts: dict, model: str) -> None:
    """§1: routine curation stays local; a hard or contradictory failure goes to Kimi."""
    assert ROLES.decided(role="ace", **facts).model == model


FACTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("coding", "reasoning", "background", "vision", "general")),
        "role": st.sampled_from((None, "implementer", "librarian", "ace", "tutor", "architect")),
        "complexity": st.integers(1, 10),
        "critical": st.booleans(),
        "background": st.booleans(),
        "ambiguous": st.booleans(),
        "tool_heavy": st.booleans(),
        "contradictions": st.booleans(),
        "full_sweep": st.booleans(),
        "images": st.integers(0, 1),
        "tokens": st.integers(0, 150_000),
        "files": st.none() | st.integers(1, 20),
        "lines": st.none() | st.integers(1, 2_000),
        "failed_attempts": st.integers(0, 3),
        "confidence": st.none() | st.floats(0, 1),
        "user_wants": st.sampled_from((None, "cloud")),
    }
)
DOWN = st.sets(st.sampled_from(sorted(FLEET.endpoints))).map(tuple)
KIMI = {name for name, model in FLEET.models.items() if model.endpoint == "moonshot"}


@given(facts=FACTS, usage=st.integers(0, 150), down=DOWN)
def test_escalation_only_models_never_answer_without_a_trigger(facts: dict, usage: int, down: tuple) -> None:
    """§4: Kimi only on escalation, whatever is down or spent."""
    decision = ROLES.decided(**facts, usage=usage, down=down)
    if decision.escalated is None:
        assert not KIMI & {rung.model for rung in decision.ladder}


@given(facts=FACTS)
def test_a_user_who_asks_for_the_cloud_gets_it(facts: dict) -> None:
    """§3: honoured in every lane where the policy has a cloud model."""
    assert not ROLES.local(ROLES.decided(**{**facts, "user_wants": "cloud"}))


# --- §4, §5 models, §6 one GPU -----------------------------------------------------------------------------------

SUCCESSORS = [
    ("kimi-k2-0905", "kimi-k2.6", {"thinking": {"type": "disabled"}}),
    ("kimi-k2-thinking", "kimi-k3", {}),
    ("kimi-k2-thinking-turbo", "kimi-k3", {}),
    ("moonshot-v1-128k", "kimi-k2.6", {}),
    ("deepseek-chat", "deepseek-v4-flash", {"thinking": {"type": "disabled"}}),
    ("deepseek-reasoner", "deepseek-v4-flash", {}),
]


@pytest.mark.parametrize(("name", "served", "params"), SUCCESSORS, ids=[f"§4-5: {row[0]}" for row in SUCCESSORS])
def test_stale_ids_are_asked_as_their_successors(name: str, served: str, params: dict) -> None:
    """The document's names stay, what is sent is served, in the mode that the old id had."""
    assert FLEET.models[name].id == served
    assert FLEET.models[name].params == params
    assert load(policy="roles").warnings == ()


def test_the_local_language_models_exclude_each_other() -> None:
    """§0, §6: one GPU, one language model loaded at a time."""
    local = [m for m in FLEET.models.values() if FLEET.locality_of(m) is Locality.LOCAL and "chat" in m.capabilities]
    assert {FLEET.endpoints[m.endpoint].group for m in local} == {"gpu0"}


SWAPS = [("tutor", {}), ("implementer", CODE), ("librarian", {"kind": "background"})]


@pytest.mark.parametrize(("role", "facts"), SWAPS, ids=[f"§6 Swapping: {role}" for role, _ in SWAPS])
def test_one_local_model_serves_all_local_lanes(role: str, facts: dict) -> None:
    """No swapping in practice: the same loaded model answers."""
    assert ROLES.decided(role=role, **facts).model == LOCAL_MOE


def test_llama_cpp_takes_over_from_vllm() -> None:
    """§6: vLLM first, llama.cpp as its fallback, Kimi not without a trigger."""
    assert ROLES.decided(kind="background", down=("vllm",)).model == "ministral-3-14b"


# --- §7 guardrails -----------------------------------------------------------------------------------------------


def test_every_guardrail_has_its_code_and_mechanism() -> None:
    """GR-001 to GR-013, each once, in order."""
    assert [rail.code for rail in GUARDRAILS] == [f"GR-{number:03}" for number in range(1, 14)]
    assert all(rail.demands and rail.held_by for rail in GUARDRAILS)


def test_gr_001_nothing_in_a_role_or_fleet_could_hold_a_vote() -> None:
    """GR-001: a role has one primary, and the step after an attempt is one model or none."""
    names = {f.name for kind in (Role, Fleet) for f in fields(kind)}
    assert not names & {"voters", "votes", "consensus", "quorum", "committee", "synthesizer", "agents"}
    assert {f.name: f.type for f in fields(Role)}["primary"] == "str | None"
    assert {f.name: f.type for f in fields(Try)}["rung"] == "Rung"


@given(facts=FACTS, failures=st.integers(0, 4))
def test_gr_001_one_model_is_asked_at_a_time(facts: dict, failures: int) -> None:
    """GR-001: after any number of failures the next step is one rung that was not tried yet."""
    decision = ROLES.decided(**facts)
    tried: list[Attempt] = []
    for rung in decision.ladder[:failures]:
        failed = Failed(kind=FailureKind.FIRST_TOKEN_TIMEOUT)
        tried.append(Attempt(model=rung.model, endpoint=rung.endpoint, outcome=failed))
    step = after(decision, tried, now=0.0, jitter=0.0, rules=Rules())
    if isinstance(step, Try):
        assert step.rung.model not in {attempt.model for attempt in tried}


@pytest.mark.parametrize("key", ["consensus = true", "voters = 3", "SPEC_KIT_CONSENSUS = true"])
@pytest.mark.parametrize("table", ["", "[roles.architect]\n"])
def test_gr_001_whoever_configures_a_vote_is_told_why_there_is_none(tmp_path, key: str, table: str) -> None:
    """§2: forbidden patterns have no key, and the report says so instead of "unknown key"."""
    file = tmp_path / "config.toml"
    file.write_text(f'extends = "roles"\n{table}{key}\n')
    with pytest.raises(ConfigError, match="GR-001"):
        load(file)


def test_gr_001_the_critic_is_a_flag_that_is_off() -> None:
    """§2: the critic-only sidecar is allowed, non-blocking, and not on by itself."""
    assert FLEET.critic is False
    assert FLEET.roles["critic"].emits is None
    assert not FLEET.roles["critic"].judge


HIGH_RISK = [{"kind": kind, "high_risk": True, "risk": ("auth",)} for kind in ("coding", "reasoning", "general")]


@pytest.mark.parametrize("facts", HIGH_RISK, ids=[f"§7: {facts['kind']}" for facts in HIGH_RISK])
def test_gr_002_high_risk_work_needs_a_cloud_judge(facts: dict) -> None:
    """GR-002: the decision says so, and no rung of its ladder is local."""
    decision = ROLES.decided(**facts)
    assert decision.judge_required
    assert any(told.notice is Notice.JUDGE and "auth" in told.text for told in decision.notices)
    assert all(rung.locality is Locality.CLOUD for rung in decision.ladder)
    assert not ROLES.decided(**{**facts, "high_risk": False, "risk": ()}).judge_required


def test_gr_002_the_judges_own_work_needs_no_other_judge() -> None:
    """GR-002: the single judge ends the pipeline."""
    assert not ROLES.decided(kind="coding", high_risk=True, checkpoint="judge").judge_required


@pytest.mark.parametrize("facts", HIGH_RISK, ids=[f"§7: {facts['kind']}" for facts in HIGH_RISK])
def test_gr_002_with_gr_009_is_a_refusal_that_names_both(facts: dict) -> None:
    """K4: high risk under local_only is no quiet local answer, and nothing can be approved."""
    decision = ROLES.decided(**facts, local_only=True)
    assert decision.model is None
    assert {Code.LOCAL_ONLY, Code.HIGH_RISK} <= {r.code for r in decision.rejected}
    assert any("nothing can be approved" in told.text for told in decision.notices)


@pytest.mark.parametrize("name", sorted(FLEET.roles))
def test_gr_003_only_the_judge_in_the_cloud_may_approve(name: str) -> None:
    """GR-003: no other role, and no local answer, may be recorded as an approval."""
    role = FLEET.roles[name]
    assert may_approve(role, Locality.LOCAL) is not None
    assert (may_approve(role, Locality.CLOUD) is None) == (name == "judge")


def test_gr_003_the_judge_never_falls_back_to_a_local_model() -> None:
    """§1: "Never local"; with every cloud down the judge is blocked or tried once, in the cloud."""
    clouds = tuple(e.name for e in FLEET.endpoints.values() if e.locality is Locality.CLOUD)
    decision = ROLES.decided(role="judge", down=clouds)
    assert all(rung.locality is Locality.CLOUD for rung in decision.ladder)


@given(facts=FACTS, usage=st.integers(0, 120), down=DOWN)
def test_gr_004_the_same_inputs_give_the_same_path(facts: dict, usage: int, down: tuple) -> None:
    """GR-004: escalation is a function of the recorded inputs."""
    first, again = (ROLES.decided(**facts, usage=usage, down=down) for _ in range(2))
    assert first == again


def test_gr_005_a_step_down_is_told_and_written() -> None:
    """GR-005: the local model is down, DeepSeek takes over, and the line names from, to and code."""
    decision = ROLES.decided(**CODE, down=("vllm",))
    assert [told.notice for told in decision.notices] == [Notice.STEP_DOWN]
    (line,) = narrate.rerouted(decision, 100.0)
    assert (line.from_model, line.model, line.rule) == (LOCAL_MOE, "deepseek-chat", "down")


def test_gr_006_failed_checks_weigh_more_than_claimed_confidence() -> None:
    """GR-006: compiler and tests are the truth, a sure model is not."""
    assert ROLES.decided(**CODE, failed_attempts=2, confidence=1.0).model == "deepseek-chat"


@given(facts=FACTS, risky=st.booleans(), down=DOWN)
def test_gr_009_local_only_leaves_no_cloud_model(facts: dict, risky: bool, down: tuple) -> None:
    """GR-009: no rung of any ladder computes in the cloud, whatever else holds."""
    decision = ROLES.decided(**facts, high_risk=risky, local_only=True, down=down)
    assert all(rung.locality is Locality.LOCAL for rung in decision.ladder)


def test_gr_009_a_relayed_model_is_a_cloud_model() -> None:
    """GR-009: an endpoint that says it computes elsewhere is not local."""
    seen = EndpointStatus(checked_at=1.0, relays=frozenset({FLEET.models[LOCAL_MOE].id}))
    override = Override(id="o", kind=OverrideKind.LOCAL_ONLY)
    snapshot = Snapshot(now=1.0, status={"vllm": seen}, overrides=(override,))
    request = Request(id="r", messages=(Message(role="user", text="x"),))
    assert decide(FLEET, request, Task(kind="coding"), snapshot).model == "ministral-3-14b"


def test_gr_011_what_does_not_fit_a_budget_is_not_called() -> None:
    """GR-011: the judge's cap is spent, so its premium models are refused with the budget's name."""
    decision = ROLES.decided(role="judge", usage=100)
    closed = {r.model: r.why for r in decision.rejected if r.code is Code.BUDGET}
    assert "premium-judge" in closed["opus"] or "cloud-day" in closed["opus"]
    assert decision.model is None


def test_gr_012_roles_for_automation_emit_structured_output() -> None:
    """GR-012: planner, judge and cited synthesis; an answer that is none is a failure that falls back."""
    assert {n: r.emits for n, r in FLEET.roles.items() if r.emits} == {
        "architect": "plan.json",
        "architect-draft": "plan.json",
        "judge": "verdict",
        "stage0-synth": "cited",
    }
    decision = ROLES.decided(kind="reasoning")
    spoiled = Failed(kind=FailureKind.INVALID_OUTPUT, detail="no confidence", shown=True)
    step = after(decision, [Attempt(model="sonnet", endpoint="anthropic", outcome=spoiled)], 0.0, 0.0, Rules())
    assert isinstance(step, Try) and step.rung.model == "gpt-5.1"


def test_gr_013_an_escalation_records_its_provenance() -> None:
    """GR-013: time, request, from, to, trigger and evidence stand in one line."""
    evidence = (Evidence(fact="failed_attempts", value=2, why="two failed checks"),)
    decision = ROLES.decided(**CODE, failed_attempts=2, evidence=evidence)
    (line,) = narrate.rerouted(decision, 100.0)
    assert (line.at, line.request, line.from_model, line.model) == (100.0, "r", LOCAL_MOE, "deepseek-chat")
    assert line.data["escalated"] == "failed_attempts >= 2"
    assert line.data["evidence"][0]["why"] == "two failed checks"


# --- §7 High-Risk Definition: "Complexity is not risk" -----------------------------------------------------------

RISK_CODES = (
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


@settings(max_examples=200 * SOAK)  # the cases that matter are corners of several facts at once
@given(facts=FACTS, code=st.sampled_from(RISK_CODES), usage=st.integers(0, 120), down=DOWN)
def test_risk_can_only_raise(facts: dict, code: str, usage: int, down: tuple) -> None:
    """Adding risk never moves the pick from cloud to local, nor to a lower tier; it may only raise or refuse it."""
    calm = ROLES.decided(**facts, usage=usage, down=down).model
    risky = ROLES.decided(**facts, high_risk=True, risk=(code,), usage=usage, down=down).model
    if calm is not None and risky is not None:
        assert ROLES.strength(risky) >= ROLES.strength(calm)


def test_complexity_is_not_risk() -> None:
    """The hardest task asks for no judge by being hard."""
    assert not ROLES.decided(kind="coding", complexity=10).judge_required
