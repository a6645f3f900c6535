"""Recordings on the disk: written line by line and readable by the user alone; never over another file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from pointsman.core.tape import Tape, read_tape

LARGEST = 512 * 1024**2  # bytes of a recording that is read


class TapeFile:
    """A new file, mode 0600. What cannot be written ends the recording, never the run; `problem` then says why."""

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        """Raises OSError: it is there already, or cannot be made."""
        self.path = path
        self.problem: str | None = None
        self._redact = redact
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file: IO[str] | None = os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")

    def write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        text = json.dumps(line, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        try:
            self._file.write(self._redact(text) + "\n")
            self._file.flush()
        except OSError as error:
            self.problem = f"the recording {self.path} ended: {error.strerror}"
            self._close_quietly(self._file)

    def _close_quietly(self, file: IO[str]) -> None:
        self._file = None
        try:
            file.close()
        except OSError:
            return  # said already

    def close(self) -> None:
        if self._file is not None:
            self._close_quietly(self._file)


def read_file(path: Path) -> Tape:
    """Raises ValueError, in words for the user, for what is no recording or cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if os.fstat(file.fileno()).st_size > LARGEST:
                raise ValueError(f"{path} is larger than {LARGEST // 1024**2} MiB")
            return read_tape(file)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from None
