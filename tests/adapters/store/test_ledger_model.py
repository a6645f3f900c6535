"""The ledger against a model of a few lines: whatever happens in whatever order, the figures agree and limits hold (B7)."""

from __future__ import annotations

import sqlite3

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.adapters.store import audit_log, ledger
from pointsman.adapters.store.schema import migrate
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit, Window
from pointsman.ports import Charge, Reservation, Settlement
from support.soak import SOAK

HOUR, DAY = 3600, 86400
BUDGETS = {
    "rolling": Budget(name="rolling", limit=100, unit=BudgetUnit.TOKENS, window=Window(seconds=HOUR)),
    "day": Budget(name="day", limit=1000, unit=BudgetUnit.NANO_USD, window=Window(calendar="day")),
}


def line(kind: EventType) -> tuple[audit_log.Line, ...]:
    return audit_log.lines_of([AuditEvent(type=kind, at=0.0, actor="router", text="x")])


class Entry:
    """What the model knows of a call."""

    def __init__(self, at: float, worst: Charge, budgets: tuple[str, ...], instance: str) -> None:
        self.at, self.worst, self.budgets, self.instance = at, worst, budgets, instance
        self.charge: Charge | None = None

    def amount(self, name: str) -> int:
        charge = self.charge or self.worst
        return charge.tokens if name == "rolling" else charge.nano_usd


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection)
        for instance in "ab":
            self.connection.execute("INSERT INTO instance VALUES (?, 1, 0, 0)", (instance,))
        self.now = self.newest = 10.5 * DAY
        self.calls: dict[str, Entry] = {}
        self.intents = 0

    def counted(self, name: str) -> list[Entry]:
        at = max(self.now, self.newest) if self.calls else self.now
        start = at - HOUR if name == "rolling" else at // DAY * DAY
        entries = [entry for entry in self.calls.values() if name in entry.budgets]
        return [e for e in entries if (e.at > start if name == "rolling" else e.at >= start)]

    def used(self, name: str) -> int:
        return sum(entry.amount(name) for entry in self.counted(name))

    @rule(seconds=st.sampled_from([1, 600, HOUR - 1, HOUR, 8 * HOUR, -1, -HOUR, -2 * DAY]))
    def time_passes_or_is_set_back(self, seconds):
        self.now += seconds

    @rule(
        tokens=st.integers(0, 60),
        nano_usd=st.integers(0, 400),
        budgets=st.sampled_from([("rolling",), ("day",), ("rolling", "day"), ()]),
        instance=st.sampled_from("ab"),
    )
    def reserve(self, tokens, nano_usd, budgets, instance):
        id = f"c{len(self.calls)}"
        at = max(self.now, self.newest) if self.calls else self.now
        entry = Entry(at, Charge(tokens=tokens, nano_usd=nano_usd), budgets, instance)
        wanted = Reservation(
            id=id, request=id, model="m", endpoint="e", at=self.now, worst=entry.worst, budgets=budgets
        )
        chosen = [BUDGETS[name] for name in budgets]
        full = ledger.reserve(self.connection, wanted, chosen, line(EventType.INTENT), instance)
        fits = all(self.used(name) + entry.amount(name) <= BUDGETS[name].limit for name in budgets)
        assert (full is None) == fits
        if full is None:
            self.calls[id], self.newest = entry, at
            self.intents += 1
        else:
            assert full.used == self.used(full.budget) and full.used + full.wanted > full.limit

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), share=st.integers(0, 120))
    def settle(self, data, share):
        id = data.draw(st.sampled_from(sorted(self.calls)))
        entry = self.calls[id]
        charge = Charge(tokens=entry.worst.tokens * share // 100, nano_usd=entry.worst.nano_usd * share // 100)
        settlement = Settlement(reservation=id, at=self.now, charge=charge)
        ledger.settle(self.connection, settlement, line(EventType.OUTCOME))
        entry.charge = entry.charge or charge  # only the first one counts, and none after a recovery

    @rule(dead=st.sampled_from(["a", "b", "ab", ""]))
    def recover(self, dead):
        orphans = [e for e in self.calls.values() if e.charge is None and e.instance in dead]
        assert ledger.recover(self.connection, self.now, lambda instance: instance not in dead) == len(orphans)
        for entry in orphans:
            entry.charge = entry.worst

    @invariant()
    def figures_agree(self):
        for name, usage in ledger.usage(self.connection, list(BUDGETS.values()), self.now).items():
            entries = self.counted(name)
            assert usage.reserved == sum(e.amount(name) for e in entries if e.charge is None)
            assert usage.spent == sum(e.amount(name) for e in entries if e.charge is not None)

    @invariant()
    def every_call_has_its_intent_line(self):
        (intents,) = self.connection.execute("SELECT count(*) FROM audit WHERE type = 'intent'").fetchone()
        (linked,) = self.connection.execute(
            "SELECT count(*) FROM reservation JOIN audit ON audit.seq = intent_seq AND audit.type = 'intent'"
        ).fetchone()
        assert intents == linked == self.intents == len(self.calls)

    def teardown(self):
        self.connection.close()


TestLedgerModel = LedgerMachine.TestCase
TestLedgerModel.settings = settings(max_examples=60 * SOAK, stateful_step_count=30, derandomize=True)
