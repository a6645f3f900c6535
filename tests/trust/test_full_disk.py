"""A disk that fills up, or is taken away, under the running engine (promise A7, end to end)."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from pointsman import wiring
from pointsman.adapters.store import inspect
from pointsman.config import load
from pointsman.prove.fake_server import serving
from pointsman.prove.local_day import ask
from pointsman.prove.machine import crowding
from pointsman.prove.trouble import CONFIG, answers


@pytest.fixture
def small_disk(tmp_path):
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "pointsman-test", str(directory)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small tmpfs here (needs root on Linux)")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


def fill(disk) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(4096)):
                pass
        except OSError:
            return


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (fill, lambda disk: (disk / "ballast").unlink()),
        (lambda disk: (disk / "state").rename(disk / "away"), lambda disk: (disk / "away").rename(disk / "state")),
    ],
    ids=["full", "taken away"],
)
async def test_the_banner_is_there_within_a_second_local_chat_goes_on_and_all_is_well_within_five(
    small_disk, tmp_path, monkeypatch, spoil, mend
):
    monkeypatch.setenv("POINTSMAN_ANCHOR", str(tmp_path / "anchor"))
    async with serving(answers) as near, serving(answers) as far:
        config = tmp_path / "c.toml"
        config.write_text(CONFIG.format(near=near.url, far=far.url))
        async with wiring.open_engine(load(config), state_dir=small_disk / "state") as engine:
            assert await ask(engine, "hello", {"role": "far"}) == "far"

            async def until(writable: bool) -> float:
                began = time.monotonic()
                async for seen in engine.watch():
                    if seen.audit_writable is writable:
                        return time.monotonic() - began
                raise AssertionError

            spoil(small_disk)
            assert await until(False) <= 1.0 * crowding()
            assert "audit cannot be written" in engine.banners[0]
            assert await ask(engine, "hello", {"role": "near"}) == "box"
            assert await ask(engine, "hello", {"role": "far"}) == "blocked"
            mend(small_disk)
            assert await until(True) <= 5.0 * crowding()
            assert await ask(engine, "hello", {"role": "far"}) == "far"
        assert inspect(small_disk / "state", wiring.anchor_of(small_disk / "state")).intact
        assert len([each for each in far.asked if "chat" in each.target]) == 2
