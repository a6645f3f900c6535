"""A real terminal for tests: tmux, driven by its control mode, so that waiting means reading events and not sleeping."""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 30.0  # two slow cores under load
POINTSMAN = Path(sys.executable).with_name("pointsman")


def tmux_missing() -> str | None:
    return None if shutil.which("tmux") else "tmux is not installed"


class Terminal:
    """One program in one pane of a tmux server of its own. The shell around it prints `DONE:status TTY:2` when it ends
    and the terminal echoes and edits lines again."""

    def __init__(self, argv: list[str], *, columns: int, rows: int, env: Mapping[str, str], name: str) -> None:
        self._socket = f"pointsman-{os.getpid()}-{name}"
        modes = "$(stty -a | tr ' ;' '\\n\\n' | grep -cx -e echo -e icanon)"
        command = f"{shlex.join(argv)}; status=$?; echo DONE:$status TTY:{modes}; exec cat"
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": env.get("HOME", "/tmp"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }
        self._env = {**clean, **env}
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", "main",
            "sh", "-c", command,
        )  # fmt: skip
        self._tmux("set", "-g", "set-clipboard", "on")
        self._control = subprocess.Popen(
            ["tmux", "-L", self._socket, "-C", "attach", "-t", "main", "-f", "ignore-size"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self._env,
        )  # fmt: skip
        self._events = selectors.DefaultSelector()
        assert self._control.stdout is not None
        os.set_blocking(self._control.stdout.fileno(), False)
        self._events.register(self._control.stdout, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.close()
        self._tmux("kill-server", check=False)
        self._control.kill()
        self._control.wait()
        for pipe in (self._control.stdin, self._control.stdout):
            if pipe is not None:
                pipe.close()

    def _tmux(self, *argv: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *argv], capture_output=True, text=True, env=self._env, check=check
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Presses keys by tmux's names: Enter, Escape, C-p, ..."""
        self._tmux("send-keys", "-t", "main", *names)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-t", "main", "-l", text)

    def kill(self) -> None:
        """kill -9 of the program, as the machine would."""
        shell = int(self._tmux("display-message", "-t", "main", "-p", "#{pane_pid}"))
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text("utf-8").split()
        os.kill(int(children[0]), signal.SIGKILL)
        self.wait_for("DONE:137")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-t", "main", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        return self._tmux("capture-pane", "-t", "main", "-p")

    def clipboard(self) -> str:
        return self._tmux("show-buffer", check=False)

    def wait_for(self, *texts: str, gone: bool = False) -> str:
        """The screen once it shows all the texts (or none of them, with `gone`). Fails with the screen otherwise."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            screen = self.screen()
            if all((text in screen) != gone for text in texts):
                return screen
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{'still' if gone else 'never'} on the screen: {texts}\n{screen}")
            self._next_output(min(left, 1.0))

    def _next_output(self, seconds: float) -> None:
        """Until the pane prints something, or that long."""
        if self._events.select(seconds):
            assert self._control.stdout is not None
            self._control.stdout.read()
