"""A change of the configuration as a diff for its owner to read and apply. Writes nothing, changes no other line. Pure.

It looks at lines, not at values: comments and order stay. What cannot be found as `[models.NAME]` is put at the end,
where it merges over a preset's table of that name.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_TABLE = re.compile(r"\s*\[")


def quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def with_keys(text: str, model: str, keys: Mapping[str, str]) -> str:
    """The document with these keys of that model's table; the values are TOML already."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    start = _table(lines, model)
    if start is None:
        head = ["\n"] if lines else []
        name = model if _BARE.match(model) else quoted(model)
        return "".join([*lines, *head, f"[models.{name}]\n", *(f"{key} = {value}\n" for key, value in keys.items())])
    end = next((n for n in range(start + 1, len(lines)) if _TABLE.match(lines[n])), len(lines))
    for key, value in keys.items():
        place = _key(lines, start + 1, end, key)
        if place is None:
            end += 1
            lines.insert(_after_last(lines, start, end - 1), f"{key} = {value}\n")
        else:
            lines[place] = f"{key} = {value}\n"
    return "".join(lines)


def diff(old: str, new: str, name: str) -> str:
    """A unified diff that `patch` takes; empty if nothing changes."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    changed = difflib.unified_diff(before, after, name, f"{name} (proposed)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in changed)


def _table(lines: list[str], model: str) -> int | None:
    names = {re.escape(model), re.escape(quoted(model)), re.escape(f"'{model}'")}
    if not _BARE.match(model):
        names.discard(re.escape(model))
    header = re.compile(rf"\s*\[\s*models\s*\.\s*(?:{'|'.join(sorted(names))})\s*\]\s*(?:#.*)?$")
    return next((n for n, line in enumerate(lines) if header.match(line.rstrip("\r\n"))), None)


def _key(lines: list[str], start: int, end: int, key: str) -> int | None:
    """The line of a key whose value is on that line."""
    assigned = re.compile(rf"\s*{re.escape(key)}\s*=")
    return next((n for n in range(start, end) if assigned.match(lines[n])), None)


def _after_last(lines: list[str], start: int, end: int) -> int:
    """Behind the table's last line that says something, before the blank lines and comments that lead to the next."""
    for n in range(end - 1, start, -1):
        if lines[n].strip() and not lines[n].lstrip().startswith("#"):
            return n + 1
    return start + 1
