"""Where files are looked for, in a checkout and in a wheel."""

from pathlib import Path

import pytest

from pointsman.config import example_path, find_config, paths, preset_path, state_dir, theme_dir


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's directories of their own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_what_was_named_is_taken_even_if_missing(home):
    """--config beats POINTSMAN_CONFIG; a named file that is missing is for `load` to report."""
    environ = {"POINTSMAN_CONFIG": "/from/environment.toml"}
    assert find_config(Path("/named.toml"), environ) == Path("/named.toml")
    assert find_config(None, environ) == Path("/from/environment.toml")


def test_the_user_directory_is_looked_at_last(home):
    """The user's configuration directory counts only if the file is there."""
    assert find_config(None, {"POINTSMAN_CONFIG": ""}) is None
    usual = paths.user_config_path()
    usual.parent.mkdir(parents=True)
    usual.touch()
    assert home in usual.parents
    assert find_config(None, {}) == usual


def test_the_current_directory_is_never_looked_at(home, monkeypatch):
    """A config.toml that happens to lie here is not picked up."""
    (home / "config.toml").touch()
    monkeypatch.chdir(home)
    assert find_config(None, {}) is None


def test_state_directory(home):
    """--state, POINTSMAN_STATE, the platform's own."""
    assert state_dir(Path("/a"), {"POINTSMAN_STATE": "/b"}) == Path("/a")
    assert state_dir(None, {"POINTSMAN_STATE": "/b"}) == Path("/b")
    assert state_dir(None, {"POINTSMAN_STATE": "~/s"}) == home / "s"
    assert home in state_dir(None, {}).parents


def test_in_a_checkout_the_top_level_files_are_used():
    """Without packaged copies, config.toml and themes/ of the checkout."""
    root = Path(__file__).resolve().parents[2]
    assert example_path() == root / "config.toml"
    assert theme_dir() == root / "themes"


def test_in_a_wheel_the_packaged_files_are_used(tmp_path, monkeypatch):
    """The wheel maps them into the package, and there they win; the example is no policy."""
    monkeypatch.setattr(paths, "PACKAGE", tmp_path)
    (tmp_path / "themes").mkdir()
    (tmp_path / "presets").mkdir()
    for name in ("example", "default", "prices"):
        (tmp_path / "presets" / f"{name}.toml").touch()
    assert example_path() == tmp_path / "presets" / "example.toml"
    assert theme_dir() == tmp_path / "themes"
    assert paths.preset_names() == ("default",)


@pytest.mark.parametrize("name", ["nothing", "prices", "../config", ""])
def test_only_a_preset_has_a_path(name):
    """A preset's name is looked up, never joined into a path."""
    with pytest.raises(KeyError):
        preset_path(name)
