"""What happens to the terminal, and without it: suspended and back, hung up, told to end. The ledger is whole each time."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from support.pty_program import PATIENCE_S, PtyProgram, environment


def began_to_answer(program: PtyProgram) -> None:
    program.wait_for("● UP", "sk anything")
    program.type("Write a Python function that adds two numbers\r")
    program.wait_for("You asked")


def audited(home: Path) -> list[tuple[str, dict[str, object]]]:
    ledger = sqlite3.connect(f"file:{home}/state/demo/ledger.db?mode=ro", uri=True)
    try:
        return [(kind, json.loads(body)) for kind, body in ledger.execute("SELECT type, body FROM audit ORDER BY seq")]
    finally:
        ledger.close()


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(tmp_path: Path) -> None:
    with PtyProgram("demo", env=environment(str(tmp_path), PS1="$ "), columns=120, rows=40, shell=True) as shell:
        shell.wait_for("● UP", "sk anything")
        shell.type("\x1a")
        shell.wait_for("Stopped")
        shell.screen.reset()
        assert shell.raw.rfind(b"\x1b[?1049l") > shell.raw.rfind(b"\x1b[?1049h"), "the shell has its own screen again"
        shell.type("fg\n")
        shell.wait_for("● UP", "sk anything")
        shell.type("\x11")
        shell.until(lambda: _prompts_again(shell), "the shell's prompt")
        shell.type("echo ENDED:$?\n")
        shell.wait_for("ENDED:0")


def _prompts_again(shell: PtyProgram) -> bool:
    """What is typed between the program's last word and the shell's prompt may be discarded with the terminal's queue."""
    given_back = shell.raw.rfind(b"\x1b[?1049l")
    return given_back > shell.raw.rfind(b"\x1b[?1049h") and b"$ " in shell.raw[given_back:]


@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_to_end_hangs_up_settles_and_gives_the_terminal_back(tmp_path: Path, ending: signal.Signals) -> None:
    with PtyProgram("demo", "--speed", "0.5", env=environment(str(tmp_path)), columns=120, rows=40) as program:
        began_to_answer(program)
        program.process.send_signal(ending)
        assert program.wait() == 128 + ending
        assert program.restored
    assert audited(tmp_path)[-1][0] == "outcome", "the call that ran was settled"


def test_a_lost_terminal_ends_the_program_with_its_call_settled(tmp_path: Path) -> None:
    with PtyProgram("demo", "--speed", "0.5", env=environment(str(tmp_path)), columns=120, rows=40) as program:
        began_to_answer(program)
        program.close_terminal()
        assert program.process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    assert audited(tmp_path)[-1][0] == "outcome"


def test_it_ends_also_where_only_its_parent_is_told_that_the_terminal_is_lost(tmp_path: Path) -> None:
    """As under `make run`: make is signalled, and waits for us. The shell that waits here ends when we did."""
    env = environment(str(tmp_path), PS1="$ ")
    with PtyProgram("demo", env=env, columns=120, rows=40, shell=True, before="trap '' HUP; ") as shell:
        began_to_answer(shell)
        shell.close_terminal()
        shell.process.wait(PATIENCE_S)
    assert audited(tmp_path)[-1][0] == "outcome"


def test_bytes_that_are_no_text_do_not_end_the_program(tmp_path: Path) -> None:
    with PtyProgram("demo", env=environment(str(tmp_path)), columns=120, rows=40) as program:
        program.wait_for("sk anything")
        program.type(b"caf\xe9 \xff\x80 and on\xc3")
        program.wait_for("and on")
        program.type("\x11")
        assert program.wait() == 0
