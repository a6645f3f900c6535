"""What a verdict is worth, and by which rule it is worth nothing."""

from __future__ import annotations

import pytest

from pointsman.core.checks import Subject
from pointsman.core.fleet import Locality, Role
from pointsman.core.ruling import rule, told_of_ruling

JUDGE = Role(name="judge", primary="opus", judge=True)
OTHER = Role(name="reviewer", primary="opus")
CLOUD, LOCAL = Locality.CLOUD, Locality.LOCAL
MATERIAL = "Write a sum.\ndef total(a, b):\n    return a + b\n14 passed"


def verdict(said: object = "approve", *quotes: str) -> dict[str, object]:
    return {"verdict": said, "reasons": ["good"], "evidence": [{"source": "reply", "quote": quote} for quote in quotes]}


@pytest.mark.parametrize(
    ("given", "role", "where", "failed", "approved", "code"),
    [
        (verdict("approve", "return a + b"), JUDGE, CLOUD, (), True, None),
        (verdict("approve", "RETURN  a +\n b"), JUDGE, CLOUD, (), True, None),  # case and line breaks do not count
        (verdict("approve", "return a + b", "14 passed"), JUDGE, CLOUD, (), True, None),
        (verdict("revise", "return a + b"), JUDGE, CLOUD, (), False, None),
        (verdict("reject", "return a + b"), JUDGE, CLOUD, ("e1",), False, None),
        (verdict("approve", "return a + b"), JUDGE, LOCAL, (), False, "GR-003"),
        (verdict("approve", "return a + b"), OTHER, CLOUD, (), False, "GR-002"),
        (verdict("approve"), JUDGE, CLOUD, (), False, "GR-007"),
        (verdict("approve", ""), JUDGE, CLOUD, (), False, "GR-007"),
        (verdict("approve", " \n"), JUDGE, CLOUD, (), False, "GR-007"),
        (verdict("approve", "return a - b"), JUDGE, CLOUD, (), False, "GR-007"),
        (verdict("approve", "return a + b", "all is well"), JUDGE, CLOUD, (), False, "GR-007"),
        (verdict("approve", "return a + b"), JUDGE, CLOUD, ("e1",), False, "GR-006"),
        (verdict("APPROVE", "return a + b"), JUDGE, CLOUD, (), False, "GR-012"),
        (verdict(None, "return a + b"), JUDGE, CLOUD, (), False, "GR-012"),
        ({}, JUDGE, CLOUD, (), False, "GR-012"),
        ({"verdict": "approve", "evidence": "return a + b"}, JUDGE, CLOUD, (), False, "GR-007"),
    ],
)
def test_an_approval_counts_only_from_a_cloud_judge_with_evidence(
    given: dict[str, object],
    role: Role,
    where: Locality,
    failed: tuple[str, ...],
    approved: bool,
    code: str | None,
) -> None:
    ruling = rule(given, role=role, locality=where, material=MATERIAL, failed_checks=failed)
    assert (ruling.approved, ruling.code) == (approved, code)
    assert not (ruling.approved and ruling.failed)


def test_the_line_says_who_approved_what_and_keeps_the_judges_words_erasable() -> None:
    ruling = rule(verdict("approve", "return a + b"), role=JUDGE, locality=CLOUD, material=MATERIAL)
    line = told_of_ruling(Subject(task="t", request="r", model="coder", reply="x"), ruling, "opus", 5.0)
    assert (line.request, line.model, line.from_model, line.rule) == ("r", "opus", "coder", "GR-002")
    assert line.text == "reply of coder approved by opus: approved by a cloud judge with cited evidence"
    assert line.foreign == {"reason.1": "good", "quote.1": "return a + b"}
