"""The user's own editor: which one, what comes back, and what is said when nothing does."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pointsman.adapters.editor import command, edit


def script(tmp_path: Path, body: str) -> str:
    path = tmp_path / "my editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return f"'{path}' --wait"


@pytest.mark.parametrize(
    ("environ", "argv"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "nano"}, ("code", "--wait")),
        ({"VISUAL": " ", "EDITOR": "nano"}, ("nano",)),
        ({}, ("vi",)),
    ],
)
def test_visual_comes_before_editor(environ: dict[str, str], argv: tuple[str, ...]) -> None:
    assert command(environ) == argv


async def test_the_text_comes_back_as_the_editor_leaves_it_from_a_private_file_that_is_gone(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    visual = script(tmp_path, f'ls -l "$2" > "{seen}"; test "$1" = --wait && printf "; rm -rf x\\n" >> "$2"')
    handler = signal.getsignal(signal.SIGINT)
    assert await edit("hello", {"VISUAL": visual}) == "hello; rm -rf x"
    mode, *_, path = seen.read_text().split()
    assert not Path(path).exists() and signal.getsignal(signal.SIGINT) is handler
    assert mode.startswith("-rw") and path.endswith("/prompt.md")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("exit 3", "ended with 3: the prompt stays as it was"),
        ('rm "$2"', "cannot be put into a file or read from it"),
        ('printf "\\377" > "$2"', "not UTF-8"),
    ],
)
async def test_what_goes_wrong_is_said_and_the_prompt_stays(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        await edit("hello", {"VISUAL": script(tmp_path, body)})


async def test_an_editor_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="the editor no-such-editor cannot be run .No such file"):
        await edit("hello", {"EDITOR": "no-such-editor"})
    with pytest.raises(ValueError, match=r"\$VISUAL cannot be read as a command"):
        await edit("hello", {"VISUAL": "vi 'x"})
