"""`config path|show|schema`."""

from __future__ import annotations

import tomllib


def test_the_path_in_use_is_data_and_where_it_is_looked_for_is_told(pointsman, config, monkeypatch, home):
    named, other = config('extends = "default"\n'), home / "other.toml"
    monkeypatch.setenv("POINTSMAN_CONFIG", str(named))
    ran = pointsman("config", "path")
    assert (ran.code, ran.out) == (0, f"{named}\n")
    assert f"2. POINTSMAN_CONFIG: {named}" in ran.err
    told = pointsman("config", "path", "--config", str(other), "--json").document
    assert (told["path"], told["exists"]) == (str(other), False)
    assert [each["exists"] for each in told["looked_for"]] == [False, True, False]


def test_without_a_configuration_the_path_is_where_it_would_be(pointsman, home):
    ran = pointsman("config", "path")
    assert ran.out.strip().startswith(str(home / "home")) and "pointsman init" in ran.err


def test_show_gives_the_preset_and_the_file_over_it(pointsman, config):
    path = config('extends = "default"\nqueue_limit = 77\n')
    ran = pointsman("config", "show", "--config", str(path))
    shown = tomllib.loads(ran.out)
    assert shown["queue_limit"] == 77 and shown["models"] and "extends" not in shown
    assert pointsman("--config", str(path), "config", "show", "--json").document["configuration"] == shown


def test_a_bad_configuration_is_not_shown_but_named(pointsman, config):
    ran = pointsman("config", "show", "--config", str(config('extends = "default"\nqueue_limt = 77\n')))
    assert (ran.code, ran.out) == (2, "") and "queue_limit" in ran.err


def test_the_schema_is_one_json_document(pointsman):
    ran = pointsman("config", "schema")
    assert ran.code == 0 and {"endpoints", "models", "routes", "ui"} <= ran.document["properties"].keys()
