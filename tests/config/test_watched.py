"""The configuration's file is watched: rested changes count, half-written ones do not."""

from __future__ import annotations

import os

from pointsman.config.watched import WatchedFile


def touched(path, text, at):
    path.write_text(text)
    os.utime(path, ns=(at, at))


def test_a_change_counts_once_the_file_has_come_to_rest(tmp_path):
    path = tmp_path / "c.toml"
    touched(path, 'extends = "default"\n', 1)
    watched = WatchedFile(path, None)
    assert not watched.changed()
    touched(path, "", 2)  # an editor has emptied it and is still writing
    assert not watched.changed()
    touched(path, 'extends = "default"\nlocal_only = true\n', 3)
    assert [watched.changed(), watched.changed()] == [False, True]
    assert watched.read().fleet.local_only
    assert not watched.changed()


def test_a_deleted_file_is_a_change_as_well(tmp_path):
    path = tmp_path / "c.toml"
    touched(path, 'extends = "default"\n', 1)
    watched = WatchedFile(path, None)
    path.unlink()
    assert [watched.changed(), watched.changed()] == [False, True]
