"""The real NVML path: the real binding, in a process of its own, loads a C library in the driver's place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.nvml import build_stub

GIB = 1024**3
SAMPLE = """
import asyncio, dataclasses, json, os, sys
from pointsman.adapters.host import LocalHost

async def main():
    host = LocalHost(gpu_patience=float(sys.argv[1]))
    samples = [dataclasses.asdict(await host.sample()) for _ in range(int(sys.argv[2]))]
    print(json.dumps({"pid": os.getpid(), "samples": samples, "loaded": "pynvml" in sys.modules}))
    await host.aclose()

assert "pynvml" not in sys.modules
asyncio.run(main())
"""
Sampler = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def stub_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nvml")
    build_stub(folder / "newer")
    build_stub(folder / "older", "-DOLDER")
    return folder


@pytest.fixture
def sampled(stub_library: Path) -> Sampler:
    def sample(machine: str, times: int = 1, patience: float = 10.0, age: str = "newer") -> dict[str, Any]:
        return take(times, patience, LD_LIBRARY_PATH=str(stub_library / age), NVML_STUB=machine)

    return sample


def take(times: int, patience: float, **environment: str) -> dict[str, Any]:
    ran = subprocess.run(
        (sys.executable, "-W", "error", "-c", SAMPLE, str(patience), str(times)),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def test_two_gpus_are_read_and_what_one_does_not_support_is_unknown(sampled: Sampler) -> None:
    result = sampled("two")
    (sample,) = result["samples"]
    first, second = sample["gpus"]
    assert sample["gpu_note"] is None
    assert (first["index"], first["name"], first["uuid"]) == (0, "Stub GPU A", "GPU-0")
    assert (first["vram_total"], first["vram_used"], first["vram_free"]) == (80 * GIB, 57 * GIB, 23 * GIB)
    assert (first["utilization"], first["temperature"], first["power"], first["power_limit"]) == (93, 60, 312.5, 450.0)
    assert (second["utilization"], second["vram_used"], second["processes"]) == (None, 57 * GIB, [])


@pytest.mark.parametrize("age", ["newer", "older"])
def test_clocks_fan_and_throttling_are_read_and_an_idle_card_is_not_throttled(sampled: Sampler, age: str) -> None:
    first, second = sampled("two", age=age)["samples"][0]["gpus"]
    assert (first["clock"], first["clock_max"], first["memory_clock"], first["fan"]) == (1755, 1980, 2619, 42)
    assert first["throttled"] == []
    assert (second["fan"], second["throttled"]) == (None, None)
    assert sampled("hot", age=age)["samples"][0]["gpus"][0]["throttled"] == ["power cap", "heat (hardware)"]


def test_a_process_is_told_with_what_is_above_it(sampled: Sampler) -> None:
    process = sampled("two")["samples"][0]["gpus"][0]["processes"][0]
    assert os.getpid() in process["parents"] and process["ports"] == []


@pytest.mark.parametrize("age", ["newer", "older"])
def test_a_process_that_computes_and_draws_counts_once_and_unknown_memory_stays_unknown(sampled: Sampler, age) -> None:
    result = sampled("two", age=age)
    ours, gone = result["samples"][0]["gpus"][0]["processes"]
    assert (ours["pid"], ours["vram"]) == (result["pid"], 40 * GIB)
    assert ours["name"].startswith("python")
    assert (gone["pid"], gone["vram"], gone["name"]) == (4194303, None, None)


@pytest.mark.parametrize(
    ("machine", "names", "note"),
    [
        ("lost", ["Stub GPU A"], "GPU 1: GPU is lost (fell off the bus)"),
        ("unified", ["Stub GPU A"], "GPU 0: does not report memory (unified with the RAM?)"),
        ("mismatch", [], "the NVIDIA driver was updated: reboot to read the GPUs again"),
        ("none", [], "the NVIDIA driver reports no GPU"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_rest_is_shown(sampled: Sampler, machine, names, note) -> None:
    (sample,) = sampled(machine)["samples"]
    assert ([gpu["name"] for gpu in sample["gpus"]], sample["gpu_note"]) == (names, note)
    assert sample["ram_total"] > 0


def test_unified_memory_is_unknown_and_never_zero(sampled: Sampler) -> None:
    (gpu,) = sampled("unified")["samples"][0]["gpus"]
    assert (gpu["vram_total"], gpu["vram_used"], gpu["vram_free"]) == (None, None, None)
    assert gpu["utilization"] == 93


def test_of_a_partitioned_card_the_partitions_are_shown_and_not_the_card_again(sampled: Sampler) -> None:
    (part,) = sampled("mig")["samples"][0]["gpus"]
    assert (part["name"], part["uuid"], part["vram_total"]) == ("Stub GPU A MIG 2", "MIG-0", 20 * GIB)
    assert (part["part_of"], part["fan"], part["throttled"]) == ("GPU-0", None, None)


def test_a_library_that_forgot_its_start_is_started_again_within_the_sample(sampled: Sampler) -> None:
    samples = sampled("forgets", times=3)["samples"]
    assert [(len(sample["gpus"]), sample["gpu_note"]) for sample in samples] == [(2, None)] * 3


def test_a_driver_that_hangs_delays_one_sample_and_keeps_the_program_from_nothing(sampled: Sampler) -> None:
    """The process ends although its driver call never returns; `take` would time out otherwise."""
    result = sampled("hangs", times=3, patience=0.2)
    assert [sample["gpu_note"] for sample in result["samples"]] == [
        "the GPU driver has not answered yet; last readings shown"
    ] * 3
    assert all(sample["ram_total"] > 0 for sample in result["samples"])


@pytest.mark.skipif(
    any(
        Path(folder, "libnvidia-ml.so.1").exists() for folder in ("/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu")
    ),
    reason="this machine has an NVIDIA driver",
)
def test_without_a_driver_the_note_says_so_and_the_rest_is_sampled() -> None:
    (sample,) = take(1, 10.0)["samples"]
    assert (sample["gpus"], sample["gpu_note"]) == ([], "no NVIDIA driver (libnvidia-ml.so.1 not found)")
    assert 0 < sample["ram_used"] < sample["ram_total"]
