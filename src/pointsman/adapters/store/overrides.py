"""Standing instructions as rows. Their history is the audit's, so a row may be replaced and removed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from pointsman.adapters.store import audit_log
from pointsman.adapters.store.foreign import Line
from pointsman.core.fleet import BudgetUnit
from pointsman.core.snapshot import Override, OverrideKind


def put(connection: sqlite3.Connection, override: Override, lines: Sequence[Line]) -> None:
    """Writes the override, replacing one of the same id, with its audit lines."""
    connection.execute(
        "INSERT OR REPLACE INTO override (id, kind, scope, model, source, created_at, expires_at, reason, cap, unit)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            override.id,
            str(override.kind),
            override.scope,
            override.model,
            override.source,
            override.created_at,
            override.expires_at,
            override.reason,
            override.cap,
            override.unit and str(override.unit),
        ),
    )
    audit_log.append(connection, lines)


def drop(connection: sqlite3.Connection, override_id: str, lines: Sequence[Line]) -> None:
    """Removes the override and writes its lines; without such an override nothing happened and nothing is written."""
    if connection.execute("DELETE FROM override WHERE id = ?", (override_id,)).rowcount:
        audit_log.append(connection, lines)


def active(connection: sqlite3.Connection, now: float) -> tuple[Override, ...]:
    """Those not expired, oldest first. A ledger from before there were caps has no columns for them."""
    found = connection.execute(
        "SELECT * FROM override WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at, id", (now,)
    )
    names = [column for column, *_ in found.description]
    return tuple(_override(dict(zip(names, row, strict=True))) for row in found)


def _override(row: dict[str, Any]) -> Override:
    unit = row.get("unit")
    return Override(**{**row, "kind": OverrideKind(row["kind"]), "unit": unit and BudgetUnit(unit)})
