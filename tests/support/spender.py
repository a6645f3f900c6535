"""A program of its own that spends from a shared ledger: python spender.py STATE URL DIALECT REQUESTS LIMIT

Prints `ready`, waits for a line, then asks that many times at once and prints how many were answered.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pointsman.adapters.clients import Clients
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.core.fleet import Budget, BudgetUnit, Deadlines, Endpoint, Fleet, Locality, Model, Role, Tier, Window
from pointsman.core.request import Message, Request
from pointsman.engine import events
from support.stages import KINDS, open_engine

BUDGET = "shared"


def fleet(url: str, dialect: str, limit: int) -> Fleet:
    """One cloud model at 1000 and 4000 nano-USD per token, under one budget."""
    patient = Deadlines(connect=60, first_token=60)  # eight programs begin at once, on two cores that have more to do
    endpoint = Endpoint(name="p", url=url, kind=KINDS[dialect], locality=Locality.CLOUD, deadlines=patient)
    return Fleet(
        policy="spender",
        revision="0",
        endpoints={"p": endpoint},
        models={"p": Model(name="p", id="p-id", endpoint="p", tier=Tier.T1, price_in=1000, price_out=4000)},
        roles={"general": Role(name="general", primary="p")},
        routes=(),
        budgets=(Budget(name=BUDGET, limit=limit, unit=BudgetUnit.NANO_USD, window=Window(calendar="month")),),
    )


async def main(state: str, url: str, dialect: str, requests: str, limit: str) -> None:
    clock, clients = SystemClock(), Clients(environ={})
    async with await SqliteStore.open(Path(state), clock) as store:
        engine = open_engine(fleet(url, dialect, int(limit)), store, clients, clock, {}, virtual=False)
        async with engine:
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)

            async def ask(number: int) -> bool:
                request = Request(
                    id=clock.new_id(),
                    messages=(Message(role="user", text="hi"),),
                    facts={"tokens": 11},
                    max_output=7,
                )
                last = [event async for event in engine.submit(request)][-1]
                return isinstance(last, events.Answered)

            print(sum(await asyncio.gather(*(ask(n) for n in range(int(requests))))), flush=True)
    await clients.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
