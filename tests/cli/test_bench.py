"""`bench`: measured beside stated."""

from __future__ import annotations

import pytest

QUICK = ("--prompts", "64", "--at-once", "1,2", "--rounds", "1", "--output", "16")
CLOUD = """
[endpoints.sky]
url = "https://api.anthropic.com"
kind = "anthropic"
key_env = "ANTHROPIC_API_KEY"
[models.far]
id = "claude-opus-4-6"
endpoint = "sky"
tier = "T0"
price_in = "$5/Mtok"
price_out = "$25/Mtok"
[models.dark]
id = "some-new-model"
endpoint = "sky"
tier = "T0"
"""


def test_a_bench_is_kept_and_stands_beside_what_is_stated(pointsman, served, fleet):
    with fleet.open("a") as file:
        file.write("[models.coder.params]\n")
    fleet.write_text(fleet.read_text().replace('tier = "T1"', 'tier = "T1"\nspeed = "1-2 tok/s"'))
    ran = pointsman("bench", "coder", "--json", *QUICK)
    assert ran.code == 0, ran.err
    (measured,) = ran.document["measurements"]
    assert [(p["prompt_tokens"], p["concurrency"], p["calls"], p["failed"]) for p in measured["points"]] == [(64, 1, 1, 0), (64, 2, 2, 0)]  # fmt: skip
    assert measured["compared"][0]["verdict"] == "above"
    listed = {m["name"]: m for m in pointsman("models", "list", "--json", "--offline").document["models"]}
    assert listed["coder"]["speed"] == [1, 2]
    assert listed["coder"]["measured"]["speed"]["at"] == measured["at"]
    assert listed["small"]["measured"]["speed"] is None
    assert len(pointsman("audit", "show", "--json").lines) == 4 * 3


def test_without_a_name_every_local_model_is_measured_and_no_cloud(pointsman, served, fleet):
    fleet.write_text(fleet.read_text() + CLOUD)
    ran = pointsman("bench", *QUICK)
    assert ran.code == 0, ran.err
    assert "coder" in ran.out and "small" in ran.out and "far" not in ran.out
    assert "not asked: far: a cloud model, at worst $" in ran.err
    assert "not asked: dark: a cloud model whose price is unknown" in ran.err


@pytest.mark.parametrize("name", ["far", "dark"])
def test_a_cloud_model_that_is_named_is_refused_before_anything_is_called(pointsman, served, fleet, name):
    fleet.write_text(fleet.read_text() + CLOUD)
    ran = pointsman("bench", name, "--json", *QUICK)
    assert ran.code == 3
    assert ran.document["measurements"] == [] and ran.document["skipped"][0]["model"] == name
    assert pointsman("audit", "show", "--json").lines == []


def test_with_cloud_the_worst_cost_is_told_first_and_a_missing_key_blocks_as_it_blocks_ask(pointsman, served, fleet):
    fleet.write_text(fleet.read_text() + CLOUD)
    ran = pointsman("bench", "far", "--cloud", *QUICK)
    assert ran.code == 3
    assert ran.err.index("at worst this costs $") < ran.err.index("✗ far")


def test_a_model_that_is_down_is_a_failure_with_its_reason(pointsman, fleet):
    ran = pointsman("bench", "coder", *QUICK)
    assert ran.code == 1 and "✗ coder" in ran.err and "refused" in ran.err


@pytest.mark.parametrize("wrong", [("--prompts", "a"), ("--at-once", "0"), ("--json", "--propose"), ("nobody",)])
def test_mistakes_are_exit_2(pointsman, served, wrong):
    assert pointsman("bench", *wrong).code == 2


def test_the_proposal_is_a_diff_and_the_file_stays_as_it_was(pointsman, served, fleet):
    before = fleet.read_text()
    ran = pointsman("bench", "coder", "--propose", *QUICK)
    assert ran.code == 0 and fleet.read_text() == before
    assert ran.out.startswith(f"--- {fleet}") and "+speed = " in ran.out and "measured 2" in ran.out


def test_simulated_figures_are_marked_and_never_proposed(pointsman):
    arguments = ("bench", "coder-next", "--demo", "--speed", "1000", *QUICK)
    assert "coder-next sim" in pointsman(*arguments).out
    assert pointsman(*arguments, "--propose").out == ""
