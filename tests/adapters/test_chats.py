"""Kept conversations on disk: what is kept, found, renamed and really deleted, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.adapters.chats import CHATS, SqliteChats
from pointsman.core.chats import HIT_BEGINS, ChatHead, ChatTurn
from pointsman.core.request import Attachment, Image
from pointsman.ports import StoreUnavailable

HEAD = ChatHead(id="c1", title="retry loop", began=1.0, changed=1.0)


def turn(prompt: str, answer: str = "", **more: object) -> ChatTurn:
    return ChatTurn(request=f"r-{prompt}", prompt=prompt, answer=answer, **more)  # type: ignore[arg-type]


@pytest.fixture
async def chats(tmp_path: Path) -> AsyncIterator[SqliteChats]:
    opened = SqliteChats(tmp_path, redact=lambda text: text.replace("sk-secret", "****"))
    yield opened
    await opened.aclose()


async def test_a_conversation_comes_back_as_it_was_kept(chats: SqliteChats, tmp_path: Path) -> None:
    """From another connection; a turn kept again replaces itself, and only the newest carry their detail."""
    image = Attachment(path="/a.png", size=3, image=Image(media_type="image/png", data="AAAA"))
    first = turn("one", "yes", attachments=(image,), model="opus", cost=0, good=True, detail={"phase": "x"})
    await chats.keep(HEAD, 0, replace(first, answer="ye", phase="streaming"))
    await chats.keep(HEAD, 0, first)
    await chats.keep(replace(HEAD, pin="opus", changed=2.0), 1, turn("two", "no \ud800", detail={"n": 1}))
    other = SqliteChats(tmp_path, create=False)
    found = await other.open("c1", detailed=1)
    await other.aclose()
    assert found.head == replace(HEAD, pin="opus", changed=2.0, turns=2)
    assert found.turns == (replace(first, detail={}), turn("two", "no ?", detail={"n": 1}))
    assert [each.detail for each in await chats.details("c1", 0, 2)] == [{"phase": "x"}, {"n": 1}]


async def test_how_a_turn_was_drawn_stays_with_its_copy_and_with_itself_when_only_its_words_are_known(
    chats: SqliteChats,
) -> None:
    await chats.keep(HEAD, 0, turn("one", "yes", detail={"settled": [1]}))
    (bare,) = (await chats.open("c1")).turns
    await chats.keep_copy(replace(HEAD, id="c2", copy_of="c1"), [bare])
    await chats.keep(HEAD, 0, replace(bare, good=True))
    assert [(await chats.details(each, 0, 1))[0].detail for each in ("c1", "c2")] == [{"settled": [1]}] * 2


async def test_words_are_found_by_their_beginning_in_titles_prompts_and_answers(chats: SqliteChats) -> None:
    """Whatever a person writes is words, never an operator of the query language."""
    await chats.keep(HEAD, 0, turn("Refactor the parser", "The déjà vu module"))
    await chats.keep(
        replace(HEAD, id="c2", title="parser of logs", changed=2.0), 0, turn("마이그레이션을 계획해", "ok")
    )
    assert [found.head.id for found in await chats.search("pars")] == ["c2", "c1"]
    assert f"{HIT_BEGINS}déjà" in (await chats.search("deja mod"))[0].snippet
    assert [found.head.id for found in await chats.search("마이그")] == ["c2"]
    for hostile in ('"', "NOT", "a OR b*", "prompt:x", "(", "\x00", "", "NEAR(a b)", "💥"):
        assert await chats.search(hostile) == ()


async def test_a_title_that_the_user_gave_stays(chats: SqliteChats) -> None:
    """Later turns bring the title of the first prompt with them."""
    await chats.keep(HEAD, 0, turn("one"))
    await chats.rename("c1", "mine")
    await chats.keep(HEAD, 1, turn("two"))
    assert [(head.title, head.turns) for head in await chats.heads()] == [("mine", 2)]


async def test_a_deleted_conversation_leaves_no_word_in_the_file(chats: SqliteChats, tmp_path: Path) -> None:
    """Nor does a key ever get into it."""
    await chats.keep(HEAD, 0, turn("about the confidential merger with sk-secret", "certainly"))
    await chats.keep(replace(HEAD, id="c2", title="stays"), 0, turn("kept"))
    raw = b"".join(path.read_bytes() for path in tmp_path.glob(f"{CHATS}*"))
    assert b"merger" in raw and b"sk-secret" not in raw
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in tmp_path.glob(f"{CHATS}*"))
    await chats.delete("c1")
    raw = b"".join(path.read_bytes() for path in tmp_path.glob(f"{CHATS}*"))
    assert not [word for word in (b"merger", b"confid", b"retry loop", b"certain") if word in raw] and b"kept" in raw
    for gone in (chats.open("c1"), chats.delete("c1"), chats.rename("c1", "x")):
        with pytest.raises(LookupError):
            await gone


async def test_what_follows_a_place_is_cut(chats: SqliteChats) -> None:
    """And is not found any more."""
    await chats.keep_copy(HEAD, [turn("one"), turn("two"), turn("three")])
    await chats.cut("c1", 1)
    assert [each.prompt for each in (await chats.open("c1")).turns] == ["one"]
    assert await chats.search("two") == ()


async def test_looking_creates_nothing(tmp_path: Path) -> None:
    """Without a file there are no conversations."""
    chats = SqliteChats(tmp_path / "state", create=False)
    assert await chats.heads() == () and await chats.search("x") == ()
    await chats.aclose()
    assert not (tmp_path / "state").exists()


async def test_a_broken_file_or_a_planted_link_is_said(tmp_path: Path) -> None:
    """Nothing of it is overwritten."""
    (tmp_path / CHATS).write_bytes(b"this is no database" * 100)
    (tmp_path / "b").mkdir()
    os.symlink(tmp_path / CHATS, tmp_path / "b" / CHATS)
    for place in (tmp_path, tmp_path / "b"):
        chats = SqliteChats(place)
        with pytest.raises(StoreUnavailable):
            await chats.keep(HEAD, 0, turn("one"))
        await chats.aclose()
    assert (tmp_path / CHATS).read_bytes().startswith(b"this is no database")


_WRITER = """
import asyncio, sys
from pathlib import Path
from pointsman.adapters.chats import SqliteChats
from pointsman.core.chats import ChatHead, ChatTurn

async def main():
    chats, head = SqliteChats(Path(sys.argv[1])), ChatHead(id="c1", title="t")
    for place in range(1_000_000):
        await chats.keep(head, place, ChatTurn(request=f"r{place}", prompt=f"prompt {place}", answer="word " * 200))
        print(place, flush=True)

asyncio.run(main())
"""


async def test_what_was_kept_survives_a_kill(tmp_path: Path) -> None:
    """kill -9 in the midst of writing: every turn that was reported kept is there, and the file goes on working."""
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    told += [int(line) for line in writer.stdout.read().splitlines() if line]
    writer.wait()
    writer.stdout.close()
    chats = SqliteChats(tmp_path)
    found = await chats.open("c1")
    assert len(found.turns) >= len(told) >= 20 and found.turns[-1].answer == "word " * 200
    await chats.keep(found.head, len(found.turns), turn("goes on"))
    assert len(await chats.search("goes")) == 1
    await chats.aclose()
