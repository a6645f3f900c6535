"""The desktop's clipboard through the program that owns it: wl-copy, xclip, xsel, pbcopy, or tmux's own buffer.

For terminals that take no OSC 52. Must never wait long: a clipboard program may hang with its display.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterator, Mapping

PATIENCE_S = 2.0

# (the variable that says it could work, the command)
_PROGRAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-in")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("TMUX", ("tmux", "load-buffer", "-w", "-")),  # -w: tmux hands it on to its own terminal
)


def programs(
    environ: Mapping[str, str], platform: str = sys.platform, which: Callable[[str], str | None] = shutil.which
) -> Iterator[tuple[str, ...]]:
    """The commands that may work here, the nearest first."""
    if platform == "darwin" and which("pbcopy"):
        yield ("pbcopy",)
    for variable, argv in _PROGRAMS:
        if environ.get(variable) and which(argv[0]):
            yield argv


async def copy(text: str, environ: Mapping[str, str]) -> str:
    """Hands the text to the first program that takes it; its name, or nothing if there is none."""
    for argv in programs(environ):
        if await _taken(argv, text.encode("utf-8", "replace")):
            return argv[0]
    return ""


async def _taken(argv: tuple[str, ...], content: bytes) -> bool:
    """Its output is closed to us: xclip stays behind as the owner of the selection, and would hold a pipe open."""
    try:
        program = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    except OSError:
        return False
    try:
        async with asyncio.timeout(PATIENCE_S):
            await program.communicate(content)
    except TimeoutError:
        program.kill()
        await program.wait()
        return False
    return program.returncode == 0
