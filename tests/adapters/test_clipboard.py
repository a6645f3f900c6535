"""Which program gets a copied text, and what happens when none does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pointsman.adapters import clipboard


@pytest.mark.parametrize(
    ("environ", "platform", "first"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", "wl-copy"),
        ({"DISPLAY": ":0", "TMUX": "/tmp/x"}, "linux", "xclip"),
        ({"TMUX": "/tmp/x"}, "linux", "tmux"),
        ({}, "darwin", "pbcopy"),
        ({}, "linux", None),
    ],
)
def test_the_nearest_clipboard_is_asked_first(environ: dict[str, str], platform: str, first: str | None) -> None:
    found = list(clipboard.programs(environ, platform, which=lambda name: f"/usr/bin/{name}"))
    assert (found[0][0] if found else None) == first


async def test_a_program_that_fails_gives_way_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, body in (("xclip", "exit 1"), ("xsel", f"cat > {tmp_path}/got")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert await clipboard.copy("grüße", {"DISPLAY": ":0"}) == "xsel"
    assert (tmp_path / "got").read_text("utf-8") == "grüße"
    assert await clipboard.copy("x", {}) == ""
