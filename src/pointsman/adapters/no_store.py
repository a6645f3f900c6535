"""The store when there is none: nothing recorded, nothing known. Policy then keeps everything on this machine (K10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pointsman.core.attempts import TaskOutcome
from pointsman.core.audit import AuditEvent, AuditRow, AuditState
from pointsman.core.fleet import Budget
from pointsman.core.snapshot import Override
from pointsman.core.usage import Usage
from pointsman.ports import AuditQuery, BudgetFull, ModelTotal, Reservation, Settlement, StoreUnavailable


class NoStore:
    """`ports.Store` that refuses every write with the reason why the real one could not be opened."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def reserve(
        self, reservation: Reservation, budgets: Sequence[Budget], intent: Sequence[AuditEvent]
    ) -> BudgetFull | None:
        raise StoreUnavailable(self._reason)

    async def settle(self, settlement: Settlement, lines: Sequence[AuditEvent]) -> None:
        raise StoreUnavailable(self._reason)

    async def append(self, lines: Sequence[AuditEvent]) -> None:
        raise StoreUnavailable(self._reason)

    async def put_override(self, override: Override, line: AuditEvent) -> None:
        raise StoreUnavailable(self._reason)

    async def drop_override(self, override_id: str, line: AuditEvent) -> None:
        raise StoreUnavailable(self._reason)

    async def put_outcome(self, outcome: TaskOutcome, lines: Sequence[AuditEvent]) -> None:
        raise StoreUnavailable(self._reason)

    async def outcomes(self, task: str) -> tuple[TaskOutcome, ...]:
        return ()

    async def recover(self, now: float) -> int:
        return 0

    async def usage(self, budgets: Sequence[Budget], now: float) -> Mapping[str, Usage]:
        return {}

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        return ()

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        return {}

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        return ()

    async def audit_size(self) -> int:
        return 0

    async def check_audit(self, tell: Callable[[AuditState], None] | None = None) -> AuditState:
        return AuditState()

    async def overrides(self, now: float) -> tuple[Override, ...]:
        return ()

    async def doubtful(self) -> bool:
        return False  # it is known

    async def writable(self) -> str | None:
        return self._reason

    async def aclose(self) -> None:
        """Nothing is open."""
