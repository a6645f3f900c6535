"""Keeps the anchor level with the audit: one checkpoint after each commit that added lines, under the write lock."""

from __future__ import annotations

import sqlite3

from pointsman.adapters.store import audit_log
from pointsman.adapters.store.anchor import Anchor, BadAnchor, Checkpoint
from pointsman.core.audit import AuditEvent, EventType
from pointsman.ports import StoreUnavailable


class Anchored:
    """Called by the writer after its commits. What it raises fails the work: a line without its checkpoint is not yet
    trusted, and nothing may leave the machine on the strength of it."""

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._level: int | None = None  # the newest line known to be anchored

    def __call__(self, connection: sqlite3.Connection) -> None:
        head = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        if head is None or head[0] == self._level:
            return
        checkpoint = Checkpoint(*head)
        try:
            if self._anchor.last() != checkpoint:  # another process may have written it
                self._anchor.append(checkpoint)
        except BadAnchor as bad:
            raise StoreUnavailable(f"{self._anchor.path}: {bad}") from None
        self._level = checkpoint.size

    def begin(self, connection: sqlite3.Connection, now: float) -> None:
        """Makes a missing anchor; over an audit that has lines already, with a line that says so."""
        if self._anchor.exists():
            return
        size = audit_log.size(connection)
        self._anchor.begin()
        if size:
            line = AuditEvent(
                type=EventType.ANCHOR,
                at=now,
                actor="router",
                text=f"the audit's anchor was missing and begins anew after {size} lines",
                rule="anchor-begun",
                data={"lines": size},
            )
            audit_log.append(connection, audit_log.lines_of([line]))
