"""What the screen costs while nobody does anything: CPU, bytes a second and memory, at two sizes, beside Textual's
hello world.

A real terminal pair and one sample a second, over twelve simulated servers in a process of their own, as a user's are.
`demo` is measured as well: there the servers' work counts, in a thread beside the screen's.
Goal: at most 3 % of one core, 10 kB/s and 80 MB.

    python benchmarks/idle_cpu.py [seconds]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from fleet import served
from measured import DEMO, HELLO, PYTHON, Program

SETTLE_S = 12.0


def measured(
    title: str, argv: Sequence[str], size: tuple[int, int], seconds: float, env: Mapping[str, str] | None = None
) -> None:
    with Program(argv, columns=size[0], rows=size[1], env=env) as program:
        program.read_for(SETTLE_S)
        cpu, main, begun = program.cpu(), program.cpu_of_main_thread(), program.age
        sent = program.read_for(seconds)
        took = program.age - begun
        percent, of_main = 100 * (program.cpu() - cpu) / took, 100 * (program.cpu_of_main_thread() - main) / took
        print(
            f"{title:<30} {size[0]:>3}x{size[1]:<3} {percent:>6.2f} % CPU (main thread {of_main:>5.2f} %) "
            f"{sent / took / 1000:>6.1f} kB/s {program.memory():>6.0f} MB"
        )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with served() as (options, env):
        for size in ((120, 40), (200, 60)):
            measured("Textual hello world", HELLO, size, seconds)
            measured("pointsman, servers apart", [PYTHON, "-m", "pointsman", *options], size, seconds, env)
            measured("pointsman demo", DEMO, size, seconds)


if __name__ == "__main__":
    main()
