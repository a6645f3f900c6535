"""The proofs that `pointsman prove` runs for its user hold here as well; and a promise that is broken is told as that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.prove import local
from pointsman.prove.audit import kill_loop
from pointsman.prove.check import Broken, Check, CouldNotRun, Tried
from pointsman.prove.run import CHECKS, WITH_SERVICES, run
from support.soak import SOAK
from support.systemd_session import systemd_session

LONG = {"A1", "A3"}  # below, with more kills
SOAKED = {
    "B7",
    "C3",
    "C7",
    "T2",
    "T3",
    "T4",
    "T5",
}  # long, or the whole screen: in make test their parts are tried elsewhere


@pytest.mark.parametrize(
    "check",
    [check for check in CHECKS if check.id not in (LONG if SOAK > 1 else LONG | SOAKED)],
    ids=lambda check: check.id,
)
def test_the_promise_holds(check):
    (result,) = run([check])
    if result.held is None:
        pytest.skip(result.why)
    assert result.held, result.why
    assert result.count > 0 and result.figure and result.tried


@pytest.mark.timeout(60 + 60 * SOAK)
def test_a_hundred_killed_processes_lose_nothing_and_call_nothing_unannounced(tmp_path):
    """A1 and A3: every step that was reported as done is there, and every call has its intent line."""
    steps, calls = kill_loop(tmp_path, 100 * SOAK)
    assert steps > 300 * SOAK and calls > 200 * SOAK


@pytest.mark.real_systemd
def test_ten_restarts_of_a_transient_unit_leave_it_active_and_nothing_of_the_user_is_touched(monkeypatch):
    """V3 as `prove --services` tries it, over a real `systemd --user` that has a unit of somebody's."""
    mine = "[Service]\nExecStart=/bin/sleep 1000\n"
    (check,) = [check for check in WITH_SERVICES if check.id == "V3"]
    with systemd_session({"mine": mine}, user=0) as session:
        systemctl = [str(session.bin / "systemctl"), "--user"]
        subprocess.run([*systemctl, "start", "mine"], check=True)
        asked = [*systemctl, "show", "mine", "-p", "InvocationID,ActiveState,NRestarts"]
        before = subprocess.run(asked, capture_output=True, check=True).stdout
        monkeypatch.setenv("PATH", f"{session.bin}:{os.environ['PATH']}")
        (result,) = run([check])
        assert result.held, result.why
        assert subprocess.run(asked, capture_output=True, check=True).stdout == before
        left = subprocess.run([*systemctl, "list-units", "--all", "--plain"], capture_output=True, text=True).stdout
        assert "pointsman-prove" not in left


def test_v2_and_v3_are_tried_only_when_they_are_asked_for():
    assert {check.id for check in WITH_SERVICES} - {check.id for check in CHECKS} == {"V2", "V3"}


def _breaks(home: Path) -> Tried:
    raise Broken("here")


def _cannot(home: Path) -> Tried:
    raise CouldNotRun("no such tool")


def _stumbles(home: Path) -> Tried:
    raise KeyError("foreseen by nobody")


async def _waits(home: Path) -> Tried:
    assert os.environ["XDG_DATA_HOME"].startswith(str(home))
    return Tried(tried="waiting", count=1, figure="1")


def test_what_became_of_a_check_is_told_as_what_it_is():
    checks = [Check(id=str(n), promise="p", run=work) for n, work in enumerate((_breaks, _cannot, _stumbles, _waits))]
    broken, impossible, stumbled, held = run(checks)
    assert (broken.held, broken.why) == (False, "here")
    assert (impossible.held, impossible.why) == (None, "no such tool")
    assert stumbled.held is False and "foreseen by nobody" in stumbled.why
    assert held.held is True


def test_a_leak_would_be_seen(tmp_path):
    """The control of L1: the same day, with one public name looked up at its end."""
    try:
        told, trace = local.watched_day(tmp_path, "--leak")
    except CouldNotRun as why:
        pytest.skip(str(why))
    if "nameserver 127." in Path("/etc/resolv.conf").read_text():
        pytest.skip("the name server is on this machine")
    assert local.outside(trace), told


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ('connect(7, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0', ["10.0.0.2"]),
        ('connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.9")}, 16) = 0', []),
        ('connect(7, {sa_family=AF_INET6, sin6_port=htons(1), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0', []),
        ('sendto(7, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 1', ["2001:db8::1"]),
        ('connect(7, {sa_family=AF_UNIX, sun_path="/run/dbus"}, 110) = 0', []),
    ],
)  # fmt: skip
def test_what_strace_writes_is_read_right(line, seen):
    assert local.outside(line) == seen


def test_proving_needs_no_test_tools_and_leaves_the_users_files_alone(tmp_path):
    """As a user has it: no pytest, a configuration and a ledger of his own that stay as they are."""
    (tmp_path / "state").mkdir(mode=0o700)
    environ = {
        **os.environ,
        "POINTSMAN_STATE": str(tmp_path / "state"),
        "POINTSMAN_CONFIG": str(tmp_path / "none.toml"),
    }
    argv = [
        sys.executable,
        "-c",
        "import sys; sys.modules['pytest'] = None; from pointsman.cli import main; sys.exit(main())",
    ]
    ran = subprocess.run([*argv, "prove", "B6", "a6", "--json"], env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert '"held": 2' in ran.stdout and ran.stderr == ""
    assert list((tmp_path / "state").iterdir()) == []
