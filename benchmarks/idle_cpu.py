"""What the screen costs while nobody does anything: CPU and bytes a second, at two sizes, beside Textual's hello world.

A real terminal pair, the simulated fleet, one sample a second. Goal: at most 3 % of one core and 10 kB/s.

    python benchmarks/idle_cpu.py [seconds]
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
from collections.abc import Sequence

HELLO = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Hello(App):
    def compose(self):
        yield Header(); yield Static("hello world"); yield Footer()
Hello().run()
"""
SETTLE_S = 12.0


def started(argv: Sequence[str], columns: int, rows: int, state: str) -> tuple[int, int]:
    pid, terminal = pty.fork()
    if pid == 0:
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "POINTSMAN_STATE": state}
        os.execve(argv[0], list(argv), environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.kill(pid, signal.SIGWINCH)
    return pid, terminal


def read_for(terminal: int, seconds: float) -> int:
    """Drains the terminal and returns how many bytes came."""
    end, total = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([terminal], [], [], left)
        if ready:
            total += len(os.read(terminal, 65_536))
    return total


def cpu_of(pid: int) -> float:
    """CPU seconds of the process so far, all of its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def measured(title: str, argv: Sequence[str], columns: int, rows: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as state:
        pid, terminal = started(argv, columns, rows, state)
        try:
            read_for(terminal, SETTLE_S)
            before, begun = cpu_of(pid), time.monotonic()
            sent = read_for(terminal, seconds)
            took = time.monotonic() - begun
            percent = 100 * (cpu_of(pid) - before) / took
            print(
                f"{title:<22} {columns:>3}x{rows:<3} {percent:>6.2f} % CPU {sent / took / 1000:>8.1f} kB/s {memory_of(pid):>6.0f} MB RSS"
            )
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    python = sys.executable
    for columns, rows in ((120, 40), (200, 60)):
        measured("Textual hello world", [python, "-c", HELLO], columns, rows, seconds)
        measured("pointsman demo", [python, "-m", "pointsman", "demo"], columns, rows, seconds)


if __name__ == "__main__":
    main()
