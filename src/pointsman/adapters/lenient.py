"""Reads values out of what servers, drivers and logs say, none of which promised anything. Never raises, never guesses.

Every reader answers None (or nothing) for a value of the wrong shape: unknown, never 0. It must not know any protocol.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping

JsonObject = Mapping[str, object]
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST_NAME = 512


def one_line(value: object, limit: int = 200) -> str:
    """Untrusted text as one printable line of at most `limit` characters: no control, bidi or private characters.

    A stateless map of characters, so that it cannot be confused by where a text was split.
    """
    raw = str(value)[: limit * 8]
    mapped = "".join(" " if char.isspace() else _visible(char) for char in raw)
    line = " ".join(mapped.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def log_text(value: object, limit: int = 2_000) -> str:
    """As `one_line`, but every space stays where it is: logs are indented."""
    raw = str(value)[: limit + 1].replace("\t", "    ")
    line = "".join(" " if char.isspace() else _visible(char) for char in raw).rstrip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _visible(char: str) -> str:
    return "\ufffd" if unicodedata.category(char) in _UNPRINTABLE else char


def decode_json(body: bytes) -> object:
    """The value, or None if it is no JSON (HTML, half a document, thousands of nested brackets)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def record(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def records(value: object) -> tuple[JsonObject, ...]:
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(word for item in value if (word := name(item)) is not None)


def name(value: object) -> str | None:
    """A model's id or the like, kept exactly as data; None if it is no text, empty, or absurdly long."""
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME else None


def count(value: object) -> int | None:
    """A whole number >= 0; a float without fraction counts, true and false do not."""
    seen = number(value)
    return int(seen) if seen is not None and seen == int(seen) else None


def number(value: object) -> float | int | None:
    """A finite number >= 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and value >= 0 else None
