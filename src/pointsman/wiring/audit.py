"""The audit without an engine: read, verified, exported, closed in segments, erased from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.adapters.store import Anchor, Verdict
    from pointsman.core.audit import AuditRow
    from pointsman.ports import AuditQuery


async def read_audit(state_dir: Path, query: AuditQuery) -> tuple[AuditRow, ...]:
    """Newest first."""
    from pointsman.adapters import ledger_reader

    return await asyncio.to_thread(ledger_reader.audit_rows, state_dir, query)


async def verify_audit(state_dir: Path, anchor: Anchor, export: Path | None = None) -> Verdict:
    """Of the ledger's audit, or of an export of it. Never raises for what is on the disk."""
    from pointsman.adapters.store.export import inspect_file
    from pointsman.adapters.store.inspection import inspect

    if export is not None:
        return await asyncio.to_thread(inspect_file, export, anchor)
    return await asyncio.to_thread(inspect, state_dir, anchor)


def export_audit(state_dir: Path, foreign: bool) -> Iterator[str]:
    """The audit as JSON lines, oldest first. Raises StoreUnavailable."""
    from pointsman.adapters.store.export import export

    return export(state_dir, foreign=foreign)


async def rotate_audit(state_dir: Path, anchor: Anchor, keep: int | None) -> tuple[str, tuple[str, ...]]:
    """Closes a segment and deletes all but the newest `keep` (None: none); the new segment's name, and the deleted."""
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.store.segments import retire, rotate

    now = SystemClock().now()
    closed = await asyncio.to_thread(rotate, state_dir, anchor, now)
    gone = () if keep is None else await asyncio.to_thread(retire, state_dir, anchor, keep, now)
    return closed.file, gone


async def erase_foreign(state_dir: Path, anchor: Anchor, seq: int, field: str | None) -> tuple[tuple[str, ...], bool]:
    """Erases one text of others in an audit line, or all of them; their names, and whether no other process can still
    read them in the write-ahead log. Raises StoreUnavailable, or LookupError for what the line does not have."""
    from pointsman.adapters import ledger_reader
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.store import SqliteStore
    from pointsman.core.narrate import erased

    there = await asyncio.to_thread(ledger_reader.foreign_fields, state_dir, seq)
    fields = there if field is None else (field,)
    if not set(fields) <= set(there) or not fields:
        raise LookupError(f"line {seq} has no such text of others" + (f"; it has: {', '.join(there)}" if there else ""))
    clock = SystemClock()
    async with await SqliteStore.open(state_dir, clock, anchor=anchor) as store:
        return fields, await store.erase(seq, fields, erased(seq, fields, clock.now()))
