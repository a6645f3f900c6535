"""The end of a log file, line by line, each made harmless. Blocking; called in threads."""

from __future__ import annotations

import os

from pointsman.adapters.lenient import one_line

_TAIL = 512 * 1024  # bytes looked at, at most
_MOST = 1000


def last_lines(path: str | os.PathLike[str], lines: int) -> tuple[str, ...]:
    """The last lines, oldest first; one that says why when there are none."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            found = file.read(_TAIL).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return (f"its log cannot be read: {error.strerror}",)
    if size > _TAIL:
        found = found[1:]  # the first one is cut somewhere
    return tuple(one_line(line, 500) for line in found[-max(1, min(lines, _MOST)) :]) or ("it has written nothing",)
