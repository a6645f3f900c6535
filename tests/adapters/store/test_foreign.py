"""Texts of others stand beside the chain: read as if in it, erased without a trace of them, checked by their hashes
(promises.md A10)."""

from __future__ import annotations

import pytest

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import Anchor, Code, SqliteStore, inspect
from pointsman.core.narrate import erased
from pointsman.ports import AuditQuery


@pytest.fixture
def anchor(tmp_path) -> Anchor:
    return Anchor(tmp_path / "audit.anchor")


@pytest.fixture
async def anchored(state_dir, anchor):
    async with await SqliteStore.open(state_dir, SystemClock(), anchor=anchor) as store:
        yield store


async def test_a_line_with_foreign_text_reads_as_it_was_said(anchored, make):
    line = make.line(
        "gpu failed: ⟦0⟧ says no", data={"detail": "⟦0⟧ says no", "k": [{"x": "said ⟦0⟧ says no!"}]},
        foreign={"detail": "⟦0⟧ says no"},
    )  # fmt: skip
    await anchored.append([line])
    (row,) = await anchored.audit(AuditQuery())
    assert (row.text, row.body) == (line.text, line.body())
    assert [r.seq for r in await anchored.audit(AuditQuery(text="says no"))] == [1]
    assert not await anchored.audit(AuditQuery(text="says yes"))


async def test_texts_that_are_nowhere_or_too_short_are_not_kept(anchored, make):
    await anchored.append([make.line("it is ok", foreign={"a": "ok", "b": "absent words"})])
    (row,) = await anchored.audit(AuditQuery())
    assert row.text == "it is ok"
    assert b"absent" not in anchored.path.read_bytes()


async def test_a_hundred_erased_texts_are_nowhere_on_the_disk_and_the_chain_is_whole(anchored, anchor, make, state_dir):
    secrets = [f"canary-{number:03d}-overheard" for number in range(100)]
    for text in secrets:
        await anchored.append([make.line(f"failed: {text}", foreign={"detail": text}, data={"detail": text})])
    before = b"".join(path.read_bytes() for path in state_dir.glob("ledger.db*"))
    assert all(text.encode() in before for text in secrets)
    for seq in range(1, 101):
        assert await anchored.erase(seq, ("detail",), erased(seq, ("detail",), 1.0))
    after = b"".join(path.read_bytes() for path in (*state_dir.rglob("*"), anchor.path) if path.is_file())
    assert not [text for text in secrets if text.encode() in after]
    assert inspect(state_dir, anchor).code is Code.INTACT
    (row,) = await anchored.audit(AuditQuery(before=2))
    assert row.text == "failed: [erased]"


async def test_what_a_line_does_not_have_cannot_be_erased_and_nothing_is_written(anchored, make):
    await anchored.append([make.line("failed: words", foreign={"detail": "words"})])
    with pytest.raises(LookupError):
        await anchored.erase(1, ("detail", "other"), erased(1, ("detail", "other"), 1.0))
    assert await anchored.audit_size() == 1
    (row,) = await anchored.audit(AuditQuery())
    assert row.text == "failed: words"


async def test_known_secrets_never_reach_the_disk(state_dir, make):
    def redact(text: str) -> str:
        return text.replace("hunter2", "****")

    async with await SqliteStore.open(state_dir, SystemClock(), redact=redact) as store:
        line = make.line("said hunter2", data={"x": ["hunter2"]}, foreign={"detail": "said hunter2"})
        await store.append([line])
        (row,) = await store.audit(AuditQuery())
        assert row.text == "said ****"
        assert not [p for p in state_dir.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
