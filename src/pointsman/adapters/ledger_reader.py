"""Looks into a ledger without taking part in it: for verbs that only show. Creates nothing, writes nothing.

Blocking, and done in milliseconds. A ledger that does not exist is empty; one that cannot be read is StoreUnavailable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pointsman.adapters.store import Verified, audit_log, ledger, overrides, verify
from pointsman.adapters.store.files import LEDGER
from pointsman.adapters.store.reasons import unavailable
from pointsman.adapters.store.schema import check_version, open_reader
from pointsman.core.audit import AuditRow
from pointsman.core.fleet import Budget
from pointsman.core.snapshot import Override
from pointsman.core.usage import Usage
from pointsman.ports import AuditQuery, ModelTotal

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

    return _read(state_dir, read, Standing())


def totals(state_dir: Path, since: float) -> tuple[ModelTotal, ...]:
    return _read(state_dir, lambda connection: ledger.totals(connection, since), ())


def audit_rows(state_dir: Path, query: AuditQuery) -> tuple[AuditRow, ...]:
    """Newest first."""
    return _read(state_dir, lambda connection: audit_log.read(connection, query), ())


def verified(state_dir: Path) -> Verified | None:
    """None if there is no ledger."""
    path = state_dir / LEDGER
    try:
        return verify(path) if path.exists() else None
    except (sqlite3.Error, OSError) as error:
        raise unavailable(error) from error


def _read(state_dir: Path, read: Callable[[sqlite3.Connection], T], nothing: T) -> T:
    try:
        path = state_dir / LEDGER
        if not path.exists() or path.stat().st_size == 0:
            return nothing
        connection = open_reader(path)
        try:
            check_version(connection)
            return read(connection)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise unavailable(error) from error
