"""One hostile body, read as a reply by a process of its own, so that what it cost in memory can be told:
`python -m pointsman.prove.swallow URL`. Prints one JSON object."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.core.fleet import Deadlines, Endpoint, EndpointKind, Locality, Model, Tier
from pointsman.core.outcome import Completed
from pointsman.core.request import Message
from pointsman.engine.calls import Running, run_call
from pointsman.ports import Call, Ticket
from pointsman.prove.machine import slowness

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
_TICK_S = 0.005


async def read(url: str, path: str) -> tuple[str, float]:
    """How it ended, and the longest time for which nothing else could run, in seconds of CPU: what other programs take
    meanwhile is not counted."""
    box = Endpoint(
        name="box", url=f"{url}/{path}", kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL,
        deadlines=Deadlines(first_token=20.0, idle=20.0),
    )  # fmt: skip
    model = Model(name="m", id="m", endpoint="box", tier=Tier.T1)
    clock, clients = SystemClock(), Clients(environ={})
    ticket = Ticket(id="t", request="r", model="m", endpoint="box")
    call = Call(endpoint=box, model=model, messages=(Message(role="user", text="hi"),), max_output=8)
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            before = time.thread_time()
            await asyncio.sleep(_TICK_S)
            worst = max(worst, time.thread_time() - before - _TICK_S)

    ticking = asyncio.create_task(tick())
    running = Running(ticket=ticket, locality=Locality.LOCAL)
    ended = await run_call(open_backend(box, clients, clock.now), call, running, clock, lambda _: None)
    ticking.cancel()
    await clients.aclose()
    return "completed" if isinstance(ended, Completed) else str(ended.kind), worst


def _peak() -> int:
    """The most memory this program had. Where the kernel tells that of this program alone, not of its parent too."""
    told = Path("/proc/self/status")
    if told.exists():
        line = next(line for line in told.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def main() -> None:
    asyncio.run(read(sys.argv[1], "good"))  # everything is loaded now
    gc.collect()
    gc.freeze()  # what is loaded is not walked again: the screen does so once it stands
    before, slow = _peak(), slowness()
    told: dict[str, dict[str, object]] = {}
    for path in sys.argv[2:]:
        kind, stall = asyncio.run(read(sys.argv[1], path))
        told[path] = {"ended": kind, "grew": max(_peak() - before, 0), "stall_ms": stall * 1000}
        told[path]["slowness"] = max(slow, slowness())
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
