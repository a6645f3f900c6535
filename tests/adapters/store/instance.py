"""One instance of the program, as a process of its own: `python instance.py STATE_DIR WORK`. Prints what it was told.

calls   reserves, "calls", settles every second call and reserves again, until killed; prints each committed step
fill    waits for a line on stdin, then reserves single tokens until the budget is full; prints how many fitted
lines   appends 20 lines one after another; prints each number once it is durable
"""

import asyncio
import sys
from pathlib import Path

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit, Window
from pointsman.ports import Charge, Reservation, Settlement

CLOCK = SystemClock()


def line(kind: EventType, request: str) -> AuditEvent:
    return AuditEvent(type=kind, at=CLOCK.now(), actor="router", text=str(kind), request=request)


def reservation(budget: Budget, tokens: int) -> Reservation:
    id = CLOCK.new_id()
    worst = Charge(tokens=tokens, nano_usd=0)
    return Reservation(id=id, request=id, model="m", endpoint="e", at=CLOCK.now(), worst=worst, budgets=(budget.name,))


async def calls(store: SqliteStore) -> None:
    budget = Budget(name="b", limit=10**9, unit=BudgetUnit.TOKENS, window=Window(calendar="day"))
    settles = True
    while True:
        wanted = reservation(budget, 10)
        await store.reserve(wanted, [budget], [line(EventType.INTENT, wanted.id)])
        print("called", wanted.id, flush=True)
        if settles:
            charge = Charge(tokens=4, nano_usd=0)
            settlement = Settlement(reservation=wanted.id, at=CLOCK.now(), charge=charge)
            await store.settle(settlement, [line(EventType.OUTCOME, wanted.id)])
            print("settled", wanted.id, flush=True)
        settles = not settles


async def fill(store: SqliteStore) -> None:
    budget = Budget(name="b", limit=200, unit=BudgetUnit.TOKENS, window=Window(seconds=10**9))
    print("ready", flush=True)
    sys.stdin.readline()
    fitted = 0
    while await store.reserve(reservation(budget, 1), [budget], [line(EventType.INTENT, "r")]) is None:
        fitted += 1
    print(fitted, flush=True)


async def lines(store: SqliteStore) -> None:
    for number in range(20):
        await store.append([line(EventType.INTENT, str(number))])
        print(f"ack {number}", flush=True)


async def main() -> None:
    async with await SqliteStore.open(Path(sys.argv[1]), CLOCK) as store:
        await {"calls": calls, "fill": fill, "lines": lines}[sys.argv[2]](store)


asyncio.run(main())
