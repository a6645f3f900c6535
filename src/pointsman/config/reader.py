"""What reads a value, and says beforehand what may be written there. The schema for editors is made of the second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.config.problems import Place

Read = Callable[[object, Place], Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Gets the TOML value and its place; returns the core's value, or raises `Wrong`."""

    read: Read
    accepts: Mapping[str, Any]  # in JSON Schema's words; it may be wider than the reader, never narrower

    def __call__(self, value: object, place: Place) -> Any:
        return self.read(value, place)


Shape = Mapping[str, Reader]


def accepts(**schema: Any) -> Callable[[Read], Reader]:
    """Makes a Reader of a function."""
    return lambda read: Reader(read, schema)


def plain(convert: Callable[[object], Any], *types: str) -> Reader:
    """A reader that does not need the place; what is written is text unless stated. Its first words show the form."""
    return Reader(
        lambda value, place: convert(value),
        {"type": list(types) or "string", "description": (convert.__doc__ or "").strip()},
    )


def table_of(shape: Shape) -> dict[str, Any]:
    """What a table of this shape accepts: its keys and no others. Any may be missing: a preset may have it."""
    properties = {key: dict(reader.accepts) for key, reader in shape.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}
