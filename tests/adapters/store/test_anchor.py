"""The anchor is level with the audit after every commit, fails closed when it cannot be, and never begins anew in
silence (promises.md §1.3)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.journal import journal_witness
from pointsman.adapters.store import Anchor, Code, SqliteStore, inspect
from pointsman.adapters.store.anchor import BadAnchor, Checkpoint, parse_checkpoint
from pointsman.ports import AuditQuery, StoreUnavailable

HEAD = bytes(range(32))


@pytest.fixture
def anchor(tmp_path) -> Anchor:
    return Anchor(tmp_path / "elsewhere" / "audit.anchor")


@pytest.fixture
async def anchored(state_dir, anchor):
    async with await SqliteStore.open(state_dir, SystemClock(), anchor=anchor) as store:
        yield store


async def test_each_commit_that_adds_lines_leaves_one_checkpoint(anchored, anchor, make, state_dir):
    assert anchor.checkpoints() == ()
    await anchored.append([make.line("one"), make.line("two")])
    await anchored.writable()  # a commit without lines
    await anchored.append([make.line("three")])
    assert [checkpoint.size for checkpoint in anchor.checkpoints()] == [2, 3]
    found = inspect(state_dir, anchor)
    assert (found.code, found.lines, found.anchored, found.head) == (Code.INTACT, 3, 3, anchor.last().head)


async def test_the_anchor_is_private_and_its_directory_too(anchored, anchor):
    assert anchor.path.stat().st_mode & 0o777 == 0o600
    assert anchor.path.parent.stat().st_mode & 0o777 == 0o700


async def test_two_processes_keep_one_anchor(anchored, state_dir, anchor, make):
    async with await SqliteStore.open(state_dir, SystemClock(), anchor=anchor) as other:
        for number in range(6):
            await (anchored, other)[number % 2].append([make.line(f"{number}")])
            await (other, anchored)[number % 2].writable()
    assert [checkpoint.size for checkpoint in anchor.checkpoints()] == [1, 2, 3, 4, 5, 6]


async def test_a_ledger_ahead_of_its_anchor_met_a_crash_and_is_intact(anchored, anchor, make, state_dir):
    await anchored.append([make.line("one")])
    before = anchor.path.read_bytes()
    await anchored.append([make.line("two")])
    anchor.path.write_bytes(before)
    assert inspect(state_dir, anchor).code is Code.INTACT
    await anchored.aclose()
    async with await SqliteStore.open(state_dir, SystemClock(), anchor=anchor):
        assert anchor.last().size == 2  # brought level at the next start


async def test_half_a_checkpoint_of_a_crash_is_cut_off_by_the_next(anchored, anchor, make, state_dir):
    await anchored.append([make.line("one")])
    with anchor.path.open("ab") as file:
        file.write(b"pointsman-audit-v1 2 AAAA")
    assert inspect(state_dir, anchor).code is Code.INTACT
    await anchored.append([make.line("two")])
    assert [checkpoint.size for checkpoint in anchor.checkpoints()] == [1, 2]


async def test_a_ledger_behind_its_anchor_is_short(anchored, anchor, make, state_dir):
    await anchored.append([make.line("one")])
    anchor.append(Checkpoint(9, HEAD))
    found = inspect(state_dir, anchor)
    assert (found.code, found.why) == (Code.SHORT, "the anchor knows line 9, the audit ends at 1")


async def test_a_ledger_that_is_gone_is_told_from_one_that_never_was(anchored, anchor, make, state_dir, tmp_path):
    await anchored.append([make.line()])
    await anchored.aclose()
    shutil.rmtree(state_dir)
    assert inspect(state_dir, anchor).code is Code.SHORT
    assert inspect(tmp_path / "never", Anchor(tmp_path / "none")).code is Code.NOT_RUN


async def test_without_an_anchor_nothing_is_accepted_and_no_reserve_stays_open(anchored, anchor, make, state_dir):
    """The anchor is deleted under the running program: fail closed, as with a full disk (K10)."""
    budget = make.budget()
    anchor.path.unlink()
    with pytest.raises(StoreUnavailable, match="anchor"):
        await anchored.append([make.line()])
    with pytest.raises(StoreUnavailable, match="anchor"):
        await anchored.reserve(make.reservation("a"), [budget], [make.line()])
    assert "anchor" in await anchored.writable()
    anchor.path.touch(0o600)
    assert await anchored.writable() is None
    assert (await anchored.usage([budget], 1000.0))["day"].reserved == 0
    assert anchor.last().size == await anchored.audit_size()


async def test_an_anchor_that_begins_anew_over_lines_says_so_and_verify_repeats_it(store, state_dir, anchor, make):
    await store.append([make.line(), make.line()])
    await store.aclose()
    assert inspect(state_dir, anchor).code is Code.NO_ANCHOR
    async with await SqliteStore.open(state_dir, SystemClock(), anchor=anchor) as reopened:
        (row,) = await reopened.audit(AuditQuery(type="anchor"))
        assert "begins anew after 2 lines" in row.text
    found = inspect(state_dir, anchor)
    assert found.code is Code.GAPS and "line 3" in found.gaps[0]


async def test_the_watch_over_the_audit_sees_new_lines_and_what_was_done_to_old_ones(anchored, make):
    await anchored.append([make.line("one"), make.line("two")])
    first = await anchored.check_audit()
    await anchored.append([make.line("three")])
    second = await anchored.check_audit()
    assert (first.lines, second.lines, second.problem) == (2, 3, None)
    assert str(second).startswith("verified 3 lines, head ")
    with closing(sqlite3.connect(anchored.path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit WHERE seq = 3")
    connection.close()
    assert "is shorter than it was at line 3" in (await anchored.check_audit()).problem


@pytest.mark.parametrize(
    "line",
    [
        "", "pointsman-audit-v1", "pointsman-audit-v1 1", "other-v1 1 " + "A" * 43 + "=", "pointsman-audit-v1 01 x",
        "pointsman-audit-v1 -1 AAAA", "pointsman-audit-v1 1 AAAA", "pointsman-audit-v1 x AAAA", "\x00" * 40,
    ],
)  # fmt: skip
def test_a_line_no_pointsman_wrote_is_refused(line):
    with pytest.raises(BadAnchor):
        parse_checkpoint(line)


def test_a_checkpoint_reads_back():
    assert parse_checkpoint(str(Checkpoint(7, HEAD))) == Checkpoint(7, HEAD)


def test_the_journal_gets_each_checkpoint_on_stdin_and_none_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "canary")
    told = tmp_path / "told"
    tool = tmp_path / "logger"
    tool.write_text(f'#!/bin/sh\ncat > {told}; echo "$@" >> {told}; env >> {told}\n')
    tool.chmod(0o700)
    witness = journal_witness(lambda name: str(tool) if name == "logger" else None)
    anchor = Anchor(tmp_path / "a", witness)
    anchor.begin()
    anchor.append(Checkpoint(1, HEAD))
    written = told.read_text()
    assert written.startswith(f"{Checkpoint(1, HEAD)}\n-t pointsman-audit\n") and "canary" not in written
    assert journal_witness(lambda name: None) is None
