"""A machine elsewhere, as its own exporters tell in Prometheus text: node_exporter, DCGM's or nvidia_gpu_exporter.

Sends nothing but GET to the addresses that the configuration names, and nothing it reads is believed further than a
figure. What an exporter does not tell is None, with a note; one exporter that is silent does not hide another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from pointsman.adapters.lenient import count, one_line
from pointsman.adapters.metrics_text import Metrics, parse_metrics
from pointsman.core.snapshot import Gpu, HostSample
from pointsman.ports import CallFailed

T = TypeVar("T")
PATIENCE_S = 3.0
LARGEST_BODY = 8 * 1024 * 1024  # bytes
_MIB, _MHZ = 1 << 20, 1_000_000
_BLANK = 2.0**60  # DCGM writes "not available" as a number near 2**63
_IDLE = frozenset({"idle", "iowait"})
_PROBLEMS = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError, RuntimeError, CallFailed)

ClientOf = Callable[[str], httpx.AsyncClient]


class RemoteHost:
    """`ports.HostProbe` of another machine. `client_of` gives the client for an address, or raises CallFailed."""

    def __init__(
        self,
        urls: Sequence[str],
        client_of: ClientOf,
        *,
        wall: Callable[[], float] = time.time,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._urls = tuple(urls)
        self._client_of = client_of
        self._wall = wall
        self._patience = patience_s
        self._cpu: _Cpu | None = None

    async def sample(self) -> HostSample:
        told = await asyncio.gather(*(self._scrape(url) for url in self._urls))
        scrapes = [metrics for metrics, _ in told if metrics is not None]
        ram = _first(scrapes, _ram)
        swap = _first(scrapes, _swap)
        gpus = _gpus(scrapes)
        return HostSample(
            taken_at=self._wall(),
            ram_total=ram[0] if ram else None,
            ram_used=ram[1] if ram else None,
            swap_total=swap[0] if swap else None,
            swap_used=swap[1] if swap else None,
            cpu_percent=self._cpu_percent(scrapes),
            gpus=gpus,
            gpu_note=None if gpus else "no exporter there tells of a GPU",
            note="; ".join(note for _, note in told if note) or None,
        )

    async def _scrape(self, url: str) -> tuple[Metrics | None, str | None]:
        where = urlsplit(url).netloc.rpartition("@")[2] or url
        try:
            async with asyncio.timeout(self._patience):
                return parse_metrics(await _read(self._client_of(url), url, self._patience)), None
        except TimeoutError:
            return None, f"{where}: no answer within {self._patience:g} s"
        except _PROBLEMS as error:
            said = error.failed.detail if isinstance(error, CallFailed) else f"{type(error).__name__}: {error}"
            return None, one_line(f"{where}: {said}")

    def _cpu_percent(self, scrapes: Iterable[Metrics]) -> float | None:
        """From two scrapes: the counters only grow, and one that fell means a restart."""
        now, before = _first(scrapes, _cpu), self._cpu
        self._cpu = now
        if now is None or before is None or now.total <= before.total or now.idle < before.idle:
            return None
        return 100.0 * (1.0 - (now.idle - before.idle) / (now.total - before.total))


async def _read(client: httpx.AsyncClient, url: str, patience_s: float) -> str:
    headers = {"accept": "text/plain", "accept-encoding": "identity"}
    request = client.build_request("GET", url, headers=headers, timeout=patience_s)
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        if response.status_code != 200:
            raise ValueError(f"answered {response.status_code}")
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > LARGEST_BODY:
                raise ValueError(f"answered more than {LARGEST_BODY} bytes")
        return body.decode("utf-8", "replace")
    finally:
        await response.aclose()


def _first(scrapes: Iterable[Metrics], read: Callable[[Metrics], T | None]) -> T | None:
    return next((seen for metrics in scrapes if (seen := read(metrics)) is not None), None)


# --- node_exporter -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cpu:
    """Seconds since the machine started, over all cores."""

    idle: float
    total: float


def _cpu(metrics: Metrics) -> _Cpu | None:
    samples = metrics.samples("node_cpu_seconds_total")
    idle = sum(sample.value for sample in samples if sample.labels.get("mode") in _IDLE)
    return _Cpu(idle, sum(sample.value for sample in samples)) if samples else None


def _ram(metrics: Metrics) -> tuple[int, int | None] | None:
    """(total, used): on Linux what is not available, on a Mac what is active, wired or compressed."""
    total = _whole(metrics.total("node_memory_MemTotal_bytes", "node_memory_total_bytes"))
    if total is None:
        return None
    available = _whole(metrics.total("node_memory_MemAvailable_bytes"))
    if available is not None:
        return total, max(total - available, 0)
    parts = [_whole(metrics.total(f"node_memory_{part}_bytes")) for part in ("active", "wired", "compressed")]
    known = [part for part in parts if part is not None]
    return total, sum(known) if len(known) == len(parts) else None


def _swap(metrics: Metrics) -> tuple[int, int | None] | None:
    total = _whole(metrics.total("node_memory_SwapTotal_bytes", "node_memory_swap_total_bytes"))
    if total is None:
        return None
    free, used = _whole(metrics.total("node_memory_SwapFree_bytes")), metrics.total("node_memory_swap_used_bytes")
    return total, _whole(used) if free is None else max(total - free, 0)


# --- GPUs --------------------------------------------------------------------------------------------------------


def _gpus(scrapes: Iterable[Metrics]) -> tuple[Gpu, ...]:
    """Each card once, whichever exporters tell of it: DCGM's word comes first."""
    found: dict[str, Gpu] = {}
    for read in (_dcgm, _nvidia_smi):
        for metrics in scrapes:
            for key, gpu in read(metrics):
                found.setdefault(key.removeprefix("GPU-"), gpu)
    return tuple(sorted(found.values(), key=lambda gpu: (gpu.index, gpu.name)))


def _dcgm(metrics: Metrics) -> Iterable[tuple[str, Gpu]]:
    """Memory in MiB, clocks in MHz, watts, °C. A MIG instance has a label of its own."""
    cards: dict[tuple[str, str], Mapping[str, str]] = {}
    for name in ("DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_TEMP"):
        for sample in metrics.samples(name):
            cards.setdefault(_dcgm_key(sample.labels), sample.labels)
    for key, labels in cards.items():
        told = _Labelled(metrics, _dcgm_key, key)
        used, free = told.whole("DCGM_FI_DEV_FB_USED", _MIB), told.whole("DCGM_FI_DEV_FB_FREE", _MIB)
        reserved = told.whole("DCGM_FI_DEV_FB_RESERVED", _MIB) or 0
        instance = labels.get("GPU_I_PROFILE")
        model = one_line(labels.get("modelName") or f"GPU {labels.get('gpu', '?')}", 120)
        yield (
            "/".join(key),
            Gpu(
                index=_index(labels.get("gpu")),
                name=f"{model} MIG {one_line(instance, 40)}" if instance else model,
                uuid=one_line(key[0], 80) or None,
                vram_used=used,
                vram_free=free,
                vram_total=None if used is None or free is None else used + free + reserved,
                utilization=told.whole("DCGM_FI_DEV_GPU_UTIL"),
                temperature=told.whole("DCGM_FI_DEV_GPU_TEMP"),
                power=told.figure("DCGM_FI_DEV_POWER_USAGE"),
                power_limit=told.figure("DCGM_FI_DEV_POWER_MGMT_LIMIT"),
                clock=told.whole("DCGM_FI_DEV_SM_CLOCK"),
                memory_clock=told.whole("DCGM_FI_DEV_MEM_CLOCK"),
                fan=told.whole("DCGM_FI_DEV_FAN_SPEED"),
                part_of=one_line(key[0], 80) if instance else None,
            ),
        )


def _dcgm_key(labels: Mapping[str, str]) -> tuple[str, str]:
    card = labels.get("UUID") or labels.get("gpu", "")
    instance = labels.get("GPU_I_ID", "")
    return (card, instance) if instance else (card, "")


def _nvidia_smi(metrics: Metrics) -> Iterable[tuple[str, Gpu]]:
    """Everything in base units: bytes, ratios of one, watts, hertz."""
    described = {sample.labels.get("uuid", ""): sample.labels for sample in metrics.samples("nvidia_smi_gpu_info")}
    for sample in metrics.samples("nvidia_smi_memory_used_bytes"):
        uuid = _smi_key(sample.labels)
        told = _Labelled(metrics, _smi_key, uuid)
        card = described.get(uuid, {})
        yield (
            f"{uuid}/",
            Gpu(
                index=_index(card.get("index")),
                name=one_line(card.get("name") or "NVIDIA GPU", 120),
                uuid=one_line(uuid, 80) or None,
                vram_used=told.whole("nvidia_smi_memory_used_bytes"),
                vram_free=told.whole("nvidia_smi_memory_free_bytes"),
                vram_total=told.whole("nvidia_smi_memory_total_bytes"),
                utilization=told.whole("nvidia_smi_utilization_gpu_ratio", 100),
                temperature=told.whole("nvidia_smi_temperature_gpu"),
                power=told.figure("nvidia_smi_power_draw_watts"),
                power_limit=told.figure("nvidia_smi_enforced_power_limit_watts"),
                clock=told.whole("nvidia_smi_clocks_current_sm_clock_hz", 1 / _MHZ),
                memory_clock=told.whole("nvidia_smi_clocks_current_memory_clock_hz", 1 / _MHZ),
                fan=told.whole("nvidia_smi_fan_speed_ratio", 100),
            ),
        )


def _smi_key(labels: Mapping[str, str]) -> str:
    return labels.get("uuid", "")


@dataclass(frozen=True, slots=True)
class _Labelled:
    """The figures of one card."""

    metrics: Metrics
    key_of: Callable[[Mapping[str, str]], object]
    key: object

    def figure(self, name: str) -> float | None:
        found = (s.value for s in self.metrics.samples(name) if self.key_of(s.labels) == self.key)
        value = next(found, None)
        return None if value is None or not 0 <= value < _BLANK else value

    def whole(self, name: str, scale: float = 1) -> int | None:
        value = self.figure(name)
        return None if value is None else _whole(value * scale)


def _index(written: str | None) -> int:
    return int(written) if written is not None and written.isascii() and written.isdigit() else 0


def _whole(value: float | None) -> int | None:
    return None if value is None else count(round(value))
