"""The program's doors: the headless verbs, and the screen, the plain door and the browser's, imported only when they
open."""

from __future__ import annotations

import gc
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.cli import main as run_verb

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from pointsman.engine.console import Console
    from pointsman.verbs.place import Kind


def open_screen(
    open_console: Callable[[], AbstractAsyncContextManager[Console]],
    *,
    theme: str,
    keymap: Mapping[str, str],
    theme_dirs: Sequence[Path],
    read_only: bool = False,
    ascii_only: bool | None = None,
    notify: Kind = "off",
    refresh_hz: float = 1.0,
    mouse: bool = True,
    keeps: bool = True,
) -> int:
    gc.disable()  # until the first frame stands: of what is loaded and made for it nothing becomes garbage
    from pointsman.tui.app import run

    return run(
        open_console,
        theme=theme,
        keymap=keymap,
        theme_dirs=theme_dirs,
        read_only=read_only,
        ascii_only=ascii_only,
        notify=notify,
        refresh_hz=refresh_hz,
        mouse=mouse,
        keeps=keeps,
    )


def open_plain(
    open_console: Callable[[], AbstractAsyncContextManager[Console]], *, colour: bool = False, read_only: bool = False
) -> int:
    from pointsman.plain.door import run

    return run(open_console, colour=colour, read_only=read_only)


def first_run(
    propose: Callable[[], Awaitable[tuple[str, tuple[str, ...]]]], write: Callable[[str], str], *, theme_dir: Path
) -> str:
    from pointsman.tui.screens.first_run import choose

    return choose(propose, write, theme_dir=theme_dir)


def open_web(
    arguments: Sequence[str],
    *,
    host: str,
    port: int,
    public_url: str | None,
    token: str,
    ready: Callable[[str, bool], None],
) -> None:
    from pointsman.web import door

    with door.listen(host, port) as listening:
        base = (public_url or door.address(host, listening.getsockname()[1])).rstrip("/")
        ready(f"{base}/{token}/", door.is_loopback(host))
        door.run(arguments, listening, base, token)


def main() -> None:
    sys.exit(run_verb(screen=open_screen, plain=open_plain, first_run=first_run, web=open_web))


if __name__ == "__main__":
    main()
