"""`init`: the example as the user's own file, and never over another."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pointsman.cli import main


def test_it_writes_a_private_configuration_that_is_good(pointsman, home):
    ran = pointsman("init", "--example", "--json")
    path = home / "home" / "pointsman" / "config.toml"
    assert ran.document == {"written": str(path)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert str(path) in pointsman("check").out


def test_it_never_overwrites(pointsman, home):
    path = home / "mine.toml"
    path.write_text("mine")
    ran = pointsman("init", "--example", "--config", str(path))
    assert ran.code == 1 and "already there" in ran.err
    assert path.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_one_line(pointsman, home):
    (home / "file").write_text("")
    ran = pointsman("init", "--example", "--config", str(home / "file" / "config.toml"))
    assert ran.code == 1 and ran.err.count("\n") == 1


# --- what is proposed -----------------------------------------------------------------------------------------------


def test_what_is_on_this_machine_is_told_and_a_good_configuration_proposed(pointsman, home, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-shown")
    ran = pointsman("init", "--stdout")
    assert ran.code == 0 and "keys set for: openai" in ran.err
    assert "OPENAI_API_KEY is set" in ran.out and "never-shown" not in ran.out + ran.err
    path = home / "proposed.toml"
    path.write_text(ran.out)
    assert pointsman("check", "--config", str(path)).code == 0
    assert not (home / "home").exists()


def test_without_a_terminal_consent_must_be_stated(pointsman, home):
    ran = pointsman("init")
    assert ran.code == 2 and "--yes" in ran.err
    assert not (home / "home").exists()
    path = home / "home" / "pointsman" / "config.toml"
    assert pointsman("init", "--yes", "--json").document == {"written": str(path)}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("typed", "written"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_on_a_terminal_it_is_shown_and_asked_about(home, typed, written, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert main(["init"]) == 0
    told = capsys.readouterr()
    assert 'extends = "default"' in told.out
    assert (home / "home" / "pointsman" / "config.toml").exists() is written


def test_force_keeps_the_file_that_was_there(pointsman, home):
    path = home / "mine.toml"
    path.write_text("mine")
    ran = pointsman("init", "--yes", "--force", "--json", "--config", str(path))
    kept = Path(ran.document["kept"])
    assert kept.read_text() == "mine" and kept.name.startswith("mine.toml.20")
    assert "extends" in path.read_text()


def test_two_kinds_of_configuration_at_once_are_a_mistake(pointsman):
    assert pointsman("init", "--example", "--gguf", "x.gguf").code == 2
