"""The audit is closed in segments without breaking its chain; what is missing afterwards is told as what it is (A9)."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing

import pytest

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import Anchor, Code, SqliteStore, inspect
from pointsman.adapters.store import segments as segmenting
from pointsman.adapters.store.segments import retire, rotate
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.narrate import erased
from pointsman.ports import AuditQuery, StoreUnavailable

SEGMENTS = 10


@pytest.fixture
def anchor(tmp_path) -> Anchor:
    return Anchor(tmp_path / "audit.anchor")


@pytest.fixture
def reopened(state_dir, anchor):
    async def opened():
        return await SqliteStore.open(state_dir, SystemClock(), anchor=anchor)

    return opened


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Ten closed segments of a few lines each, the ledger in use, and its anchor."""
    home = tmp_path_factory.mktemp("segments")

    async def fill(number: int) -> None:
        async with await SqliteStore.open(home / "state", SystemClock(), anchor=Anchor(home / "audit.anchor")) as store:
            text = f"words {number}"
            line = AuditEvent(
                type=EventType.INTENT, at=1.0, actor="router", text=f"said: {text}", foreign={"detail": text}
            )
            await store.append([line] * 2)

    for number in range(SEGMENTS):
        asyncio.run(fill(number))
        rotate(home / "state", Anchor(home / "audit.anchor"), float(number))
    return home


@pytest.fixture
def ten(made, state_dir, anchor):
    shutil.copytree(made / "state", state_dir)
    shutil.copy(made / "audit.anchor", anchor.path)
    return state_dir


async def test_the_chain_goes_on_through_ten_segments(ten, anchor, reopened, make):
    names = sorted(path.name for path in ten.glob("ledger-*.db"))
    assert names == [f"ledger-{number:04d}.db" for number in range(1, SEGMENTS + 1)]
    assert {path.stat().st_mode & 0o777 for path in ten.glob("ledger-*.db")} == {0o400}
    found = inspect(ten, anchor)
    assert (found.code, found.lines) == (Code.INTACT, 4 * SEGMENTS)  # each has two lines, its end, the next opening
    async with await reopened() as store:
        await store.append([make.line("goes on")])
    assert inspect(ten, anchor).code is Code.INTACT


async def test_budgets_and_overrides_outlive_a_rotation(state_dir, anchor, reopened, make):
    budget = make.budget()
    async with await reopened() as store:
        await store.reserve(make.reservation("a"), [budget], [make.line(), make.line()])
    rotate(state_dir, anchor, 1.0)
    async with await reopened() as store:
        assert (await store.usage([budget], 1000.0))["day"].reserved == 10
        assert await store.recover(1001.0) == 1
    with closing(sqlite3.connect(state_dir / "ledger-0001.db")) as segment, segment:
        assert segment.execute("SELECT count(*) FROM reservation").fetchone() == (0,)
    segment.close()


async def test_texts_of_closed_segments_can_still_be_erased(ten, anchor, reopened):
    async with await reopened() as store:
        for seq in (1, 2):
            assert await store.erase(seq, ("detail",), erased(seq, ("detail",), 1.0))
    assert inspect(ten, anchor).code is Code.INTACT
    on_disk = b"".join(path.read_bytes() for path in ten.glob("ledger*"))
    assert b"words 0" not in on_disk and b"words 1" in on_disk


@pytest.mark.parametrize("number", [1, 2, 5, SEGMENTS])
def test_a_segment_deleted_by_hand_is_missing(ten, anchor, number):
    (ten / f"ledger-{number:04d}.db").unlink()
    assert inspect(ten, anchor).code is Code.SHORT


def test_segments_deleted_on_purpose_are_a_legal_gap(ten, anchor):
    assert retire(ten, anchor, 4, 99.0) == tuple(f"ledger-{number:04d}.db" for number in range(1, 7))
    found = inspect(ten, anchor)
    assert found.code is Code.GAPS and "ledger-0006.db" in found.gaps[-1]
    (ten / "ledger-0007.db").unlink()
    assert inspect(ten, anchor).code is Code.SHORT


def test_swapped_segments_are_found(ten, anchor):
    first, second = ten / "ledger-0003.db", ten / "ledger-0004.db"
    second.rename(ten / "x")
    first.rename(second)
    (ten / "x").rename(first)
    assert inspect(ten, anchor).code is Code.ALTERED


@pytest.mark.parametrize("number", range(1, SEGMENTS + 1))
def test_an_edited_segment_is_found(ten, anchor, number):
    path = ten / f"ledger-{number:04d}.db"
    path.chmod(0o600)
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(b"said")] ^= 1
    path.write_bytes(raw)
    assert inspect(ten, anchor).code is Code.ALTERED


async def test_a_ledger_in_use_elsewhere_is_not_rotated(state_dir, anchor, reopened, make):
    async with await reopened() as store:
        await store.append([make.line(), make.line()])
        with pytest.raises(StoreUnavailable, match="close it first"):
            rotate(state_dir, anchor, 1.0)
        assert await store.audit_size() == 2


async def test_nothing_is_closed_twice(state_dir, anchor, reopened, make):
    async with await reopened() as store:
        await store.append([make.line(), make.line()])
    rotate(state_dir, anchor, 1.0)
    with pytest.raises(StoreUnavailable, match="nothing to close"):
        rotate(state_dir, anchor, 2.0)


@pytest.mark.parametrize("step", ["_copy_audit", "sha256_of", "_copy_rest", "_clear", "_sync"])
async def test_a_crash_at_any_step_loses_nothing(state_dir, anchor, reopened, make, monkeypatch, tmp_path, step):
    budget = make.budget()
    async with await reopened() as store:
        await store.reserve(make.reservation("a"), [budget], [make.line(), make.line()])

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(segmenting, step, dies)
        rotate(state_dir, anchor, 1.0)
    found = inspect(state_dir, anchor)
    assert found.code is Code.INTACT and found.lines >= 2
    async with await reopened() as store:
        await store.append([make.line("after")])
        assert (await store.usage([budget], 1000.0))["day"].reserved == 10
    rotate(state_dir, anchor, 2.0)
    found = inspect(state_dir, anchor)
    assert found.code is Code.INTACT
    async with await reopened() as store:
        assert [row.text for row in await store.audit(AuditQuery(limit=1))][0].startswith("continues ledger-")


def test_a_copy_of_the_state_elsewhere_verifies_as_well(ten, anchor, tmp_path):
    shutil.copytree(ten, tmp_path / "copy")
    assert inspect(tmp_path / "copy", anchor).code is Code.INTACT
