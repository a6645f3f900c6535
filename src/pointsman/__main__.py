"""The program's two doors: the headless verbs, and the screen, which is imported only when it opens."""

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


def main() -> None:
    sys.exit(run_verb(screen=open_screen))


if __name__ == "__main__":
    main()
