"""What is known on disk of a process that Pointsman started itself: who it is, what is wanted of it, how it ended.

Owns the files of one service and the two locks: one held for moments by whoever changes something, one inherited by
the process and so held, by the kernel, for as long as it or anything it started is alive. Blocking; called in threads.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]

from pointsman.adapters.lenient import decode_json, record

LOG_MOST = 4 * 1024 * 1024  # bytes; the older half is set aside beyond it
_LOCK_LOOK_S = 0.01
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`mark` tells this process from a later one with the same pid. Times are Unix seconds."""

    pid: int | None = None
    mark: str = ""
    started: float = 0.0
    wanted: bool = False  # it should run
    restarts: int = 0  # by the policy, since it was last started by hand
    ended: float | None = None
    code: int | None = None  # None: nobody was there to see it; negative: the signal
    deaths: tuple[float, ...] = ()  # recent ones
    gave_up: bool = False

    @property
    def alive(self) -> bool:
        return self.pid is not None and self.ended is None and is_alive(self.pid, self.mark)


class ServiceFiles:
    """The files of one service, readable by the user alone."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._stem = quote(name, safe="")
        self.log = folder / f"{self._stem}.log"
        self.older_log = folder / f"{self._stem}.log.1"

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Only one at a time, also among programs. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = self._open(".mutex")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def take_life_lock(self) -> int | None:
        """A descriptor that holds the lock of the running copy; None if a copy still holds it. Raises OSError."""
        descriptor = self._open(".run")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)  # clear of the numbers the child's files get
        except BlockingIOError:
            return None
        finally:
            os.close(descriptor)
        return high

    def wait_for_life_lock(self, seconds: float) -> int | None:
        """The same, after waiting: threads of a killed process let go of it some time after the process is dead."""
        give_up = time.monotonic() + seconds
        while (held := self.take_life_lock()) is None and time.monotonic() < give_up:
            time.sleep(_LOCK_LOOK_S)
        return held

    def life_lock_held(self) -> bool:
        """Is anything of it still running, whatever the record says?"""
        try:
            descriptor = self.take_life_lock()
        except OSError:
            return False
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def read(self) -> Record:
        try:
            written = record(decode_json((self._folder / f"{self._stem}.json").read_bytes()))
        except OSError:
            return Record()
        known = {f.name for f in fields(Record)}
        values = {key: value for key, value in written.items() if key in known}
        deaths = values.pop("deaths", None)
        with suppress(TypeError):
            return Record(**values, deaths=tuple(deaths) if isinstance(deaths, list) else ())  # type: ignore[arg-type]
        return Record()

    def write(self, seen: Record) -> None:
        """Whole or not at all. Raises OSError."""
        target = self._folder / f"{self._stem}.json"
        draft = target.with_suffix(f".{os.getpid()}.new")
        draft.write_text(json.dumps(asdict(seen)), encoding="utf-8")
        os.replace(draft, target)

    def open_log(self) -> int:
        self.bound_log()
        return os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def bound_log(self) -> None:
        """The process appends, so it goes on at the beginning after its file was emptied under it."""
        with suppress(OSError):
            if self.log.stat().st_size > LOG_MOST:
                with self.log.open("rb+") as file:
                    file.seek(-LOG_MOST // 2, os.SEEK_END)
                    kept = file.read()
                    self.older_log.write_bytes(kept)
                    late = file.read()  # written meanwhile
                    file.truncate(0)
                with self.older_log.open("ab") as older:
                    older.write(late)
                self.older_log.chmod(0o600)

    def _open(self, ending: str) -> int:
        return os.open(self._folder / f"{self._stem}{ending}", os.O_RDWR | os.O_CREAT, 0o600)


def mark_of(pid: int) -> str:
    """What no later process with that pid will have: when it began, counted from which boot. Empty if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may hold anything; the 22nd field is the 20th after it.
            ticks = file.read().rpartition(b")")[2].split()[19].decode()
        return f"{_BOOT_ID.read_text(encoding='ascii').strip()}:{ticks}"
    except (OSError, IndexError):
        pass
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""


def is_alive(pid: int, mark: str) -> bool:
    """Is that very process running? One that ended and was not collected is not."""
    if not mark or mark_of(pid) != mark:
        return False
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def memory_of(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
