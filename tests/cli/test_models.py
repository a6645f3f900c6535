"""`models`: who is there, and who is asked first by the user's own word."""

from __future__ import annotations

PROMPT = "Fix the failing unit test in parser.py"


def routed(pointsman, *args: str) -> str:
    return pointsman("route", "--json", PROMPT, *args).document["model"]


def overrides(pointsman) -> list[tuple[str, str, str]]:
    seen = pointsman("models", "list", "--offline", "--json").document["overrides"]
    return [(one["kind"], one["scope"], one["model"]) for one in seen]


def test_every_model_is_listed_with_its_state(pointsman, served):
    seen = pointsman("models", "list", "--json").document["models"]
    keys = {"name", "id", "endpoint", "tier", "locality", "state"}
    assert all(keys <= set(model) for model in seen)
    assert [(m["name"], m["locality"], m["state"]) for m in seen] == [
        ("coder", "local", "up"),
        ("small", "local", "up"),
    ]


def test_offline_looks_at_nothing(pointsman, fleet):
    seen = pointsman("models", "list", "--json", "--offline").document["models"]
    assert [model["state"] for model in seen] == ["unknown", "unknown"]


def test_an_endpoint_where_nobody_listens_is_down(pointsman, fleet):
    assert pointsman("models", "list", "--json").document["models"][0]["state"] == "down"
    assert "down" in pointsman("models", "list").out


def test_set_is_seen_by_route_and_unset_ends_it(pointsman, fleet):
    assert routed(pointsman) == "coder"
    assert "prefer small for global" in pointsman("models", "set", "tiny").out
    assert routed(pointsman) == "small"
    assert "no longer: prefer small" in pointsman("models", "unset").out
    assert routed(pointsman) == "coder"


def test_setting_again_replaces_what_was_set_for_the_scope(pointsman, fleet):
    pointsman("models", "set", "small", "--pin")
    pointsman("models", "set", "coder")
    assert overrides(pointsman) == [("prefer", "global", "coder")]
    assert routed(pointsman) == "coder"


def test_a_scope_changes_only_that_role_or_kind(pointsman, fleet):
    pointsman("models", "set", "coder", "--for", "role:writer", "--pin")
    pointsman("models", "set", "small", "--for", "kind:coding")
    assert routed(pointsman, "--fact", "role=writer") == "coder"
    assert routed(pointsman, "--fact", "kind=coding") == "small"
    assert routed(pointsman, "--fact", "kind=general") == "coder"


def test_an_override_expires_by_itself(pointsman, fleet):
    set_ = pointsman("models", "set", "small", "--expires", "2h", "--json").document["override"]
    assert set_["expires_at"] - set_["created_at"] == 7200
    assert routed(pointsman) == "small"
    assert routed(pointsman, "--set", "now=2999-01-01T00:00:00Z") == "coder"


def test_unset_of_one_model_or_everywhere(pointsman, fleet):
    pointsman("models", "set", "small")
    pointsman("models", "set", "coder", "--for", "role:writer")
    assert pointsman("models", "unset", "coder", "--all", "--json").document["cleared"][0]["scope"] == "role:writer"
    assert overrides(pointsman) == [("prefer", "global", "small")]
    pointsman("models", "unset", "--all")
    assert overrides(pointsman) == []


def test_nothing_to_unset_is_done_already(pointsman, fleet):
    ran = pointsman("models", "unset", "--json")
    assert (ran.code, ran.document) == (0, {"cleared": []})
    assert "nothing was set" in ran.err


def test_both_are_audited(pointsman, fleet):
    pointsman("models", "set", "small", "--reason", "the coder is slow today")
    pointsman("models", "unset")
    texts = [line["text"] for line in pointsman("audit", "show", "--json", "--type", "override").lines]
    assert texts == [
        "override set: prefer small for global (the coder is slow today)",
        "override cleared: prefer small for global (the coder is slow today)",
    ]


def test_an_override_that_cannot_be_recorded_is_not_set(pointsman, fleet, home):
    (home / "state").write_text("not a directory")
    ran = pointsman("models", "set", "small")
    assert ran.code == 1 and "the ledger cannot be used" in ran.err
