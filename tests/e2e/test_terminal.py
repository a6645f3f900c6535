"""The program as a person meets it: in a real terminal, over the simulated fleet."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.terminal import POINTSMAN, Terminal, tmux_missing

pytestmark = [
    pytest.mark.real_tmux,
    pytest.mark.skipif(tmux_missing() is not None, reason=tmux_missing() or ""),
]


NAMES = itertools.count()


@pytest.fixture
def open_demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(columns: int = 120, rows: int = 40, *, verb: tuple[str, ...] = ("demo",)) -> Terminal:
        env = {"HOME": str(tmp_path), "POINTSMAN_STATE": str(tmp_path / "state"), "COLORTERM": "truecolor"}
        command = [str(POINTSMAN), *verb]
        terminal = Terminal(command, columns=columns, rows=rows, env=env, name=str(next(NAMES)))
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.__exit__(None, None, None)


def ask(terminal: Terminal, prompt: str) -> None:
    terminal.type(prompt)
    terminal.keys("Enter")


def out_of_the_input(terminal: Terminal) -> None:
    terminal.keys("Escape")
    terminal.wait_for("? help")  # a key pressed sooner would arrive as alt and that key


def leave(terminal: Terminal) -> None:
    out_of_the_input(terminal)
    terminal.keys("q")


def test_a_prompt_is_answered_for_a_reason_that_can_be_read_asked_what_if_found_again_and_exported(
    open_demo: Callable[..., Terminal], tmp_path: Path
) -> None:
    terminal = open_demo()
    terminal.wait_for("coder-gpu", "● UP", "ask anything")
    ask(terminal, "Write a Python function that adds two numbers")
    terminal.wait_for("coder-next", "simulated", "tok/s", "coding → implementer")
    screen = terminal.wait_for("outcome", "intent", "decision")
    assert "answered in" in screen
    out_of_the_input(terminal)
    reads_why(terminal)
    asks_what_if(terminal)
    finds_it_in_the_audit(terminal)
    exports_the_audit(terminal, tmp_path / "state" / "demo" / "exports" / "audit.csv")
    terminal.keys("q")
    terminal.wait_for("DONE:0 TTY:2")
    ledger = sqlite3.connect(f"file:{tmp_path}/state/demo/ledger.db?mode=ro", uri=True)
    types = [row[0] for row in ledger.execute("SELECT type FROM audit ORDER BY seq")]
    ledger.close()
    assert types[:3] == ["decision", "intent", "outcome"]


def reads_why(terminal: Terminal) -> None:
    terminal.keys("w")
    terminal.wait_for("why this model", "WHICH RULE", "LADDER", "NOT ASKED")
    terminal.keys("q")
    terminal.wait_for("WHICH RULE", gone=True)


def asks_what_if(terminal: Terminal) -> None:
    terminal.keys("W")
    terminal.wait_for("what if:", "NOW", "WHAT IF", "coder-gpu           up")
    terminal.keys(*"jjjjjjjj", "l", "l")
    terminal.wait_for("up → down", "NOT ASKED (12)")
    terminal.keys("q")
    terminal.wait_for("NOT ASKED", gone=True)


def finds_it_in_the_audit(terminal: Terminal) -> None:
    terminal.keys("3", "/")
    terminal.type("outcome")
    terminal.keys("Enter")
    terminal.wait_for("/outcome (1 of 1)")
    terminal.keys("Escape")
    terminal.wait_for("/outcome", gone=True)


def exports_the_audit(terminal: Terminal, path: Path) -> None:
    terminal.keys("e")
    terminal.wait_for("export as")
    terminal.keys("2")
    terminal.wait_for("readable by you alone")
    assert "outcome" in path.read_text() and path.stat().st_mode & 0o777 == 0o600


def test_what_is_changed_is_undone_asked_about_or_brought_back(open_demo: Callable[..., Terminal]) -> None:
    terminal = open_demo(160, 50)
    terminal.wait_for("NORMAL", "● UP")
    out_of_the_input(terminal)
    pins_and_takes_it_back(terminal)
    closes_the_cloud_and_opens_it(terminal)
    zooms_and_hides(terminal)
    terminal.keys("q")
    terminal.wait_for("DONE:0 TTY:2")


def pins_and_takes_it_back(terminal: Terminal) -> None:
    terminal.keys("o")
    terminal.wait_for("pin: this model and no other")
    terminal.keys("Tab", "Tab", "Tab", "Tab", "Tab", "Enter")
    terminal.wait_for("◆ pin opus", "is in force")
    terminal.keys("u")
    terminal.wait_for("◆ pin opus", gone=True)


def closes_the_cloud_and_opens_it(terminal: Terminal) -> None:
    terminal.keys("L")
    terminal.wait_for("■ LOCAL ONLY")
    terminal.keys("L")
    terminal.wait_for("open the cloud again?")
    terminal.keys("y")
    terminal.wait_for("local_only off")


def zooms_and_hides(terminal: Terminal) -> None:
    terminal.keys("2")
    terminal.wait_for("send")
    out_of_the_input(terminal)
    terminal.keys("z")
    terminal.wait_for("1 Fleet", gone=True)
    terminal.keys("z")
    terminal.wait_for("1 Fleet")
    terminal.keys("1", "H")
    terminal.wait_for("1 Fleet", gone=True)
    terminal.keys("0")
    terminal.wait_for("1 Fleet")


def test_without_a_configuration_a_short_start_offers_one_or_the_simulated_fleet(
    open_demo: Callable[..., Terminal],
) -> None:
    terminal = open_demo(100, 30, verb=())
    terminal.wait_for("No configuration yet", 'extends = "default"', "keys set for")
    terminal.keys("d")
    terminal.wait_for("sim", "● UP")
    leave(terminal)
    terminal.wait_for("DONE:0 TTY:2")


@pytest.mark.parametrize(("columns", "rows"), [(60, 16), (80, 24), (200, 60)])
def test_it_is_usable_at_every_size(open_demo: Callable[..., Terminal], columns: int, rows: int) -> None:
    terminal = open_demo(columns, rows)
    terminal.wait_for("NORMAL")
    ask(terminal, "Why is the sky blue?")
    terminal.wait_for("● outcome")
    leave(terminal)
    terminal.wait_for("DONE:0 TTY:2")


def test_resizing_from_tiny_to_large_keeps_it_alive(open_demo: Callable[..., Terminal]) -> None:
    terminal = open_demo(120, 40)
    terminal.wait_for("● UP")
    for columns, rows in ((20, 5), (200, 50), (2, 2), (80, 24)):
        terminal.resize(columns, rows)
    terminal.wait_for("NORMAL")
    leave(terminal)
    terminal.wait_for("DONE:0 TTY:2")


def test_a_service_found_down_is_started_and_its_model_answers(open_demo: Callable[..., Terminal]) -> None:
    terminal = open_demo(160, 50)
    terminal.wait_for("llama-qwen", "○ inactive")
    terminal.keys("Escape")
    terminal.wait_for("? help")
    terminal.keys("4")
    terminal.wait_for("restart")
    terminal.keys("r")
    terminal.wait_for("restart now", "meanwhile")
    terminal.keys("n")
    terminal.wait_for("restart now", gone=True)
    terminal.keys("Down", "s")
    terminal.wait_for("systemctl --user start llama-qwen", "y")
    terminal.keys("y")
    terminal.wait_for("○ inactive", gone=True)
    terminal.keys("i")
    terminal.wait_for("send")
    ask(terminal, "Summarize this: the meeting moved to Tuesday.")
    terminal.wait_for("qwen · llama-qwen", "tok/s")
    leave(terminal)
    terminal.wait_for("DONE:0 TTY:2")


def test_a_killed_endpoint_is_a_divider_in_the_chat_and_a_line_in_the_audit(open_demo: Callable[..., Terminal]) -> None:
    terminal = open_demo(160, 50)
    terminal.wait_for("coder-gpu", "● UP")
    terminal.keys("C-p")
    terminal.wait_for("Search")
    terminal.type("kill coder-gpu")
    terminal.wait_for("Kill coder-gpu")
    terminal.keys("Enter")
    terminal.wait_for("✖ DOWN")
    ask(terminal, "Refactor this function please")
    terminal.wait_for("codex · openai", "tok/s", "step-down")
    leave(terminal)
    terminal.wait_for("DONE:0 TTY:2")


def test_a_conversation_of_one_run_is_found_by_its_words_and_goes_on_in_the_next_also_after_a_kill(
    open_demo: Callable[..., Terminal], tmp_path: Path
) -> None:
    first = open_demo(160, 50)
    first.wait_for("coder-gpu", "● UP")
    ask(first, "Write a Python function that adds two numbers")
    first.wait_for("coder-next", "tok/s", "● outcome")
    first.keys("C-t")
    first.wait_for("2  new")
    ask(first, "Why is the sky blue?")
    first.wait_for("1  Write a Python", "2 Chat · Why is the sky blue?", "streaming,")
    first.kill()
    second = open_demo(160, 50)
    second.wait_for("● UP")
    ask(second, "/search adds")
    second.wait_for("Write a Python function that adds two numbers", "1 conversations")
    second.keys("Enter")
    second.wait_for("2 Chat · Write a Python function", "coder-next · coder-gpu", "def ")
    ask(second, "/good")
    second.wait_for("▲ you: it helped")
    ask(second, "And a test for it")
    second.wait_for("You asked: “And a test for it”")
    second.wait_for("streaming,", gone=True)
    leave(second)
    second.wait_for("DONE:0 TTY:2")
    kept = sqlite3.connect(f"file:{tmp_path}/state/demo/chats.db?mode=ro", uri=True)
    turns = dict(kept.execute("SELECT title, count(*) FROM chat JOIN turn ON turn.chat = chat.id GROUP BY title"))
    kept.close()
    assert turns == {"Write a Python function that adds two numbers": 2, "Why is the sky blue?": 1}
