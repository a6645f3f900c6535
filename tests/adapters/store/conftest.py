"""A store in a fresh directory, and short ways to write the values it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit, Window
from pointsman.ports import Charge, Reservation, Settlement


class Make:
    """Builds values with everything that a test does not care about filled in."""

    def budget(self, name: str = "day", limit: int = 100, unit: str = "tokens", window: Window | None = None) -> Budget:
        return Budget(name=name, limit=limit, unit=BudgetUnit(unit), window=window or Window(calendar="day"))

    def reservation(
        self,
        id: str,
        tokens: int = 10,
        at: float = 1000.0,
        budgets: tuple[str, ...] = ("day",),
        nano_usd: int | None = 0,
    ) -> Reservation:
        worst = Charge(tokens=tokens, nano_usd=nano_usd)
        return Reservation(
            id=id, request=f"request-{id}", model="opus", endpoint="anthropic", at=at, worst=worst, budgets=budgets
        )

    def settlement(self, id: str, tokens: int = 5, at: float = 1001.0, **more: object) -> Settlement:
        nano_usd = more.pop("nano_usd", 0)
        charge = Charge(tokens=tokens, nano_usd=nano_usd)  # type: ignore[arg-type]
        return Settlement(reservation=id, at=at, charge=charge, **more)  # type: ignore[arg-type]

    def line(self, text: str = "a line", type: str = "intent", **more: object) -> AuditEvent:
        return AuditEvent(type=EventType(type), at=1000.0, actor="router", text=text, **more)  # type: ignore[arg-type]


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
async def store(state_dir: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(state_dir, SystemClock()) as opened:
        yield opened


@pytest.fixture
def open_store(state_dir: Path) -> Callable[[], object]:
    """Opens one more instance on the same file."""
    return lambda: SqliteStore.open(state_dir, SystemClock())
