"""What the screen lets people choose. Can be read by itself, before the rest: the first frame wears it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pointsman.keymap import flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Ui:
    """What the screen lets people choose."""

    theme: str = "pointsman-dark"
    keymap: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # binding id -> key
    refresh_hz: float = 1.0  # apply passes per second over visible panes
    notify: Literal["off", "bell", "osc9", "osc777"] = "off"  # when something ends and nobody looks at the terminal
    mouse: bool = True  # False: clicks and selections are the terminal's own


_FITS: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "theme": lambda value: isinstance(value, str),
        "mouse": lambda value: isinstance(value, bool),
        "keymap": lambda value: isinstance(value, dict) and all(isinstance(key, str) for key in flat(value).values()),
        "refresh_hz": lambda value: isinstance(value, int | float) and 0.1 <= value <= 4.0,
        "notify": lambda value: value in ("off", "bell", "osc9", "osc777"),
    }
)


def read_ui(path: Path | None) -> Ui:
    """The [ui] of the file at `path`. What is wrong there is left out: `load`, which follows, says it."""
    if path is None:
        return Ui()
    try:
        written = tomllib.loads(path.read_text("utf-8-sig")).get("ui", {})
    except (OSError, ValueError, RecursionError):
        return Ui()
    chosen = written if isinstance(written, dict) else {}
    read = {name: chosen[name] for name, fits in _FITS.items() if name in chosen and fits(chosen[name])}
    return Ui(**{**read, **({"keymap": flat(read["keymap"])} if "keymap" in read else {})})
