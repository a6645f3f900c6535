"""`spec`: exit codes, line-numbered messages, and a stamp that writes all or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pointsman.core.spec import HEADING


@pytest.fixture
def stamped(tmp_path: Path, pointsman) -> Path:
    file = tmp_path / "spec.md"
    file.write_text("# Spec\n\nWords.\n")
    assert pointsman("spec", "stamp", str(file), "--role", "tutor", "--no-hr").code == 0
    return file


def test_a_stamped_file_passes(pointsman, stamped: Path) -> None:
    """Stamp, then check: exit 0 and nothing on stdout."""
    ran = pointsman("spec", "check", str(stamped))
    assert (ran.code, ran.out) == (0, "")
    assert "0 problem(s) in 1 file(s), policy version 2.0.0" in ran.err


def test_problems_name_file_and_line_and_exit_1(pointsman, stamped: Path, tmp_path: Path) -> None:
    """Every file is checked, in order, each problem on its own line."""
    bad = tmp_path / "bad.md"
    bad.write_text(stamped.read_text().replace("HR = NO", "HR = YES"))
    ran = pointsman("spec", "check", str(stamped), str(bad))
    assert ran.code == 1
    numbers = [number for number, line in enumerate(bad.read_text().split("\n"), 1) if line.startswith("- A")]
    assert [line.split(" ")[0] for line in ran.out.splitlines()] == [f"{bad}:{number}:" for number in numbers]


def test_json_is_one_object_a_problem(pointsman, tmp_path: Path) -> None:
    """For scripts."""
    file = tmp_path / "none.md"
    file.write_text("text\n")
    ran = pointsman("spec", "check", "--json", str(file))
    assert ran.code == 1
    assert [(line["file"], line["line"]) for line in ran.lines] == [(str(file), 1)]


def test_what_is_open_is_asked_for_and_nothing_is_written(pointsman, tmp_path: Path) -> None:
    """Roles and risk are never guessed: exit 1, the file as it was."""
    file = tmp_path / "spec.md"
    file.write_text("# Spec\n")
    ran = pointsman("spec", "stamp", str(file))
    assert ran.code == 1
    assert "--role NAME" in ran.out and "--hr" in ran.out
    assert file.read_text() == "# Spec\n"


def test_a_block_that_would_not_comply_is_not_written(pointsman, tmp_path: Path) -> None:
    """High risk without a judge: the stamp refuses what the check would refuse."""
    file = tmp_path / "spec.md"
    file.write_text("# Spec\n")
    ran = pointsman("spec", "stamp", str(file), "--role", "implementer", "--hr")
    assert ran.code == 1 and "GR-002" in ran.out
    assert file.read_text() == "# Spec\n"


def test_an_up_to_date_file_is_not_touched(pointsman, stamped: Path) -> None:
    """Same bytes, same inode."""
    before = stamped.stat()
    ran = pointsman("spec", "stamp", str(stamped))
    assert ran.code == 0 and "up to date" in ran.out
    assert (stamped.stat().st_ino, stamped.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_stamp_keeps_mode_and_link_and_leaves_nothing_beside(pointsman, tmp_path: Path) -> None:
    """The file behind a link is replaced, not the link; its mode stays; no half-written file remains."""
    real = tmp_path / "real.md"
    real.write_text("# Spec\n")
    real.chmod(0o640)
    link = tmp_path / "link.md"
    link.symlink_to(real)
    assert pointsman("spec", "stamp", str(link), "--infra").code == 0
    assert link.is_symlink() and HEADING in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_stamp_that_cannot_be_put_in_place_changes_nothing(pointsman, tmp_path: Path, monkeypatch) -> None:
    """Exit 1 in one clear line, the file as it was, nothing left beside it."""
    file = tmp_path / "spec.md"
    file.write_text("# Spec\n")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    ran = pointsman("spec", "stamp", str(file), "--infra")
    assert ran.code == 1 and "No space left on device; it was not changed" in ran.err
    assert file.read_text() == "# Spec\n"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


MISTAKES = [
    (("spec", "check", "missing.md"), "cannot be read"),
    (("spec", "check"), "Missing argument"),
    (("spec", "check", "--policy", "tiers", "missing.md"), "policy tiers has no version"),
    (("spec", "stamp", "x.md", "--role", "poet"), "poet"),
]


@pytest.mark.parametrize(("args", "told"), MISTAKES)
def test_a_mistake_is_one_line_and_exit_2(pointsman, args: tuple, told: str) -> None:
    """The contract of every verb."""
    ran = pointsman(*args)
    assert ran.code == 2 and told in ran.err and ran.out == ""


def test_a_file_that_is_no_text_is_refused(pointsman, tmp_path: Path) -> None:
    """Exit 2, with the place."""
    file = tmp_path / "spec.md"
    file.write_bytes(b"# Spec \xff\n")
    ran = pointsman("spec", "check", str(file))
    assert ran.code == 2 and "byte 7" in ran.err
