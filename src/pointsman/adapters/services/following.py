"""Follows what is being written: a command's output, or a file that grows. Bounded in memory, and nothing outlives it.

Yields pieces of whole lines. Whoever reads slowly is waited for: the pipe fills, and the writer stands.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress

from pointsman.adapters.services.commands import child_environment

_PIECE = 64 * 1024  # bytes read at once
_LINE_MOST = 256 * 1024  # bytes of a line that never ends; what is longer comes in parts
_LAST_S = 1.0  # between the end of its output and its own
_LOOK_S = 0.25  # between two looks at a file: it tells nobody that it grew


class Ended(Exception):
    """The command ended by itself; the text says why, where it said so."""


class _Lines:
    """Cuts bytes into whole lines, whatever pieces they come in."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, piece: bytes) -> list[str]:
        *whole, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _LINE_MOST:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode("utf-8", "replace").rstrip("\r") for line in whole]

    def drop(self) -> None:
        self._rest = b""


async def follow_command(
    argv: Sequence[str], environ: Mapping[str, str], more: Mapping[str, str] | None = None, *, merged: bool = False
) -> AsyncGenerator[list[str], None]:
    """Its lines as they come. Raises Ended when it ends; closing this ends it. `merged`: its complaints are lines."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if merged else asyncio.subprocess.DEVNULL,
            env={**child_environment(environ), **(more or {})},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise Ended(f"{argv[0]} is not installed" if missing else f"{argv[0]}: {error}") from None
    assert process.stdout is not None
    lines = _Lines()
    try:
        while piece := await process.stdout.read(_PIECE):
            if whole := lines.of(piece):
                yield whole
        async with asyncio.timeout(_LAST_S):  # it closed its output: it is ending, and needs no signal
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        code = await process.wait()
    raise Ended(f"{argv[0]} ended with code {code}")


async def follow_file(path: str, offset: int) -> AsyncGenerator[list[str], None]:
    """Lines written to it after `offset`. One that was emptied or replaced is read from its beginning. Never ends."""
    lines, inode = _Lines(), None
    while True:
        piece, offset, inode, fresh = await asyncio.to_thread(_grown, path, offset, inode)
        if fresh:
            lines.drop()
        if whole := lines.of(piece):
            yield whole
        if not piece:
            await asyncio.sleep(_LOOK_S)


def _grown(path: str, offset: int, inode: int | None) -> tuple[bytes, int, int | None, bool]:
    """What was written since, where that ends, which file it was, and whether it begins anew."""
    try:
        with open(path, "rb") as file:
            seen = os.fstat(file.fileno())
            fresh = seen.st_size < offset or (inode is not None and seen.st_ino != inode)
            file.seek(0 if fresh else offset)
            piece = file.read(_PIECE)
            return piece, file.tell(), seen.st_ino, fresh
    except OSError:
        return b"", 0, None, True  # not there at the moment


def size_of(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
