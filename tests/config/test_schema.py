"""The schema for editors: never narrower than the readers, and without a key that they do not know."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from pointsman.config import example_path, preset_names, preset_path, schema_of_configuration

SCHEMA = schema_of_configuration()
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
KEYWORDS = {"$schema", "title", "description", "type", "properties", "additionalProperties", "items", "anyOf", "enum"}
KEYWORDS |= {"minimum", "maximum", "minLength", "minItems", "minProperties", "pattern"}


def is_of(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and isinstance(value, bool) == (name == "boolean")


def wrong(value: Any, schema: Any, path: str = "") -> Iterator[str]:
    """Where the value does not follow the schema. Knows the keywords that the schema uses, and no others."""
    assert schema.keys() <= KEYWORDS, schema.keys() - KEYWORDS
    if "anyOf" in schema and all(any(wrong(value, each)) for each in schema["anyOf"]):
        yield f"{path}: none of anyOf"
    kinds = schema.get("type", list(TYPES))
    if not any(is_of(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{path}: {value!r} is no {kinds}"
        return
    yield from (f"{path}: {value!r}: {keyword}" for keyword in figures(value, schema))
    if isinstance(value, dict):
        others = schema.get("additionalProperties", {})
        for key, inner in value.items():
            below = schema.get("properties", {}).get(key, others)
            yield from [f"{path}.{key}: unknown"] if below is False else wrong(inner, below, f"{path}.{key}")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from wrong(inner, schema.get("items", {}), f"{path}[{index}]")


def figures(value: Any, schema: Any) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield "enum"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield "pattern"
    if isinstance(value, str | list | dict):
        least = max(schema.get(name, 0) for name in ("minLength", "minItems", "minProperties"))
        if len(value) < least:
            yield "too short"
    elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield "range"


@pytest.mark.parametrize("path", [example_path(), *map(preset_path, preset_names())], ids=lambda path: path.stem)
def test_every_shipped_configuration_follows_the_schema(path):
    assert list(wrong(tomllib.loads(path.read_text("utf-8")), SCHEMA)) == []


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("defualt_role = 'x'", ".defualt_role"),
        ("[endpoints.a]\nport = 1", ".endpoints.a.port"),
        ("[endpoints.a]\ndeadlines = { idel = '1 s' }", ".endpoints.a.deadlines.idel"),
        ("[endpoints.a]\nkind = 'llamacpp'", ".endpoints.a.kind"),
        ("[models.m]\ncontext = true", ".models.m.context"),
        ("[models.m]\nquality = { codign = 1 }", ".models.m.quality.codign"),
        ("[[routes]]\nwhen = { line = '>5' }", ".routes[0].when.line"),
        ("[[keywords]]\nfacts = { kind = 1 }", ".keywords[0].facts.kind"),
        ("[[bands]]\nat = 0", ".bands[0].at"),
        ("[ui]\nmice = true", ".ui.mice"),
        ("[uii]\nmouse = true", ".uii"),
    ],
)
def test_an_unknown_key_or_a_value_of_another_kind_is_found_where_it_stands(written, where):
    found = list(wrong(tomllib.loads(written), SCHEMA))
    assert len(found) == 1 and found[0].startswith(where + ":")
