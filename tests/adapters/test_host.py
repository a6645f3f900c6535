"""The host sampler around its GPU reader, and AMD cards from a sysfs tree on disk."""

from __future__ import annotations

import asyncio
import plistlib
import subprocess
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from pointsman.adapters.gpu_apple import read_apple_gpus
from pointsman.adapters.gpu_sysfs import read_amd_gpus
from pointsman.adapters.host import CpuMeter, LocalHost, MachineGpus
from pointsman.core.snapshot import Gpu, GpuProcess


class Reader:
    """A GPU reader whose readings the test lets go, one by one."""

    def __init__(self) -> None:
        self.started = 0
        self.at_once = 0
        self.let_go = threading.Event()
        self.closed = False

    def read(self) -> tuple[tuple[Gpu, ...], str | None]:
        self.started += 1
        self.at_once += 1
        assert self.at_once == 1
        assert self.let_go.wait(20)
        self.at_once -= 1
        return (Gpu(index=0, name=f"reading {self.started}", processes=(GpuProcess(pid=-5, vram=1),)),), None

    def close(self) -> None:
        self.closed = True


async def test_ram_swap_and_cpu_are_this_machines_figures() -> None:
    reader = Reader()
    reader.let_go.set()
    sample = await LocalHost(gpus=reader, wall=lambda: 12.0).sample()
    assert sample.taken_at == 12.0
    assert sample.ram_total and sample.ram_used and 0 < sample.ram_used < sample.ram_total
    assert sample.swap_used is not None and sample.cpu_percent is not None and sample.swap_total is not None
    assert all(0 <= core <= 100 for core in sample.cores)


def test_the_share_of_a_busy_core_is_of_the_time_between_two_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """On whichever threads they were taken."""
    Times = namedtuple("Times", "user idle iowait")
    told = iter([[Times(10, 90, 0)] * 2, [Times(13, 96, 1), Times(10, 100, 0)], [Times(23, 96, 1)]])
    monkeypatch.setattr("psutil.cpu_times", lambda percpu: next(told))
    meter = CpuMeter(first_look=0)
    assert meter.read() == (30.0, 0.0)
    assert meter.read() == ()


async def test_the_disk_of_a_model_folder_is_read_and_one_that_is_not_there_is_a_note(tmp_path: Path) -> None:
    reader = Reader()
    reader.let_go.set()
    sample = await LocalHost(gpus=reader, model_dirs=(str(tmp_path), str(tmp_path / "no"))).sample()
    there, gone = sample.disks
    assert there.path == str(tmp_path) and there.total and there.free and 0 < there.free < there.total
    assert (gone.total, gone.free, gone.note) == (None, None, "cannot be read: No such file or directory")


async def test_a_gpu_without_memory_of_its_own_has_the_rams(tmp_path: Path) -> None:
    class Apple(Reader):
        def read(self) -> tuple[tuple[Gpu, ...], str | None]:
            return (Gpu(index=0, name="Apple M3 Pro", vram_used=5, unified=True),), None

    sample = await LocalHost(gpus=Apple()).sample()
    (gpu,) = sample.gpus
    assert (gpu.vram_total, gpu.vram_used) == (sample.ram_total, 5)
    assert gpu.vram_free is not None and sample.ram_used is not None
    assert gpu.vram_free == sample.ram_total - sample.ram_used


# --- Apple silicon: a property list as ioreg writes one, composed here; never run on a Mac by these tests -----------


def listed(**entry: object) -> bytes:
    return plistlib.dumps([entry])


def test_an_apple_gpu_is_read_and_its_memory_is_the_machines() -> None:
    told = {"Device Utilization %": 37, "In use system memory": 6_000_000_000, "Tiler Utilization %": 4}
    (gpu,), note = read_apple_gpus(lambda argv: listed(model="Apple M3 Pro", PerformanceStatistics=told))
    assert note is None
    assert (gpu.name, gpu.utilization, gpu.vram_used, gpu.unified) == ("Apple M3 Pro", 37, 6_000_000_000, True)
    assert (gpu.vram_total, gpu.temperature, gpu.power) == (None, None, None)


@pytest.mark.parametrize("said", [b"", b"<html>", plistlib.dumps({"no": "list"}), plistlib.dumps([])])
def test_what_ioreg_does_not_say_is_a_note(said: bytes) -> None:
    assert read_apple_gpus(lambda argv: said) == ((), "ioreg lists no GPU")


def test_ioreg_that_cannot_be_run_is_a_note() -> None:
    def run(argv: tuple[str, ...]) -> bytes:
        raise subprocess.TimeoutExpired(argv, 2.0)

    gpus, note = read_apple_gpus(run)
    assert gpus == () and note is not None and note.startswith("ioreg could not be run: TimeoutExpired")


async def test_a_reading_under_way_is_not_asked_for_again_and_the_last_one_stands() -> None:
    reader = Reader()
    reader.let_go.set()
    host = LocalHost(gpus=reader, gpu_patience=5.0)
    first = await host.sample()
    assert (first.gpus[0].name, first.gpu_note) == ("reading 1", None)
    reader.let_go.clear()
    host._patience = 0.05
    stuck = [await host.sample() for _ in range(3)]
    assert [sample.gpus[0].name for sample in stuck] == ["reading 1"] * 3
    assert {sample.gpu_note for sample in stuck} == {"the GPU driver has not answered yet; last readings shown"}
    assert reader.started == 2
    await host.aclose()
    assert not reader.closed
    reading = host._reading
    assert reading is not None
    reader.let_go.set()
    await asyncio.wrap_future(reading)
    after = await host.sample()
    assert (after.gpus[0].name, after.gpu_note) == ("reading 2", None)
    await host.aclose()
    assert reader.closed


async def test_samples_that_overlap_share_one_reading() -> None:
    reader = Reader()
    host = LocalHost(gpus=reader, gpu_patience=5.0)
    slow = asyncio.create_task(host.sample())
    while not reader.started:
        await asyncio.sleep(0.001)
    quick = await host.sample()
    reader.let_go.set()
    assert (quick.gpus, reader.started) == ((), 1)
    assert (await slow).gpus[0].name == "reading 1"


@pytest.mark.parametrize("error", [OSError("bad\x1b library"), AttributeError("nvmlX"), ImportError("no pynvml")])
async def test_a_library_that_does_not_fit_is_a_note(error: Exception) -> None:
    class Misfit(Reader):
        def read(self) -> tuple[tuple[Gpu, ...], str | None]:
            raise error

    sample = await LocalHost(gpus=Misfit()).sample()
    assert sample.gpus == ()
    assert sample.gpu_note is not None and sample.gpu_note.isprintable()
    assert sample.gpu_note.startswith(f"reading the GPUs failed: {type(error).__name__}")


# --- AMD -----------------------------------------------------------------------------------------------------------


def card(root: Path, name: str, **files: str) -> None:
    for path, text in {"vendor": "0x1002\n", **files}.items():
        target = root / name / "device" / path.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def test_an_amd_card_is_read_in_bytes_percent_degrees_and_watts(tmp_path: Path) -> None:
    card(
        tmp_path,
        "card1",
        mem_info_vram_total="25753026560\n",
        mem_info_vram_used="8589934592\n",
        gpu_busy_percent="37\n",
        product_name="Radeon\n",
        unique_id="abc\n",
        hwmon__hwmon3__temp1_input="54000\n",
        hwmon__hwmon3__power1_average="123000000\n",
        hwmon__hwmon3__power1_cap="300000000\n",
        hwmon__hwmon3__freq1_input="2105000000\n",
        hwmon__hwmon3__pwm1="51\n",
    )
    (gpu,) = read_amd_gpus(tmp_path)
    assert (gpu.index, gpu.name, gpu.uuid) == (1, "Radeon", "abc")
    assert (gpu.vram_total, gpu.vram_used, gpu.vram_free) == (25753026560, 8589934592, 17163091968)
    assert (gpu.utilization, gpu.temperature, gpu.power, gpu.power_limit) == (37, 54, 123.0, 300.0)
    assert (gpu.clock, gpu.memory_clock, gpu.fan) == (2105, None, 20)


def test_files_that_are_missing_or_odd_are_unknown_and_other_cards_are_left_out(tmp_path: Path) -> None:
    card(tmp_path, "card10", mem_info_vram_total="100", mem_info_vram_used="lots", gpu_busy_percent="-1")
    card(tmp_path, "card2", mem_info_vram_total="50")
    card(tmp_path, "card0", vendor="0x8086")
    card(tmp_path, "card3", vendor="0x10de", mem_info_vram_total="50")
    card(tmp_path, "card2-HDMI-A-1", mem_info_vram_total="50")
    gpus = read_amd_gpus(tmp_path)
    assert [(g.index, g.vram_total, g.vram_used, g.vram_free, g.utilization) for g in gpus] == [
        (2, 50, None, None, None),
        (10, 100, None, None, None),
    ]


def test_no_sysfs_is_no_card(tmp_path: Path) -> None:
    assert read_amd_gpus(tmp_path / "nothing") == ()


def test_a_machine_with_amd_cards_only_needs_no_word_on_the_nvidia_driver(tmp_path: Path, monkeypatch) -> None:
    card(tmp_path, "card0", mem_info_vram_total="50")
    machine = MachineGpus(tmp_path)
    monkeypatch.setattr(machine._nvidia, "read", lambda: ((), "no NVIDIA driver"))
    gpus, note = machine.read()
    assert ([gpu.index for gpu in gpus], note) == ([0], None)
