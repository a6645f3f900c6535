"""The JSON Schema of a configuration, for editors: made of the readers' own tables, so that it cannot say otherwise.

It knows keys, types and words. Names that must exist elsewhere, and quantities in text, are for `check`.
"""

from __future__ import annotations

from typing import Any

from pointsman.config.reader import table_of
from pointsman.config.shapes import ARRAYS, SECTIONS, TABLES, TOP


def schema_of_configuration() -> dict[str, Any]:
    document = table_of(TOP)
    named = {name: {"type": "object", "additionalProperties": table_of(shape)} for name, shape in TABLES.items()}
    rows = {name: {"type": "array", "items": table_of(shape)} for name, shape in ARRAYS.items()}
    document["properties"] |= {name: table_of(shape) for name, shape in SECTIONS.items()} | named | rows
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Pointsman's configuration (config.toml)"}
    return head | document
