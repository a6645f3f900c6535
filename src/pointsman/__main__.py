"""The program's doors: the headless verbs, and the screen and the plain door, imported only when they open."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.cli import main as run_verb

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from pointsman.engine.console import Console


def open_screen(
    open_console: Callable[[], AbstractAsyncContextManager[Console]],
    *,
    theme: str,
    keymap: Mapping[str, str],
    theme_dir: Path,
) -> int:
    from pointsman.tui.app import run

    return run(open_console, theme=theme, keymap=keymap, theme_dir=theme_dir)


def open_plain(open_console: Callable[[], AbstractAsyncContextManager[Console]], *, colour: bool = False) -> int:
    from pointsman.plain.door import run

    return run(open_console, colour=colour)


def main() -> None:
    sys.exit(run_verb(screen=open_screen, plain=open_plain))


if __name__ == "__main__":
    main()
