"""Random keys, mouse, resizes and pastes with hostile text against the simulated fleet with faults.

Held: the program never raises, nothing of the hostile text is obeyed by the terminal, focus is never lost, no task,
thread or descriptor is left, and the terminal is given back. One known seed in CI, fresh ones in `make soak`; a failure
names its seed, and `POINTSMAN_FUZZ_SEED=n` runs that one again.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.pty_program import PtyProgram, environment

SOAK = int(float(os.environ.get("POINTSMAN_SOAK", "0")))  # times as long as in CI, from fresh seeds
ASKED_FOR = os.environ.get("POINTSMAN_FUZZ_SEED")
KNOWN_SEED = int(ASKED_FOR or "1")
SEEDS = [random.SystemRandom().randrange(1_000_000) for _ in range(3 * SOAK)] or [KNOWN_SEED]
GESTURES = 300 if SOAK or ASKED_FOR else 60  # of each run
SIZES = ((80, 24), (120, 40), (40, 12), (200, 60), (1, 1), (60, 16), (20, 5))

MARK = "0WNED"  # stands in every escape sequence that we send as text, and in none of the program's own
HOSTILE = (
    f"\x1b]0;{MARK}\x07",
    f"\x1b]52;c;{MARK}\x07",
    f"\x1b]9;{MARK}\x07",
    f"\x1b]8;;http://{MARK}\x1b\\x\x1b]8;;\x1b\\",
    f"\x1b[31;7m{MARK}\x1b[2J\x1b[1;1H",
    f"\x9b31m{MARK}\x9d0;{MARK}\x9c",
    f"\x1bP{MARK}\x1b\\",
    f"[/x] [1, 2] [bold {MARK} [@click=app.quit]x[/]",
    f"\u202e{MARK}\u2066\u200b\ufeff\U000e0041",
    "\x00\x07\x08\x0c\r\x7f\x1b",
    "漢字 한국어 👩‍👩‍👧 e\u0301 \t|",
    "x" * 5_000,
    "line\n" * 200,
    "/model nobody\n/why\n/local on\n",
    "```\nno end",
)
OBEYED = HOSTILE[:7]


def paste(chance: random.Random) -> str:
    return "".join(chance.choices(HOSTILE, k=chance.randint(1, 3)))


# --- in a real terminal: bytes in, bytes out ----------------------------------------------------------------------

# What leaves the program, or hands the terminal over, is not pressed; everything else is.
ENTER_TAB_ESCAPE_BACKSPACE = "\r \t \x1b \x7f".split(" ")
ARROWS_HOME_END_PAGES = "\x1b[A \x1b[B \x1b[C \x1b[D \x1b[H \x1b[F \x1b[5~ \x1b[6~ \x1b[Z".split()
F1_F8_F9 = "\x1bOP \x1b[19~ \x1b[20~".split()
NEW_LINES = ["\x1b\r", "\n"]
CONTROL_D_L_N_P_R_U = ["\x04", "\x0c", "\x0e", "\x10", "\x12", "\x15"]
PRINTED = [*"1234567890 abcdefghijklmnoprstuvwxyzABCDEFGHILMPRSTVWXY?:+/<>=-+.,;[]"]
KEYS = [
    *(*ENTER_TAB_ESCAPE_BACKSPACE, *ARROWS_HOME_END_PAGES, *F1_F8_F9),
    *(*NEW_LINES, *CONTROL_D_L_N_P_R_U, *PRINTED),
]


def gestures(chance: random.Random) -> Iterator[str]:
    """What a person, a cat, or somebody who means harm may send to a terminal."""
    while True:
        kind = chance.random()
        if kind < 0.70:
            yield "".join(chance.choices(KEYS, k=3))
        elif kind < 0.85:
            yield mouse(chance)
        elif kind < 0.93:
            yield f"\x1b[200~{paste(chance)}\x1b[201~"
        elif kind < 0.97:
            yield f"\x1b[200~{chance.choice(HOSTILE)}\x1b[201~\r"
        else:
            yield "\x1b[I" if chance.random() < 0.5 else "\x1b[O"


def mouse(chance: random.Random) -> str:
    column, row = chance.randint(1, 200), chance.randint(1, 60)
    button = chance.choice((0, 0, 0, 1, 2, 32, 64, 65))
    return f"\x1b[<{button};{column};{row}M" + ("" if button >= 32 else f"\x1b[<{button};{column};{row}m")


INTRODUCERS = (b"\x1b]0;", b"\x1b]52", b"\x1b]8;", b"\x1b]9;", b"\x1bP", b"\xc2\x9d", b"\xc2\x9b")


def foreign_escapes(raw: bytes) -> list[bytes]:
    """Places where the hostile text's mark follows an introducer without anything between that would end it."""
    found = []
    place = raw.find(MARK.encode())
    while place >= 0:
        before = raw[max(place - 12, 0) : place]
        if before.endswith(b"\x1b[31;7m") or any(each in before for each in INTRODUCERS):
            found.append(before + MARK.encode())
        place = raw.find(MARK.encode(), place + 1)
    return found


def test_the_net_of_this_test_has_no_holes() -> None:
    for text in OBEYED:
        assert foreign_escapes(text.encode()), text
    assert foreign_escapes(f"␛]0;{MARK}".encode()) == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_sent_to_a_real_terminal_it_lives_obeys_nothing_and_gives_it_back(
    tmp_path: Path, seed: int
) -> None:
    """Where a gesture happens to say "quit", it is opened again."""
    chance = random.Random(seed)
    sent = 0
    while sent < GESTURES:
        env = environment(str(tmp_path), EDITOR="true", VISUAL="true")  # nobody would leave a real one
        with PtyProgram("demo", "--speed", "20", env=env, columns=120, rows=40) as program:
            program.wait_for("● UP")
            program.watched = False
            sent += send(program, chance, GESTURES - sent)
            code = leave(program, seed)
            assert b"Traceback" not in program.raw, f"seed {seed}\n{last_words(program)}"
            assert code == 0, f"seed {seed}: it ended with {code}\n{last_words(program)}"
            assert program.restored, f"seed {seed}"
            assert foreign_escapes(bytes(program.raw)) == [], f"seed {seed}"


def send(program: PtyProgram, chance: random.Random, most: int) -> int:
    """Sends gestures, that many or until one of them left; how many."""
    for count, gesture in enumerate(gestures(chance)):
        if count == most or program.process.poll() is not None:
            return count
        if count % 20 == 19:
            program.resize(*chance.choice(SIZES))
        wake(program)
        program.type(gesture)
        program.read(0)
    raise AssertionError("gestures have no end")


def leave(program: PtyProgram, seed: int) -> int:
    """Its exit status. What ends a paste, or a key that waits for more, comes first."""

    def left() -> bool:
        wake(program)
        if program.process.poll() is None and not program.read(0.3):
            program.type("\x11")
        return program.process.poll() is not None

    if program.process.poll() is None:
        program.type("\x1b[201~")
    # Three hundred gestures are typed faster than two busy cores take them in.
    program.until(left, f"the end, after seed {seed}", patience=100.0)
    return program.wait()


def wake(program: PtyProgram) -> None:
    """The palette can suspend it."""
    status = Path(f"/proc/{program.process.pid}/status")
    if status.exists() and "State:\tT" in status.read_text():
        program.process.send_signal(signal.SIGCONT)


def last_words(program: PtyProgram) -> str:
    """What it wrote after it gave the screen back: a traceback, if it raised."""
    tail = bytes(program.raw[program.raw.rfind(b"\x1b[?1049l") :]).decode("utf-8", "replace")
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", tail)


# --- inside the process: focus, tasks, threads --------------------------------------------------------------------

PRESSED = (
    "enter tab shift+tab escape space backspace alt+enter up down left right home end pageup pagedown "
    "ctrl+d ctrl+j ctrl+n ctrl+p ctrl+u f1 f8 "
    "0 1 2 3 4 5 6 7 a c d e f g h i j k l m n o p r s t u v w x y z A C D E F G H I J K L M N P R S V W X Y plus "
    "colon slash question_mark minus less_than_sign greater_than_sign equals_sign left_square_bracket "
).split()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
async def test_focus_is_never_lost_and_nothing_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    from pointsman import wiring
    from pointsman.config import example_path, load
    from pointsman.tui.app import PointsmanApp

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    chance = random.Random(seed)
    settings = load(example_path())
    tasks, threads, files = asyncio.all_tasks(), set(threading.enumerate()), open_files()
    async with wiring.open_demo(settings, state_dir=tmp_path / "state", speed=50) as console:
        app = PointsmanApp(console)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            for _ in range(GESTURES):
                await one_gesture(app, pilot, chance)
                await focused(app, pilot, seed)
        await app.close()
        assert app._exception is None, f"seed {seed}"
    assert {task.get_name() for task in asyncio.all_tasks() - tasks} == set(), f"seed {seed}"
    assert [each for each in threading.enumerate() if each not in threads and not is_pooled(each)] == [], f"seed {seed}"
    assert open_files() <= files, f"seed {seed}"


async def focused(app: Any, pilot: Any, seed: int) -> None:
    """A screen that is only just being opened takes it in a moment."""
    for _ in range(2_000):
        if app.screen.focused is not None:
            return
        await pilot.pause(0.005)
    raise AssertionError(f"seed {seed}: focus was lost on {app.screen}")


def is_pooled(thread: threading.Thread) -> bool:
    """Of the loop's own pool for blocking work: bounded, and ended with the loop."""
    return thread.name.startswith(("asyncio_", "ThreadPoolExecutor"))


def open_files() -> int:
    return psutil.Process().num_fds()


async def one_gesture(app: Any, pilot: Any, chance: random.Random) -> None:
    from textual.events import Paste

    kind = chance.random()
    if kind < 0.80:
        await pilot.press(*chance.choices(PRESSED, k=3))
    elif kind < 0.86:
        await pilot.resize_terminal(*chance.choice(SIZES))
    elif kind < 0.92:
        app.screen.post_message(Paste(paste(chance)))
        await pilot.pause()
    elif kind < 0.96 and app.engine is not None:
        await app.engine.play(chance.choice(app.engine.faults))
    else:
        await pilot.click(offset=(chance.randrange(app.size.width), chance.randrange(app.size.height)))
