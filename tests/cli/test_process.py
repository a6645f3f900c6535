"""The program as a process: what it imports, how it ends when its reader or its user has had enough."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

HEAVY = ("textual", "rich", "httpx", "pydantic", "psutil", "pynvml", "sqlite3", "asyncio")
PROMPT = "Fix the failing unit test in parser.py"


def loaded_after(*commands: str) -> set[str]:
    """The heavy modules in memory after the verbs ran, one after the other in one process."""
    code = (
        "import json, sys\n"
        "from pointsman.cli import main\n"
        f"for command in {commands!r}: main(command.split())\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_version_and_help_load_nothing_heavy():
    assert loaded_after("--version", "--help") == set()


def test_check_loads_neither_engine_nor_network():
    assert loaded_after("check") <= {"pydantic"}


def test_route_needs_no_network():
    assert not loaded_after(f"route {PROMPT}") & {"textual", "rich", "httpx", "psutil", "pynvml"}


HEADLESS = (
    "--help",
    "ask --demo --speed 1000000 hi",
    "status",
    "status --demo",
    "usage",
    "models list",
    "services list",
    "audit show",
    "init",
    "demo",  # without a terminal: a mistake
)


def test_no_headless_verb_loads_the_screen():
    # rich is httpx's own doing: it imports its command line where rich is installed.
    assert "textual" not in loaded_after(*HEADLESS)


def test_the_screen_loads_the_library_of_its_plots_only_once_they_are_asked_for():
    code = "import sys, pointsman.tui.app; sys.exit('textual_plotext' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def pointsman(*args: str, **given) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pointsman", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=interruptible,
        **given,
    )


def interruptible():
    """As in a terminal: a test run in the background hands an ignored SIGINT down to its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_reader_that_leaves_early_is_no_failure():
    lines = b'{"text": "hello"}\n' * 2000
    with pointsman("route", "--jsonl", stdin=subprocess.PIPE) as program:
        program.stdin.write(lines[:18])
        program.stdin.flush()
        program.stdout.readline()
        program.stdout.close()
        try:
            program.stdin.write(lines)
            program.stdin.close()
        except BrokenPipeError:
            program.stdin = None
        told = program.stderr.read()
    assert (program.returncode, told) == (0, b"")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_call_is_settled_before_the_program_ends(sent, tmp_path):
    """At this speed the simulated model would talk for minutes; the signal comes once it has begun."""
    with pointsman("ask", "--demo", "--speed", "0.5", "--json", PROMPT) as program:
        for line in program.stdout:
            if json.loads(line)["event"] == "text-delta":
                break
        program.send_signal(sent)
        program.stdout.read()
        told = program.stderr.read().decode()
    assert program.returncode == 1
    assert told == "pointsman: cancelled\n"
    state = os.environ["POINTSMAN_STATE"] + "/demo"
    with pointsman("--state", state, "audit", "show", "--json") as audit:
        lines = [json.loads(line) for line in audit.stdout]
    assert [line["type"] for line in lines][-2:] == ["intent", "outcome"]
    assert lines[-1]["data"]["outcome"] == "cancelled"


def test_follow_shows_lines_as_they_come(tmp_path):
    state = os.environ["POINTSMAN_STATE"]
    with pointsman("models", "set", "qwen") as first:
        first.communicate()
    with pointsman("audit", "show", "--follow", "--json") as follower:
        assert json.loads(follower.stdout.readline())["seq"] == 1
        with pointsman("models", "unset", "--state", state) as second:
            second.communicate()
        assert json.loads(follower.stdout.readline())["seq"] == 2
        follower.send_signal(signal.SIGINT)
        assert follower.stdout.read() == b""


def test_bytes_that_are_no_text_do_not_break_it():
    with pointsman(b"route", b"caf\xe9 \xff", b"--json") as program:  # type: ignore[arg-type]
        out, _ = program.communicate()
    assert program.returncode == 0 and json.loads(out)["model"]
