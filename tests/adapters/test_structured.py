"""What counts as a plan, a verdict and a cited synthesis, and what is said of the rest. Source: document 002 §1, §7."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pointsman.adapters.structured import MAX_CHARS, StructuredOutputs
from pointsman.ports import InvalidOutput

OUTPUTS = StructuredOutputs()
PLAN = {"goal": "split the module", "steps": [{"title": "move the parser"}], "confidence": 0.8}
VERDICT = {
    "verdict": "approve",
    "reasons": ["the checks pass"],
    "evidence": [{"source": "pytest", "quote": "12 passed"}],
}
CITED = {"answer": "Twelve.", "citations": [{"source": "log", "quote": "12 passed in 3 s"}]}
MATERIAL = "the log says: 12 PASSED in\n 3 s"


@pytest.mark.parametrize(("emits", "good"), [("plan.json", PLAN), ("verdict", VERDICT), ("cited", CITED)])
@pytest.mark.parametrize("form", ["{}", "\n {}\n", "```json\n{}\n```", "```\n{}\n```\n"])
def test_a_valid_answer_is_read(emits: str, good: dict, form: str) -> None:
    """Bare or in one fence; what it says beyond the shape is kept."""
    written = json.dumps({**good, "note": "more"})
    seen = OUTPUTS.read(emits, form.replace("{}", written), MATERIAL)
    assert seen["note"] == "more"
    assert {key: seen[key] for key in ("confidence", "verdict", "answer") if key in good} == {
        key: good[key] for key in ("confidence", "verdict", "answer") if key in good
    }


BAD = [
    ("prose", "plan.json", "Sure! First I would move the parser.", "JSON"),
    ("prose around it", "plan.json", f"Here: {json.dumps(PLAN)}", "JSON"),
    ("empty", "plan.json", "", "JSON"),
    ("a list", "plan.json", "[]", "object"),
    ("no confidence", "plan.json", {**PLAN, "confidence": None}, "confidence"),
    ("confidence in words", "plan.json", {**PLAN, "confidence": "high"}, "confidence"),
    ("confidence above 1", "plan.json", {**PLAN, "confidence": 1.01}, "confidence"),
    ("confidence below 0", "plan.json", {**PLAN, "confidence": -0.01}, "confidence"),
    ("confidence is no number", "plan.json", json.dumps({**PLAN, "confidence": float("nan")}), "JSON|confidence"),
    ("no steps", "plan.json", {**PLAN, "steps": []}, "steps"),
    ("a step without a title", "plan.json", {**PLAN, "steps": [{"files": ["a"]}]}, "steps.0.title"),
    ("no evidence", "verdict", {**VERDICT, "evidence": []}, "evidence"),
    ("evidence left out", "verdict", {k: v for k, v in VERDICT.items() if k != "evidence"}, "evidence"),
    ("evidence without a quote", "verdict", {**VERDICT, "evidence": [{"source": "x"}]}, "quote"),
    ("no reasons", "verdict", {**VERDICT, "reasons": []}, "reasons"),
    ("another word", "verdict", {**VERDICT, "verdict": "looks good"}, "verdict"),
    ("no citations", "cited", {**CITED, "citations": []}, "citations"),
    ("an invented citation", "cited", {**CITED, "citations": [{"source": "log", "quote": "13 passed"}]}, "GR-008"),
    ("a blank citation", "cited", {**CITED, "citations": [{"source": "log", "quote": "  "}]}, "GR-008"),
    ("a lone surrogate", "plan.json", '{"goal": "\ud800"}', "."),
    ("nested too deep", "plan.json", "[" * 5_000, "."),
    ("too long", "plan.json", "x" * (MAX_CHARS + 1), "characters"),
]


@pytest.mark.parametrize(("emits", "answer", "told"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_anything_else_is_refused_with_its_place(emits: str, answer: object, told: str) -> None:
    """One line that says where; never an answer mended."""
    written = answer if isinstance(answer, str) else json.dumps(answer)
    with pytest.raises(InvalidOutput, match=told) as refused:
        OUTPUTS.read(emits, written, MATERIAL)
    assert "\n" not in str(refused.value)


def test_the_report_repeats_nothing_of_the_answer() -> None:
    """What was written may be anything, so it stays out of errors and audit."""
    with pytest.raises(InvalidOutput) as refused:
        OUTPUTS.read("plan.json", json.dumps({**PLAN, "confidence": "\x1b[31msk-secret"}), "")
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize("emits", ["plan.json", "verdict", "cited"])
def test_the_instruction_carries_the_schema(emits: str) -> None:
    """The model is told the JSON Schema that its answer is held against, and it is short."""
    text = OUTPUTS.instruction(emits)
    schema = json.loads(text.split("\n")[1].split("} Quote")[0] + ("}" if "} Quote" in text else ""))
    assert schema["type"] == "object" and schema["required"]
    assert len(text) < 2_000


def test_the_engine_is_opened_without_pydantic_which_comes_with_the_first_structured_output():
    code = """
import sys
from pointsman.wiring import engines
from pointsman.wiring.outputs import LateOutputs
engines._import_world()
before = "pydantic" in sys.modules
LateOutputs().instruction("verdict")
print(before, "pydantic" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]
