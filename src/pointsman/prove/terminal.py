"""The real program in a real terminal, asking a server whose every word is hostile: promises T1 and T2."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from pointsman.prove.check import Broken, Check, CouldNotRun, Tried, expect
from pointsman.prove.fake_server import Answer, Asked, as_json, serving
from pointsman.prove.screen import PAYLOADS

PATIENCE_S = 25.0
_SIZE = (160, 60)  # columns, rows: every line of the reply has its place
_CONFIG = """
default_role = "general"
discover = false
[endpoints.box]
url = "{url}"
kind = "llama.cpp"
[models.m]
id = "m"
endpoint = "box"
tier = "T1"
[roles.general]
primary = "m"
"""
_HEARD, _REFUSED = "all-of-it", "no-more"  # the last words of the reply, and of the error
# What only others would send: strings for the terminal (OSC, DCS, APC, PM, SOS), 8-bit controls, NUL, DEL, BEL, SO.
_FOREIGN = re.compile(rb"\x1b[\]P_^X]|\xc2[\x80-\x9f]|[\x00\x07\x0e\x7f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")

_POINTER = re.compile(rb"\x1b]22;[a-z-]+\x07")  # the shape of the mouse's pointer, which Textual sets itself


def _hostile(asked: Asked) -> Answer:
    """Says the payloads a character at a time, so that every place of them is a cut; then fails with them."""
    if asked.target == "/v1/models":
        return as_json({"data": [{"id": text} for text in ("m", *PAYLOADS)]})
    if "chat" not in asked.target:
        return as_json({"status": "ok", "version": PAYLOADS[0], "model_path": PAYLOADS[1]})
    if "again" in asked.body.decode(errors="replace"):
        return as_json({"error": {"message": " ".join(PAYLOADS) + _REFUSED}}, 400)
    said = [{"reasoning_content": piece} for piece in PAYLOADS]
    said += [{"content": piece} for text in PAYLOADS for piece in f"{text} \n\n"]
    choices: list[object] = [{"delta": delta} for delta in (*said, {"content": _HEARD})]
    frames = [{"choices": [choice]} for choice in (*choices, {"delta": {}, "finish_reason": "stop"})]
    body = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames) + "data: [DONE]\n\n"
    return 200, {"content-type": "text/event-stream"}, body.encode()


def _program(home: Path, url: str) -> list[str]:
    config = home / "config.toml"
    config.write_text(_CONFIG.format(url=url))
    return [sys.executable, "-m", "pointsman", "--config", str(config), "--state", str(home / "state")]


def _environ(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    return {"LANG": "C.UTF-8", **kept, "HOME": str(home), "TERM": "xterm-256color"}


# --- every byte ----------------------------------------------------------------------------------------------------


class _Pty:
    """The program with a pseudo-terminal of its own, and every byte it has written."""

    def __init__(self, argv: list[str], environ: dict[str, str]) -> None:
        self.raw = bytearray()
        self._master, side = pty.openpty()
        columns, rows = _SIZE
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(argv, stdin=side, stdout=side, stderr=side, env=environ, start_new_session=True)
        os.close(side)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read_until(self, words: str) -> None:
        """Raises Broken: it ended, or never said so."""
        give_up = time.monotonic() + PATIENCE_S
        while words.encode() not in self.raw:
            expect(time.monotonic() < give_up, f"{words!r} never came on the screen")
            if select.select([self._master], [], [], 0.5)[0]:
                try:
                    self.raw += os.read(self._master, 65536)
                except OSError:
                    raise Broken("the program ended") from None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


async def nothing_reaches_the_terminal(home: Path) -> Tried:
    async with serving(_hostile) as server:
        raw = await _in_thread(lambda: _shown(home, server.url))
    raw = _POINTER.sub(b"", raw)
    found = _FOREIGN.search(raw)
    expect(found is None, f"the terminal got {raw[found.start() - 10 : found.end() + 20]!r}" if found else "")
    leaked = [text for text in PAYLOADS if text.isprintable() is False and text.encode("utf-8", "replace") in raw]
    expect(not leaked, f"the terminal got {leaked[:1]!r}")
    tried = f"{len(PAYLOADS)} payloads as model names, reasoning, reply letter by letter, and error, in a real terminal"
    return Tried(tried=tried, count=4 * len(PAYLOADS), figure=f"0 of {len(raw):,} bytes were theirs")


def _shown(home: Path, url: str) -> bytes:
    program = _Pty(_program(home, url), _environ(home))
    try:
        program.read_until("1 of 1 up")
        program.type("hello\r")
        program.read_until(_HEARD)
        program.type("again\r")
        program.read_until(_REFUSED)
        return bytes(program.raw)
    finally:
        program.close()


async def _in_thread(work: Callable[[], bytes]) -> bytes:
    import asyncio

    return await asyncio.to_thread(work)


# --- the clipboard -------------------------------------------------------------------------------------------------


class _Tmux:
    def __init__(self, argv: list[str], environ: dict[str, str]) -> None:
        self._argv = [shutil.which("tmux") or "", "-L", f"pointsman-prove-{os.getpid()}"]
        self._environ = environ
        columns, rows = _SIZE
        size = ("-x", str(columns), "-y", str(rows))
        self("-f", "/dev/null", "new-session", "-d", *size, shlex.join(argv))
        self("set", "-g", "set-clipboard", "on")

    def __call__(self, *words: str) -> str:
        ran = subprocess.run([*self._argv, *words], capture_output=True, text=True, env=self._environ, check=False)
        return ran.stdout

    def wait_for(self, words: str) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while words not in self("capture-pane", "-p"):
            expect(time.monotonic() < give_up, f"{words!r} never came on the screen")
            time.sleep(0.1)


async def clipboard_is_untouched(home: Path) -> Tried:
    if shutil.which("tmux") is None:
        raise CouldNotRun("tmux is not installed")
    async with serving(_hostile) as server:
        held = await _in_thread(lambda: _clipboard(home, server.url))
    expect(held == b"", f"the clipboard holds {held!r}")
    return Tried(tried="the same in tmux, which obeys OSC 52", count=len(PAYLOADS), figure="the clipboard is empty")


def _clipboard(home: Path, url: str) -> bytes:
    tmux = _Tmux(_program(home, url), _environ(home))
    try:
        tmux.wait_for("1 of 1 up")
        tmux("send-keys", "-l", "hello")
        tmux("send-keys", "Enter")
        tmux.wait_for(_HEARD)
        return tmux("show-buffer").encode()
    finally:
        tmux("kill-server")


CHECKS = (
    Check(id="T1", promise="no control character of others reaches the terminal", run=nothing_reaches_the_terminal),
    Check(id="T2", promise="no text of others reaches the clipboard", run=clipboard_is_untouched),
)
