"""Who may read the store's files, and the locks between processes. Knows nothing of SQLite.

Locks are `flock`s: the kernel drops them when a process dies, however it dies, so there is no stale lock to break.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pointsman.ports import StoreUnavailable

LEDGER = "ledger.db"
_LOCK = "ledger.lock"
_LIVE = "live"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ROOM = 128 << 10  # bytes that a few commits may need
_FIRST_WAIT, _LONGEST_WAIT = 0.0005, 0.01  # seconds between tries for the lock


def prepare(state_dir: Path) -> Path:
    """Makes the state directory (0700) and the empty ledger file (0600) if missing; returns the ledger's path.

    SQLite gives `-wal` and `-shm` the mode of the main file, so creating it first decides for all three, whatever
    the umask. Raises StoreUnavailable or OSError.
    """
    _private_directory(state_dir)
    _private_directory(state_dir / _LIVE)
    _private_file(state_dir / _LOCK)
    ledger = state_dir / LEDGER
    _private_file(ledger)
    _sync_directory(state_dir)
    return ledger


def is_doubtful(ledger: Path) -> bool:
    """Has its disk no room, or does it, or its owner, not let it be written?"""
    try:
        disk = os.statvfs(ledger.parent)
    except OSError:
        return True
    room = disk.f_bavail * disk.f_frsize
    return room < _ROOM or bool(disk.f_flag & os.ST_RDONLY) or not os.access(ledger, os.W_OK)


def _private_directory(path: Path) -> None:
    if not path.exists():
        with suppress(FileExistsError):  # another program was started at the same moment
            path.mkdir(parents=True, mode=0o700)
            path.chmod(0o700)
    if path.stat().st_mode & _OTHERS:
        _tighten(path)


def _tighten(path: Path) -> None:
    """An existing directory is only closed when it is plainly ours: `--state ~` must not lock a home directory."""
    if any(path.iterdir()) and not (path / LEDGER).exists():
        raise StoreUnavailable(f"{path} can be read by others and holds other files: chmod 700 it or choose another")
    path.chmod(0o700)


def _private_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o7777 != 0o600:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def identity(path: Path) -> tuple[int, int]:
    """Which file bears this name now. SQLite goes on happily with a file that was deleted or replaced meanwhile."""
    found = path.stat()
    return found.st_dev, found.st_ino


class WriteLock:
    """One writer at a time among all processes, for transactions and checkpoints alike.

    SQLite's own locking would do for transactions; but 3.7.0 to 3.51.2 can corrupt a WAL that two connections write
    and checkpoint at the same instant, and that is what this excludes.
    """

    def __init__(self, state_dir: Path, patience: float = 10.0) -> None:
        self._path = state_dir / _LOCK
        self._patience = patience  # seconds

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises StoreUnavailable if another process keeps the lock for longer than the patience."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            self._wait(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._patience
        pause = _FIRST_WAIT
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise StoreUnavailable(f"another process has held the ledger for {self._patience:g} s")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_WAIT)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class LiveLocks:
    """Tells which instances of the program still live, by a lock that each holds as long as it does.

    Process numbers are used again after a while; a lock is not. `hold` and `alive` are called under the write lock, so
    that nobody removes a file between its creation and its locking.
    """

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / _LIVE
        self._held: dict[str, int] = {}

    def hold(self, instance: str) -> None:
        if instance in self._held:
            return
        path = self._path(instance)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if not _try_lock(descriptor):
            os.close(descriptor)
            raise StoreUnavailable(f"{path} is held by another process")
        self._held[instance] = descriptor

    def alive(self, instance: str) -> bool:
        """True if the instance holds its lock. The file of a dead one is removed."""
        path = self._path(instance)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            if not _try_lock(descriptor):
                return True
            path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)

    def others(self) -> tuple[str, ...]:
        """The living instances that are not ours."""
        found = (path.stem for path in sorted(self._directory.glob("*.lock")))
        return tuple(instance for instance in found if instance not in self._held and self.alive(instance))

    def sweep(self) -> None:
        """Removes the files of dead instances."""
        for path in self._directory.glob("*.lock"):
            self.alive(path.stem)

    def release(self) -> None:
        while self._held:
            instance, descriptor = self._held.popitem()
            self._path(instance).unlink(missing_ok=True)
            os.close(descriptor)

    def _path(self, instance: str) -> Path:
        return self._directory / f"{instance}.lock"
