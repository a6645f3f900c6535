"""The audit pane over a ledger of a million lines: until they can be read, from a key to the screen while scrolling, and
until a filter has answered; and what the ledger's size costs in memory.

    python benchmarks/audit_rows.py [lines, default 1000000]
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from measured import PYTHON, Program, percentile
from talker import talking

BATCH = 10_000


def write(state: Path, lines: int) -> float:
    """A ledger with so many lines, chained as the program chains them; the seconds that took."""
    from pointsman.adapters.store.audit_log import append, lines_of
    from pointsman.adapters.store.schema import migrate
    from pointsman.core.audit import AuditEvent, EventType

    begun = time.monotonic()
    state.mkdir(mode=0o700, parents=True)
    with closing(sqlite3.connect(state / "ledger.db", isolation_level=None)) as connection:
        migrate(connection)
        for start in range(0, lines, BATCH):
            batch = [
                AuditEvent(
                    type=EventType.DECISION if number % 3 else EventType.OUTCOME,
                    at=1.75e9 + number,
                    actor="router",
                    text=f"line {number}: coding goes to the implementer",
                    request=f"request-{number // 3}",
                    model="opus" if number % 1_000 == 0 else "coder-next",
                    rule="coding",
                )
                for number in range(start, min(start + BATCH, lines))
            ]
            connection.execute("BEGIN IMMEDIATE")
            append(connection, lines_of(batch))
            connection.execute("COMMIT")
    (state / "ledger.db").chmod(0o600)
    return time.monotonic() - begun


def press(program: Program, key: str) -> float:
    """Milliseconds until the screen answers."""
    begun, before = time.monotonic(), len(program.seen)
    program.type(key)
    program.until_holds(lambda: len(program.seen) > before, f"anything after {key!r}", 10)
    took = 1000 * (time.monotonic() - begun)
    program.read_for(0.05)
    return took


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as home, talking(home) as (_, options):
        took = write(Path(home) / "state", lines)
        size = (Path(home) / "state" / "ledger.db").stat().st_size / 1e6
        print(f"{lines:,} lines written in {took:.0f} s, {size:.0f} MB")
        argv = [PYTHON, "-m", "pointsman", *options, "--state", f"{home}/state"]
        with Program(argv) as program:
            program.until(f"line {lines - 1}:")
            print(f"start to lines     {program.age:.2f} s")
            program.until_quiet(1.0)
            program.type("\x1b")
            program.read_for(0.5)
            for key in "3z":
                press(program, key)
            steps = [press(program, key) for key in "j" * 60 + "k" * 40]
            print(f"scrolling          p50 {percentile(steps, 50):.0f} ms   p95 {percentile(steps, 95):.0f} ms")
            pages = [press(program, "G") for _ in range(8)]
            print(
                f"reading further    p50 {percentile(pages, 50):.0f} ms   worst {max(pages):.0f} ms   (200 lines each)"
            )
            for written, sign in (("model=opus", f"line {(lines - 1) // 1_000 * 1_000}:"), ("line 77:", "line 77:")):
                program.type("/")
                program.read_for(0.3)
                program.type(written)
                program.read_for(0.3)
                before, begun = len(program.seen), time.monotonic()
                program.type("\r")
                program.until_holds(lambda s=sign, b=before: s.encode() in program.seen[b:], sign, 60)
                print(f"filter {written:<12} {1000 * (time.monotonic() - begun):.0f} ms")
                program.type("\x1b")
                program.read_for(0.5)
            program.until("verified", within=900)
            print(f"all verified       {program.age:.0f} s after the start, {program.cpu():.0f} CPU s in all")
            cpu = program.cpu()
            program.read_for(10)
            print(f"idle               {10 * (program.cpu() - cpu):.1f} % CPU, {program.memory():.0f} MB")


if __name__ == "__main__":
    main()
