"""A proposed change of the configuration, as a diff."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from pointsman.core.proposal import diff, quoted, with_keys

TEXT = """\
extends = "default" # kept

[models.coder] # the good one
id = "coder-1"
speed = "5 tok/s"

# --- roles
[roles.general]
primary = "coder"

[models."llama3.3:70b"]
id = "x"
"""


def test_a_key_is_replaced_where_it_stands_and_a_new_one_follows_the_last() -> None:
    new = with_keys(TEXT, "coder", {"speed": '"9-11 tok/s"', "quality": "{ coding = 62 }"})
    assert 'id = "coder-1"\nspeed = "9-11 tok/s"\nquality = { coding = 62 }\n\n# --- roles\n' in new
    assert tomllib.loads(new)["models"]["coder"] == {"id": "coder-1", "speed": "9-11 tok/s", "quality": {"coding": 62}}


@pytest.mark.parametrize("name", ["llama3.3:70b", "new", 'odd"name\\'])
def test_any_model_name_ends_in_its_own_table(name: str) -> None:
    new = with_keys(TEXT, name, {"speed": '"1 tok/s"'})
    assert tomllib.loads(new)["models"][name]["speed"] == "1 tok/s"
    assert tomllib.loads(with_keys(new, name, {"speed": '"2 tok/s"'}))["models"][name]["speed"] == "2 tok/s"


@pytest.mark.parametrize("text", ["", "[models.a]", "[models.a]\n# end", TEXT.rstrip("\n")])
def test_a_file_of_any_ending_stays_valid(text: str) -> None:
    assert tomllib.loads(with_keys(text, "a", {"speed": '"1 tok/s"'}))["models"]["a"] == {"speed": "1 tok/s"}


def test_the_diff_is_what_patch_takes(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(TEXT)
    new = with_keys(TEXT, "coder", {"speed": '"9 tok/s"'})
    ran = subprocess.run(("patch", "-s", str(path)), input=diff(TEXT, new, "c.toml").encode(), check=False)
    assert ran.returncode == 0 and path.read_text() == new
    assert diff(TEXT, TEXT, "c.toml") == ""


def test_a_string_stays_one_string_whatever_is_in_it() -> None:
    odd = 'a"b\\c\n]#\x1b\x7f'
    assert tomllib.loads(f"x = {quoted(odd)}")["x"] == odd
