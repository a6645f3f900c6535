"""The end of a log file, line by line, each made harmless, and what is written to it from then on. Blocking parts are
called in threads."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing

from pointsman.adapters.lenient import log_text, one_line
from pointsman.adapters.services.following import follow_file
from pointsman.ports import LogLine, LogPieces

_TAIL = 512 * 1024  # bytes looked at, at most
_MOST = 5_000
Found = tuple[tuple[str, ...], int]  # the lines, and the place in the file after them


def last_lines(path: str | os.PathLike[str], lines: int) -> tuple[str, ...]:
    """The last lines, oldest first; one that says why when there are none."""
    try:
        found, _ = _tail(path, lines)
    except OSError as error:
        return (f"its log cannot be read: {error.strerror}",)
    return tuple(one_line(line, 500) for line in found) or ("it has written nothing",)


def _tail(path: str | os.PathLike[str], lines: int) -> Found:
    """Raises OSError."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _TAIL, 0))
        piece = file.read(_TAIL)
    whole, newline, _ = piece.rpartition(b"\n")  # a line that is being written is told once it is whole
    end = max(size - _TAIL, 0) + len(whole) + len(newline)
    found = whole.decode("utf-8", "replace").splitlines()
    if size > _TAIL:
        found = found[1:]  # the first one is cut somewhere
    return tuple(found[-max(1, min(lines, _MOST)) :]), end


async def follow_log(path: str, lines: int) -> LogPieces:
    """The last lines, or a note why there are none; then what is written, as it is."""
    try:
        found, end = await asyncio.to_thread(_tail, path, lines)
    except OSError as error:
        found, end = (), 0
        yield (LogLine(text=f"its log cannot be read: {error.strerror} ({one_line(path)})", note=True),)
    else:
        yield _told(found) or (LogLine(text="it has written nothing", note=True),)
    async with aclosing(follow_file(path, end)) as pieces:
        async for piece in pieces:
            yield _told(piece)


def _told(lines: tuple[str, ...] | list[str]) -> tuple[LogLine, ...]:
    return tuple(LogLine(text=log_text(line)) for line in lines)
