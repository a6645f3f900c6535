"""`keys`: the ids that `[ui.keymap]` may use, and the page that documents them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pointsman import keymap
from pointsman.cli import main
from pointsman.verbs.keys import page

CONFIG = 'extends = "default"\n[ui.keymap]\nzoom = "ctrl+g"\npane.hide = "none"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def test_the_page_of_keys_is_what_the_program_has() -> None:
    assert Path("docs/keys.md").read_text("utf-8") == page(), "pointsman keys --markdown > docs/keys.md"


def test_every_key_is_listed_as_the_configuration_binds_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "--json", "--config", str(config)]) == 0
    found = {entry["id"]: entry["keys"] for entry in json.loads(capsys.readouterr().out)["keys"]}
    assert set(found) == {entry.id for entry in keymap.all_keys()}
    assert found["zoom"] == ["ctrl+g"] and found["pane.hide"] == []


def test_a_wrong_keymap_is_an_error_with_its_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG + 'zom = "x"\nlist.copy = "e"\n')
    assert main(["check", "--config", str(config)]) == 2
    told = capsys.readouterr().out
    assert f"{config}: ui.keymap.zom: no action is called so (nearest: zoom) (line 5)" in told
    assert f"{config}: ui.keymap.list.copy: e is the key of 'list.export' as well (line 6)" in told
    assert main(["keys", "--config", str(config)]) == 2
    assert "ui.keymap.zom" in capsys.readouterr().err
