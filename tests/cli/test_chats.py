"""`pointsman chats`: what the screen kept, without a screen."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from pointsman.adapters.chats import SqliteChats
from pointsman.cli import main
from pointsman.core.chats import ChatHead, ChatTurn

HOSTILE = "clear \x1b[2J me"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    async def keep() -> None:
        kept = SqliteChats(tmp_path)
        await kept.keep(ChatHead(id="one-aa", title=HOSTILE, changed=1.0), 0, ChatTurn(request="r", prompt="needles"))
        turn = ChatTurn(request="r", prompt="why?", answer="hay", model="opus")
        await kept.keep(ChatHead(id="two-aa", title="points", changed=2.0), 0, turn)
        await kept.aclose()

    asyncio.run(keep())
    return tmp_path


def test_conversations_are_listed_and_found_as_lines_that_cannot_command_the_terminal(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chats", "list", "--state", str(state)]) == 0
    listed = capsys.readouterr().out
    assert listed.index("points") < listed.index("clear ␛[2J me")
    assert main(["chats", "search", "needl", "--json", "--state", str(state)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["title"] == HOSTILE and json.loads(line)["snippet"] == "needles"


def test_one_is_shown_by_the_end_of_its_id_and_exported_to_a_private_file_once(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chats", "show", "two-aa", "--json", "--state", str(state)]) == 0
    assert json.loads(capsys.readouterr().out)["messages"][0]["answer"] == "hay"
    file = tmp_path / "out.md"
    assert main(["chats", "export", "o-aa", str(file), "--state", str(state)]) == 0
    assert file.read_text().startswith("# points\n\n## You\n\n> why?") and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["chats", "export", "o-aa", str(file), "--state", str(state)]) == 2
    assert main(["chats", "show", "aa", "--state", str(state)]) == 2
    assert main(["chats", "show", "zz", "--state", str(state)]) == 2
    told = capsys.readouterr().err
    assert "exists already" in told and "2 conversations end in" in told and "no conversation 'zz'" in told


def test_deleting_asks_first(state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert main(["chats", "delete", "two-aa", "--state", str(state)]) == 1
    assert main(["chats", "delete", "two-aa", "--yes", "--state", str(state)]) == 0
    assert main(["chats", "list", "--json", "--state", str(state)]) == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["one-aa"]
