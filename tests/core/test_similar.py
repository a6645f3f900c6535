"""Similar tasks (document 004, Model Selection Algorithm: `memory.retrieve_similar`): likeness, confidence, preference."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.recorded import record, restore
from pointsman.core.request import Task
from pointsman.core.route import decide
from pointsman.core.rules import Code, Notice
from pointsman.core.similar import CONFIDENT, Past, SimilarEvidence, alike, best, fingerprint, wilson_lower
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from support.fleets import ask, small_fleet

KEY = b"0123456789abcdef"
CODE = Task(kind="coding", complexity=4)

BOUNDS = [
    (0, 0, 0.0),
    (0, 10, 0.0),
    (1, 1, 0.2065),
    (10, 10, 0.7225),
    (22, 23, 0.7901),
    (16, 16, 0.8064),
    (95, 100, 0.8882),
]


@pytest.mark.parametrize(("good", "total", "lower"), BOUNDS)
def test_the_bound_is_wilsons(good: int, total: int, lower: float) -> None:
    """Figures of the 95 % score interval; nothing known is no confidence."""
    assert wilson_lower(good, total) == pytest.approx(lower, abs=1e-4)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_bound_never_promises_more_than_was_seen(good: int, bad: int) -> None:
    """0 <= bound <= rate, and a further good reply never lowers it."""
    total = good + bad
    assert 0.0 <= wilson_lower(good, total) <= (good / total if total else 0.0) + 1e-12
    assert wilson_lower(good + 1, total + 1) >= wilson_lower(good, total) - 1e-12


CHOICES = [
    ("nothing recorded", [], None),
    ("15 of 15 is not sure enough", [Past(model="a", good=15, total=15)], None),
    ("16 of 16 is", [Past(model="a", good=16, total=16)], "a"),
    ("three lucky answers are no evidence", [Past(model="a", good=3, total=3)], None),
    ("the surer model wins", [Past(model="a", good=20, total=20), Past(model="b", good=200, total=210)], "b"),
    ("a tie goes to the first by name", [Past(model="b", good=20, total=20), Past(model="a", good=20, total=20)], "a"),
]


@pytest.mark.parametrize(
    ("pasts", "model"), [c[1:] for c in CHOICES], ids=[f"004 confidence > 0.8: {c[0]}" for c in CHOICES]
)
def test_the_best_model_needs_a_lower_bound_above_the_documents_figure(pasts: list[Past], model: str | None) -> None:
    """Strictly above 0.8, by the lower bound and not by the rate."""
    found = best(pasts)
    assert (found.model if found else None) == model
    assert found is None or found.lower > CONFIDENT


def test_the_evidence_is_a_sentence_with_its_figures() -> None:
    """Shown in the decision; the bound is rounded down."""
    assert (
        SimilarEvidence(model="a", good=98, total=100, lower=0.92996).why
        == "best on 100 similar tasks: 98 good, lower bound .929"
    )


# --- fingerprints ----------------------------------------------------------------------------------------------------

PARSER = "write a python parser for nginx log files"
LIKENESS = [
    ("the same text", PARSER, {}, True),
    ("the same in other words' order", "for nginx log files: a parser in python, please", {}, True),
    ("inflected", "writing python parsers for nginx logs and files", {}, True),
    ("another matter", "explain the french revolution to a child", {}, False),
    ("one word in common", "parser generators compared: history, theory, practice", {}, False),
    ("another kind", PARSER, {"kind": "general"}, False),
    ("another language", PARSER, {"language": "ko"}, False),
    ("two steps harder", PARSER, {"complexity": 6}, True),
    ("three steps harder", PARSER, {"complexity": 7}, False),
]


@pytest.mark.parametrize(("text", "facts", "same"), [row[1:] for row in LIKENESS], ids=[row[0] for row in LIKENESS])
def test_likeness(text: str, facts: dict, same: bool) -> None:
    """Kind, language, nearly as hard, and half of the terms shared."""
    own, other = fingerprint(CODE, PARSER, KEY), fingerprint(replace(CODE, **facts), text, KEY)
    assert alike(own, other) is alike(other, own) is same


def test_a_fingerprint_holds_no_word_and_no_figure_of_the_prompt() -> None:
    """Hashed stems under a key: another key gives other terms, and a key in the prompt leaves no trace at all."""
    secret = "deploy with sk-ant-abc123 and 4111 1111 1111 1111 to staging"
    seen = fingerprint(CODE, secret, KEY)
    assert all(len(term) == 10 and int(term, 16) >= 0 for term in seen.terms)
    assert seen.terms.isdisjoint(fingerprint(CODE, secret, b"another key").terms)
    assert seen.terms == fingerprint(CODE, secret.replace("4111 1111 1111 1111", "1234"), KEY).terms


def test_korean_texts_have_fingerprints_too() -> None:
    """By the beginnings of words, since they are inflected."""
    korean = replace(CODE, language="ko")
    assert alike(
        fingerprint(korean, "로그 파일을 파싱하는 함수", KEY), fingerprint(korean, "로그 파일 파싱 함수를", KEY)
    )


@given(st.text(max_size=300))
def test_any_text_has_a_bounded_fingerprint(text: str) -> None:
    """No text makes it fail or grow, and a text without words is like nothing."""
    seen = fingerprint(CODE, text * 5, KEY)
    assert len(seen.terms) <= 24
    assert seen.terms or not alike(seen, seen)


# --- the preference --------------------------------------------------------------------------------------------------

SEEN = SimilarEvidence(model="flash", good=40, total=40, lower=wilson_lower(40, 40))
FLEET = small_fleet(similar_tasks=True)


def snapshot(*overrides: Override, **more: object) -> Snapshot:
    return Snapshot(**{"now": 0.0, "similar": SEEN, "overrides": overrides, **more})  # type: ignore[arg-type]


PREFER_BIG = Override(id="o", kind=OverrideKind.PREFER, model="big")
PIN_BIG = Override(id="o", kind=OverrideKind.PIN, model="big")
ORDER = [
    ("it beats the rules", FLEET, CODE, {}, snapshot(), "flash"),
    ("without the policy's wish it does not", small_fleet(), CODE, {}, snapshot(), "coder"),
    ("it beats an escalation", FLEET, replace(CODE, failed_attempts=2), {}, snapshot(), "flash"),
    ("a pin beats it", FLEET, CODE, {}, snapshot(PIN_BIG), "big"),
    ("a standing preference beats it", FLEET, CODE, {}, snapshot(PREFER_BIG), "big"),
    ("a request's preference beats it", FLEET, CODE, {"prefer": "sonnet"}, snapshot(), "sonnet"),
    ("a job's model beats it", FLEET, replace(CODE, job_model="big"), {}, snapshot(), "big"),
    ("local_only beats it", FLEET, CODE, {}, snapshot(local_only=True), "coder"),
    (
        "a model that is no longer there is no preference",
        FLEET,
        CODE,
        {},
        snapshot(similar=replace(SEEN, model="gone")),
        "coder",
    ),
]


@pytest.mark.parametrize(
    ("fleet", "task", "asked", "seen", "model"),
    [row[1:] for row in ORDER],
    ids=[f"004 retrieve_similar: {row[0]}" for row in ORDER],
)
def test_the_memory_is_a_preference_after_every_stated_wish(fleet, task, asked, seen, model) -> None:
    """Before the rules and escalation, after whoever stated a wish, and never past a guardrail."""
    assert decide(fleet, ask(**asked), task, seen).model == model


def test_the_evidence_is_shown_in_the_decision() -> None:
    """In the ladder's why and as a notice; a guardrail that stops it is told as a step down."""
    decision = decide(FLEET, ask(), CODE, snapshot())
    assert decision.ladder[0].why == SEEN.why == "best on 40 similar tasks: 40 good, lower bound .912"
    assert [t.text for t in decision.notices if t.notice is Notice.SIMILAR] == [f"flash: {SEEN.why}"]
    held = decide(FLEET, ask(), CODE, snapshot(local_only=True))
    assert {r.model: r.code for r in held.rejected}["flash"] is Code.LOCAL_ONLY
    assert any(t.notice is Notice.STEP_DOWN for t in held.notices)


def test_a_decision_by_memory_replays() -> None:
    """The evidence is among the recorded inputs; a line without it restores as before."""
    recorded = record(FLEET, ask(), CODE, snapshot())
    again = restore(recorded, "r1")
    assert again[2].similar == SEEN and decide(FLEET, *again).model == "flash"
    del recorded["similar"]
    assert restore(recorded, "r1")[2].similar is None
