"""Looks into a ledger without taking part in it: for verbs that only show. Creates nothing, writes nothing.

Blocking, and done in milliseconds. A ledger that does not exist is empty; one that cannot be read is StoreUnavailable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pointsman.adapters.store import Anchor, Verdict, audit_log, inspect, ledger, measurements, overrides
from pointsman.adapters.store.files import LEDGER
from pointsman.adapters.store.reasons import unavailable
from pointsman.adapters.store.schema import check_version, open_reader
from pointsman.core.audit import AuditRow
from pointsman.core.fleet import Budget
from pointsman.core.measured import Measurement
from pointsman.core.snapshot import Override
from pointsman.core.usage import Usage, window_bounds
from pointsman.ports import AuditQuery, ModelTotal, StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What routing needs of a ledger."""

    usage: dict[str, Usage] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()


def standing(state_dir: Path, budgets: Sequence[Budget], now: float) -> Standing:
    def read(connection: sqlite3.Connection) -> Standing:
        usage = ledger.usage(connection, budgets, now)
        return Standing(usage=dict(usage), overrides=overrides.active(connection, now))

    return _read(state_dir, read, Standing(usage={budget.name: _untouched(budget, now) for budget in budgets}))


def _untouched(budget: Budget, now: float) -> Usage:
    start, end = window_bounds(budget.window, now)
    return Usage(budget=budget.name, spent=0, limit=budget.limit, window_start=start, resets_at=end)


def totals(state_dir: Path, since: float) -> tuple[ModelTotal, ...]:
    return _read(state_dir, lambda connection: ledger.totals(connection, since), ())


def audit_rows(state_dir: Path, query: AuditQuery) -> tuple[AuditRow, ...]:
    """Newest first."""
    return _read(state_dir, lambda connection: audit_log.read(connection, query), ())


def measured(state_dir: Path) -> tuple[Measurement, ...]:
    return _read(state_dir, measurements.newest, ())


def verified(state_dir: Path, anchor: Path) -> Verdict:
    """Never raises: a ledger that is missing or cannot be read is a verdict, too."""
    return inspect(state_dir, Anchor(anchor))


def foreign_fields(state_dir: Path, seq: int) -> tuple[str, ...]:
    """Which texts of others stand in that audit line and can be erased."""
    return _read(state_dir, lambda connection: audit_log.foreign_fields(connection, seq), ())


def _ledger(state_dir: Path) -> Path | None:
    """The ledger's file, None if there is none yet."""
    if state_dir.exists() and not state_dir.is_dir():
        raise StoreUnavailable(f"{state_dir} is not a directory")
    try:
        path = state_dir / LEDGER
        return path if path.stat().st_size else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(error) from error


def _read(state_dir: Path, read: Callable[[sqlite3.Connection], T], nothing: T) -> T:
    path = _ledger(state_dir)
    if path is None:
        return nothing
    try:
        connection = open_reader(path)
        try:
            check_version(connection)
            return read(connection)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise unavailable(error) from error
