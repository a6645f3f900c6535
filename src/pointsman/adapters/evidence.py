"""Evidence artifacts as files that only their owner can read, written once. The audit line of one holds its hash.

Must never overwrite: a second artifact of the same id is refused.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from pointsman.ports import StoreUnavailable

DIRECTORY = "evidence"  # below the state directory
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class FileEvidence:
    """`ports.EvidenceBox` in `state_dir/evidence/<id>.json`."""

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / DIRECTORY

    async def keep(self, evidence_id: str, text: str) -> None:
        await asyncio.to_thread(self._write, self._path(evidence_id), text)

    async def read(self, evidence_id: str) -> str:
        try:
            return await asyncio.to_thread(self._path(evidence_id).read_text, "utf-8")
        except FileNotFoundError:
            raise LookupError(f"there is no evidence {evidence_id!r}") from None
        except OSError as error:
            raise StoreUnavailable(f"evidence {evidence_id} cannot be read: {error.strerror}") from error

    def _path(self, evidence_id: str) -> Path:
        if _ID.fullmatch(evidence_id) is None:
            raise LookupError(f"no id of an artifact: {evidence_id!r}")
        return self._directory / f"{evidence_id}.json"

    def _write(self, path: Path, text: str) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_new(path, text.encode())
            _sync(self._directory)
        except OSError as error:
            raise StoreUnavailable(f"evidence {path.stem} cannot be written: {error.strerror}") from error


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
