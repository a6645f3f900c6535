"""Several processes on one ledger, and processes that die: the promises A1, A2, A3, B1, B2 (promises.md §9)."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.adapters.store import verify
from pointsman.core.fleet import Window
from pointsman.ports import AuditQuery
from support.soak import SOAK

INSTANCE = Path(__file__).with_name("instance.py")


def start(state_dir: Path, work: str, *before: str) -> subprocess.Popen[str]:
    argv = [*before, sys.executable, str(INSTANCE), str(state_dir), work]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def query(path: Path, sql: str) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {value for (value,) in connection.execute(sql)}
    finally:
        connection.close()


@pytest.mark.parametrize("run", range(1 if SOAK == 1 else 20))
async def test_eight_processes_on_one_ledger_use_the_budget_up_and_never_overshoot(store, state_dir, make, run):
    processes = [start(state_dir, "fill") for _ in range(8)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    fitted = [int(process.communicate()[0]) for process in processes]
    assert sum(fitted) == 200
    assert [process.returncode for process in processes] == [0] * 8
    assert await store.audit_size() == 200
    assert verify(store.path).intact
    assert await store.recover(2e9) == 200


async def test_twenty_killed_processes_lose_no_acknowledged_line_and_no_call_without_intent(store, state_dir, make):
    told: dict[str, set[str]] = {"called": set(), "settled": set()}
    for round in range(5):
        processes = [start(state_dir, "calls") for _ in range(4)]
        for number, process in enumerate(processes):
            told_now = [process.stdout.readline() for _ in range(3 + round * 4 + number)]
            process.send_signal(signal.SIGKILL)
            told_now += process.communicate()[0].splitlines()
            for what, id in (line.split() for line in told_now if re.fullmatch(r"\w+ \w{16}\s*", line)):
                told[what].add(id)
    assert len(told["called"]) > 100
    assert verify(store.path).intact
    assert told["called"] <= query(store.path, "SELECT id FROM reservation")
    assert told["settled"] <= query(store.path, "SELECT id FROM reservation WHERE state = 'settled'")
    intents = query(store.path, "SELECT request FROM audit WHERE type = 'intent'")
    assert intents == query(store.path, "SELECT id FROM reservation")
    outcomes = query(store.path, "SELECT request FROM audit WHERE type = 'outcome'")
    assert outcomes == query(store.path, "SELECT id FROM reservation WHERE state = 'settled'")
    assert query(store.path, "PRAGMA integrity_check") == {"ok"}
    await check_recovery(store, make)


async def check_recovery(store, make):
    opened = query(store.path, "SELECT id FROM reservation WHERE state = 'open'")
    settled = query(store.path, "SELECT id FROM reservation WHERE state = 'settled'")
    budget = make.budget("b", 10**9, window=Window(seconds=10**9))
    assert await store.recover(1.9e9) == len(opened) > 0
    usage = (await store.usage([budget], 1.9e9))["b"]
    assert (usage.spent, usage.reserved) == (10 * len(opened) + 4 * len(settled), 0)
    recovered = await store.audit(AuditQuery(type="recovered", limit=10_000))
    assert {row.rule for row in recovered} == {"crash-recovery"} and len(recovered) == len(opened)
    assert len(list((store.path.parent / "live").iterdir())) == 1  # our own lock, and none of the dead


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_every_line_is_flushed_to_the_disk_before_it_is_acknowledged(state_dir, tmp_path):
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,write", "-o", str(trace))
    process = start(state_dir, "lines", *strace)
    output, _ = process.communicate()
    if process.returncode != 0 and not output:
        pytest.skip("strace may not trace here")
    assert output.count("ack") == 20
    flushed = False
    for event in re.findall(
        r"sync\(\d+\) += 0$|sync resumed>\) += 0$|write\(1, \"ack", trace.read_text(), re.MULTILINE
    ):
        if event.startswith("write"):
            assert flushed, "acknowledged before it was flushed"
        flushed = not event.startswith("write")
