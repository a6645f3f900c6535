"""What the screen looks like, in a real terminal, at every size and look: characters, and a digest of the styles.

Drawn from a recorded run, so that nothing depends on the machine or the hour. To draw them anew after a change that is
meant: `UPDATE_SNAPSHOTS=1 pytest tests/snapshots`, and read the diff.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

from support.pty_program import PtyProgram, environment

HERE = Path(__file__).parent
SIZES = ((80, 24), (40, 12), (120, 40), (200, 60))
LOOKS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "dark": ((), {}),
    "light": ((), {"POINTSMAN_CONFIG": "light.toml"}),
    "mono": ((), {"NO_COLOR": "1"}),
    "ascii": (("--ascii",), {}),
}
QUIET_S = 0.25  # longer than the screen takes between two parts of one change
UPDATE = "UPDATE_SNAPSHOTS" in os.environ


def expected(look: str, columns: int, rows: int) -> Path:
    return HERE / f"{look}-{columns}x{rows}.txt"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "light.toml").write_text('extends = "default"\n[ui]\ntheme = "pointsman-light"\n')
    return tmp_path


@pytest.mark.parametrize("look", LOOKS)
def test_the_screen_looks_as_it_did_at_every_size(look: str, home: Path) -> None:
    args, more = LOOKS[look]
    more = {name: str(home / value) if value.endswith(".toml") else value for name, value in more.items()}
    columns, rows = SIZES[0]
    argv = ("--replay", str(HERE / "run.jsonl"), "--speed", "0", *args)
    with PtyProgram(*argv, env=environment(str(home), **more), columns=columns, rows=rows) as program:
        program.wait_for("ended after", "sk anything")  # its first letter may be under the cursor
        program.type("Write a Python function that adds two numbers\r")
        program.wait_for("return value")
        program.type("\x1b")
        for columns, rows in SIZES:
            program.resize(columns, rows)
            compare(program, expected(look, columns, rows))
        program.type("\x11")
        assert program.wait() == 0
        assert program.restored


def compare(program: PtyProgram, path: Path) -> None:
    if UPDATE:
        path.write_text(program.settled(4.0), "utf-8")
        return
    wanted = path.read_text("utf-8")
    try:
        program.until(lambda: program.snapshot() == wanted and _holds(program, wanted))
    except AssertionError:
        seen = program.snapshot()
        diff = difflib.unified_diff(wanted.splitlines(), seen.splitlines(), path.name, "the screen", lineterm="")
        pytest.fail("\n".join(diff), pytrace=False)


def _holds(program: PtyProgram, wanted: str) -> bool:
    """A frame that was only passing is none: this one stays while the program has nothing more to write."""
    return not program.read(QUIET_S) and program.snapshot() == wanted


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_without_colour_the_same_is_said(columns: int, rows: int) -> None:
    """State is a sign and a word: what is read in colour is read without it."""
    dark, mono = (expected(look, columns, rows).read_text("utf-8").split("-" * 8)[0] for look in ("dark", "mono"))
    assert dark == mono


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_an_ascii_screen_is_ascii(columns: int, rows: int) -> None:
    assert expected("ascii", columns, rows).read_text("utf-8").isascii()


def test_a_screen_without_colour_has_none() -> None:
    styles = expected("mono", 120, 40).read_text("utf-8").rpartition("styles ")[2].splitlines()[1:]
    colours = {word for line in styles for word in line.split() if len(word) == 6}
    assert {colour for colour in colours if len({colour[:2], colour[2:4], colour[4:]}) > 1} <= {"strike"}, colours
