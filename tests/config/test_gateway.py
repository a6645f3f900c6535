"""`[gateway]`: where another program's file lies, and which default the policy expects in it."""

from __future__ import annotations

import pytest

from pointsman.config import load

GATEWAY = '\n[gateway]\nkind = "openclaw"\npath = "~/x.json"\nexpect = "far"\n'


def test_the_reference_follows_from_the_expected_model(small, write):
    """`endpoint/id` is how OpenClaw calls a model; `ref` states another spelling."""
    gateway = load(write(small + GATEWAY)).fleet.gateway
    assert (gateway.expect, gateway.ref, gateway.path) == ("far", "sky/claude-opus-4-6", "~/x.json")
    stated = load(write(small + GATEWAY + 'ref = "anthropic/claude-opus-4-6"\n')).fleet.gateway
    assert stated.ref == "anthropic/claude-opus-4-6"


WRONG = [
    (GATEWAY.replace('"far"', '"fra"'), "gateway.expect", "far"),
    (GATEWAY.replace('"openclaw"', '"openclav"'), "gateway.kind", "openclaw"),
    (GATEWAY.replace("path", "paht"), "gateway.paht", "path"),
    (GATEWAY.replace('expect = "far"\n', ""), "gateway.expect", None),
    ("\ngateway = 3\n", "gateway", None),
]


@pytest.mark.parametrize(("written", "key", "nearest"), WRONG, ids=[row[1] for row in WRONG])
def test_a_mistake_is_named_with_its_key(small, problems_of, written, key, nearest):
    """Unknown models, kinds and keys, and what is missing."""
    text = written + small if "gateway = 3" in written else small + written
    assert (key, nearest) in {(problem.key, problem.nearest) for problem in problems_of(text)}


def test_a_preset_used_whole_keeps_its_expectation_and_takes_the_users_path(small, write):
    """Where the file lies is the user's, what it should say is the policy's."""
    gateway = load(write(small + GATEWAY), policy="hierarchy").fleet.gateway
    assert (gateway.expect, gateway.path) == ("opus", "~/x.json")


def test_a_preset_without_a_gateway_has_none_whatever_the_file_says(small, write):
    """The expected model of another policy means nothing here."""
    assert load(write(small + GATEWAY), policy="keywords").fleet.gateway is None
