"""The audit as JSON lines that anybody can verify with the standard library (docs/verify_export.py).

One line of the audit a line: number, previous hash, body byte for byte, hash; at the end the checkpoint. Foreign texts
are only in it when asked for: their salted hashes always are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from pointsman.adapters.store.anchor import Anchor, BadAnchor, Checkpoint, parse_checkpoint
from pointsman.adapters.store.audit_log import decoded
from pointsman.adapters.store.files import LEDGER
from pointsman.adapters.store.foreign import canonical
from pointsman.adapters.store.inspection import (
    Code,
    Misfit,
    Row,
    Verdict,
    Walk,
    failed,
    not_run,
    nothing_strays,
    reaches_the_anchor,
    sound,
    start,
    stored_copies,
)
from pointsman.adapters.store.reasons import unavailable
from pointsman.adapters.store.schema import open_reader
from pointsman.adapters.store.segments import chain_of
from pointsman.core.audit import EventType

_KEYS = frozenset({"seq", "prev", "body", "hash", "foreign", "checkpoint"})


def export(state_dir: Path, *, foreign: bool = False) -> Iterator[str]:
    """The lines, oldest first, without their newlines. Raises StoreUnavailable."""
    try:
        yield from _export(state_dir, foreign)
    except (sqlite3.Error, OSError) as error:
        raise unavailable(error) from error


def _export(state_dir: Path, foreign: bool) -> Iterator[str]:
    with closing(open_reader(state_dir / LEDGER)) as connection:
        kept = _kept(connection) if foreign else {}
        for closed in chain_of(state_dir, connection):
            with closing(open_reader(state_dir / closed.file)) as segment:
                yield from _lines(segment, kept)
        yield from _lines(connection, kept)
        newest = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    if newest is not None:
        yield canonical({"checkpoint": str(Checkpoint(*newest))})


def _kept(connection: sqlite3.Connection) -> dict[int, dict[str, list[str]]]:
    kept: dict[int, dict[str, list[str]]] = {}
    for seq, name, salt, value in connection.execute("SELECT seq, field, salt, value FROM payload"):
        kept.setdefault(seq, {})[name] = [salt.hex(), value]
    return kept


def _lines(connection: sqlite3.Connection, kept: dict[int, Any]) -> Iterator[str]:
    for seq, prev, body, digest in connection.execute("SELECT seq, prev, body, hash FROM audit ORDER BY seq"):
        record = {"seq": seq, "prev": prev.hex(), "body": body, "hash": digest.hex()}
        yield canonical(record | ({"foreign": kept[seq]} if seq in kept else {}))


def inspect_export(lines: Iterable[str], anchor: Anchor | None) -> Verdict:
    """`lines` as read from the file, without their newlines. An export without foreign texts is whole."""
    walk = Walk({})
    try:
        checkpoints = start(walk, anchor)
        newest = None
        for number, line in enumerate(lines, start=1):
            if newest is not None:
                raise Misfit(None, "something follows the checkpoint")
            newest = _take(walk, number, line)
        if newest is None or (newest.size, newest.head) != ((walk.expected or 1) - 1, walk.head):
            raise Misfit(walk.expected, "the export does not end with the checkpoint of its last line", Code.SHORT)
        reaches_the_anchor(walk)
    except Misfit as found:
        return failed(walk, found)
    return sound(walk, checkpoints)


def _take(walk: Walk, number: int, line: str) -> Checkpoint | None:
    """Takes a line of the audit; a checkpoint is returned."""
    try:
        record = decoded(line)
        if canonical(record) != line or not record.keys() <= _KEYS:
            raise ValueError("not as it was written")
        if "checkpoint" in record:
            return parse_checkpoint(record["checkpoint"])
        row = _row(record)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BadAnchor):
        raise Misfit(walk.expected, f"line {number} of the export is not as it was written") from None
    if walk.expected is None and row.value.get("type") == EventType.ROTATED:
        walk.head = row.prev  # earlier segments are not in it
    walk.take(row)
    nothing_strays(walk, {row.seq: row.kept})
    return None


def _row(record: dict[str, Any]) -> Row:
    value = decoded(record["body"])
    kept = {name: (_from_hex(salt), text.encode()) for name, (salt, text) in record.get("foreign", {}).items()}
    prev, digest = _from_hex(record["prev"]), _from_hex(record["hash"])
    return Row(record["seq"], prev, record["body"].encode(), digest, stored_copies(value), value, kept)


def _from_hex(text: str) -> bytes:
    found = bytes.fromhex(text)
    if found.hex() != text:  # capitals and spaces say the same, but nobody wrote them
        raise ValueError("not as it was written")
    return found


def inspect_file(path: Path, anchor: Anchor | None) -> Verdict:
    """`inspect_export` of the file at `path`. Never raises for what is on the disk."""
    try:
        lines = tuple(_read(path))
    except Misfit as found:
        return failed(Walk({}), found)
    return inspect_export(lines, anchor)


def _read(path: Path) -> Iterator[str]:
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise not_run(f"{path} cannot be read: {error.strerror}") from None
    if not text.endswith("\n"):
        raise Misfit(None, "the export's last line is not whole", Code.SHORT)
    yield from text[:-1].split("\n")
