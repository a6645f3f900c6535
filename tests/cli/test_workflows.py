"""`ask --check`, `plan`, `judge` and `audit replay`: exit codes, what is data, and what scripts can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PROMPT = "Fix the failing unit test in parser.py"
FAST = ("--demo", "--speed", "1000000")


@pytest.fixture
def project(home: Path) -> Path:
    directory = home / "project"
    directory.mkdir()
    return directory


def test_a_check_that_passes_is_exit_0_with_its_evidence(pointsman, served, home, project):
    ran = pointsman("ask", PROMPT, "--check", "grep -q simulated", "--dir", str(project))
    assert ran.code == 0 and "simulated" in ran.out
    assert "check passed (exit 0)" in ran.err
    (artifact,) = (home / "state" / "evidence").iterdir()
    kept = json.loads(artifact.read_text())
    assert kept["argv"] == ["grep", "-q", "simulated"] and artifact.stem.startswith(kept["id"] + "-")
    (line,) = pointsman("audit", "show", "--type", "check", "--json").lines
    assert line["data"]["evidence"] == artifact.stem and line["request"] == kept["request"]


def test_a_check_that_goes_on_failing_is_exit_1_after_three_answers_of_which_one_is_data(pointsman, served, project):
    ran = pointsman("ask", PROMPT, "--check", "false", "--dir", str(project))
    assert ran.code == 1
    assert ran.err.count("check failed (exit 1)") == 3 and "3 failed so far" in ran.err
    assert ran.out.count("speaking") == 1
    assert len(pointsman("audit", "show", "--type", "intent", "--json").lines) == 3


def test_failed_checks_of_a_named_task_count_in_the_next_process(pointsman, served, project):
    for _ in range(2):
        pointsman("ask", PROMPT, "--task", "fix-7", "--check", "false", "--dir", str(project))
    line = pointsman("ask", PROMPT, "--task", "fix-7", "--json").lines[0]
    assert line["decision"]["task"]["failed_attempts"] == 6


def test_every_event_of_a_check_is_a_json_line(pointsman, served, project):
    lines = pointsman("ask", PROMPT, "--check", "true", "--dir", str(project), "--json").lines
    assert [line["stage"] for line in lines if line["event"] == "stage-began"] == ["specialist", "check"]
    last = lines[-1]
    assert last["event"] == "check-ended" and last["checked"]["run"]["code"] == 0 and last["checked"]["sha256"]


@pytest.mark.parametrize(
    ("check", "says"), [("true", "name the directory"), ("", "the check is empty"), ("'", "no closing quotation")]
)
def test_a_check_that_cannot_be_run_is_a_mistake_and_asks_nobody(pointsman, served, check, says):
    ran = pointsman("ask", PROMPT, "--check", check)
    assert ran.code == 2 and says in ran.err and ran.out == ""
    assert pointsman("audit", "show").out == ""


def test_the_configuration_may_name_the_directory(pointsman, served, fleet, project):
    fleet.write_text(fleet.read_text() + f'\n[checks]\ndir = "{project}"\ntime = "5 s"\n')
    (project / "here").write_text("")
    assert pointsman("ask", PROMPT, "--check", "ls here").code == 0


@pytest.mark.parametrize(
    ("written", "says"),
    [('dri = "/p"', "dri"), ("time = 5", "time"), ('memory = "lots"', "memory"), ("dir = 3", "dir")],
)
def test_mistakes_under_checks_are_named(pointsman, fleet, written, says):
    fleet.write_text(fleet.read_text() + f"\n[checks]\n{written}\n")
    ran = pointsman("check")
    assert ran.code == 2 and f"checks.{says}" in ran.out


# --- plan ----------------------------------------------------------------------------------------------------------

BIG = "Build a new app with a parser, a store and tests across five files"


def test_without_approval_the_plan_is_printed_and_nothing_of_it_is_done(pointsman, home):
    ran = pointsman("plan", *FAST, BIG)
    assert ran.code == 3
    assert "goal" in json.loads(ran.out) and "not approved: nothing of it is done" in ran.err
    lines = pointsman("audit", "show", "--state", str(home / "state" / "demo"), "--json").lines
    assert [line["rule"] for line in lines if line["type"] == "plan"] == ["plan-opened", "plan-rejected"]
    assert not any(line["request"].endswith(".work") for line in lines if line["type"] == "intent")


def test_an_approved_plan_is_carried_out_and_only_the_work_is_data(pointsman, project):
    ran = pointsman("plan", *FAST, "--approve", "--check", "true", "--dir", str(project), BIG)
    assert ran.code == 0
    assert "goal" not in ran.out and ran.out.count("speaking") == 1
    for stage in ("[1/5 plan]", "[2/5 compare]", "[3/5 approve]", "[4/5 specialist]", "[5/5 check]"):
        assert stage in ran.err


def test_a_policy_that_opens_a_plan_makes_ask_wait_for_it(pointsman):
    task = "Build a new application from scratch: parser, store, web interface, tests, across 12 files and 2000 lines"
    ran = pointsman("ask", *FAST, "--policy", "tiers", task)
    assert ran.code == 3 and "nothing is sent before you approve it" in ran.err
    waived = pointsman("ask", *FAST, "--policy", "tiers", "--no-plan", task)
    assert waived.code == 0 and "approve" not in waived.err


# --- judge ---------------------------------------------------------------------------------------------------------


def test_a_verdict_without_evidence_that_stands_there_is_no_approval(pointsman, home):
    ran = pointsman("judge", *FAST, "--task", "return five", "-", stdin=b"+ return 5\n")
    assert ran.code == 1 and ran.out == ""
    assert "NOT approved by opus [GR-007]" in ran.err
    (line,) = pointsman("audit", "show", "--state", str(home / "state" / "demo"), "--type", "verdict", "--json").lines
    assert line["data"]["approved"] is False and line["rule"] == "GR-007"


def test_a_policy_without_a_judge_approves_nothing(pointsman, served):
    ran = pointsman("judge", "--task", "return five", "+ return 5", "--json")
    assert ran.code == 1 and ran.lines[-1]["ruling"]["code"] == "GR-002"


def test_nothing_to_judge_is_a_mistake(pointsman, served):
    assert pointsman("judge", "--task", "x", " ").code == 2


# --- replay --------------------------------------------------------------------------------------------------------


def test_recorded_decisions_replay_identically(pointsman, served, fleet):
    for _ in range(3):
        assert pointsman("ask", PROMPT).code == 0
    ran = pointsman("audit", "replay")
    assert ran.code == 0 and "3 decisions under their own policies: 3 the same, 0 would go elsewhere" in ran.out
    document = pointsman("audit", "replay", "--json").document
    assert (document["decisions"], document["same"], document["unknown_revisions"]) == (3, 3, {})


def test_another_policy_is_compared_by_moves_and_cost(pointsman, served):
    pointsman("ask", PROMPT)
    ran = pointsman("audit", "replay", "--policy", "default", "--json")
    assert ran.code == 0
    (move,) = ran.document["moves"]
    assert move["from_model"] == "coder" and move["requests"] == 1 and ran.document["policy"] == "default"


def test_lines_of_an_unknown_revision_are_counted_and_said(pointsman, served, fleet):
    pointsman("ask", PROMPT)
    fleet.write_text(fleet.read_text().replace('fallbacks = ["small"]', "fallbacks = []"))
    ran = pointsman("audit", "replay")
    assert ran.code == 0 and "which no present policy has; replayed under own" in ran.err
    assert sum(pointsman("audit", "replay", "--json").document["unknown_revisions"].values()) == 1


def test_an_empty_audit_has_nothing_to_replay(pointsman, fleet):
    ran = pointsman("audit", "replay")
    assert ran.code == 1 and "there are no recorded decisions" in ran.err
