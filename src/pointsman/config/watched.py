"""The configuration's file while the program runs: has it been changed, and what does it say now?"""

from __future__ import annotations

from pathlib import Path

from pointsman.config.settings import Settings, load

_Stamp = tuple[int, int, int] | None  # time of change, size, inode; None: not there


class WatchedFile:
    """Blocking: to be called from a thread."""

    def __init__(self, path: Path, policy: str | None) -> None:
        self._path, self._policy = path, policy
        self._read = self._seen = self._stamp()

    def changed(self) -> bool:
        """Is it another file than was last read, and the same as at the last look? Half a file may be valid and mean
        something else, so an editor that is still writing is waited for."""
        before, self._seen = self._seen, self._stamp()
        return self._seen != self._read and self._seen == before

    def read(self) -> Settings:
        """Raises ConfigError."""
        self._read = self._seen = self._stamp()
        return load(self._path, self._policy)

    def _stamp(self) -> _Stamp:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
