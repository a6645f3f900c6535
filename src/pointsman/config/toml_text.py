"""A document as TOML text: plain values first, then a heading for each table. For showing; `tomllib` reads it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def as_toml(document: Mapping[str, Any]) -> str:
    """Tables of tables and arrays of tables get headings; what lies deeper stands in one line."""
    plain = {key: value for key, value in document.items() if not _headed(value)}
    lines = [*_pairs(plain)]
    for name, value in document.items():
        if _headed(value):
            lines += _under(name, value)
    return "\n".join(lines).lstrip("\n") + "\n"


def _headed(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _under(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from ("", f"[[{_key(name)}]]", *_pairs(item))
    elif all(isinstance(inner, dict) for inner in value.values()):
        for key, inner in value.items():
            yield from ("", f"[{_key(name)}.{_key(key)}]", *_pairs(inner))
    else:
        yield from ("", f"[{_key(name)}]", *_pairs(value))


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(name: str) -> str:
    return name if _BARE.match(name) else _quoted(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(_pairs(value)) + " }" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _quoted(text: str) -> str:
    """JSON's escapes are TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
