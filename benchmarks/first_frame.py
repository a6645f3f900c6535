"""How soon the first frame stands, beside Textual's hello world in the same run, each in a fresh process.

From the start of the process to the first painted frame, best and median of several. Goal: at most 1.55 times hello.

    python benchmarks/first_frame.py [runs]
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Sequence

HELLO = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Hello(App):
    def compose(self):
        yield Header(); yield Static("hello world"); yield Footer()
Hello().run()
"""
PATIENCE_S = 30.0


def first_frame(argv: Sequence[str], sign: bytes, columns: int = 120, rows: int = 40) -> float:
    """Seconds until `sign`, something of the first frame, came out of the terminal."""
    with tempfile.TemporaryDirectory() as state:
        begun = time.monotonic()
        pid, terminal = pty.fork()
        if pid == 0:
            environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "POINTSMAN_STATE": state}
            os.execve(argv[0], list(argv), environ)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        seen = b""
        try:
            while time.monotonic() - begun < PATIENCE_S:
                ready, _, _ = select.select([terminal], [], [], 0.5)
                seen += os.read(terminal, 65_536) if ready else b""
                if sign in seen:
                    return time.monotonic() - begun
            raise TimeoutError(f"no {sign!r} within {PATIENCE_S:g} s")
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    python = sys.executable
    hello = [python, "-c", HELLO]
    ours = [python, "-m", "pointsman", "demo"]
    seen: dict[str, list[float]] = {"Textual hello world": [], "pointsman demo": []}
    for _ in range(runs):  # in turns, so that whatever else the machine does hits both
        seen["Textual hello world"].append(first_frame(hello, b"hello world"))
        seen["pointsman demo"].append(first_frame(ours, b"ask anything"))
    for title, times in seen.items():
        print(f"{title:<22} best {min(times):.2f} s   median {statistics.median(times):.2f} s")
    best = min(seen["pointsman demo"]) / min(seen["Textual hello world"])
    median = statistics.median(seen["pointsman demo"]) / statistics.median(seen["Textual hello world"])
    print(f"{'ratio':<22} best {best:.2f}     median {median:.2f}     goal 1.55")


if __name__ == "__main__":
    main()
