"""Reads AMD GPUs from sysfs: no library, no subprocess. Unreadable files are unknown readings."""

from __future__ import annotations

import re
from pathlib import Path

from pointsman.core.snapshot import Gpu

SYSFS_ROOT = Path("/sys/class/drm")
_CARD = re.compile(r"^card(\d+)$")
_AMD = "0x1002"


def read_amd_gpus(root: Path = SYSFS_ROOT) -> tuple[Gpu, ...]:
    """AMD cards that tell their VRAM, by card number. Blocking but quick: a handful of virtual files."""
    try:
        cards = [(int(seen.group(1)), card) for card in root.iterdir() if (seen := _CARD.match(card.name))]
    except OSError:
        return ()
    return tuple(gpu for index, card in sorted(cards) if (gpu := _read_card(index, card / "device")) is not None)


def _read_card(index: int, device: Path) -> Gpu | None:
    total, used = _integer(device / "mem_info_vram_total"), _integer(device / "mem_info_vram_used")
    if total is None or _text(device / "vendor") not in (_AMD, None):
        return None
    return Gpu(
        index=index,
        name=_text(device / "product_name") or f"AMD GPU (card{index})",
        uuid=_text(device / "unique_id"),
        vram_total=total,
        vram_used=used,
        vram_free=None if used is None else max(total - used, 0),
        utilization=_integer(device / "gpu_busy_percent"),
        temperature=_scaled(_sensor(device, "temp1_input"), 1000),
        power=_watts(_sensor(device, "power1_average") or _sensor(device, "power1_input")),
        power_limit=_watts(_sensor(device, "power1_cap")),
        clock=_megahertz(_sensor(device, "freq1_input")),
        memory_clock=_megahertz(_sensor(device, "freq2_input")),
        fan=_share(_sensor(device, "pwm1"), _sensor(device, "pwm1_max") or 255),
    )


def _sensor(device: Path, name: str) -> int | None:
    """The first hwmon folder's reading of that name."""
    try:
        folders = sorted((device / "hwmon").iterdir())
    except OSError:
        return None
    return next((value for folder in folders if (value := _integer(folder / name)) is not None), None)


def _scaled(value: int | None, by: int) -> int | None:
    return None if value is None else value // by


def _megahertz(hertz: int | None) -> int | None:
    return None if hertz is None else hertz // 1_000_000


def _share(value: int | None, most: int) -> int | None:
    return None if value is None else round(100 * value / most)


def _watts(microwatts: int | None) -> float | None:
    return None if microwatts is None else microwatts / 1_000_000


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()[:120] or None
    except OSError:
        return None


def _integer(path: Path) -> int | None:
    written = _text(path)
    return int(written) if written is not None and written.isascii() and written.isdigit() else None
