"""A recorded run as values: what a door saw of the engine, line by line with the seconds since it began. Pure.

The first line is the head: version, when it began, whether words are kept, the fleet. Every other line has `t` and
`what`. Lines are only ever added to the format: what a reader does not know it passes over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsman.core.codec import decode, encode
from pointsman.core.fleet import Fleet
from pointsman.core.snapshot import Snapshot

VERSION = 1
MARK = "pointsman-recording"
Line = Mapping[str, Any]
_WORD = re.compile(r"\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    began: float  # Unix seconds
    words: bool  # False: prompts, replies and logs are masked
    fleet: Fleet
    program: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    head: Head
    lines: tuple[Line, ...] = field(repr=False)
    problem: str | None = None  # where it cannot be read on; what stands before is good

    @property
    def seconds(self) -> float:
        return float(self.lines[-1]["t"]) if self.lines else 0.0


def head_line(head: Head) -> Line:
    return {
        MARK: VERSION,
        "program": head.program,
        "began": head.began,
        "words": head.words,
        "fleet": encode(head.fleet),
    }


def read_tape(lines: Iterable[str]) -> Tape:
    """The tape that these lines are. A last line that was cut is passed over. Raises ValueError if it is none."""
    written = iter(lines)
    head = _head(next(written, ""))
    good: list[Line] = []
    problem: str | None = None
    for number, text in enumerate(written, 2):
        try:
            good.append(_line(text, float(good[-1]["t"]) if good else 0.0))
        except ValueError as wrong:
            if text.endswith("\n"):
                problem = f"the recording cannot be read from line {number} on: {wrong}"
            break
    return Tape(head=head, lines=tuple(good), problem=problem)


def _head(text: str) -> Head:
    try:
        told = json.loads(text)
        version = told[MARK]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("this is no recording of pointsman") from None
    if version != VERSION:
        raise ValueError(f"this recording has version {version!r}, and this program reads version {VERSION}")
    kept = {name: told[name] for name in ("began", "words", "fleet", "program") if name in told}
    return decode(Head, kept)


def _line(text: str, earliest: float) -> Line:
    try:
        told = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(told, dict) or not isinstance(told.get("what"), str):
        raise ValueError("no recorded line")
    at = told.get("t")
    if isinstance(at, bool) or not isinstance(at, int | float) or not at >= earliest:
        raise ValueError("its time does not follow")
    return told


# --- pictures, as what changed ------------------------------------------------------------------------------------


def changes(old: Line, new: Line) -> Line:
    """What leads from one encoded picture to the next: `set`, and `gone` for what is not there any more. Mappings are
    compared entry by entry."""
    put: dict[str, Any] = {}
    gone: list[list[str]] = []
    for name, seen in new.items():
        if isinstance(seen, dict) and isinstance(old.get(name), dict):
            put |= {name: entries} if (entries := _changed(old[name], seen)) else {}
            gone += [[name, key] for key in old[name] if key not in seen]
        elif name not in old or old[name] != seen:
            put[name] = seen
    gone += [[name] for name in old if name not in new]
    return {"set": put, **({"gone": gone} if gone else {})}


def _changed(old: Line, new: Line) -> dict[str, Any]:
    return {key: seen for key, seen in new.items() if key not in old or old[key] != seen}


def changed(old: Line, line: Line) -> dict[str, Any]:
    """The picture after those changes."""
    new = dict(old)
    for path in line.get("gone", ()):
        if len(path) == 1:
            new.pop(path[0], None)
        else:
            new[path[0]] = {key: seen for key, seen in new.get(path[0], {}).items() if key != path[1]}
    for name, seen in line["set"].items():
        both = isinstance(seen, dict) and isinstance(new.get(name), dict)
        new[name] = {**new[name], **seen} if both else seen
    return new


def picture(told: Line) -> Snapshot:
    """Raises ValueError."""
    return decode(Snapshot, dict(told))


# --- words --------------------------------------------------------------------------------------------------------

# Fields of recorded lines that hold words of the user, of a model, or of what a command printed.
_WORDS = frozenset({"text", "opinion", "output", "reasons", "quote", "argv", "lines", "texts"})
_OURS = frozenset({"decision", "attempt", "attempts", "rung"})  # what the audit says as well: names, reasons, figures


def masked(text: str) -> str:
    """As long, as wide and as many lines; no word of it."""
    return _WORD.sub("x", text)


def without_words(told: Mapping[str, Any]) -> dict[str, Any]:
    """What was recorded, with its words masked."""
    return {name: seen if name in _OURS else _masked(seen, name in _WORDS) for name, seen in told.items()}


def _masked(told: Any, words: bool) -> Any:
    if isinstance(told, str):
        return masked(told) if words else told
    if isinstance(told, list):
        return [_masked(seen, words) for seen in told]
    if isinstance(told, dict):
        return {name: _masked(seen, words or name in _WORDS) for name, seen in told.items()}
    return told
