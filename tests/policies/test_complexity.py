"""The `complexity` preset against document 004, "Model Profiles Reference": profiles and `select_model`, every boundary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.config import load, preset_names
from pointsman.config.prices import stale
from pointsman.core.decision import Decision
from pointsman.core.fleet import Endpoint, EndpointKind, Locality
from pointsman.core.health import Health, HealthState
from pointsman.core.keywords import task_for
from pointsman.core.request import Message, Request, Task
from pointsman.core.route import decide
from pointsman.core.similar import SimilarEvidence, wilson_lower
from pointsman.core.snapshot import Snapshot

FLEET = load(policy="complexity").fleet
CALM = Snapshot(now=0.0)
ASKED = Request(id="r", messages=(Message(role="user", text="do it"),))


def decided(snapshot: Snapshot = CALM, **facts: object) -> Decision:
    return decide(FLEET, ASKED, Task(**facts), snapshot)  # type: ignore[arg-type]


def select_model(complexity: int, checkpoint: str | None, task_type: str) -> str:
    """The document's own function without its memory, to compare with. `code_generation` is the kind `coding`."""
    if checkpoint == "validation":
        return "sonnet"
    if complexity <= 2:
        return "local/qwen3-30b-a3b"
    if complexity <= 4:
        return "cerebras/glm-4.7" if task_type == "coding" else "haiku"
    return "sonnet" if complexity <= 7 else "opus"


EVERY = [
    (complexity, checkpoint, kind)
    for complexity in range(1, 11)
    for checkpoint in (None, "validation", "review")
    for kind in ("coding", "general", "reasoning", "background")
]


@pytest.mark.parametrize(
    ("complexity", "checkpoint", "kind"), EVERY, ids=[f"004 select_model: {c} {p} {k}" for c, p, k in EVERY]
)
def test_every_input_gets_what_the_documents_function_returns(
    complexity: int, checkpoint: str | None, kind: str
) -> None:
    """Complexity 1 to 10 with and without a checkpoint, for code and for other work."""
    wanted = FLEET.find(select_model(complexity, checkpoint, kind))
    assert wanted is not None
    assert decided(complexity=complexity, checkpoint=checkpoint, kind=kind).model == wanted.name


EDGES = [
    (1, "general", "qwen3-30b-a3b", "complexity-2"),
    (2, "general", "qwen3-30b-a3b", "complexity-2"),
    (3, "general", "haiku", "complexity-4"),
    (4, "general", "haiku", "complexity-4"),
    (3, "coding", "glm-4.7", "complexity-4-code"),
    (4, "coding", "glm-4.7", "complexity-4-code"),
    (5, "coding", "sonnet", "complexity-7"),
    (7, "general", "sonnet", "complexity-7"),
    (8, "general", "opus", "above-7"),
    (10, "coding", "opus", "above-7"),
]


@pytest.mark.parametrize(
    ("complexity", "kind", "model", "rule"), EDGES, ids=[f"004 edge: {c} {k}" for c, k, _, _ in EDGES]
)
def test_an_edge_belongs_to_the_lower_step_and_the_rule_is_named(
    complexity: int, kind: str, model: str, rule: str
) -> None:
    """<= 2, <= 4, <= 7, else."""
    decision = decided(complexity=complexity, kind=kind)
    assert (decision.model, decision.rule) == (model, rule)
    assert "004" in decision.rule_why


CAPS = [
    ("Sonnet: VALIDATION, max 100 tokens", {"checkpoint": "validation", "complexity": 9}, "sonnet", 100),
    ("Opus: DIRECTOR, max 50 tokens", {"checkpoint": "director"}, "opus", 50),
    ("Opus: DIRECTOR by its name", {"role": "director"}, "opus", 50),
]


@pytest.mark.parametrize(("facts", "model", "cap"), [row[1:] for row in CAPS], ids=[f"004 {row[0]}" for row in CAPS])
def test_an_output_cap_holds_for_every_model_of_the_ladder(facts: dict, model: str, cap: int) -> None:
    """The cap is the role's: whoever steps in is held to it too."""
    decision = decided(**facts)
    assert decision.model == model
    assert {rung.max_output for rung in decision.ladder} == {cap}


@pytest.mark.parametrize("complexity", range(1, 11))
def test_ordinary_work_has_no_such_cap(complexity: int) -> None:
    """100 and 50 tokens are for checkpoints; an answer to a hard question is not cut to 50."""
    assert all(rung.max_output > 100 for rung in decided(complexity=complexity).ladder)


# --- profiles -------------------------------------------------------------------------------------------------------

GIB = 2**30
LOCAL = [
    ("Qwen3-30B-A3B", "qwen3-30b-a3b", 20 * GIB, (15, 20), 128_000, "ollama pull qwen3:30b-a3b", "drafts"),
    (
        "Qwen2.5-Coder-32B",
        "qwen2.5-coder-32b",
        18 * GIB,
        (11, 12),
        128_000,
        "ollama pull qwen2.5-coder:32b",
        "code repair",
    ),
    ("Qwen3-14B", "qwen3-14b", 8 * GIB, (20, 25), None, "ollama pull qwen3:14b", "very simple tasks"),
]


@pytest.mark.parametrize(
    ("name", "vram", "speed", "context", "setup", "strength"),
    [r[1:] for r in LOCAL],
    ids=[f"004 {r[0]}" for r in LOCAL],
)
def test_a_local_profile_has_the_documents_figures(
    name: str, vram: int, speed: tuple[int, int], context: int | None, setup: str, strength: str
) -> None:
    """Memory, speed, window, setup and strengths; a local model has no marginal cost."""
    model = FLEET.models[name]
    assert (model.vram, model.speed, model.context, model.setup) == (vram, speed, context, setup)
    assert strength in model.strengths
    assert FLEET.locality_of(model) is Locality.LOCAL and (model.price_in, model.price_out) == (0, 0)


API = [
    ("Haiku", "claude-3-haiku", "haiku", (50, 100), "very cost-effective"),
    ("Sonnet", "claude-3.5-sonnet", "sonnet", (30, 50), "validation"),
    ("Opus", "claude-3-opus", "opus", None, "best reasoning"),
    ("GLM 4.7", "cerebras/glm-4.7", "glm-4.7", None, "agentic coding"),
]


@pytest.mark.parametrize(("ref", "name", "speed", "strength"), [r[1:] for r in API], ids=[f"004 {r[0]}" for r in API])
def test_an_api_profile_is_found_by_the_documents_id(
    ref: str, name: str, speed: tuple[int, int] | None, strength: str
) -> None:
    """The document's ids lead to the models that serve in their place, with a price that is known today."""
    model = FLEET.find(ref)
    assert model is not None and model.name == name
    assert model.speed == speed and strength in model.strengths
    assert model.price_in and model.price_out and FLEET.locality_of(model) is Locality.CLOUD


GONE = [
    ("anthropic", "claude-3-haiku", "2026-04-20", 250, 1250, "claude-haiku-5-5"),
    ("anthropic", "claude-3.5-sonnet", "2025-10-28", 3000, 15_000, "claude-sonnet-5-5"),
    ("anthropic", "claude-3-opus", "2026-01-05", 15_000, 75_000, "claude-opus-5-5"),
    ("cerebras", "glm-4.7", None, 600, 600, "z-ai/glm-4.7"),
]
URLS = {"anthropic": "https://api.anthropic.com", "cerebras": "https://api.cerebras.ai/v1"}


@pytest.mark.parametrize(
    ("provider", "gone", "since", "price_in", "price_out", "successor"), GONE, ids=[f"004 {g[1]}" for g in GONE]
)
def test_a_retired_id_keeps_its_stated_price_and_names_its_successor(
    provider: str, gone: str, since: str | None, price_in: int, price_out: int, successor: str
) -> None:
    """Historical facts in nano-USD per token; the successor is what the preset asks."""
    kind = EndpointKind.ANTHROPIC if provider == "anthropic" else EndpointKind.OPENAI_COMPATIBLE
    row = stale(Endpoint(name="e", url=URLS[provider], kind=kind, locality=Locality.CLOUD), gone)
    assert row is not None
    assert (row.since, row.price_in, row.price_out, row.successor) == (since, price_in, price_out, successor)
    assert successor in {model.id for model in FLEET.models.values()}


def test_004_a_configuration_that_still_names_a_retired_id_is_warned(tmp_path: Path) -> None:
    """`check` says since when it is gone, who follows, and what it cost; the price is not counted."""
    config = tmp_path / "old.toml"
    config.write_text('extends = "complexity"\n[models.haiku]\nid = "claude-3-haiku"\naliases = []\n', "utf-8")
    settings = load(config)
    warned = " ".join(str(warning) for warning in settings.warnings)
    assert "since 2026-04-20" in warned and "claude-haiku-5-5" in warned and "$0.25 in and $1.25 out" in warned
    assert settings.fleet.models["haiku"].price_in is None


def test_the_preset_itself_warns_of_nothing() -> None:
    """Every id it asks is one that is served."""
    assert load(policy="complexity").warnings == ()


# --- what follows when a model is not there --------------------------------------------------------------------------

DOWN = Health(state=HealthState.DOWN, reason="down")
INSTEAD = [
    ("Qwen3-14B: fast fallback, but on the same machine", {"complexity": 1}, "ollama", "haiku"),
    ("GLM down: best local coder", {"complexity": 4, "kind": "coding"}, "openrouter", "qwen2.5-coder-32b"),
    ("Haiku down: local", {"complexity": 4}, "anthropic", "qwen3-30b-a3b"),
    ("Sonnet and opus down: best local coder", {"complexity": 6}, "anthropic", "qwen2.5-coder-32b"),
]


@pytest.mark.parametrize(("facts", "gone", "model"), [r[1:] for r in INSTEAD], ids=[f"004 {r[0]}" for r in INSTEAD])
def test_the_next_profile_steps_in(facts: dict, gone: str, model: str) -> None:
    """The role's fallbacks, in order."""
    assert decided(Snapshot(now=0.0, health={gone: DOWN}), **facts).model == model


def test_004_opus_when_other_models_fail() -> None:
    """Sonnet's first fallback is opus."""
    assert [rung.model for rung in decided(complexity=6).ladder][:2] == ["sonnet", "opus"]


def test_a_prompt_is_scored_and_routed() -> None:
    """From the text's own complexity to the model, with no fact stated."""
    request = replace(ASKED, messages=(Message(role="user", text="fix the typo in the readme title"),))
    assert decide(FLEET, request, task_for(FLEET, request), CALM).model == "qwen3-30b-a3b"


def test_local_only_leaves_the_local_profiles() -> None:
    """GR-009 at every complexity."""
    for complexity in range(1, 11):
        ladder = decided(Snapshot(now=0.0, local_only=True), complexity=complexity, kind="coding").ladder
        assert ladder and all(rung.locality is Locality.LOCAL for rung in ladder)


# --- the memory of similar tasks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("complexity", range(1, 11))
def test_004_retrieve_similar_comes_before_every_rule(complexity: int) -> None:
    """`if similar.best_model_confidence > 0.8: return similar.best_model`, at every complexity and checkpoint."""
    seen = SimilarEvidence(model="qwen2.5-coder-32b", good=40, total=40, lower=wilson_lower(40, 40))
    for checkpoint in (None, "validation"):
        decision = decided(Snapshot(now=0.0, similar=seen), complexity=complexity, checkpoint=checkpoint)
        assert decision.model == "qwen2.5-coder-32b"
        assert decision.ladder[0].why == "best on 40 similar tasks: 40 good, lower bound .912"


def test_004_only_this_preset_asks_the_memory() -> None:
    """The other documents know no past performance."""
    assert {name for name in preset_names() if load(policy=name).fleet.similar_tasks} == {"complexity"}
