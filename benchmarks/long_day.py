"""What a long day leaves in memory: 500 turns on the screen, 100,000 lines in the audit. Goals: 80 MB at the beginning,
120 MB at the end.

    python benchmarks/long_day.py [turns, default 500] [lines, default 100000]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from audit_rows import write
from measured import PYTHON, Program
from talker import Talker, talking

TOKENS = 60  # of each reply


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as home, talking(home) as (talker, options):
        write(Path(home) / "state", lines)
        talker.tokens, talker.rate = TOKENS, 0
        argv = [PYTHON, "-m", "pointsman", *options, "--state", f"{home}/state"]
        with Program(argv) as program:
            program.until("sk anything")
            program.read_for(8.0)
            print(f"{lines:,} lines, no turn      {program.memory():>4.0f} MB")
            for turn in range(1, turns + 1):
                see_answered(program, talker, turn)
                if turn % (turns // 5 or 1) == 0:
                    print(f"{turn:>4} turns, all answered  {program.memory():>4.0f} MB", flush=True)


def see_answered(program: Program, talker: Talker, turn: int) -> None:
    """Asks, and waits until the answer to just that stands on the screen to its end."""
    mark = f"m{talker.marks + 1:06d}"
    program.type(f"turn {turn}")
    program.read_for(0.05)
    program.type("\r")
    program.until_holds(lambda: talker.answers == turn and mark.encode() in program.seen, f"answer to turn {turn}")
    program.until_quiet(0.3)
    program.seen.clear()


if __name__ == "__main__":
    main()
