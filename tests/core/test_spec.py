"""The override block of document 002 §8: what complies, what is wrong and where, and what a stamp may touch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.spec import HEADING, ROLES, Answers, Open, check, stamp

FULL = f"""# Spec

Words before.

{HEADING}

Policy: docs/MODEL-POLICY.md (version: 2.0.0)

Roles exercised by this spec:
- Stage0 Tier2 (NotebookLM): NO
- Architect/Planner: YES
- Implementer/Rust Ace: YES
- Librarian: NO
- Tutor: NO
- Auditor/Judge: YES

Routing mode: cloud-where-quality-wins, local-where-speed-wins
Architect: Cloud-first (Sonnet/GPT)
Implementer: Local for small diffs, cloud for serious/HR work
Librarian: Local + Kimi escalation (hard sweeps)
Judge: Cloud-only (always)

Primary tiers:
- cloud_quality: Sonnet / GPT-5.1 (Architect, Serious Implementer)
- local_reflex: Qwen3-Coder-30B-A3B MoE (Tutor, Reflex Implementer, Librarian)
- cloud_escalation: DeepSeek R2 / Kimi K2 (when local fails)
- premium_judge: GPT-5.1 High / Claude Opus (HR required)

Privacy:
- local_only = false  # if true → forbids all cloud calls

High-risk:
- HR = YES (if YES → cloud Architect + cloud Judge required)

Overrides (must be rare):
- none

## After

Words behind.
"""
INFRA = f"""{HEADING}

Policy: docs/MODEL-POLICY.md (version: 2.0.0)

This spec is **infrastructure-only** and does not invoke model routing directly.
Roles exercised: none (no Architect/Implementer/Librarian/Tutor/Judge).
Privacy: local_only = true
Guardrails still apply: sandboxing, evidence/logging, no hallucinated citations.
"""
LISTED = FULL.replace("- none\n", "- the judge is Opus\n- Kimi for chapter 3\n")


@pytest.mark.parametrize(
    "text", [FULL, INFRA, LISTED, FULL.replace("\n", "\r\n")], ids=["full", "infra", "list", "crlf"]
)
def test_both_forms_comply(text: str) -> None:
    """A full block, an infrastructure-only block, and overrides that are a list."""
    assert check(text, "2.0.0") == ()


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), start=1) if part in line)


WRONG = [  # what is changed in the full form, what is told, at the line that holds this
    (
        "an older version",
        "version: 2.0.0",
        "version: 1.0.0",
        "policy version 1.0.0, but the policy is 2.0.0",
        "Policy:",
    ),
    ("no version", "Policy: docs/MODEL-POLICY.md (version: 2.0.0)", "", 'no line "Policy:', HEADING),
    ("a role as in the template", "Tutor: NO", "Tutor: YES/NO", "expected YES or NO, not 'YES/NO'", "- Tutor:"),
    ("a role in small letters", "Tutor: NO", "Tutor: no", "expected YES or NO, not 'no'", "- Tutor:"),
    ("a role left out", "- Tutor: NO\n", "", "role Tutor is missing", "Roles exercised"),
    ("a role that is none", "- Tutor: NO", "- Tutor: NO\n- Poet: YES", "no such role: 'Poet'", "- Poet"),
    ("a role twice", "- Tutor: NO", "- Tutor: NO\n- Tutor: YES", "stands in line 14 already", "- Tutor: YES"),
    (
        "privacy as in the template",
        "local_only = false",
        "local_only = <true|false>",
        "expected true or false",
        "local_only",
    ),
    ("no privacy", "- local_only = false  # if true → forbids all cloud calls", "", "no line `- local_only", HEADING),
    ("risk as in the template", "HR = YES (", "HR = YES/NO (", "expected YES or NO, not 'YES/NO'", "HR ="),
    ("no risk", "- HR = YES (if YES → cloud Architect + cloud Judge required)", "", "no line `- HR", HEADING),
    ("overrides as in the template", "- none", "- <none | list>", 'write "- none"', "<none"),
    ("no overrides", "- none\n", "", "no list under", HEADING),
    ("none and more", "- none", "- none\n- Opus", '"none" stands alone', "- Opus"),
    (
        "high risk, no judge",
        "Auditor/Judge: YES",
        "Auditor/Judge: NO",
        "requires Auditor/Judge: YES (GR-002)",
        "- Auditor",
    ),
    (
        "high risk, no architect",
        "Planner: YES",
        "Planner: NO",
        "requires Architect/Planner: YES (GR-002)",
        "- Architect/",
    ),
    (
        "high risk, local architect",
        "Architect: Cloud-first",
        "Architect: Local",
        "requires a cloud architect",
        "Architect: L",
    ),
    (
        "high risk, local only",
        "local_only = false",
        "local_only = true",
        "local_only forbids all cloud calls",
        "local_only",
    ),
    (
        "a judge that is local",
        "Judge: Cloud-only (always)",
        "Judge: Local",
        "cloud-only, always (GR-003)",
        "Judge: Local",
    ),
    ("another routing mode", "cloud-where-quality-wins, ", "local-first, ", "routing mode", "Routing mode"),
    ("a lane left out", "Librarian: Local + Kimi escalation (hard sweeps)", "", 'no line "Librarian:', HEADING),
    ("a tier left out", "- premium_judge", "- judge", "primary tier premium_judge is missing", "Primary tiers"),
]


@pytest.mark.parametrize(("old", "new", "told", "where"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_one_mistake_is_one_problem_at_its_line(old: str, new: str, told: str, where: str) -> None:
    """Each rule of §8, with the line that an editor shows."""
    assert old in FULL
    text = FULL.replace(old, new, 1)
    (problem,) = check(text, "2.0.0")
    assert told in problem.text
    assert problem.line == line_of(text, where)


def test_the_judge_and_local_only_contradict_each_other_without_high_risk_too() -> None:
    """GR-009 forbids the call that GR-003 demands."""
    text = FULL.replace("HR = YES (", "HR = NO (").replace("local_only = false", "local_only = true")
    (problem,) = check(text, "2.0.0")
    assert problem.line == line_of(text, "- Auditor/Judge")


INFRA_WRONG = [
    ("Roles exercised: none (no Architect/Implementer/Librarian/Tutor/Judge).\n", "", 'no line "Roles exercised: none'),
    ("Privacy: local_only = true\n", "", "no line `Privacy: local_only"),
    ("local_only = true", "local_only = <true|false>", "expected true or false"),
    ("Guardrails still apply", "Guardrails apply", 'no line "Guardrails still apply'),
    ("version: 2.0.0", "version: 1.9.9", "policy version 1.9.9"),
    ("Privacy: local", "Roles exercised by this spec:\n- Tutor: YES\n\nPrivacy: local", "exercises no role, not Tutor"),
]


@pytest.mark.parametrize(("old", "new", "told"), INFRA_WRONG)
def test_the_infrastructure_form_has_its_own_lines(old: str, new: str, told: str) -> None:
    """No roles, privacy in one line, and the guardrails all the same."""
    (problem,) = check(INFRA.replace(old, new, 1), "2.0.0")
    assert told in problem.text


def test_no_block_two_blocks_and_a_block_in_a_fence() -> None:
    """A heading inside a code fence is an example; one block is wanted, outside."""
    assert [p.line for p in check("# Spec\n", "2.0.0")] == [1]
    assert [p.line for p in check(f"````md\n{FULL}\n````\n", "2.0.0")] == [1]
    second = f"{INFRA}\n{INFRA}"
    assert [(p.line, p.text) for p in check(second, "2.0.0")] == [(10, "a second override block: keep one")]


def test_a_role_must_be_exercised_in_the_full_form() -> None:
    """A spec without roles has the other form."""
    text = FULL.replace(": YES\n", ": NO\n").replace("HR = YES", "HR = NO")
    (problem,) = check(text, "2.0.0")
    assert "infrastructure-only form" in problem.text


# --- stamping ----------------------------------------------------------------------------------------------------

NEW = Answers(roles=frozenset({"implementer", "architect", "judge"}), high_risk=True)


@pytest.mark.parametrize("text", ["", "# Spec\n", "# Spec", "# Spec\n\n\n"])
@pytest.mark.parametrize("answers", [NEW, Answers(infra=True, local_only=True)], ids=["full", "infra"])
def test_a_stamped_spec_complies(text: str, answers: Answers) -> None:
    """Whatever there was, the block is behind it, and a second stamp changes nothing."""
    stamped = stamp(text, "2.0.0", answers)
    assert check(stamped, "2.0.0") == ()
    assert stamped.startswith(text)
    assert stamp(stamped, "2.0.0", Answers()) == stamped


@pytest.mark.parametrize(
    "text", [FULL, INFRA, LISTED, FULL.replace("\n", "\r\n")], ids=["full", "infra", "list", "crlf"]
)
def test_a_good_block_is_left_as_it_is(text: str) -> None:
    """Byte for byte."""
    assert stamp(text, "2.0.0", Answers()) == text


def test_a_new_version_changes_its_line_alone() -> None:
    """Answers, lanes and everything around stay."""
    assert stamp(LISTED, "3.0.0", Answers()) == LISTED.replace("2.0.0", "3.0.0")


def test_options_change_what_they_name() -> None:
    """And nothing else."""
    calm = FULL.replace("HR = YES", "HR = NO")
    assert stamp(FULL, "2.0.0", Answers(high_risk=False)) == calm
    assert stamp(FULL, "2.0.0", Answers(overrides=("Opus judges",))) == FULL.replace("- none", "- Opus judges")
    tutor = stamp(FULL, "2.0.0", Answers(roles=frozenset({"tutor"})))
    assert [name for name in ROLES.values() if f"- {name}: YES" in tutor] == ["Tutor"]


GUESSES = [
    ("Tutor: NO", "Tutor: YES/NO", "which roles"),
    ("HR = YES (", "HR = YES/NO (", "whether it is high-risk"),
    ("local_only = false", "local_only = maybe", "whether cloud calls"),
    ("- Tutor: NO", "- Tutor: NO\n- Poet: YES", "no such role"),
    ("- Tutor: NO", "- Tutor: NO\n- Tutor: YES", "already"),
    ("- none", "- none\n- Opus", "stands alone"),
]


@pytest.mark.parametrize(("old", "new", "told"), GUESSES)
def test_what_is_open_or_contradictory_is_asked_for_and_never_guessed(old: str, new: str, told: str) -> None:
    """Above all not whether it is high-risk."""
    with pytest.raises(Open, match=told):
        stamp(FULL.replace(old, new, 1), "2.0.0", Answers())


def test_a_pasted_template_is_filled_in_by_options() -> None:
    """The document's own block, answered on the command line."""
    pasted = FULL.replace(": YES\n", ": YES/NO\n").replace(": NO\n", ": YES/NO\n").replace("HR = YES", "HR = YES/NO")
    pasted = pasted.replace("- none", "- <none | list>").replace("= false", "= <true|false>")
    answers = Answers(roles=NEW.roles, high_risk=True, local_only=False)
    assert stamp(pasted, "2.0.0", answers) == FULL


def test_lines_of_the_block_that_the_form_does_not_know_are_kept() -> None:
    """A remark under a head, and one in a fence, survive every stamp and change no answer."""
    remark = FULL.replace("Privacy:\n", "Privacy:\n- ask Kim\n```\n- HR = NO\n```\n")
    stamped = stamp(remark, "2.1.0", Answers())
    for line in ("- ask Kim", "- HR = NO", "Words behind."):
        assert stamped.count(line) == 1
    assert check(stamped, "2.1.0") == ()
    assert stamp(stamped, "2.1.0", Answers()) == stamped


def test_overrides_survive_the_change_to_the_infrastructure_form() -> None:
    """They are the author's words, and that form has no list for them."""
    stamped = stamp(LISTED, "2.0.0", Answers(infra=True))
    assert "- the judge is Opus" in stamped
    assert check(stamped, "2.0.0") == ()


TEXT = st.text(alphabet=st.sampled_from("ab-#:`= \n\r\x0b\x0c\u2028\x85é"), max_size=60)


@given(before=TEXT, behind=TEXT)
def test_no_other_text_is_destroyed(before: str, behind: str) -> None:
    """Odd line separators, fences and headings around the block included: they come out as they went in."""
    fenced = "```" in before
    around = f"{before}\n{INFRA}\n# Next\n{behind}"
    stamped = stamp(around, "2.0.0", Answers(infra=True, local_only=True))
    if not fenced and HEADING not in before:
        assert stamped == (around if around.endswith("\n") else around + "\n")
    else:
        assert stamped.startswith(before)
