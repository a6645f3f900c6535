"""Drift of a gateway's default model against the policy's (document 000, Governance Notes; protocols.md §16)."""

from __future__ import annotations

import json

import pytest

from pointsman.core.drift import Claim, changed, drift_of, last_claim
from pointsman.core.fleet import Gateway
from support.fleets import small_fleet

GATEWAY = Gateway(kind="openclaw", path="~/.openclaw/openclaw.json", expect="opus", ref="anthropic/opus-id")
FLEET = small_fleet(gateway=GATEWAY)

CLAIMS = [
    ("the reference agrees", "anthropic/opus-id", None),
    ("the alias agrees", "opus", None),
    ("letter case is no drift", "Anthropic/OPUS-id", None),
    ("another model of the fleet drifts", "ollama/kimi:cloud", "ollama/kimi:cloud (relay)"),
    ("a model nobody knows drifts", "mars/rover-1", "mars/rover-1"),
    ("nothing claimed is no drift", None, None),
]


@pytest.mark.parametrize(("primary", "shown"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
def test_a_claim_is_compared_with_the_policys_default(primary: str | None, shown: str | None) -> None:
    """None where they agree; else a sentence with both, and the exact command back."""
    drift = drift_of(FLEET, Claim(path="f", primary=primary))
    if shown is None:
        assert drift is None
        return
    assert drift is not None
    assert drift.text == f"drift: openclaw's default model is {shown}, the policy's is opus (anthropic/opus-id)"
    assert drift.command == ("openclaw", "models", "set", "anthropic/opus-id")


def test_without_a_gateway_or_a_file_there_is_no_drift() -> None:
    """A policy that expects nothing is never at odds with anything."""
    assert drift_of(small_fleet(), Claim(path="f", primary="x")) is None
    assert drift_of(FLEET, None) is None


def test_a_hostile_reference_is_tamed_and_cut() -> None:
    """What stands in the file is untrusted text."""
    drift = drift_of(FLEET, Claim(path="f", primary="\x1b[31mred\n" + "x" * 5_000))
    assert drift is not None and "\x1b" not in drift.text and "\n" not in drift.text and len(drift.text) < 500


def test_each_change_gets_one_line_and_repetition_none() -> None:
    """Drifted: a line. Still drifted: none. Drifted elsewhere: a line. Back: a line. Still back: none."""
    written: list[str] = []

    def see(primary: str | None) -> int:
        claim = Claim(path="f", primary=primary)
        lines = changed(last_claim(reversed(written)), drift_of(FLEET, claim), claim, 1.0)
        written.extend(line.body() for line in lines)
        return len(lines)

    seen = ["opus", "mars/rover-1", "mars/rover-1", "ollama/kimi:cloud", None, "opus", "opus", "mars/rover-1"]
    assert [see(primary) for primary in seen] == [0, 1, 0, 1, 0, 1, 0, 1]
    assert {json.loads(body)["rule"] for body in written} == {"drift"}
