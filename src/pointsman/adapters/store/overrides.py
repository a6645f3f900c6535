"""Standing instructions as rows. Their history is the audit's, so a row may be replaced and removed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from pointsman.adapters.store import audit_log
from pointsman.adapters.store.foreign import Line
from pointsman.core.snapshot import Override, OverrideKind


def put(connection: sqlite3.Connection, override: Override, lines: Sequence[Line]) -> None:
    """Writes the override, replacing one of the same id, with its audit lines."""
    connection.execute(
        "INSERT OR REPLACE INTO override (id, kind, scope, model, source, created_at, expires_at, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            override.id,
            str(override.kind),
            override.scope,
            override.model,
            override.source,
            override.created_at,
            override.expires_at,
            override.reason,
        ),
    )
    audit_log.append(connection, lines)


def drop(connection: sqlite3.Connection, override_id: str, lines: Sequence[Line]) -> None:
    """Removes the override and writes its lines; without such an override nothing happened and nothing is written."""
    if connection.execute("DELETE FROM override WHERE id = ?", (override_id,)).rowcount:
        audit_log.append(connection, lines)


def active(connection: sqlite3.Connection, now: float) -> tuple[Override, ...]:
    """Those not expired, oldest first."""
    rows = connection.execute(
        "SELECT id, kind, scope, model, source, created_at, expires_at, reason FROM override"
        " WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at, id",
        (now,),
    )
    return tuple(
        Override(
            id=override_id,
            kind=OverrideKind(kind),
            scope=scope,
            model=model,
            source=source,
            created_at=created_at,
            expires_at=expires_at,
            reason=reason,
        )
        for override_id, kind, scope, model, source, created_at, expires_at, reason in rows
    )
