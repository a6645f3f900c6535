"""`drift`: OpenClaw's file against the hierarchy policy, from the command line; a small script stands for its CLI."""

from __future__ import annotations

import os

import pytest

KIMI = '{ agents: { defaults: { model: { primary: "ollama-cloud/kimi-k2.5:cloud" } } } } // drifted once, 2026-02\n'
OPENCLAW = """#!/bin/sh
printf '{ agents: { defaults: { model: { primary: "%s" } } } }' "$3" > "$HOME/.openclaw/openclaw.json"
"""


@pytest.fixture
def openclaw(home, monkeypatch):
    script = home / "bin" / "openclaw"
    script.parent.mkdir()
    script.write_text(OPENCLAW)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    file = home / "home" / ".openclaw" / "openclaw.json"
    file.parent.mkdir(parents=True)
    file.write_text(KIMI)
    return file


def test_a_drift_is_shown_with_both_models_and_the_command(pointsman, openclaw):
    """Exit 1, the alias of the claimed model, and the exact way back."""
    ran = pointsman("--policy", "hierarchy", "drift")
    assert ran.code == 1
    assert "(kimi)" in ran.out and "opus (anthropic/claude-opus-4-6)" in ran.out
    assert "openclaw models set anthropic/claude-opus-4-6" in ran.out
    assert openclaw.read_text() == KIMI


def test_a_revert_keeps_a_copy_and_is_audited(pointsman, openclaw, home):
    """The file says opus afterwards, the copy says what it said before, the audit says both."""
    ran = pointsman("--policy", "hierarchy", "drift", "--revert", "--yes")
    assert ran.code == 0 and ran.out.startswith("reverted: ")
    assert "anthropic/claude-opus-4-6" in openclaw.read_text()
    (copy,) = (home / "state" / "backups").iterdir()
    assert copy.read_text() == KIMI
    lines = pointsman("audit", "show", "--json").lines
    assert [line["rule"] for line in lines if line["type"] == "config"] == ["drift"] * 4
    assert pointsman("--policy", "hierarchy", "drift").code == 0


def test_status_carries_the_banner(pointsman, openclaw, home):
    """The same sentence stands at the top of the screen."""
    config = home / "small.toml"
    config.write_text(
        '[endpoints.sky]\nurl = "http://127.0.0.1:9"\nkind = "llama.cpp"\n[models.opus]\nid = "o"\nendpoint = "sky"\n'
        'tier = "T0"\n[roles.general]\nprimary = "opus"\n'
        '[gateway]\nkind = "openclaw"\npath = "~/.openclaw/openclaw.json"\nexpect = "opus"\n'
    )
    banners = pointsman("--config", str(config), "status", "--json").document["banners"]
    assert banners[0].endswith("the policy's is opus (sky/o)")


def test_no_file_is_no_drift(pointsman):
    """A machine without OpenClaw."""
    ran = pointsman("--policy", "hierarchy", "drift", "--json")
    assert ran.code == 0 and ran.document["drift"] is None


def test_a_policy_without_a_gateway_says_so(pointsman):
    """Nothing to compare with is said, and is no failure."""
    ran = pointsman("--policy", "keywords", "drift")
    assert ran.code == 0 and "no [gateway]" in ran.out
