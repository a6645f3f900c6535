"""The user's own editor for one text: $VISUAL, else $EDITOR, by argv and never through a shell.

The text lies in a private file meanwhile, which is gone afterwards, whatever happened.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

USUAL = "vi"
MOST = 1_000_000  # bytes that come back


def command(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The editor's argv without the file. Raises ValueError, in words for the user."""
    for name in ("VISUAL", "EDITOR"):
        written = environ.get(name, "").strip()
        if written:
            try:
                return tuple(shlex.split(written))
            except ValueError as wrong:
                raise ValueError(f"${name} cannot be read as a command: {wrong}") from None
    return (USUAL,)


async def edit(text: str, environ: Mapping[str, str]) -> str:
    """The text as the editor leaves it. Raises ValueError, in words for the user."""
    argv = command(environ)
    with _private_file(text) as path, _interrupts_are_the_editors():
        try:
            process = await asyncio.create_subprocess_exec(*argv, str(path))
        except OSError as problem:
            raise ValueError(
                f"the editor {argv[0]} cannot be run ({problem.strerror}): set $VISUAL or $EDITOR to one that is there"
            ) from None
        code = await process.wait()
        if code:
            raise ValueError(f"the editor {argv[0]} ended with {code}: the prompt stays as it was")
        return _read(path)


@contextmanager
def _private_file(text: str) -> Iterator[Path]:
    """In a directory of its own, so that what editors leave beside a file is gone with it."""
    try:
        with tempfile.TemporaryDirectory(prefix="pointsman-") as directory:
            path = Path(directory) / "prompt.md"
            path.write_bytes(text.encode("utf-8", "replace"))
            yield path
    except OSError as problem:
        raise ValueError(f"the prompt cannot be put into a file or read from it: {problem.strerror}") from None


@contextmanager
def _interrupts_are_the_editors() -> Iterator[None]:
    """Ctrl+C goes to every program of the terminal. A handler, not ignoring: the editor would inherit that."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError(f"a prompt may have {MOST:,} bytes")
    try:
        return content.decode("utf-8").rstrip("\n")
    except UnicodeDecodeError:
        raise ValueError("the editor left a text that is not UTF-8: the prompt stays as it was") from None
