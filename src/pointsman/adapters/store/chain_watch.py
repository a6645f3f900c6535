"""Keeps an eye on the audit while the program runs: all of it once, afterwards only what was added. Blocking.

The first look goes slowly, so that opening a large audit does not take a core from the screen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pointsman.adapters.store.anchor import Anchor
from pointsman.adapters.store.audit_log import line_hash
from pointsman.adapters.store.files import LEDGER
from pointsman.adapters.store.inspection import Code, Verdict, inspect
from pointsman.adapters.store.pace import QUICK, Abandoned, Pace
from pointsman.adapters.store.schema import open_reader
from pointsman.core.audit import AuditState

_ADDED = "SELECT seq, prev, CAST(body AS BLOB), hash FROM audit WHERE seq >= ? ORDER BY seq"


class ChainWatch:
    def __init__(self, state_dir: Path, anchor: Anchor | None) -> None:
        self._state_dir = state_dir
        self._anchor = anchor
        self._seen: tuple[int, bytes, int] | None = None  # last good line, its hash, how many lines
        self._judged, self._told = False, 0
        self._tell: Callable[[AuditState], None] = _nobody
        self._pace = Pace(self._so_far)

    def stop(self) -> None:
        """A look under way ends soon, with what was known before."""
        self._pace.stop()

    def look(self, tell: Callable[[AuditState], None] | None = None) -> AuditState:
        """Whatever does not fit is looked at once more with every rule, for the sentence that says what it is. `tell`
        hears how far the first look is, in the thread of the caller."""
        self._tell = tell or _nobody
        if self._seen is None or not self._follows(*self._seen):
            return self._whole()
        _, head, lines = self._seen
        return AuditState(lines=lines, head=head.hex())

    def _so_far(self, lines: int) -> None:
        """Now and then: each word of it is drawn."""
        if not self._judged and lines >= self._told + QUICK:
            self._told = lines
            self._tell(AuditState(checking=lines))

    def _whole(self) -> AuditState:
        try:
            verdict = inspect(self._state_dir, self._anchor, self._pace)
        except Abandoned:
            return AuditState()
        self._judged = True
        if verdict.code is Code.NOT_RUN:
            return AuditState(problem=None if verdict.lines == 0 else verdict.why)
        if not verdict.intact:
            return AuditState(lines=verdict.lines, head=verdict.head.hex(), problem=_sentence(verdict))
        self._seen = (self._last(verdict), verdict.head, verdict.lines)
        return AuditState(lines=verdict.lines, head=verdict.head.hex())

    def _last(self, verdict: Verdict) -> int:
        with closing(open_reader(self._state_dir / LEDGER)) as connection:
            found = connection.execute("SELECT seq FROM audit WHERE hash = ?", (verdict.head,)).fetchone()
        return int(found[0]) if found else 0

    def _follows(self, last: int, head: bytes, lines: int) -> bool:
        """Is the last good line still there, and does all that came since continue it and its anchor?"""
        try:
            with closing(open_reader(self._state_dir / LEDGER)) as connection:
                rows = connection.execute(_ADDED, (last,)).fetchall()
        except sqlite3.Error:
            return False
        if not rows or rows[0][0] != last or rows[0][3] != head:
            return False
        for seq, prev, body, digest in rows[1:]:
            if seq != last + 1 or prev != head or digest != line_hash(prev, body):
                return False
            last, head, lines = seq, digest, lines + 1
        self._seen = (last, head, lines)
        return self._anchor is None or self._anchored_at(last)

    def _anchored_at(self, last: int) -> bool:
        newest = self._anchor.last() if self._anchor is not None and self._anchor.exists() else None
        return newest is not None and newest.size <= last


def _nobody(_: AuditState) -> None:
    """Nobody asked how far it is."""


def _sentence(verdict: Verdict) -> str:
    where = "" if verdict.bad is None else f" at line {verdict.bad}"
    word = "is shorter than it was" if verdict.code is Code.SHORT else "was altered"
    return f"the audit {word}{where}: {verdict.why}"
