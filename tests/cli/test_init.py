"""`init`: the example as the user's own file, and never over another."""

from __future__ import annotations


def test_it_writes_a_private_configuration_that_is_good(pointsman, home):
    ran = pointsman("init", "--json")
    path = home / "home" / "pointsman" / "config.toml"
    assert ran.document == {"written": str(path)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert str(path) in pointsman("check").out


def test_it_never_overwrites(pointsman, home):
    path = home / "mine.toml"
    path.write_text("mine")
    ran = pointsman("init", "--config", str(path))
    assert ran.code == 1 and "already there" in ran.err
    assert path.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_one_line(pointsman, home):
    (home / "file").write_text("")
    ran = pointsman("init", "--config", str(home / "file" / "config.toml"))
    assert ran.code == 1 and ran.err.count("\n") == 1
