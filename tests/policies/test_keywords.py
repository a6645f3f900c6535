"""The `keywords` preset against document 003, "Multi-LLM Strategy": every row, arrow and trigger. Ids name the section."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pointsman
from pointsman.config import ConfigError, load
from pointsman.core.after import Rules, Stop, Try, after
from pointsman.core.decision import Decision
from pointsman.core.keywords import table_says, task_for
from pointsman.core.outcome import Attempt, Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Message, Request
from pointsman.core.route import decide
from pointsman.core.rules import Code
from pointsman.core.snapshot import Override, OverrideKind, Snapshot

FLEET = load(policy="keywords").fleet
CODER, REASONER, DEFAULT = "codellama:34b", "llama3.3:70b", "llama3.3:latest"
CALM = Snapshot(now=0.0)


def ask(text: str, **facts: object) -> Request:
    return Request(id="r", messages=(Message(role="user", text=text),), facts=facts)


def routed(text: str, snapshot: Snapshot = CALM, **facts: object) -> Decision:
    request = ask(text, **facts)
    return decide(FLEET, request, task_for(FLEET, request), snapshot)


def select_model(message: str) -> str:
    """The document's own function ("Implementation Example"), to compare with."""
    lowered = message.lower()
    if any(word in lowered for word in ("code", "function", "bug", "debug", "refactor")):
        return "ollama/codellama:34b"
    if any(word in lowered for word in ("why", "analyze", "compare", "logic")):
        return "ollama/llama3.3:70b"
    return "ollama/llama3.3:latest"


TABLE = [
    ("Keyword-based Routing: code", "Write code for this", CODER),
    ("Keyword-based Routing: function", "What does this FUNCTION do", CODER),
    ("Keyword-based Routing: bug", "there is a bug", CODER),
    ("Implementation Example: debug", "debug it", CODER),
    ("Keyword-based Routing: refactor", "Refactor this", CODER),
    ("Keyword-based Routing: why", "Why is the sky blue", REASONER),
    ("Keyword-based Routing: analyze", "Analyze the market", REASONER),
    ("Keyword-based Routing: compare", "compare tea and coffee", REASONER),
    ("Keyword-based Routing: logic", "a logic riddle", REASONER),
    ("Keyword-based Routing: others", "Tell me a story", DEFAULT),
    ("Implementation Example: empty text", "", DEFAULT),
    ("Implementation Example: coding before reasoning", "why does this code fail", CODER),
    ("Implementation Example: known miss, code in decode", "Decode the poem", CODER),
    ("Implementation Example: known miss, bug in debugger", "my debugger is a person", CODER),
    ("Implementation Example: known miss, logic in biological", "biological clocks", REASONER),
    ("Implementation Example: known miss, analyse in British", "Analyse the market", DEFAULT),
    ("Implementation Example: known miss, code without the word", "sort a list in Python", DEFAULT),
    ("added: Korean coding", "이 함수를 고쳐 줘", CODER),
    ("added: Korean debugging", "디버깅 좀 도와줘", CODER),
    ("added: Korean reasoning", "왜 하늘은 파란가요", REASONER),
    ("added: Korean analysis", "시장을 분석해 줘", REASONER),
    ("added: Korean others", "안녕하세요", DEFAULT),
    ("added: Korean words never change what the document decides", "코드를 analyze", REASONER),
]


@pytest.mark.parametrize(("text", "model"), [row[1:] for row in TABLE], ids=[f"003 {row[0]}" for row in TABLE])
def test_a_keyword_picks_the_model(text: str, model: str) -> None:
    """The first row of the table whose word is anywhere in the lower-cased text decides."""
    assert routed(text).model == model


@given(
    st.lists(
        st.sampled_from(["code", "Function", "bug", "DEBUG", "refactor", "why", "Analyze", "compare", "logic"])
        | st.text(st.characters(max_codepoint=0x7F), max_size=8),
        max_size=6,
    )
)
def test_003_implementation_example_every_ascii_text_goes_where_the_documents_function_sends_it(
    words: list[str],
) -> None:
    """Equal to `selectModel` for any text the document's table can read."""
    text = " ".join(words)
    picked = FLEET.models[routed(text).model or ""]
    assert f"{picked.endpoint}/{picked.id}" == select_model(text)


def test_003_the_word_that_decided_is_shown() -> None:
    """The evidence of the kind is the table's row, not the classifier's guess."""
    why = {one.fact: one.why for one in routed("Decode the poem").task.evidence}
    assert why["kind"] == "keyword 'code' (003, coding keywords)"


def test_a_stated_kind_beats_the_table() -> None:
    """What the caller says is never overruled by a substring."""
    decision = routed("Decode the poem", kind="general")
    assert decision.model == DEFAULT
    assert {one.fact: one.why for one in decision.task.evidence}["kind"] == "stated by the caller"


def test_003_the_added_rows_are_marked_and_stand_after_the_documents() -> None:
    """What the document does not have says so in the data."""
    marked = [rule.added is not None for rule in FLEET.keywords]
    assert marked == [False, False, True, True, False]


def test_whole_words_are_not_found_inside_others() -> None:
    """The option a policy may choose instead of the document's way."""
    rows = [rule for rule in FLEET.keywords if rule.name == "003, coding keywords"]
    whole = [replace(rule, whole_words=True) for rule in rows]
    assert table_says(rows, "Decode it")["kind"].value == "coding"
    assert not table_says(whole, "Decode it")
    assert table_says(whole, "the CODE, please")["kind"].value == "coding"


# --- profiles ------------------------------------------------------------------------------------------------------

PROFILES = [
    ("Basic Setup (Primary + Fallbacks)", "Tell me a story", [DEFAULT, CODER, "llama3.2:latest"]),
    ("Task-specific Agent Profiles: coder", "fix the bug", [CODER, DEFAULT]),
    ("Task-specific Agent Profiles: reasoner", "why", [REASONER, DEFAULT]),
]


@pytest.mark.parametrize(("text", "ladder"), [row[1:] for row in PROFILES], ids=[f"003 {row[0]}" for row in PROFILES])
def test_a_profile_is_primary_and_fallbacks_in_order(text: str, ladder: list[str]) -> None:
    """The ladder is the profile of the document's configuration, in its order."""
    assert [rung.model for rung in routed(text).ladder] == ladder


STATED_REFS = ["ollama/llama3.3:latest", "ollama/codellama:34b", "ollama/llama3.2:latest", "ollama/llama3.3:70b"]


@pytest.mark.parametrize("ref", STATED_REFS)
def test_003_cli_model_switching_every_reference_is_known_by_the_documents_name(ref: str) -> None:
    """`models set ollama/codellama:34b` finds its model."""
    model = FLEET.find(ref)
    assert model is not None and f"{model.endpoint}/{model.id}" == ref


@pytest.mark.parametrize("ref", STATED_REFS)
def test_003_cli_model_switching_beats_the_table(ref: str) -> None:
    """A model that was set is asked first whatever the keywords say."""
    switched = Snapshot(now=0.0, overrides=(Override(id="o", kind=OverrideKind.PREFER, model=ref),))
    assert f"ollama/{FLEET.models[routed('why', switched).model or ''].id}" == ref


# --- fallback behaviour ----------------------------------------------------------------------------------------------

K = FailureKind
TRIGGERS = [
    ("Model response timeout: first token", K.FIRST_TOKEN_TIMEOUT),
    ("Model response timeout: stalled", K.IDLE_TIMEOUT),
    ("Model response timeout: whole answer", K.TOTAL_TIMEOUT),
    ("Out of memory (OOM)", K.OUT_OF_MEMORY),
    ("Model load failure", K.LOAD_FAILED),
]
DONE = Completed(finish_reason="stop", usage=TokenUsage(input=1, output=1))


def following(decision: Decision, *outcomes: object) -> object:
    """The step after these outcomes on the ladder's first rungs, one each."""
    attempts = [
        Attempt(model=rung.model, endpoint=rung.endpoint, outcome=outcome)  # type: ignore[arg-type]
        for rung, outcome in zip(decision.ladder, outcomes, strict=False)
    ]
    return after(decision, attempts, now=0.0, jitter=0.0, rules=Rules())


@pytest.mark.parametrize(
    "kind", [row[1] for row in TRIGGERS], ids=[f"003 Fallback Trigger: {row[0]}" for row in TRIGGERS]
)
def test_a_trigger_goes_to_the_first_fallback(kind: FailureKind) -> None:
    """Try Primary -> Failure -> Try Fallback[0], never the same model again."""
    step = following(routed("Tell me a story"), Failed(kind=kind))
    assert isinstance(step, Try) and step.rung.model == CODER


def test_003_fallback_behavior_the_second_fallback_follows_the_first() -> None:
    """Try Fallback[0] -> Failure -> Try Fallback[1], then no more."""
    story, gone = routed("Tell me a story"), Failed(kind=K.OUT_OF_MEMORY)
    second = following(story, gone, gone)
    assert isinstance(second, Try) and second.rung.model == "llama3.2:latest"
    assert isinstance(following(story, gone, gone, gone), Stop)


def test_003_fallback_behavior_success_returns_the_response() -> None:
    """Try Primary -> Success -> Return Response."""
    assert not isinstance(following(routed("why"), DONE), (Try, Stop))


@pytest.mark.parametrize("kind", [K.REFUSED, K.CONNECT_TIMEOUT])
def test_003_fallback_trigger_connection_failure_goes_to_a_fallback_elsewhere(
    kind: FailureKind, tmp_path: Path
) -> None:
    """A server that cannot be reached fails all its models: the next one on another server is tried."""
    config = tmp_path / "two.toml"
    config.write_text(
        'extends = "keywords"\n'
        '[endpoints.second]\nurl = "http://127.0.0.1:11435"\nkind = "ollama"\n'
        '[models."llama3.2:latest"]\nendpoint = "second"\n',
        "utf-8",
    )
    fleet, request = load(config).fleet, ask("Tell me a story")
    decision = decide(fleet, request, task_for(fleet, request), CALM)
    step = following(decision, Failed(kind=kind))
    assert isinstance(step, Try) and step.rung.model == "llama3.2:latest"


def test_003_fallback_trigger_connection_failure_with_one_server_says_why_nobody_follows() -> None:
    """In the document all models are on one Ollama; those not tried are named, with the reason."""
    step = following(routed("why"), Failed(kind=K.REFUSED))
    assert isinstance(step, Stop) and f"{DEFAULT}: not tried" in step.why


def test_003_fallback_trigger_the_timeout_is_120_seconds() -> None:
    """Default 120 s, for the load, the first token and every later sign of life."""
    deadlines = FLEET.endpoints["ollama"].deadlines
    assert (deadlines.load, deadlines.first_token, deadlines.idle) == (120.0, 120.0, 120.0)


# --- resources -------------------------------------------------------------------------------------------------------

SPEEDS = [(CODER, (10, 15)), (REASONER, (5, 10)), (DEFAULT, (25, 30))]


@pytest.mark.parametrize(("name", "speed"), SPEEDS, ids=[f"003 Response Time Benchmark: {name}" for name, _ in SPEEDS])
def test_the_expected_speeds_are_the_models(name: str, speed: tuple[int, int]) -> None:
    """Tokens per second as the document expects them."""
    assert FLEET.models[name].speed == speed


def test_003_model_unload_strategy_is_never_a_delete() -> None:
    """The document unloads through /api/delete, which erases the model: no adapter names that path."""
    sources = (Path(pointsman.__file__).parent / "adapters").rglob("*.py")
    assert [path.name for path in sources if "api/delete" in path.read_text("utf-8")] == []


# --- the table as configuration --------------------------------------------------------------------------------------


def test_a_configuration_may_bring_its_own_table(tmp_path: Path) -> None:
    """`[[keywords]]` in a file replaces the preset's, as routes and bands do."""
    config = tmp_path / "own.toml"
    config.write_text('extends = "keywords"\n[[keywords]]\nwords = ["Poem"]\nfacts = { kind = "reasoning" }\n', "utf-8")
    fleet, request = load(config).fleet, ask("decode the POEM")
    assert decide(fleet, request, task_for(fleet, request), CALM).model == REASONER


WRONG = [
    ('facts = { kind = "codng" }', "keywords[0].facts.kind", "coding"),
    ('facts = { knid = "coding" }', "keywords[0].facts.knid", "kind"),
    ('facts = { complexity = "high" }', "keywords[0].facts.complexity", None),
    ("words = [3]\nfacts = { critical = true }", "keywords[0].words[0]", None),
    ('words = ["x"]', "keywords[0].facts", None),
    ('word = ["x"]\nfacts = { critical = true }', "keywords[0].word", "words"),
]


@pytest.mark.parametrize(("written", "key", "nearest"), WRONG, ids=[row[1] for row in WRONG])
def test_a_mistake_in_the_table_is_named_with_its_key(
    written: str, key: str, nearest: str | None, tmp_path: Path
) -> None:
    """Every wrong entry is reported in its place, with the nearest valid word."""
    config = tmp_path / "wrong.toml"
    config.write_text(f'extends = "keywords"\n[[keywords]]\n{written}\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(config)
    assert (key, nearest) in {(problem.key, problem.nearest) for problem in caught.value.problems}


def test_an_image_is_refused_by_name_because_the_document_has_no_model_that_sees() -> None:
    """The law holds and nothing is guessed: every model is rejected, the chain's for what they cannot do."""
    decision = routed("why is this red", images=1)
    assert decision.model is None
    assert {r.code for r in decision.rejected} == {Code.CAPABILITY, Code.ROLE}
    assert json.dumps([r.why for r in decision.rejected]).count("cannot do vision") == 2
