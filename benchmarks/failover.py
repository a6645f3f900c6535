"""Prints how fast a refused local endpoint is left for the next, over real sockets and a real ledger.

python benchmarks/failover.py [TURNS]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.failover import measure


def main(turns: str = "50") -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as here:
        for where, state in (("in memory", None), ("on this disk", Path(here) / "state")):
            figures = asyncio.run(measure(int(turns), state))
            print(f"{figures.turns} failovers from a refused endpoint, ledger {where}, medians:")
            print(f"  from the refused call to the next one   {figures.detour_ms:8.2f} ms   (aim: < 50 ms)")
            print(f"  from the prompt to the first word       {figures.answer_ms:8.2f} ms")
            print(f"  with the breaker open, decide and claim {figures.skip_ms:8.3f} ms   (aim: < 1 ms)")


if __name__ == "__main__":
    main(*sys.argv[1:])
