"""`eval`: graded by checkable answers, proposed and never written."""

from __future__ import annotations

import tomllib

import pytest


def test_what_was_found_is_kept_and_stands_beside_the_model(pointsman, served):
    ran = pointsman("eval", "coder", "--kind", "general", "--json")
    assert ran.code == 0, ran.err
    (found,) = ran.document["evaluations"]
    assert found["suite"] == ran.document["suite"] and len(found["items"]) == 8
    (score,) = found["scores"]
    assert (score["kind"], score["items"], score["skipped"]) == ("general", 8, 0)
    listed = {m["name"]: m for m in pointsman("models", "list", "--json", "--offline").document["models"]}
    assert listed["coder"]["measured"]["quality"]["scores"] == [score]
    assert listed["small"]["measured"]["quality"] is None


def test_the_proposal_is_a_diff_whose_result_can_be_loaded_and_nothing_is_written(pointsman, served, fleet):
    from pointsman.config import load

    before = fleet.read_text()
    ran = pointsman("eval", "coder", "--kind", "reasoning", "--propose")
    assert ran.code == 0 and fleet.read_text() == before
    added = [line[1:] for line in ran.out.splitlines() if line.startswith("+") and not line.startswith("+++")]
    keys = tomllib.loads("\n".join(added))
    assert keys["quality"].keys() == {"reasoning"} and keys["quality_from"].startswith("pointsman eval builtin-1, 2")
    fleet.write_text(before.replace('id = "coder-1"\n', 'id = "coder-1"\n' + "\n".join(added) + "\n"))
    assert load(fleet).fleet.models["coder"].quality == keys["quality"]


def test_a_share_of_a_kind_that_does_not_exist_is_a_mistake(pointsman, served, fleet):
    fleet.write_text(fleet.read_text().replace('id = "coder-1"\n', 'id = "coder-1"\nquality = { codin = 120 }\n'))
    assert pointsman("check").code == 2


def test_simulated_grades_are_marked_and_never_proposed(pointsman):
    arguments = ("eval", "coder-next", "--demo", "--speed", "1000", "--kind", "background")
    assert "coder-next (simulated)" in pointsman(*arguments).out
    assert pointsman(*arguments, "--propose").out == ""


@pytest.mark.parametrize("wrong", [("nobody",), ("--kind", "cooking"), ("--json", "--propose")])
def test_mistakes_are_exit_2(pointsman, served, wrong):
    assert pointsman("eval", *wrong).code == 2


def test_a_model_that_is_down_is_a_failure(pointsman, fleet):
    ran = pointsman("eval", "coder", "--kind", "general")
    assert ran.code == 1 and "✗ coder" in ran.err
