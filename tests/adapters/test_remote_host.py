"""A machine elsewhere by its exporters' text. The scrapes were composed here, in the exporters' documented form."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from pointsman.adapters.remote_host import RemoteHost
from pointsman.core.outcome import Failed, FailureKind
from pointsman.core.snapshot import HostSample
from pointsman.ports import CallFailed

GIB = 1 << 30
NODE = """
# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
node_cpu_seconds_total{cpu="0",mode="idle"} 900
node_cpu_seconds_total{cpu="0",mode="iowait"} 10
node_cpu_seconds_total{cpu="0",mode="user"} 90
node_memory_MemTotal_bytes 6.8719476736e+10
node_memory_MemAvailable_bytes 5.1539607552e+10
node_memory_SwapTotal_bytes 1.073741824e+09
node_memory_SwapFree_bytes 0
"""
DCGM = """
DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 1755
DCGM_FI_DEV_MEM_CLOCK{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 2619
DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 61
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 312.5
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 93
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 81920
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 61440
DCGM_FI_DEV_FB_RESERVED{gpu="0",UUID="GPU-aa",modelName="NVIDIA H200"} 1024
DCGM_FI_DEV_GPU_TEMP{gpu="1",UUID="GPU-bb",modelName="NVIDIA H200"} 9223372036854775794
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-bb",modelName="NVIDIA H200"} 10
"""
SMI = """
nvidia_smi_gpu_info{uuid="aa",name="NVIDIA H200",index="0"} 1
nvidia_smi_gpu_info{uuid="cc",name="NVIDIA GeForce RTX 2080",index="2"} 1
nvidia_smi_memory_used_bytes{uuid="aa"} 1
nvidia_smi_memory_used_bytes{uuid="cc"} 7.06740224e+08
nvidia_smi_memory_total_bytes{uuid="cc"} 8.589934592e+09
nvidia_smi_utilization_gpu_ratio{uuid="cc"} 0.42
nvidia_smi_power_draw_watts{uuid="cc"} 28.07
nvidia_smi_temperature_gpu{uuid="cc"} 34
nvidia_smi_clocks_current_sm_clock_hz{uuid="cc"} 1.65e+09
"""


@pytest.fixture
def remote(serve: Callable, client: httpx.AsyncClient) -> Callable:
    async def start(*scrapes: object, **more: object) -> tuple[RemoteHost, object]:
        stage = await serve({f"/{n}": each for n, each in enumerate(scrapes)})
        urls = [f"{stage.url}/{n}" for n in range(len(scrapes))]
        return RemoteHost(urls, lambda _: client, wall=lambda: 7.0, **more), stage

    return start


async def once(remote: Callable, *scrapes: object) -> HostSample:
    host, _ = await remote(*scrapes)
    return await host.sample()


async def test_node_exporter_gives_ram_and_swap_in_bytes(remote: Callable) -> None:
    sample = await once(remote, NODE)
    assert (sample.taken_at, sample.ram_total, sample.ram_used) == (7.0, 64 * GIB, 16 * GIB)
    assert (sample.swap_total, sample.swap_used, sample.note) == (GIB, GIB, None)
    assert (sample.cpu_percent, sample.gpus, sample.gpu_note) == (None, (), "no exporter there tells of a GPU")


async def test_cpu_is_the_difference_of_two_scrapes_and_a_restart_is_unknown(remote: Callable) -> None:
    host, stage = await remote(NODE)
    await host.sample()
    stage.answers["/0"].body = NODE.replace('"user"} 90', '"user"} 120').replace('"idle"} 900', '"idle"} 960').replace('"iowait"} 10', '"iowait"} 20').encode()  # fmt: skip
    assert (await host.sample()).cpu_percent == pytest.approx(30.0)
    stage.answers["/0"].body = NODE.replace('"idle"} 900', '"idle"} 5').encode()
    assert (await host.sample()).cpu_percent is None


async def test_dcgm_is_in_mebibytes_and_its_blank_is_unknown(remote: Callable) -> None:
    first, second = (await once(remote, DCGM)).gpus
    assert (first.index, first.name, first.uuid) == (0, "NVIDIA H200", "GPU-aa")
    assert (first.vram_used, first.vram_free, first.vram_total) == (80 * GIB, 60 * GIB, 141 * GIB)
    assert (first.utilization, first.temperature, first.power, first.clock) == (93, 61, 312.5, 1755)
    assert (second.temperature, second.vram_used, second.vram_total) == (None, 10 << 20, None)


async def test_nvidia_gpu_exporter_is_in_base_units_and_a_card_counts_once(remote: Callable) -> None:
    sample = await once(remote, SMI, DCGM)
    assert [(gpu.index, gpu.uuid) for gpu in sample.gpus] == [(0, "GPU-aa"), (1, "GPU-bb"), (2, "cc")]
    card = sample.gpus[2]
    assert (card.name, card.vram_used, card.vram_total) == ("NVIDIA GeForce RTX 2080", 706_740_224, 8 * GIB)
    assert (card.utilization, card.temperature, card.power, card.clock) == (42, 34, 28.07, 1650)
    assert (card.vram_free, card.fan) == (None, None)


async def test_a_mig_instance_is_a_part_of_its_card(remote: Callable) -> None:
    labels = 'gpu="0",UUID="GPU-aa",modelName="A100",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"'
    scrape = f"DCGM_FI_DEV_FB_USED{{{labels}}} 100\nDCGM_FI_DEV_FB_FREE{{{labels}}} 924\n"
    (part,) = (await once(remote, scrape)).gpus
    assert (part.name, part.part_of, part.vram_total) == ("A100 MIG 1g.10gb", "GPU-aa", GIB)


async def test_a_mac_tells_what_is_active_wired_or_compressed(remote: Callable) -> None:
    scrape = "\n".join(
        f"node_memory_{part}_bytes {size}"
        for part, size in {"total": 100, "active": 30, "wired": 20, "compressed": 5, "free": 1}.items()
    )
    sample = await once(remote, scrape)
    assert (sample.ram_total, sample.ram_used) == (100, 55)


async def test_one_exporter_that_fails_is_a_note_and_the_other_is_read(remote: Callable, answering: Callable) -> None:
    host, stage = await remote(NODE, answering("no", 503), answering(b"\xff{{{ garbage", 200))
    sample = await host.sample()
    assert sample.ram_total == 64 * GIB
    assert sample.note == f"127.0.0.1:{stage.port}: ValueError: answered 503"


async def test_silence_and_a_closed_port_are_notes(remote: Callable, silent: object, free_port: int, client) -> None:
    host, stage = await remote(silent, patience_s=0.05)
    assert (await host.sample()).note == f"127.0.0.1:{stage.port}: no answer within 0.05 s"
    closed = RemoteHost([f"http://127.0.0.1:{free_port}/metrics"], lambda _: client)
    sample = await closed.sample()
    assert sample.note is not None and sample.note.startswith(f"127.0.0.1:{free_port}: ConnectError")
    assert (sample.ram_total, sample.gpus) == (None, ())


async def test_a_client_that_may_not_be_used_is_a_note() -> None:
    def refuse(url: str) -> httpx.AsyncClient:
        raise CallFailed(Failed(kind=FailureKind.LOCAL_GUARD, detail="local_only is on"))

    assert (await RemoteHost(["http://far.example/metrics"], refuse).sample()).note == "far.example: local_only is on"
