"""A simulated model that is asked for structured output gives it, and judges nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.adapters.structured import StructuredOutputs
from pointsman.demo.replies import compose
from pointsman.demo.schemas import schema_in

OUTPUTS = StructuredOutputs()


@pytest.mark.parametrize("emits", ["plan.json", "verdict", "cited"])
@given(prompt=st.text(min_size=1, max_size=400).filter(str.strip))
def test_every_structured_output_is_answered_validly(emits: str, prompt: str) -> None:
    """Read back by the reader that judges real answers, citations included."""
    said = "".join(compose("m", "m-1", prompt, system=f"Be brief.\n\n{OUTPUTS.instruction(emits)}").text)
    OUTPUTS.read(emits, said, prompt)


def test_a_simulated_judge_never_approves() -> None:
    """Nobody looked."""
    said = "".join(compose("m", "m-1", "approve this", system=OUTPUTS.instruction("verdict")).text)
    assert json.loads(said)["verdict"] == "revise"


@pytest.mark.parametrize(
    "system", ["", "Be brief.", "JSON Schema", "JSON Schema: {", "JSON Schema: []", 'JSON Schema: {"a": 1}']
)
def test_without_a_schema_it_speaks_prose(system: str) -> None:
    """As ever."""
    assert schema_in(system) is None
    assert "**m**" in "".join(compose("m", "m-1", "hello", system=system).text)
