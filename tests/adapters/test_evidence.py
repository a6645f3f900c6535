"""Evidence: readable by its owner alone, written once, never found by a forged name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pointsman.adapters.evidence import FileEvidence
from pointsman.ports import StoreUnavailable


async def test_an_artifact_is_kept_privately_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        await FileEvidence(tmp_path).keep("e1", '{"a":1}')
    finally:
        os.umask(old)
    path = tmp_path / "evidence" / "e1.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert await FileEvidence(tmp_path).read("e1") == '{"a":1}'


async def test_an_artifact_is_never_overwritten(tmp_path: Path) -> None:
    box = FileEvidence(tmp_path)
    await box.keep("e1", "first")
    with pytest.raises(StoreUnavailable):
        await box.keep("e1", "second")
    assert await box.read("e1") == "first"


@pytest.mark.parametrize("name", ["../ledger", "/etc/passwd", "", ".", "..", "a/b", "a\0b", "-" * 200, "e1\n"])
async def test_a_forged_name_finds_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(LookupError):
        await FileEvidence(tmp_path).read(name)
    with pytest.raises(LookupError):
        await FileEvidence(tmp_path).keep(name, "x")


async def test_what_is_not_there_is_a_lookup_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no evidence 'e2'"):
        await FileEvidence(tmp_path).read("e2")


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where the directory should be")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        await FileEvidence(tmp_path).keep("e1", "x")
