"""One instance of the program as a process of its own, for the checks that kill it: `python -m ... STATE ANCHOR WORK`.

calls   reserves, "calls", settles every second call and reserves again until killed; prints each committed step
some    appends 100 lines, one commit each; prints each once it is durable
nursery starts a `calls` for every line on stdin, without the time that starting Python takes; prints `born PID`
fill    waits for a line on stdin, then reserves single tokens until the budget is full; prints how many fitted
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import Anchor, SqliteStore
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit, Window
from pointsman.ports import Charge, Reservation, Settlement

CLOCK = SystemClock()
LIMIT = 200  # tokens
SOME = 100
CALLS = Budget(name="calls", limit=10**9, unit=BudgetUnit.TOKENS, window=Window(seconds=10**9))
FILL = Budget(name="fill", limit=LIMIT, unit=BudgetUnit.TOKENS, window=Window(seconds=10**9))


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def line(kind: EventType, request: str) -> AuditEvent:
    return AuditEvent(type=kind, at=CLOCK.now(), actor="router", text=str(kind), request=request)


def reservation(budget: Budget, tokens: int) -> Reservation:
    call, worst = CLOCK.new_id(), Charge(tokens=tokens, nano_usd=0)
    return Reservation(
        id=call, request=call, model="m", endpoint="e", at=CLOCK.now(), worst=worst, budgets=(budget.name,)
    )


async def calls(store: SqliteStore) -> None:
    settles = True
    while True:
        wanted = reservation(CALLS, 10)
        await store.reserve(wanted, [CALLS], [line(EventType.INTENT, wanted.id)])
        tell(f"called {wanted.id}")
        if settles:
            settlement = Settlement(reservation=wanted.id, at=CLOCK.now(), charge=Charge(tokens=4, nano_usd=0))
            await store.settle(settlement, [line(EventType.OUTCOME, wanted.id)])
            tell(f"settled {wanted.id}")
        settles = not settles


async def some(store: SqliteStore) -> None:
    for number in range(SOME):
        await store.append([line(EventType.INTENT, str(number))])
        tell(f"called {number}")


async def fill(store: SqliteStore) -> None:
    tell("ready")
    await asyncio.to_thread(sys.stdin.readline)
    fitted = 0
    while await store.reserve(reservation(FILL, 1), [FILL], [line(EventType.INTENT, "r")]) is None:
        fitted += 1
    tell(str(fitted))


async def main() -> None:
    async with await SqliteStore.open(Path(sys.argv[1]), CLOCK, anchor=Anchor(Path(sys.argv[2]))) as store:
        await {"calls": calls, "fill": fill, "some": some}[sys.argv[3]](store)


def nursery() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    while sys.stdin.readline():
        child = os.fork()
        if child == 0:
            sys.argv[3] = "calls"
            asyncio.run(main())
            os._exit(0)
        tell(f"born {child}")


if __name__ == "__main__":
    nursery() if sys.argv[3] == "nursery" else asyncio.run(main())
