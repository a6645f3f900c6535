"""A second witness of the audit: each checkpoint as a line in the system's journal, which a user cannot rewrite.

Off unless configured. Blocking, on the store's own thread; a journal that does not take the line costs nothing but it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from pointsman.adapters.services.commands import child_environment
from pointsman.adapters.store.anchor import Checkpoint

_SECONDS = 2.0
# The line goes in on stdin: process arguments are for everybody to see, and some journals cut them.
_COMMANDS = (("systemd-cat", "--identifier=pointsman-audit"), ("logger", "-t", "pointsman-audit"))


def journal_witness(which: Callable[[str], str | None] = shutil.which) -> Callable[[Checkpoint], None] | None:
    """What to call with each checkpoint; None if this machine has no journal to write to."""
    for argv in _COMMANDS:
        found = which(argv[0])
        if found is not None:
            return lambda checkpoint, argv=(found, *argv[1:]): _write(argv, str(checkpoint))  # type: ignore[misc]
    return None


def _write(argv: tuple[str, ...], line: str) -> None:
    try:
        subprocess.run(
            argv,
            input=f"{line}\n".encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment(os.environ),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return  # the anchor holds; the journal is the second witness
