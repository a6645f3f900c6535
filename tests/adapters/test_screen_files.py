"""What the screen reads and writes: private files, nothing overwritten, nothing endless read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pointsman.adapters.redact import redact
from pointsman.adapters.screen_files import MOST_TEXT, LocalScreenFiles

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def files(tmp_path: Path) -> LocalScreenFiles:
    return LocalScreenFiles(tmp_path / "state")


async def test_an_export_is_private_new_and_cannot_leave_its_directory(files: LocalScreenFiles, tmp_path: Path) -> None:
    first = Path(await files.export("../../chat list.md", "one"))
    second = Path(await files.export("../../chat list.md", "two"))
    assert first.parent == second.parent == tmp_path / "state" / "exports"
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600 and stat.S_IMODE(first.parent.stat().st_mode) == 0o700


async def test_an_export_never_follows_a_planted_link(files: LocalScreenFiles, tmp_path: Path) -> None:
    first = Path(await files.export("a.csv", "mine"))
    first.unlink()
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    first.symlink_to(victim)
    assert Path(await files.export("a.csv", "mine")) != first and victim.read_text() == "untouched"


async def test_a_text_and_an_image_are_attached_as_what_they_are(files: LocalScreenFiles, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "a.png").write_bytes(PNG)
    text, image = await files.attach(str(tmp_path / "a.py")), await files.attach(str(tmp_path / "a.png"))
    assert (text.text, text.size, text.image) == ("x = 1", 5, None)
    assert image.image is not None and image.image.media_type == "image/png" and image.text is None


@pytest.mark.parametrize("what", ["missing", "directory", "pipe", "binary", "huge"])
async def test_what_cannot_be_sent_is_refused_in_words(files: LocalScreenFiles, tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "directory":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what != "missing":
        path.write_bytes(b"\xff\xfe\0" if what == "binary" else b"a" * (MOST_TEXT + 1))
    with pytest.raises(ValueError, match=what):
        await files.attach(str(path))


async def test_the_arrangement_is_read_back_and_nonsense_is_forgotten(files: LocalScreenFiles, tmp_path: Path) -> None:
    assert files.arrangement() == {}
    await files.keep_arrangement({"theme": "paper", "sizes": {"80x24": {"active": "chat"}}})
    assert files.arrangement() == {"theme": "paper", "sizes": {"80x24": {"active": "chat"}}}
    for nonsense in ("{", "[1]", "x" * 70_000):
        (tmp_path / "state" / "screen.json").write_text(nonsense)
        assert files.arrangement() == {}


async def test_a_state_directory_that_cannot_be_written_only_forgets(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    await LocalScreenFiles(tmp_path / "state").keep_arrangement({"theme": "paper"})


async def test_a_picture_of_the_screen_is_private_and_shows_no_key(tmp_path: Path) -> None:
    files = LocalScreenFiles(tmp_path, lambda text: redact(text, ["a<b&cdef"]))
    shown = "<svg><text>my&#160;a&lt;b&amp;cdef</text><text>Bearer&#160;abcdefgh12345</text><text>1&#160;&lt;&#160;2</text></svg>"
    path = Path(await files.picture(shown))
    assert path.read_text() == "<svg><text>my&#160;****</text><text>****</text><text>1&#160;&lt;&#160;2</text></svg>"
    assert path.stat().st_mode & 0o777 == 0o600 and path.name == "screen.svg"


async def test_open_conversations_are_kept_without_keys_for_one_screen_at_a_time(tmp_path: Path) -> None:
    first, second = (LocalScreenFiles(tmp_path, lambda text: text.replace("sk-secret", "****")) for _ in range(2))
    assert first.open_talks() == {}
    await first.keep_open_talks({"talks": [{"draft": "use sk-secret"}]})
    await second.keep_open_talks({"talks": []})
    assert second.open_talks() == {} and first.open_talks() == {"talks": [{"draft": "use ****"}]}
    first.close()
    assert second.open_talks() == {"talks": [{"draft": "use ****"}]}  # whoever comes next goes on
    second.close()
    assert (tmp_path / "open.json").stat().st_mode & 0o777 == 0o600
