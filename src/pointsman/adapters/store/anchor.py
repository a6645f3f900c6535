"""The anchor: a file outside the ledger's directory that says how far the audit had come, and with which hash.

One checkpoint a line, `ORIGIN SIZE BASE64(HEAD)`, flushed after every commit that added lines, never rewritten here.
A ledger that is ahead of its anchor met a crash in between; one that is behind it lost lines or was tampered with.
Knows nothing of SQLite, and decides nothing.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pointsman.adapters.store.pace import Paced, at_once
from pointsman.ports import StoreUnavailable

ORIGIN = "pointsman-audit-v1"
_HASH_BYTES = 32
_TAIL = 256  # bytes; longer than any checkpoint


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The audit's line `size` has the hash `head`."""

    size: int
    head: bytes

    def __str__(self) -> str:
        return f"{ORIGIN} {self.size} {base64.b64encode(self.head).decode()}"


class BadAnchor(Exception):
    """A line of the anchor that no Pointsman has written."""


def parse_checkpoint(line: str) -> Checkpoint:
    """Raises BadAnchor unless the line is exactly what `str` of a checkpoint writes."""
    try:
        _, size, head = line.split(" ")
        found = Checkpoint(int(size), base64.b64decode(head, validate=True))
    except (ValueError, binascii.Error):
        raise BadAnchor("a line of the anchor cannot be read") from None
    if str(found) != line or found.size < 1 or len(found.head) != _HASH_BYTES:
        raise BadAnchor("a line of the anchor is not as it was written")
    return found


class Anchor:
    """The file at `path`. `witness` is told every checkpoint as well, if there is one (a journal of another owner)."""

    def __init__(self, path: Path, witness: Callable[[Checkpoint], None] | None = None) -> None:
        self.path = path
        self._witness = witness

    def exists(self) -> bool:
        return self.path.exists()

    def begin(self) -> None:
        """Makes the empty file (0600, a new directory 0700). Raises StoreUnavailable."""
        try:
            self.path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
            _sync_directory(self.path.parent)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def last(self) -> Checkpoint | None:
        """The newest whole checkpoint, None if there is none. Raises StoreUnavailable or BadAnchor."""
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - _TAIL))
                tail = file.read()
        except OSError as error:
            raise _unwritable(self.path, error) from error
        lines = tail.split(b"\n")[:-1]  # what follows the last newline is the half line of a crash
        return parse_checkpoint(lines[-1].decode("ascii", "replace")) if lines else None

    def append(self, checkpoint: Checkpoint) -> None:
        """Durable when this returns. Never makes the file: one that vanished is told. Raises StoreUnavailable."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                _write_line(descriptor, str(checkpoint))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        if self._witness is not None:
            self._witness(checkpoint)

    def checkpoints(self, paced: Paced = at_once) -> tuple[Checkpoint, ...] | None:
        """All of them, oldest first; None if the file is missing. Raises BadAnchor, or OSError if it cannot be read."""
        try:
            written = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return tuple(parse_checkpoint(line.decode("ascii", "replace")) for line in paced(written.split(b"\n")[:-1]))


def _write_line(descriptor: int, line: str) -> None:
    """In one write. After a crash's half line, the file is first cut back to its last whole one."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    if end and os.pread(descriptor, 1, end - 1) != b"\n":
        tail = os.pread(descriptor, _TAIL, max(0, end - _TAIL))
        os.ftruncate(descriptor, end - len(tail) + tail.rfind(b"\n") + 1)
    data = (line + "\n").encode("ascii")
    if os.write(descriptor, data) != len(data):
        raise OSError(28, os.strerror(28))  # ENOSPC: part of the line went in, and the next write cuts it off


def _unwritable(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"the audit's anchor {path} cannot be used ({os.strerror(error.errno or 0)})")


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
