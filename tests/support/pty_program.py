"""A program in a pseudo-terminal of its own: every byte it wrote, and the screen that a terminal would show of them.

Waiting means reading until something holds; nothing sleeps.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import pyte

PATIENCE_S = 30.0  # two slow cores under load
_SIDE = termios.ECHO | termios.ICANON | termios.ISIG


def environment(home: str, **more: str) -> dict[str, str]:
    """Nothing of the machine that runs the tests but where its programs are."""
    known = {"PATH": os.environ["PATH"], "HOME": home, "POINTSMAN_STATE": f"{home}/state", "LANG": "C.UTF-8"}
    return {**known, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONWARNINGS": "error", **more}


class PtyProgram:
    def __init__(
        self,
        *args: str,
        env: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
        shell: bool = False,
        before: str = "",
    ) -> None:
        """pointsman with these arguments; or, with `shell`, an interactive shell in which it is a job."""
        self.screen = pyte.Screen(columns, rows)
        self.raw = bytearray()
        self.watched = True  # False: what it writes is kept but not drawn, which costs most of the time
        self._stream = pyte.ByteStream(self.screen)
        self._master, self.slave = pty.openpty()
        self._set_size(columns, rows)
        self._modes = termios.tcgetattr(self.slave)
        pointsman = [sys.executable, "-m", "pointsman", *args]
        argv = ["bash", "--noprofile", "--norc", "-i"] if shell else pointsman
        self.process = subprocess.Popen(
            argv, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=dict(env), preexec_fn=self._own_terminal
        )
        if shell:
            self.type(f"{before}{shlex.join(pointsman)}\n")

    def _own_terminal(self) -> None:
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close_terminal()

    def close_terminal(self) -> None:
        """As if the window were closed, or the connection lost."""
        for descriptor in (self._master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self.slave = -1

    # --- doing

    def type(self, text: str | bytes) -> None:
        """Reads while it writes: a program that is slow to read must not stop us both."""
        left = text.encode() if isinstance(text, str) else text
        while left:
            _, writable, _ = select.select([], [self._master], [], PATIENCE_S)
            assert writable, "the program does not read what is typed"
            left = left[os.write(self._master, left[:512]) :]
            self.read(0)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self.screen.reset()
        self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    # --- reading

    def read(self, seconds: float) -> bool:
        """What is written within that time; False if nothing was, or nobody is there to write."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            read = os.read(self._master, 65_536)
        except OSError:  # the other side is closed
            return False
        self.raw += read
        if self.watched:
            self._stream.feed(read)
        return bool(read)

    def until(self, holds: Callable[[], bool], what: str = "", patience: float = PATIENCE_S) -> None:
        """Reads until that holds. Fails with the screen otherwise."""
        deadline = time.monotonic() + patience
        while not holds():
            left = deadline - time.monotonic()
            assert left > 0, f"never: {what}\n{self.text}"
            self.read(min(left, 0.2))

    def wait_for(self, *texts: str) -> None:
        self.until(lambda: all(text in self.text for text in texts), f"{texts} on the screen")

    def settled(self, seconds: float = 1.5) -> str:
        """The snapshot, once it has stayed the same for so long. For making one; a test waits for what it expects."""
        shown, since = "", time.monotonic()
        while time.monotonic() - since < seconds:
            self.read(0.1)
            if self.snapshot() != shown:
                shown, since = self.snapshot(), time.monotonic()
        return shown

    def wait(self) -> int:
        """Its exit status, everything read."""
        self.until(lambda: self.process.poll() is not None, "the program's end")
        while self.read(0.05):
            continue
        return self.process.returncode

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def restored(self) -> bool:
        """The terminal's modes are what they were, and the screen and cursor are given back."""
        now = termios.tcgetattr(self.slave)
        same = now[3] & _SIDE == self._modes[3] & _SIDE
        left = self.raw.rfind(b"\x1b[?1049l") > self.raw.rfind(b"\x1b[?1049h")
        return same and left and self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l")

    # --- a snapshot

    def snapshot(self) -> str:
        """The characters of the screen, then its styles: how many cells have each, and a digest of where they are."""
        cells, digest = Counter[str](), hashlib.sha256()
        for row in range(self.screen.lines):
            for column in range(self.screen.columns):
                style = _style(self.screen.buffer[row][column])
                cells[style] += 1
                digest.update(style.encode())
        styles = [f"{count:>6} {style}" for style, count in sorted(cells.items(), key=lambda each: (-each[1], each[0]))]
        return "\n".join((self.text, "-" * 8 + f" styles {digest.hexdigest()[:16]}", *styles, ""))


def _style(cell: pyte.screens.Char) -> str:
    worn = [name for name in ("bold", "italics", "underscore", "strikethrough", "reverse") if getattr(cell, name)]
    return " ".join((f"{cell.fg} on {cell.bg}", *worn))
