"""Themes: TOML files of colours become Textual themes. A broken file is reported and skipped, never raised.

The only module of the screen that reads files, and it reads nothing but the directories it is given.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT = "pointsman-dark"
_COLOURS = (
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
)
_KNOWN = frozenset(field.name for field in fields(Theme))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a directory of themes gave: the good ones, and a sentence for each bad one."""

    themes: tuple[Theme, ...]
    failed: tuple[str, ...]


class Shelf:
    """Directories of themes. Where two have a theme of the same name, the later one's counts."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories
        self._seen: dict[Path, _Stamp] = {}

    def look(self) -> Loaded:
        """What is new, or was edited since the last look; the first look finds everything."""
        now = {path: stamp for path in self._files() if (stamp := _stamp(path)) is not None}
        fresh = [path for path, stamp in now.items() if self._seen.get(path) != stamp]
        self._seen = now
        return _read(fresh)

    def _files(self) -> Iterator[Path]:
        for directory in self._directories:
            yield from sorted(directory.glob("*.toml")) if directory.is_dir() else ()


_Stamp = tuple[int, int, int]


def _stamp(path: Path) -> _Stamp | None:
    """Which file it is, when it was written and how long it is: an editor may write beside it and move it over."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns, about.st_size


def load(directory: Path) -> Loaded:
    return Shelf(directory).look()


def _read(paths: Iterable[Path]) -> Loaded:
    themes: list[Theme] = []
    failed: list[str] = []
    for path in paths:
        try:
            themes.append(parse(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, TypeError) as problem:
            failed.append(f"theme {path.name}: {problem}")
    return Loaded(tuple(themes), tuple(failed))


def parse(name: str, data: Mapping[str, object]) -> Theme:
    """A theme from its table. Raises ValueError with what is wrong."""
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    if "primary" not in data:
        raise ValueError("`primary` is missing")
    for key in _COLOURS:
        if key in data:
            _check_colour(key, data[key])
    variables = data.get("variables", {})
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise ValueError("`variables` must be a table of strings")
    if not isinstance(data.get("dark", True), bool):
        raise ValueError("`dark` must be true or false")
    return Theme(**{"name": name, **data})  # type: ignore[arg-type]


def _check_colour(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f'`{key}` must be a colour such as "#1e88e5"')
    try:
        Color.parse(value)
    except ColorParseError as problem:
        raise ValueError(f"`{key}`: {problem}") from problem


def chosen(wanted: str | None, available: Sequence[str]) -> str | None:
    """The theme to begin with; None keeps Textual's own."""
    return next((name for name in (wanted, DEFAULT) if name is not None and name in available), None)
