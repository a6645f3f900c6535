"""A storm of resizes: how soon the screen stands again after two hundred sizes in two seconds, and what they cost.

python benchmarks/resize_storm.py
"""

from __future__ import annotations

import random

from measured import DEMO, HELLO, Program

STORM = 200
SECONDS = 2.0


def storm(title: str, argv: tuple[str, ...], sign: str) -> None:
    with Program(argv) as program:
        program.until(sign)
        program.read_for(5.0)
        chance, cpu = random.Random(7), program.cpu()
        for _ in range(STORM):
            program.resize(chance.randrange(1, 220), chance.randrange(1, 70))
            program.read_for(SECONDS / STORM)
        program.resize(120, 40)
        begun = program.age
        stands = program.until_quiet()
        print(f"{title:<22} stands again after {max(stands - begun, 0):.2f} s, {program.cpu() - cpu:.2f} CPU s")


def main() -> None:
    storm("Textual hello world", HELLO, "hello world")
    storm("pointsman demo", DEMO, "Fleet")


if __name__ == "__main__":
    main()
