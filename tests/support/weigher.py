"""A program of its own that asks one server twice and weighs itself: python weigher.py STATE URL DIALECT

The first answer should be good, the second hostile; prints one JSON object: growth in KiB between them, and the kind.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.core.outcome import Failed
from pointsman.core.request import Message, Request
from pointsman.engine import events
from support.spender import fleet
from support.stages import open_engine


def weight() -> int:
    """The largest resident size so far, in KiB. Not `ru_maxrss`: that one begins with the parent's size."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


async def main(state: str, url: str, dialect: str) -> None:
    clock, clients = SystemClock(), Clients(environ={})
    async with await SqliteStore.open(Path(state), clock) as store:
        async with open_engine(fleet(url, dialect, 10**12), store, clients, clock, {}, virtual=False) as engine:

            async def ask() -> list[events.EngineEvent]:
                request = Request(id=clock.new_id(), messages=(Message(role="user", text="hi"),), max_output=50)
                return [event async for event in engine.submit(request)]

            assert isinstance((await ask())[-1], events.Answered)
            before = weight()
            heard = await ask()
            (ended,) = [e.attempt for e in heard if isinstance(e, events.AttemptEnded)]
            kind = ended.outcome.kind if isinstance(ended.outcome, Failed) else "completed"
            print(json.dumps({"growth_kib": weight() - before, "kind": kind}))
    await clients.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
