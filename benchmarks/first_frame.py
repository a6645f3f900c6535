"""How soon the first frame stands, beside Textual's hello world in the same run, each in a fresh process.

From the start of the process to the first painted frame, and until a prompt can be typed; best and median of several.
On a busy machine the CPU seconds until then say more than the wall clock. Goal: at most 1.55 times hello.

    python benchmarks/first_frame.py [runs]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

from measured import DEMO, HELLO, PYTHON, Program

FRAME = "Fleet"  # the title of a pane: the layout stands
READY = "sk anything"  # the cursor stands on its first letter


def times(argv: Sequence[str], *signs: str) -> list[tuple[float, float]]:
    """(seconds, CPU seconds) since the start at which each sign came."""
    found = []
    with Program(argv) as program:
        for sign in signs:
            program.until(sign)
            found.append((program.age, program.cpu_of_main_thread()))
    return found


def version() -> float:
    """CPU seconds of `pointsman --version` over those of a bare interpreter."""
    import resource
    import subprocess

    spent = []
    for argv in ([PYTHON, "-c", ""], [PYTHON, "-m", "pointsman", "--version"]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return spent[1] - spent[0]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    hello, frame, ready = [], [], []
    for _ in range(runs):  # in turns, so that whatever else the machine does hits both
        hello += times(HELLO, "hello world")
        ours = times(DEMO, FRAME, READY)
        frame.append(ours[0])
        ready.append(ours[1])
    for title, seen in (("hello world", hello), ("pointsman demo", frame), ("  ready to type", ready)):
        wall, cpu = zip(*seen, strict=True)
        print(
            f"{title:<18} best {min(wall):.2f} s   median {statistics.median(wall):.2f} s   "
            f"CPU best {min(cpu):.3f} s   median {statistics.median(cpu):.3f} s"
        )
    for name, of in (("wall", 0), ("CPU", 1)):
        best = min(each[of] for each in frame) / min(each[of] for each in hello)
        median = statistics.median(each[of] for each in frame) / statistics.median(each[of] for each in hello)
        print(f"ratio {name:<12} best {best:.2f}     median {median:.2f}     goal 1.55")
    print(f"--version          {1000 * min(version() for _ in range(runs)):.0f} ms CPU over a bare interpreter")


if __name__ == "__main__":
    main()
