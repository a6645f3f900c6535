"""The configuration in force, shown: what is written there decides as the files it came from."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pointsman.config import as_toml, document_in_force, example_path, load, preset_names

OWN = """
extends = "keywords"
[ui]
theme = "tidy"
[ui.keymap]
quit = "ctrl+x"
endpoint.pin = "f9"
[endpoints."a b"]
url = "http://127.0.0.1:1"
kind = "llama.cpp"
deadlines = { idle = "4 s" }
[models.mine]
id = "한국어 \\"m\\" \\\\ 🙂"
endpoint = "a b"
tier = "T1"
context = 4_096
params = { stop = ["\\u007f"], top = { p = 0.5, on = true, since = 2026-01-01 } }
[[routes_before]]
when = { kind = "coding", lines = ">9" }
role = "reasoner"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    return path


@pytest.mark.parametrize("policy", [None, *preset_names()])
def test_what_is_shown_read_as_a_configuration_decides_the_same(policy: str | None, own: Path, tmp_path: Path) -> None:
    for source in (None, example_path(), own):
        shown = tmp_path / "shown.toml"
        shown.write_text(as_toml(document_in_force(source, policy)))
        meant, read = load(source, policy), load(shown)
        assert (read.fleet.revision, read.ui, read.fleet.services) == (
            meant.fleet.revision,
            meant.ui,
            meant.fleet.services,
        )


def test_values_stand_as_they_were_written(own: Path) -> None:
    document = document_in_force(own, None)
    assert document["endpoints"]["a b"]["deadlines"] == {"idle": "4 s"}
    assert tomllib.loads(as_toml(document)) == document
    assert "extends" not in document
