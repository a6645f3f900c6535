"""The terminal's promises that need no terminal, T3 to T6. The screen is asked in a process of its own, because nothing
below it may import it."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pointsman.prove.check import Check, CouldNotRun, Tried, expect

_LONGEST_S = 120
_TOLD = 18  # of twenty links; a backslash of one is Markdown's
_SCREEN = (sys.executable, "-m", "pointsman.tui.proof")
_SANITISER = """
import json, sys, time
from pointsman.tui.untrusted import clean, one_line, label
payloads = json.load(sys.stdin)
bad = count = 0
def obeyed(text): return any(c in text for c in map(chr, [*range(0, 9), *range(11, 32), 127, *range(0x80, 0xa0)]))
for text in payloads:
    whole = clean(text)
    for at in range(len(text) + 1):
        count += 1
        bad += clean(text[:at]) + clean(text[at:]) != whole
    bad += obeyed(whole) or obeyed(one_line(text)) or obeyed(label(text))
dense = "\\x1b]0;x\\x07\\u202e" * 125_000
def spent(): began = time.process_time(); clean(dense); return time.process_time() - began
seconds = min(spent() for _ in range(3))
print(json.dumps({"bad": bad, "count": count, "ms": seconds * 1000, "bytes": len(dense)}))
"""
PAYLOADS = (
    "\x1b]52;c;aGk=\x07", "\x1b]0;title\x1b\\", "\x1b[2J\x1b[H", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b_Ga=T;x\x1b\\",
    "\x9b31m", "\x9d52;c;aGk=\x9c", "\x1b]8;;http://x\x07y\x1b]8;;\x07", "\x1b[6n", "\x1b]50;?\x07", "a\x00b\x7f",
    "\x1b[?1047h", "\x1b#8", "\x1bGQ;", "\u202eevil\u202c", "\u2066x\u2069", "\U000e0041", "\u2028\u2029", "\ufeff",
    "\x1b]9;note\x07", "\x0e\x0f", "[/]", "[@click=app.quit]x[/]", "\rover", "\x1b[201~rm\n",
)  # fmt: skip


def _asked(code: str, given: object) -> dict[str, float]:
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CouldNotRun("the screen's part did not answer in a minute") from None
    if ran.returncode != 0:
        raise CouldNotRun(f"the screen's part cannot be asked: {ran.stderr.strip()[-120:]}")
    told: dict[str, float] = json.loads(ran.stdout)
    return told


def linear(home: Path) -> Tried:
    told = _asked(_SANITISER, PAYLOADS)
    expect(told["bad"] == 0, f"{told['bad']:.0f} texts got through")
    per_mb = told["ms"] / (told["bytes"] / 1e6)
    expect(per_mb <= 150, f"{per_mb:.0f} ms of CPU per MB")
    tried = f"{len(PAYLOADS)} hostile texts cut in two at every place, and a megabyte of nothing but escape sequences"
    figure = f"0 control characters left, the same however it is cut; {per_mb:.0f} ms of CPU per MB"
    return Tried(tried=tried, count=int(told["count"]), figure=figure)


# --- the whole screen, every text of it hostile ---------------------------------------------------------------------


@cache
def _found() -> dict[str, Any]:
    """What the screen's own proof found; run once, for three promises."""
    try:
        ran = subprocess.run([*_SCREEN], capture_output=True, text=True, timeout=_LONGEST_S, check=False)
        found: dict[str, Any] = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        raise CouldNotRun(f"the screen did not end within {_LONGEST_S} s") from None
    except ValueError:
        raise CouldNotRun(f"the screen cannot be asked: {ran.stderr.strip()[-120:]}") from None
    return found


def no_action(home: Path) -> Tried:
    found = _found()
    expect(not found["fired"], f"an action ran: {found['fired'][:1]}")
    expect(found["armed"] == 0, f"{found['armed']} cells carry an action or link of others")
    tried = f"{found['texts']} texts with actions, brackets and links on {found['surfaces']} views of the real screen"
    return Tried(tried=tried, count=found["clicks"], figure="0 actions fired by clicking on them, 0 cells armed")


def no_crash(home: Path) -> Tried:
    found = _found()
    expect(not found["crashed"], f"the screen broke: {found['crashed']}")
    tried = "the same, with every kind of broken bracket"
    return Tried(tried=tried, count=found["texts"] * found["surfaces"], figure="0 crashes")


def no_link(home: Path) -> Tried:
    found = _found()
    expect(not found["opened"], f"opened: {found['opened'][:1]}")
    expect(found["told"] >= _TOLD, f"only {found['told']} links stand with their whole address")
    tried = "links of 20 forms in a reply, clicked"
    return Tried(tried=tried, count=found["told"], figure="0 opened; the address stands beside the words")


CHECKS = (
    Check(id="T3", promise="no text of others triggers an action", run=no_action),
    Check(id="T4", promise="no text of others breaks the screen", run=no_crash),
    Check(id="T5", promise="no link of others is followed", run=no_link),
    Check(id="T6", promise="making text harmless takes linear time, wherever it is cut", run=linear),
)
