"""From a key to the screen while a reply streams in as Markdown at 500 tokens a second, after a long conversation; and
whether the stream's words stand on the screen as fast as they come.

First so many tokens are answered at once, in replies of 5,000; then a reply streams while one key is pressed ten times a
second. Goals: key to screen p95 <= 50 ms; the stream never falls behind.

    python benchmarks/latency.py [tokens before, default 100000] [seconds, default 20]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from measured import PYTHON, Program, percentile
from talker import MARK_EVERY, Talker, talking

RATE = 500
REPLY = 5_000  # tokens
KEY_EVERY_S = 0.1
# Each is drawn nowhere else, so that its bytes are its echo.
KEYS = [chr(code) for code in range(0x1401, 0x1401 + 400)]


def fill(program: Program, talker: Talker, tokens: int) -> None:
    """A conversation of so many tokens, on the screen to its end."""
    for _ in range(tokens // REPLY):
        talker.tokens, talker.rate = REPLY, 0
        see_answered(program, talker, f"m{talker.marks + (REPLY - 1) // MARK_EVERY:06d}")
        program.seen.clear()


def see_answered(program: Program, talker: Talker, last: str) -> None:
    answers = talker.answers
    ask(program, "go on")
    program.until_holds(lambda: talker.answers > answers and last.encode() in program.seen, last)
    program.until_quiet(0.5)


def ask(program: Program, prompt: str) -> None:
    program.type(prompt)
    program.read_for(0.1)
    program.type("\r")


def press(program: Program, key: str) -> tuple[float, float]:
    """Milliseconds until it stands on the screen; and those of them in which the screen had a core, or needed none."""
    begun, before, waited = time.monotonic(), len(program.seen), program.waited()
    program.type(key)
    program.until_holds(lambda: key.encode() in program.seen[before:], key, 10)
    took = time.monotonic() - begun
    return 1000 * took, 1000 * max(took - (program.waited() - waited), 0.0)


@dataclass
class Streamed:
    keys: list[tuple[float, float]]
    marks: dict[str, float] = field(default_factory=dict)  # mark -> milliseconds from the server to the screen
    busy: float = 0.0  # share of the time
    waiting: float = 0.0  # share of the time that the screen was ready to work and had no core


def stream(program: Program, talker: Talker, seconds: float) -> Streamed:
    talker.tokens, talker.rate = int(RATE * seconds), RATE
    talker.said.clear()
    ask(program, "talk")
    program.read_for(1.0)
    cpu, waited, begun = program.cpu(), program.waited(), time.monotonic()
    found = Streamed(keys=[])
    start = len(program.seen)
    for key in KEYS[: int((seconds - 2) / KEY_EVERY_S)]:
        found.keys.append(press(program, key))
        program.read_for(max(KEY_EVERY_S - found.keys[-1][0] / 1000, 0.01))
        now, fresh = time.monotonic(), bytes(program.seen[start:])
        start = max(len(program.seen) - 20, 0)
        for mark, at in list(talker.said.items()):
            if mark not in found.marks and mark.encode() in fresh:
                found.marks[mark] = 1000 * (now - at)
    took = time.monotonic() - begun
    found.busy, found.waiting = (program.cpu() - cpu) / took, (program.waited() - waited) / took
    return found


def told(title: str, values: Sequence[float]) -> str:
    return f"{title:<34} p50 {percentile(values, 50):>5.0f} ms   p95 {percentile(values, 95):>5.0f} ms   worst {max(values):>5.0f} ms"


def main() -> None:
    before = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    with tempfile.TemporaryDirectory() as home, talking(home) as (talker, options):
        with Program([PYTHON, "-m", "pointsman", *options]) as program:
            program.until("sk anything")
            program.read_for(3.0)
            idle = [press(program, key) for key in KEYS[-20:]]
            program.type("\x15")  # empties the input
            program.read_for(0.2)
            fill(program, talker, before)
            found = stream(program, talker, seconds)
            program.until_holds(lambda: talker.ended > 0, "the end of the stream")
            print(told("key to screen, idle", [wall for wall, _ in idle]))
            print(f"after {before:,} tokens, a reply at {RATE} tok/s, {len(found.keys)} keys (goal: p95 <= 50 ms)")
            print(told("  key to screen", [wall for wall, _ in found.keys]))
            print(told("  without waiting for a core", [own for _, own in found.keys]))
            print(told("  word to screen", list(found.marks.values())))
            print(
                f"  {len(found.marks)} of {len(talker.said)} marks were seen; CPU {100 * found.busy:.0f} %, waiting for a "
                f"core {100 * found.waiting:.0f} %, {program.memory():.0f} MB"
            )


if __name__ == "__main__":
    main()
