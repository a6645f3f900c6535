"""The configuration in force as one document: the file over its preset, each value as somebody wrote it.

What nobody wrote (defaults, prices from the table) is not in it. Read as a configuration, it decides the same.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from pointsman.config.layers import Layer, as_written
from pointsman.config.problems import SECRET, Report
from pointsman.config.settings import load, merged_layer

_MERGED = ("policy", "extends")  # what they name is in the document itself


def document_in_force(path: Path | None, policy: str | None) -> dict[str, Any]:
    """As `load` takes it. Raises ConfigError with every problem found."""
    load(path, policy)
    merged, _ = merged_layer(path, policy, Report(), as_written)
    shown: dict[str, Any] = _shown(_document(merged))
    return shown


def _document(layer: Layer) -> dict[str, Any]:
    top = {key: value for key, value in layer.top.items() if key not in _MERGED}
    sections = {name: dict(section) for name, section in layer.sections.items() if section}
    tables = {
        name: {key: dict(entry.values) for key, entry in entries.items()}
        for name, entries in layer.tables.items()
        if entries
    }
    arrays = {name: [dict(entry.values) for entry in entries] for name, entries in layer.arrays.items() if entries}
    return top | sections | tables | arrays


def _shown(value: Any) -> Any:
    """Values that text and JSON can hold. `load` refuses a pasted key; should one pass it, it goes no further."""
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    if isinstance(value, str):
        return SECRET.sub("[hidden]", value)
    known = isinstance(value, int) or (isinstance(value, float) and isfinite(value))
    return value if known else str(value)  # dates and infinities in `params`: JSON has no form for them
