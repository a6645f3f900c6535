"""`services`: the manager is asked by argv, after a word to the user; here a small script stands for systemctl."""

from __future__ import annotations

import io
import os
import sys

import pytest

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$0.calls"
case "$*" in
  *StartLimit*) echo StartLimitBurst=5; echo StartLimitIntervalUSec=10s;;
  *" show "*) printf 'Id=coder.service\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=42\\n';;
esac
"""


@pytest.fixture
def systemctl(home, monkeypatch):
    script = home / "bin" / "systemctl"
    script.parent.mkdir()
    script.write_text(SYSTEMCTL)
    script.chmod(0o755)
    (home / "bin" / "journalctl").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    calls = script.with_suffix(".calls")
    calls.touch()
    return lambda: [line for line in calls.read_text().splitlines() if " show " not in line]


def test_list_tells_state_and_what_a_service_serves(pointsman, fleet, systemctl):
    (service,) = pointsman("services", "list", "--json").document["services"]
    assert (service["name"], service["state"], service["pid"]) == ("coder", "active", 42)
    assert (service["kind"], service["endpoints"]) == ("systemd-user", ["gpu"])
    assert "coder.service" in pointsman("services", "list").out


def test_restart_shows_its_argv_runs_it_and_is_audited(pointsman, fleet, systemctl):
    ran = pointsman("services", "restart", "coder")
    assert ran.code == 0
    assert "restart -- coder.service" in ran.err
    assert systemctl() == ["--user --no-pager --no-ask-password restart -- coder.service"]
    texts = [line["text"] for line in pointsman("audit", "show", "--json", "--type", "service").lines]
    assert texts[0] == "restart coder" and texts[1].startswith("restart coder accepted")


def test_on_a_terminal_a_no_means_nothing_is_run(pointsman, fleet, systemctl, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    from pointsman.cli import main

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert main(["services", "restart", "coder"]) == 1
    assert systemctl() == []
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert main(["services", "restart", "coder", "--yes"]) == 0
    assert len(systemctl()) == 1


def test_a_manager_that_is_not_there_is_a_failure_with_its_argv(pointsman, fleet, home, monkeypatch):
    monkeypatch.setenv("PATH", str(home / "nowhere"))
    ran = pointsman("services", "stop", "coder", "--json")
    assert ran.code == 1
    assert ran.document["ok"] is False and ran.document["argv"][0] == "systemctl"


def test_logs_are_lines(pointsman, fleet, systemctl):
    ran = pointsman("services", "logs", "coder", "--json", "--lines", "5")
    assert ran.code == 0 and all(isinstance(line, str) for line in ran.document["lines"])


def test_following_a_log_that_cannot_be_read_says_why_and_ends(pointsman, fleet, systemctl):
    ran = pointsman("services", "logs", "coder", "--follow")
    assert (ran.code, ran.out) == (0, "") and "journalctl ended with code 1" in ran.err
