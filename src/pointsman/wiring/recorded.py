"""Consoles that are recorded, and recordings that are played."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.wiring.places import secrets_of

if TYPE_CHECKING:
    from pointsman.engine.console import Console


@asynccontextmanager
async def recording(
    opening: AbstractAsyncContextManager[Console], path: Path, *, words: bool
) -> AsyncIterator[Console]:
    """The console of `opening`, everything it tells its door written to a new file. Raises OSError for the file."""
    from pointsman import __version__
    from pointsman.adapters.clock import SystemClock
    from pointsman.adapters.redact import redact_json
    from pointsman.adapters.tape_file import TapeFile
    from pointsman.core.tape import Head, head_line
    from pointsman.engine.recording import recorded

    clock = SystemClock()
    async with opening as console:
        keys = secrets_of(console.fleet).known()
        with closing(TapeFile(path, lambda text: redact_json(text, keys))) as tape:
            tape.write(head_line(Head(began=clock.now(), words=words, fleet=console.fleet, program=__version__)))
            yield recorded(console, tape.write, clock.monotonic, words=words, problem=lambda: tape.problem)


def open_replay(path: Path, *, speed: float | None = 1.0) -> AbstractAsyncContextManager[Console]:
    """A console that plays a recording: no engine, no network. Raises ValueError for what is none."""
    from datetime import UTC, datetime

    from pointsman.adapters.tape_file import read_file
    from pointsman.engine.replay import Replay

    tape = read_file(path)
    began = datetime.fromtimestamp(tape.head.began, UTC).strftime("%Y-%m-%d %H:%M")
    return Replay(tape, speed=speed, banners=(f"replaying a recording of {began} UTC: nothing here is live",))
