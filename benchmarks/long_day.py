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
from talker import talking

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
                program.type(f"turn {turn}\r")
                program.until_quiet(0.4)
                program.seen.clear()
                if turn % (turns // 5 or 1) == 0:
                    print(f"{turn:>4} turns, {talker.answers:>4} answered {program.memory():>4.0f} MB", flush=True)


if __name__ == "__main__":
    main()
