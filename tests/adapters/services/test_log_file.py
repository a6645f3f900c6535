"""Log files that grow, are cut and are replaced while somebody reads them."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

from pointsman.adapters.services.log_file import follow_log


async def test_a_file_is_followed_through_half_lines_cuts_and_replacement(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\n  two\nthr")
    async with aclosing(follow_log(str(log), 1)) as pieces:
        assert [line.text for line in await anext(pieces)] == ["  two"]
        with log.open("a") as file:
            file.write("ee\x1b[31m\n")
        assert [line.text for line in await anext(pieces)] == ["three\ufffd[31m"]
        log.write_text("cut\n")
        assert [line.text for line in await anext(pieces)] == ["cut"]
        (tmp_path / "other").write_text("another file, and a longer one\n")
        (tmp_path / "other").rename(log)
        assert [line.text for line in await anext(pieces)] == ["another file, and a longer one"]


async def test_a_log_that_is_not_there_yet_says_so_and_is_read_once_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with aclosing(follow_log(str(log), 10)) as pieces:
        (note,) = await anext(pieces)
        assert note.note and "No such file" in note.text
        log.write_text("first\n")
        assert [line.text for line in await anext(pieces)] == ["first"]
