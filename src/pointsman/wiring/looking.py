"""Looking without a running engine: the ledger is read, or everything is looked at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.core.snapshot import Gpu, HostSample, Snapshot
from pointsman.wiring.engines import open_engine

if TYPE_CHECKING:
    from pointsman.config import Settings
    from pointsman.core.measured import Measurement
    from pointsman.ports import ModelTotal


async def known(settings: Settings, *, state_dir: Path) -> Snapshot:
    """The picture without asking anybody: every endpoint assumed available, usage and overrides from the ledger.

    No network, and nothing is created. The machine has one GPU of unknown figures, so that they can be supposed.
    """
    from pointsman.adapters import ledger_reader
    from pointsman.adapters.clock import SystemClock

    now = SystemClock().now()
    standing = await asyncio.to_thread(ledger_reader.standing, state_dir, settings.fleet.budgets, now)
    return Snapshot(
        now=now,
        usage=standing.usage,
        overrides=standing.overrides,
        local_only=settings.fleet.local_only,
        host=HostSample(taken_at=now, gpus=(Gpu(index=0, name="unknown"),)),
    )


async def look_once(settings: Settings, *, state_dir: Path) -> Snapshot:
    """The picture after one look at every endpoint and this machine."""
    async with open_engine(settings, state_dir=state_dir, monitor=False) as engine:
        await engine.look()
        return engine.snapshot


async def totals(state_dir: Path, since: float) -> tuple[ModelTotal, ...]:
    from pointsman.adapters import ledger_reader

    return await asyncio.to_thread(ledger_reader.totals, state_dir, since)


async def measured(state_dir: Path) -> tuple[Measurement, ...]:
    """What bench and eval found, the newest of each sort of each model."""
    from pointsman.adapters import ledger_reader

    return await asyncio.to_thread(ledger_reader.measured, state_dir)


def new_id() -> str:
    from pointsman.adapters.clock import SystemClock

    return SystemClock().new_id()
