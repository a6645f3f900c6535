"""What a unit wrote into systemd's journal: its last lines, and those to come (protocols.md §17.1).

Reading goes by `journalctl`, as JSON; following goes on from a cursor, so that no line is lost or told twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

from pointsman.adapters.lenient import decode_json, log_text, name, one_line, record
from pointsman.adapters.services.commands import run_command
from pointsman.adapters.services.following import Ended, follow_command
from pointsman.ports import LogLine, LogPieces

_SECONDS = 5.0
MOST = 5_000  # lines looked back at
_AGAIN_S = 2.0  # before it is followed anew: journald was restarted, or its files were cleared

Sleep = Callable[[float], Awaitable[None]]


class UnitJournal:
    """The journal as one user may read it; of units of that user's manager, or of the system's."""

    def __init__(self, *, user: bool, environ: Mapping[str, str], sleep: Sleep = asyncio.sleep) -> None:
        # Not `--user`, which leaves out the journal of machines that keep it in memory only.
        self._field = "--user-unit" if user else "--unit"
        self._environ = environ
        self._sleep = sleep

    def _argv(self, unit: str, *options: str) -> tuple[str, ...]:
        fields = "--output-fields=MESSAGE,PRIORITY"
        return ("journalctl", "--quiet", "--no-pager", "--output=json", fields, *options, f"{self._field}={unit}")

    async def last(self, unit: str, lines: int) -> tuple[LogLine, ...] | str:
        """Oldest first; a sentence where it cannot be read."""
        found = await self._last(unit, lines)
        return found if isinstance(found, str) else found[0]

    async def _last(self, unit: str, lines: int) -> tuple[tuple[LogLine, ...], str | None] | str:
        """The lines, and the place after the last of them."""
        argv = self._argv(unit, f"--lines={min(max(lines, 1), MOST)}")
        ran = await run_command(argv, self._environ, _SECONDS)
        return _read(ran.out.splitlines()) if ran.ok else one_line(ran.err) or f"journalctl ended with code {ran.code}"

    async def follow(self, unit: str, lines: int, why_empty: Callable[[], Awaitable[str]]) -> LogPieces:
        found = await self._last(unit, lines)
        if isinstance(found, str):
            yield (LogLine(text=found, note=True),)
            return
        written, cursor = found
        yield written or (LogLine(text=await why_empty(), note=True),)
        while True:
            place = () if cursor is None else (f"--after-cursor={cursor}",)
            # Without --no-tail only ten lines after the cursor would come.
            argv = self._argv(unit, "--follow", "--no-tail", *place)
            try:
                async with aclosing(follow_command(argv, self._environ)) as pieces:
                    async for piece in pieces:
                        read, newest = _read(piece)
                        cursor = newest or cursor
                        if read:
                            yield read
            except Ended:
                await self._sleep(_AGAIN_S)

    async def why_empty(self, unit: str) -> str:
        """What journalctl says of the whole journal when it is not told to be quiet."""
        ran = await run_command(("journalctl", "--no-pager", "--lines=1", "--output=cat"), self._environ, _SECONDS)
        if not ran.ok or "insufficient permissions" in ran.err or "not seeing messages" in ran.err:
            may = "members of the groups adm and systemd-journal may"
            return f"the journal cannot be read by this user; {may} ({one_line(ran.err, 160)})"
        if "No journal files" in ran.err or not ran.out.strip():
            return "no journal is kept here: what units write is lost"
        return f"the journal has nothing of {unit}: it did not run since the journal begins, or writes elsewhere"


# --- pure parts ------------------------------------------------------------------------------------------------------


def _read(raw: list[str]) -> tuple[tuple[LogLine, ...], str | None]:
    read, cursor = [], None
    for each in raw:
        entry = record(decode_json(each.encode()))
        cursor = name(entry.get("__CURSOR")) or cursor
        line = read_entry(entry)
        if line is not None:
            read.append(line)
    return tuple(read), cursor


def read_entry(entry: Mapping[str, object]) -> LogLine | None:
    """One printable line, or None for what is no journal entry (trap T48)."""
    if "MESSAGE" not in entry:
        return None
    text = log_text(_message(entry["MESSAGE"]))
    priority = entry.get("PRIORITY")
    level = int(priority) if isinstance(priority, str) and priority in "01234567" and priority else None
    return LogLine(text=text, at=_seconds(entry.get("__REALTIME_TIMESTAMP")), level=level)


def _message(value: object) -> str:
    if value is None:
        return "(a line too long for the journal's JSON)"
    if isinstance(value, list) and value and all(isinstance(each, int) for each in value):
        return bytes(each & 0xFF for each in value).decode("utf-8", "replace")
    if isinstance(value, list):
        return " ".join(_message(each) for each in value)
    return str(value)


def _seconds(microseconds: object) -> float | None:
    if not isinstance(microseconds, str) or not microseconds.isascii() or not microseconds.isdigit():
        return None
    return int(microseconds[:20]) / 1e6


def clock_time(at: float | None) -> str:
    if at is None:
        return "--:--:--"
    try:
        return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "--:--:--"
