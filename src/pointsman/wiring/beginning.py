"""The first configuration, proposed from what is on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pointsman.wiring.places import secrets_of

if TYPE_CHECKING:
    pass


async def propose() -> tuple[str, tuple[str, ...]]:
    """A configuration from what is on this machine, and what was found, in sentences. Creates and starts nothing."""
    from datetime import UTC, datetime

    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.discover import discover
    from pointsman.adapters.doctor import endpoints as fleet_checks
    from pointsman.adapters.doctor import machine
    from pointsman.adapters.host import LocalHost
    from pointsman.adapters.proposal import Seen, propose
    from pointsman.config import load

    preset = (await asyncio.to_thread(load)).fleet
    host = LocalHost()
    try:
        found, sample = await asyncio.gather(discover(), host.sample())
    finally:
        await host.aclose()
    seen = Seen(
        servers=found,
        keys=fleet_checks.keys_there(preset, secrets_of(preset).source),
        gpus=tuple(finding.text for finding in machine.gpus(sample)) if sample.gpus else (),
    )
    day = datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y-%m-%d")
    return propose(seen, preset, day), tuple(seen.sentences())
