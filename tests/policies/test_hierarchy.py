"""The `hierarchy` preset against document 000, "Model Hierarchy": every workload, port and threshold. Ids name the section."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pointsman.config import ConfigError, load
from pointsman.core.decision import Decision
from pointsman.core.fleet import Locality
from pointsman.core.health import Health, HealthState
from pointsman.core.keywords import task_for
from pointsman.core.recorded import record, restore
from pointsman.core.request import Message, Request, Task
from pointsman.core.route import decide
from pointsman.core.rules import Code, Notice
from pointsman.core.snapshot import EndpointStatus, Override, OverrideKind, Snapshot

FLEET = load(policy="hierarchy").fleet
CALM = Snapshot(now=0.0)
ASKED = Request(id="r", messages=(Message(role="user", text="do it"),))


def decided(snapshot: Snapshot = CALM, **facts: object) -> Decision:
    return decide(FLEET, ASKED, Task(**facts), snapshot)  # type: ignore[arg-type]


def routed(text: str, **facts: object) -> Decision:
    request = Request(id="r", messages=(Message(role="user", text=text),), facts=facts)
    return decide(FLEET, request, task_for(FLEET, request), CALM)


def down(*endpoints: str) -> Snapshot:
    return Snapshot(now=0.0, health={name: Health(state=HealthState.DOWN, reason="inactive") for name in endpoints})


def queue(endpoint: str, **figures: int) -> Snapshot:
    return Snapshot(now=0.0, status={endpoint: EndpointStatus(checked_at=0.0, **figures)})


WORKLOADS = [
    ("§1 strategic planning, complex decisions", {"kind": "reasoning"}, "opus"),
    ("§1 user communication", {"kind": "general"}, "opus"),
    ("§1 PR merges", {"kind": "coding", "checkpoint": "merge"}, "opus"),
    ("§1 context 200K: the last that opus takes", {"kind": "reasoning", "tokens": 199_999}, "opus"),
    ("§6 long-context reasoning from 200K on", {"kind": "reasoning", "tokens": 200_000}, "kimi"),
    ("§6 large context beyond kimi's", {"kind": "general", "tokens": 500_000}, "gemini"),
    ("§6 research by its name", {"role": "research"}, "kimi"),
    ("§6 alternative reasoning by its name", {"role": "alternative"}, "deepseek"),
    ("§6 multimodal by its name", {"role": "multimodal"}, "gemini"),
    ("§2 implementation is local first", {"kind": "coding"}, "coder-next"),
    ("§2 context 1M: the last that the GPU takes", {"kind": "coding", "tokens": 999_999}, "coder-next"),
    ("§3 overflow at 1M", {"kind": "coding", "tokens": 1_000_000}, "coder-cpu"),
    ("§3 overflow of any text", {"kind": "background", "tokens": 1_500_000}, "coder-cpu"),
    ("§3 context 2M: the last that the CPU takes", {"kind": "coding", "tokens": 1_999_999}, "coder-cpu"),
    ("§3 nobody takes 2M", {"kind": "coding", "tokens": 2_000_000}, None),
    ("§3 full codebase reviews", {"kind": "coding", "full_sweep": True}, "coder-cpu"),
    ("§4 code review", {"kind": "coding", "checkpoint": "review"}, "qwen"),
    ("§4 audits", {"kind": "coding", "checkpoint": "audit"}, "qwen"),
    ("§4 architecture validation", {"kind": "reasoning", "checkpoint": "validation"}, "qwen"),
    ("§4 summaries", {"kind": "background"}, "qwen"),
    ("§4 summaries in the background", {"kind": "general", "background": True}, "qwen"),
    ("§4 context 65K: the last that qwen takes", {"kind": "background", "tokens": 65_535}, "qwen"),
    ("§4 a longer summary stays local", {"kind": "background", "tokens": 65_536}, "coder-next"),
    ("§4 a longer review stays local", {"kind": "coding", "checkpoint": "review", "tokens": 65_536}, "coder-next"),
    ("§4 longer background work stays local", {"background": True, "tokens": 65_536}, "coder-next"),
    ("§5 cloud tooling required", {"kind": "coding", "cloud_tools": True}, "codex"),
    ("§5 cloud tooling required for a review", {"checkpoint": "review", "cloud_tools": True}, "codex"),
    ("§5 the user wants the cloud", {"kind": "coding", "user_wants": "cloud"}, "codex"),
    ("§7 image analysis, whatever the text", {"kind": "coding", "images": 1}, "vl"),
    ("§7 screenshot QA", {"kind": "vision"}, "vl"),
    ("§8 embeddings", {"kind": "embedding"}, "embedding"),
]


@pytest.mark.parametrize(("facts", "model"), [row[1:] for row in WORKLOADS], ids=[f"000 {row[0]}" for row in WORKLOADS])
def test_a_workload_goes_to_its_model(facts: dict, model: str | None) -> None:
    """With everything free and well, the workload's model answers, and the law holds."""
    decision = decided(**facts)
    assert decision.model == model
    assert {r.model for r in decision.ladder} | {r.model for r in decision.rejected} == set(FLEET.models)


TEXTS = [
    ("§1", "merge this PR once the checks are green", "opus"),
    ("§2", "Implement a function that parses ISO dates", "coder-next"),
    ("§3", "review the entire codebase for dead code", "coder-cpu"),
    ("§4", "Do a code review of my patch", "qwen"),
    ("§4", "Please validate the architecture of the ingest service", "qwen"),
    ("§4", "Summarize this article in three bullets: ...", "qwen"),
    ("§4 added: Korean", "이 변경을 코드 리뷰 해 줘", "qwen"),
]


@pytest.mark.parametrize(
    ("text", "model"), [row[1:] for row in TEXTS], ids=[f"000 {row[0]}: {row[1]}" for row in TEXTS]
)
def test_the_documents_words_lead_to_its_models(text: str, model: str) -> None:
    """From the prompt's own words to the workload's model, with no fact stated."""
    assert routed(text).model == model


# --- names, ports, figures ------------------------------------------------------------------------------------------

REFERENCES = [
    ("§1", "anthropic/claude-opus-4-6", "opus"),
    ("§2", "llamacpp-coder-next/qwen3-coder-next-q5k", "coder-next"),
    ("§4", "llamacpp-qwen/qwen3-32b-q5k", "qwen"),
    ("§5", "openai-codex/gpt-5.3-codex", "codex"),
    ("§6", "ollama-cloud/kimi-k2.5:cloud", "kimi"),
    ("§6", "ollama-cloud/deepseek-v3.2:cloud", "deepseek"),
    ("§6", "ollama-cloud/gemini-3-pro-preview:latest", "gemini"),
    ("§7", "qwen3-vl:8b", "vl"),
    ("§8", "qwen3-embedding", "embedding"),
]


@pytest.mark.parametrize(
    ("ref", "alias"), [row[1:] for row in REFERENCES], ids=[f"000 {r[0]} {r[2]}" for r in REFERENCES]
)
def test_the_documents_reference_is_its_alias(ref: str, alias: str) -> None:
    """Model references and aliases name the same model."""
    found = FLEET.find(ref)
    assert found is not None and found.name == alias == (FLEET.find(alias) or found).name


PORTS = [
    (11434, "vl"),
    (11434, "embedding"),
    (11434, "kimi"),
    (11437, "qwen"),
    (11439, "coder-next"),
    (11440, "coder-cpu"),
]


@pytest.mark.parametrize(("port", "name"), PORTS, ids=[f"000 Active Endpoint Map: {p} {n}" for p, n in PORTS])
def test_a_model_is_on_its_port(port: int, name: str) -> None:
    """The endpoint map, row by row."""
    assert urlsplit(FLEET.endpoint_of(FLEET.models[name]).url).port == port


CARDS = [
    ("§1", "opus", "context", 200_000),
    ("§2", "coder-next", "context", 1_000_000),
    ("§2", "coder-next", "vram", 57 * 2**30),
    ("§2", "coder-next", "kv_cache", 24 * 2**30),
    ("§2", "coder-next", "speed", (500, 500)),
    ("§3", "coder-cpu", "context", 2_000_000),
    ("§3", "coder-cpu", "ram", 142 * 2**30),
    ("§3", "coder-cpu", "speed", (15, 30)),
    ("§4", "qwen", "context", 65_536),
    ("§4", "qwen", "vram", 23 * 2**30),
    ("§7", "vl", "context", 262_144),
    ("§7", "vl", "vram", 10 * 2**30),
]


@pytest.mark.parametrize(
    ("name", "fact", "figure"), [c[1:] for c in CARDS], ids=[f"000 {c[0]} {c[1]} {c[2]}" for c in CARDS]
)
def test_a_card_has_the_documents_figures(name: str, fact: str, figure: object) -> None:
    """Windows in tokens, memory in bytes, speeds in tokens per second."""
    assert getattr(FLEET.models[name], fact) == figure


@pytest.mark.parametrize("name", ["kimi", "deepseek", "gemini"])
def test_000_section_6_proxy_models_are_cloud_models_on_a_local_port(name: str) -> None:
    """They are asked at :11434 and computed at ollama.com: forbidden under local_only (trap T1)."""
    assert FLEET.locality_of(FLEET.models[name]) is Locality.CLOUD
    decision = decided(Snapshot(now=0.0, local_only=True), role="research", job_model=name)
    assert {r.model: r.code for r in decision.rejected}[name] is Code.LOCAL_ONLY


# --- capacity -------------------------------------------------------------------------------------------------------

LIMIT = FLEET.queue_limit or 0
QUEUES = [
    ("below the limit", {"waiting": LIMIT - 1}, "coder-next"),
    ("at the limit", {"waiting": LIMIT}, "codex"),
    ("above the limit", {"waiting": LIMIT + 1}, "codex"),
    ("all slots busy, an empty queue", {"waiting": 0, "running": 4, "slots": 4}, "coder-next"),
    ("all slots busy, an unknown queue", {"running": 4, "slots": 4}, "codex"),
    ("a free slot, an unknown queue", {"running": 3, "slots": 4}, "coder-next"),
    ("slots unknown, an unknown queue", {"running": 9}, "coder-next"),
]


@pytest.mark.parametrize(
    ("figures", "model"), [q[1:] for q in QUEUES], ids=[f"000 §5 saturated: {q[0]}" for q in QUEUES]
)
def test_a_saturated_local_queue_falls_back_to_codex(figures: dict, model: str) -> None:
    """The limit is `queue_limit`; where a server does not tell its queue, busy slots decide."""
    seen = queue("coder-gpu", **figures)
    decision = decided(seen, kind="coding")
    assert decision.model == model
    # a recorded decision replays to the same model: the audit keeps what was looked at
    again = restore(record(FLEET, ASKED, decision.task, seen), "r")
    assert decide(FLEET, *again).model == model


def test_000_section_5_saturation_is_told_with_its_figures() -> None:
    """Never a silent switch: the notice names both models and the queue."""
    decision = decided(queue("coder-gpu", waiting=LIMIT), kind="coding")
    assert [t.text for t in decision.notices if t.notice is Notice.STEP_DOWN] == [
        f"coder-next → codex: coder-gpu has {LIMIT} requests waiting (limit {LIMIT})"
    ]


def test_000_section_5_a_saturated_reviewer_falls_back_to_codex() -> None:
    """Cloud *review* fallback: the reviewer's queue counts as well."""
    assert decided(queue("llama-qwen", waiting=LIMIT), checkpoint="review").model == "codex"


def test_000_section_5_the_limit_is_configuration(tmp_path: Path) -> None:
    """`queue_limit` in a file beats the preset's figure."""
    config = tmp_path / "patient.toml"
    config.write_text(f'extends = "hierarchy"\nqueue_limit = {LIMIT + 1}\n', "utf-8")
    fleet = load(config).fleet
    assert decide(fleet, ASKED, Task(kind="coding"), queue("coder-gpu", waiting=LIMIT)).model == "coder-next"


def test_cloud_tooling_under_local_only_stays_local_and_says_so() -> None:
    """GR-009 beats "cloud tooling required": the local coder answers, with the step down told."""
    decision = decided(Snapshot(now=0.0, local_only=True), kind="coding", cloud_tools=True)
    assert decision.model == "coder-next"
    assert any(t.notice is Notice.STEP_DOWN and "local_only" in t.text for t in decision.notices)


LIVE = [
    ("§4 inactive reviewer", down("llama-qwen"), {"checkpoint": "review"}, "codex"),
    ("§2 GPU server down", down("coder-gpu"), {"kind": "coding"}, "codex"),
    ("§2 GPU server and cloud down", down("coder-gpu", "openai"), {"kind": "coding"}, "coder-cpu"),
    ("§6 opus down", down("anthropic"), {"kind": "reasoning"}, "deepseek"),
    ("§7 Ollama down: nothing else sees", down("ollama"), {"images": 1}, "vl"),
]


@pytest.mark.parametrize(
    ("snapshot", "facts", "model"), [row[1:] for row in LIVE], ids=[f"000 Status: {row[0]}" for row in LIVE]
)
def test_a_status_is_live_state_and_not_policy(snapshot: Snapshot, facts: dict, model: str) -> None:
    """What the document's status column says changes the pick of the moment, never the preset."""
    assert decided(snapshot, **facts).model == model


def test_000_section_4_the_reviewers_service_can_be_started_from_here() -> None:
    """`systemctl --user start llama-qwen`."""
    service = FLEET.services[FLEET.endpoints["llama-qwen"].service or ""]
    assert (str(service.kind), service.unit) == ("systemd-user", "llama-qwen.service")


# --- the retired port -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["vision-old", "11441"])
def test_000_section_7_a_job_that_names_the_retired_port_is_refused_with_its_successor(named: str) -> None:
    """Rejected by name, the reason says where all vision goes, and the successor answers."""
    decision = decided(images=1, job_model=named)
    refused = {r.model: r for r in decision.rejected}["vision-old"]
    assert (refused.code, decision.model) == (Code.RETIRED, "vl")
    assert "11434" in refused.why and "vl" in refused.why


def test_000_section_7_a_model_on_the_retired_port_is_a_configuration_problem(tmp_path: Path) -> None:
    """The address itself is refused, however the endpoint is called."""
    config = tmp_path / "old.toml"
    config.write_text(
        'extends = "hierarchy"\n[endpoints.eyes]\nurl = "http://localhost:11441"\nkind = "llama.cpp"\n', "utf-8"
    )
    with pytest.raises(ConfigError, match="all vision goes through Ollama on port 11434"):
        load(config)


# --- governance -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job_model", ["kimi", "ollama-cloud/kimi-k2.5:cloud", "qwen", "codex"])
def test_000_governance_a_jobs_own_model_beats_the_default_and_both_are_shown(job_model: str) -> None:
    """Cron payloads own per-job overrides; the gateway's default stays in sight."""
    decision = decided(kind="general", job_model=job_model)
    wanted = FLEET.find(job_model)
    assert wanted is not None and decision.model == wanted.name
    assert decision.default_model == "opus"
    assert [t.text for t in decision.notices if t.notice is Notice.OVERRIDE] == [
        f"{wanted.name}: the job's own model (default: opus)"
    ]


def test_000_governance_a_job_override_holds_for_that_job_only() -> None:
    """The next request without one gets the default again."""
    assert decided(kind="general").model == "opus"


def test_a_users_pin_beats_the_jobs_model() -> None:
    """The narrower and later word is the user's."""
    pinned = Snapshot(now=0.0, overrides=(Override(id="o", kind=OverrideKind.PIN, model="qwen"),))
    assert decided(pinned, kind="general", job_model="kimi").model == "qwen"


def test_000_governance_the_gateway_owns_the_default() -> None:
    """OpenClaw's file is expected to name the main session's default model (Runtime Snapshot)."""
    gateway = FLEET.gateway
    assert gateway is not None
    assert (gateway.kind, gateway.expect, gateway.ref) == ("openclaw", "opus", "anthropic/claude-opus-4-6")
    assert gateway.expect == FLEET.roles[FLEET.default_role].primary


def test_local_only_leaves_no_cloud_model_for_any_workload() -> None:
    """GR-009 for every row of the table."""
    for _, facts, _ in WORKLOADS:
        decision = decided(Snapshot(now=0.0, local_only=True), **facts)
        assert all(rung.locality is Locality.LOCAL for rung in decision.ladder)


def test_review_words_inside_other_words_do_not_count() -> None:
    """The preset's own rows look for whole words, unlike document 003's."""
    assert all(rule.whole_words for rule in FLEET.keywords if rule.added is None)
    assert routed("Implement a preview thead component in React").model == "coder-next"


def test_review_words_in_a_paste_do_not_count() -> None:
    """The preset's own rows read the instruction: a fenced or long pasted text decides nothing."""
    assert routed("Implement this:\n```\n# code review notes\nx = 1\n```").model == "coder-next"
    pasted = "Implement the parser described here. " + "lorem ipsum " * 200 + "code review " + "dolor sit " * 200
    assert routed(pasted, kind="coding").model == "coder-next"
