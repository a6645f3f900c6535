"""The audit's promises, A1 to A12, tried on this machine's own disk."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import Anchor, Code, SqliteStore, audit_log, inspect
from pointsman.adapters.store.export import export, inspect_export
from pointsman.adapters.store.foreign import Line
from pointsman.adapters.store.schema import open_writer
from pointsman.adapters.store.segments import retire, rotate
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.narrate import erased
from pointsman.prove import instance
from pointsman.prove.attacks import ATTACKS, tamper, write_ledger
from pointsman.prove.check import Check, CouldNotRun, Tried, expect

KILLS, LINES, FLIPS, ERASED = 100, 12, 300, 20
_STEP = re.compile(r"(called|settled) (\w+)")


def start(home: Path, work: str, *before: str) -> subprocess.Popen[str]:
    argv = [*before, sys.executable, "-m", instance.__name__, str(home / "state"), str(home / "anchor"), work]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def query(home: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(home / "state" / "ledger.db")) as connection:
        yield connection


def told_before_death(process: subprocess.Popen[str], lines: int) -> set[tuple[str, str]]:
    """The steps a process reported as done until it was killed after so many lines."""
    if process.stdout is None:
        raise CouldNotRun("a process without output")
    read = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return {(found[1], found[2]) for found in _STEP.finditer("".join(read) + rest.rpartition("\n")[0] + "\n")}


def kill_loop(home: Path, kills: int) -> tuple[int, int]:
    """(steps that were reported as done, calls) of processes killed at any moment, two at a time. Raises Broken."""
    told = _steps_of_the_killed(home, kills)
    with query(home) as connection:
        reserved = {row[0]: row[1] for row in connection.execute("SELECT id, state FROM reservation")}
        intents = {row[0] for row in connection.execute("SELECT request FROM audit WHERE type = 'intent'")}
    for what, call in told:
        expect(call in reserved and call in intents, f"call {call} was made and is not on record")
        expect(what == "called" or reserved[call] == "settled", f"the settlement of {call} was lost")
    expect(set(reserved) == intents, "a reservation without its intent line, or the reverse")
    verdict = inspect(home / "state", Anchor(home / "anchor"))
    expect(verdict.code is Code.INTACT, f"the chain: {verdict.why}")
    return len(told), len([1 for what, _ in told if what == "called"])


def _steps_of_the_killed(home: Path, kills: int) -> set[tuple[str, str]]:
    nursery, chance = start(home, "nursery"), random.Random(kills)
    if nursery.stdin is None or nursery.stdout is None:
        raise CouldNotRun("a process without pipes")
    read: list[str] = []
    born: list[int] = []
    asked = killed = 0
    while killed < kills:
        if asked < kills:
            asked += 1
            nursery.stdin.write("\n")
            nursery.stdin.flush()
        for _ in range(2 + killed % 9):
            read.append(nursery.stdout.readline())
            born += [int(read[-1].split()[1])] if read[-1].startswith("born") else []
        if len(born) > killed + 1 or len(born) == kills:  # two are alive, or the last one is
            time.sleep(chance.random() / 200)  # to hit any moment of a commit
            os.kill(born[killed], signal.SIGKILL)
            killed += 1
    nursery.stdin.close()
    read.append(nursery.stdout.read())
    nursery.wait()
    nursery.stdout.close()
    return {(found[1], found[2]) for found in _STEP.finditer("".join(read))}


def survives_kills(home: Path) -> Tried:
    steps, _ = kill_loop(home, KILLS)
    return Tried(tried=f"{KILLS} processes killed with SIGKILL", count=steps, figure=f"0 of {steps} lost")


def intent_before_call(home: Path) -> Tried:
    _, calls = kill_loop(home, KILLS)
    return Tried(tried=f"{KILLS} callers killed at any moment", count=calls, figure=f"0 of {calls} without an intent")


def flushed_before_told(home: Path) -> Tried:
    strace = shutil.which("strace")
    if strace is None:
        raise CouldNotRun("strace is not installed")
    trace = home / "trace"
    process = start(home, "some", strace, "-f", "-qq", "-e", "trace=fsync,fdatasync,write", "-o", str(trace))
    output, _ = process.communicate(timeout=60)
    if process.returncode != 0 and not output:
        raise CouldNotRun("strace may not trace here")
    expect(output.count("called") == instance.SOME, "not every commit was acknowledged")
    pattern = r"sync\(\d+\) += 0$|sync resumed>\) += 0$|write\(1, \"(?:called|settled)"
    acknowledged, flushed = 0, False
    for event in re.findall(pattern, trace.read_text(errors="replace"), re.MULTILINE):
        if event.startswith("write"):
            expect(flushed, "a commit was acknowledged before it was flushed")
            acknowledged += 1
        flushed = not event.startswith("write")
    return Tried(
        tried=f"the system calls of {instance.SOME} commits",
        count=acknowledged,
        figure="each flushed before it was told",
    )


def tampering_is_found(home: Path) -> Tried:
    anchor = Anchor(home / "anchor")
    write_ledger(home / "state", anchor, LINES)
    for attack in ATTACKS:
        for n in range(1, LINES + 1):
            copy = home / "copy"
            shutil.copytree(home / "state", copy)
            tamper(copy / "ledger.db", lambda c, n=n, attack=attack: attack(c, n))  # type: ignore[misc]
            found = inspect(copy, anchor).code
            expect(found in (Code.ALTERED, Code.SHORT), f"{attack.__name__} of line {n} went unnoticed")
            shutil.rmtree(copy)
    flips = _flips(home / "state", anchor)
    tried = f"{len(ATTACKS)} attacks on each of {LINES} lines, {flips} flipped bytes"
    return Tried(tried=tried, count=len(ATTACKS) * LINES + flips, figure="100 % found")


def _flips(state: Path, anchor: Anchor) -> int:
    """Flips bytes of an export, and of the lines in the file."""
    raw = "".join(f"{line}\n" for line in export(state, foreign=True)).encode()
    chance = random.Random(1)
    for _ in range(FLIPS):
        flipped = bytearray(raw)
        flipped[chance.randrange(len(raw) - 1)] ^= 1 << chance.randrange(8)
        text = flipped.decode("utf-8", "surrogateescape")
        found = inspect_export(text[:-1].split("\n"), anchor).code
        expect(found in (Code.ALTERED, Code.SHORT), "a flipped byte of an export went unnoticed")
    return FLIPS


REWRITES = (
    "UPDATE audit SET body = 'x'",
    "UPDATE OR REPLACE audit SET seq = 3 WHERE seq = 2",
    "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit SELECT 2, prev, 'x', hash, type, actor, request, model, rule FROM audit LIMIT 1",
    "REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
    "INSERT INTO audit SELECT * FROM audit WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET body = 'x'",
    "UPDATE payload SET value = 'x'",
    "DROP TABLE audit",
    "DROP TRIGGER audit_no_update",
    "ALTER TABLE audit RENAME TO old",
    "ALTER TABLE audit DROP COLUMN rule",
    "CREATE TEMP TABLE audit (seq)",
    "ATTACH ':memory:' AS other",
    "PRAGMA writable_schema = ON",
    "PRAGMA synchronous = OFF",
    "DELETE FROM sqlite_schema",
    "VACUUM",
)


def cannot_rewrite(home: Path) -> Tried:
    ledger = write_ledger(home / "state", Anchor(home / "anchor"), 3)
    for sql in REWRITES:
        with closing(open_writer(ledger)) as connection:
            try:
                connection.execute(sql)
            except sqlite3.DatabaseError:
                continue
            expect(False, f"the program's own connection could run: {sql}")
    verdict = inspect(home / "state", Anchor(home / "anchor"))
    expect(verdict.code is Code.INTACT and verdict.lines == 3, verdict.why)
    return Tried(tried="SQL that would rewrite the audit", count=len(REWRITES), figure="0 succeeded")


def rotation_keeps_the_chain(home: Path) -> Tried:
    state, anchor = home / "state", Anchor(home / "anchor")
    for _ in range(4):
        write_ledger(state, anchor, 3)
        rotate(state, anchor, time.time())
    expect(inspect(state, anchor).code is Code.INTACT, "the chain broke at a rotation")
    retire(state, anchor, 3, time.time())
    expect(inspect(state, anchor).code is Code.GAPS, "a segment deleted on purpose is not told as such")
    (state / "ledger-0003.db").unlink()
    expect(inspect(state, anchor).code is Code.SHORT, "a segment deleted by hand went unnoticed")
    return Tried(
        tried="closing 4 segments, deleting one on purpose and one by hand", count=4, figure="6 and 3 told apart"
    )


async def erased_is_gone(home: Path) -> Tried:
    anchor = Anchor(home / "anchor")
    write_ledger(home / "state", anchor, ERASED)
    async with await SqliteStore.open(home / "state", SystemClock(), anchor=anchor) as store:
        for seq in range(1, ERASED + 1):
            await store.erase(seq, ("detail",), erased(seq, ("detail",), time.time()))
        on_disk = await asyncio.to_thread(all_bytes, home)
        expect(b"refused by host" not in on_disk, "an erased text is still on the disk")
    expect(inspect(home / "state", anchor).code is Code.INTACT, "erasing broke the chain")
    return Tried(tried="texts of others erased", count=ERASED, figure="0 left in ledger, log and free pages")


def all_bytes(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def fast(home: Path) -> Tried:
    count, anchor = 20_000, Anchor(home / "anchor")
    ledger = write_ledger(home / "state", anchor, 60)
    took: list[float] = []
    with closing(open_writer(ledger)) as connection:
        for _ in range(40):
            began = time.perf_counter()
            audit_log.append(connection, [Line(_BODY)])
            took.append(time.perf_counter() - began)
        connection.execute("BEGIN")
        for _ in range(count):
            audit_log.append(connection, [Line(_BODY)])
        connection.execute("COMMIT")
    began = time.process_time()  # what it costs, whatever else this machine does meanwhile
    verdict = inspect(home / "state", None)
    seconds = time.process_time() - began
    expect(verdict.lines > count, verdict.why)
    per_100k = seconds / verdict.lines * 100_000
    expect(per_100k <= 3.0, f"100,000 lines would take {per_100k:.1f} s to verify, more than 3 s")
    usual, slowest = (sorted(took)[at] * 1000 for at in (20, -1))
    figure = (
        f"100,000 lines verified in {per_100k:.1f} s; a durable append: {usual:.1f} ms, the slowest {slowest:.1f} ms"
    )
    return Tried(tried="verifying, and appending durably", count=verdict.lines, figure=figure)


_BODY = AuditEvent(
    type=EventType.DECISION, at=1.0, actor="router", text="coding → implementer → coder", request="r", model="coder",
    data={"ladder": [{"model": "coder", "why": "the role's first choice"}] * 5},
).body()  # fmt: skip

CHECKS = (
    Check(id="A1", promise="an acknowledged line survives a killed process", run=survives_kills),
    Check(id="A2", promise="a line is flushed to the disk before it is acknowledged", run=flushed_before_told),
    Check(id="A3", promise="nothing is called without an earlier line", run=intent_before_call),
    Check(id="A4", promise="tampering is found", run=tampering_is_found),
    Check(id="A6", promise="the program's own connection cannot rewrite the audit", run=cannot_rewrite),
    Check(id="A9", promise="closing segments keeps the chain; missing ones are told", run=rotation_keeps_the_chain),
    Check(id="A10", promise="an erased text is gone, and the chain is whole", run=erased_is_gone),
    Check(id="A11", promise="it is fast enough to be always on", run=fast),
)
