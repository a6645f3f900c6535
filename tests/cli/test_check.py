"""`check`: usable or not, with every problem in its place."""

from __future__ import annotations


def test_the_built_in_policy_is_good(pointsman):
    ran = pointsman("check")
    assert (ran.code, ran.err) == (0, "")
    assert "policy default" in ran.out


def test_every_problem_is_told_at_once_with_exit_2(pointsman, config):
    path = config('[endpoints.a]\nurl = "http://127.0.0.1:1"\nkind = "olama"\n[models.m]\nendpont = "a"\n')
    ran = pointsman("check", "--config", str(path))
    assert ran.code == 2
    assert "endpoints.a.kind" in ran.out and "ollama" in ran.out
    assert "models.m.endpont" in ran.out and "endpoint" in ran.out


def test_json_says_whether_it_is_good(pointsman, config):
    good = pointsman("check", "--json").document
    bad = pointsman("check", "--json", "--config", str(config("nonsense = 1"))).document
    assert good["ok"] and good["policy"] == "default" and good["models"] > 0
    assert not bad["ok"] and [p["key"] for p in bad["problems"]][0] == "nonsense"


def test_a_named_file_that_is_missing_is_a_problem(pointsman, home):
    ran = pointsman("--config", str(home / "none.toml"), "check")
    assert ran.code == 2 and "none.toml" in ran.out


def test_the_environment_names_the_file_and_the_option_wins(pointsman, config, home, monkeypatch):
    monkeypatch.setenv("POINTSMAN_CONFIG", str(config("nonsense = 1")))
    other = home / "other.toml"
    other.write_text('policy = "default"\n')
    assert pointsman("check").code == 2
    assert pointsman("check", "--config", str(other)).code == 0


def test_a_configuration_of_the_current_directory_is_not_picked_up(pointsman, config, home, monkeypatch):
    config("nonsense = 1")
    monkeypatch.chdir(home)
    assert pointsman("check").code == 0
