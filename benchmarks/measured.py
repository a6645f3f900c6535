"""A program in a terminal of its own, and what it costs: the one way all benchmarks here measure ours and the others'.

Times are from the start of the process. CPU is counted by the kernel, over all threads and children that ended.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 60.0
PYTHON = sys.executable
HERE = Path(__file__).parent
HELLO = (PYTHON, str(HERE / "hello.py"))
DEMO = (PYTHON, "-m", "pointsman", "demo")
_TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """`with Program(argv) as program:` runs it, with a home directory of its own, and kills it at the end."""

    def __init__(
        self, argv: Sequence[str], *, columns: int = 120, rows: int = 40, env: Mapping[str, str] | None = None
    ) -> None:
        self._home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        home = self._home.name
        environ = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            **{"HOME": home, "POINTSMAN_STATE": f"{home}/state", "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            **(env or {}),
        }
        self.begun = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], list(argv), environ)
        self.resize(columns, rows)
        self.seen = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)
        self._home.cleanup()

    @property
    def age(self) -> float:
        return time.monotonic() - self.begun

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    # --- reading

    def read(self, seconds: float) -> bytes:
        """What comes within that time; nothing if nothing does, or nobody is there to write."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return b""
        try:
            read = os.read(self.terminal, 65_536)
        except OSError:  # the other side is closed
            return b""
        self.seen += read
        return read

    def read_for(self, seconds: float) -> int:
        """Reads on that long and returns how many bytes came."""
        before, end = len(self.seen), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)
        return len(self.seen) - before

    def until(self, *signs: str, within: float = PATIENCE_S) -> float:
        """Seconds since now until all of these were written."""
        return self.until_holds(lambda: all(sign.encode() in self.seen for sign in signs), " ".join(signs), within)

    def until_holds(self, holds: Callable[[], bool], what: str, within: float = PATIENCE_S) -> float:
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > within:
                raise TimeoutError(
                    f"no {what!r} within {within:g} s; the end of what came: {bytes(self.seen[-300:])!r}"
                )
            self.read(0.2)
        return time.monotonic() - begun

    def until_quiet(self, seconds: float = 0.3, within: float = PATIENCE_S) -> float:
        """The age at which the last byte came before it said nothing for so long."""
        last = self.age
        while self.age - last < seconds and self.age < within:
            if self.read(seconds):
                last = self.age
        return last

    # --- counting

    def cpu(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / _TICKS

    def cpu_of_main_thread(self) -> float:
        """CPU seconds of the thread that draws, in the kernel's finest count."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text("ascii").split()[0]) / 1e9

    def waited(self) -> float:
        """Seconds that the thread that draws was ready to run and had no core: what others on this machine took."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text("ascii").split()[1]) / 1e9

    @property
    def ended(self) -> bool:
        """By itself."""
        return "\nState:\tZ" in Path(f"/proc/{self.pid}/status").read_text("ascii")

    def memory(self) -> float:
        """Resident megabytes (10**6 bytes)."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
