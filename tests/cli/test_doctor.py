"""`doctor`: every finding with its remedy, exit 1 only for what is essential, nothing created."""

from __future__ import annotations


def test_without_a_configuration_it_says_how_to_make_one_and_creates_nothing(pointsman, home):
    before = sorted(home.rglob("*"))
    ran = pointsman("doctor")
    assert ran.code == 0
    assert "$ pointsman init" in ran.out
    assert sorted(home.rglob("*")) == before


def test_a_fleet_of_which_nobody_answers_is_essential(pointsman, fleet):
    ran = pointsman("doctor", "--json")
    assert ran.code == 1 and ran.document["healthy"] is False
    reasons = {each["topic"]: each for each in ran.document["findings"] if each["level"] == "broken"}
    assert set(reasons) == {"endpoints"}


def test_a_fleet_that_answers_is_healthy(pointsman, served):
    ran = pointsman("doctor", "--json")
    assert (ran.code, ran.document["healthy"]) == (0, True)
    said = " ".join(each["text"] for each in ran.document["findings"] if each["topic"] == "endpoints")
    assert "gpu at http://127.0.0.1" in said and "box at" in said


def test_a_configuration_that_cannot_be_used_is_told_problem_by_problem(pointsman, config):
    ran = pointsman("doctor", "--json", "--config", str(config("nonsense = 1\n[endpoints.a]\nkind = 'olama'\n")))
    assert ran.code == 1
    broken = [each["text"] for each in ran.document["findings"] if each["level"] == "broken"]
    assert any("nonsense" in text for text in broken) and any("endpoints.a" in text for text in broken)


def test_quiet_leaves_out_what_is_well(pointsman, served):
    assert all(each["level"] != "ok" for each in pointsman("doctor", "--quiet", "--json").document["findings"])


def test_a_key_is_told_by_name_and_never_by_value(pointsman, fleet, monkeypatch):
    fleet.write_text(fleet.read_text().replace('kind = "ollama"', 'kind = "ollama"\nkey_env = "BOX_KEY"'))
    monkeypatch.setenv("BOX_KEY", "hunter2hunter2")
    ran = pointsman("doctor")
    assert "BOX_KEY is set (environment)" in ran.out and "hunter2" not in ran.out + ran.err
