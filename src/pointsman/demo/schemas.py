"""The smallest object that a JSON Schema in the system message allows: the shape of a plan, and no judgement.

Knows only what pydantic writes for plain models: objects, arrays, strings, numbers, enums, references, choices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_MARK = "JSON Schema"
_QUOTED = 60  # characters of the prompt that a citation repeats
_DEEPEST = 8


def schema_in(text: str) -> Mapping[str, Any] | None:
    """The schema that an instruction carries, if it carries one."""
    start = text.find("{", text.find(_MARK)) if _MARK in text else -1
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("type") == "object" else None


def instance(schema: Mapping[str, Any], prompt: str) -> str:
    """An object of that schema, as JSON, the same every time; what it quotes stands in the prompt."""
    return json.dumps(_value(schema, "", schema.get("$defs", {}), prompt, _DEEPEST), indent=2)


def _value(schema: Mapping[str, Any], name: str, defs: Mapping[str, Any], prompt: str, depth: int) -> Any:
    if depth == 0:
        return None
    if "$ref" in schema:
        return _value(defs[str(schema["$ref"]).rpartition("/")[2]], name, defs, prompt, depth - 1)
    if "enum" in schema:
        return schema["enum"][len(schema["enum"]) // 2]  # of approve, revise, reject: nobody looked, so not the first
    kind = schema.get("type")
    if kind == "object":
        wanted = {key: schema["properties"][key] for key in schema.get("required", ())}
        return {key: _value(inner, key, defs, prompt, depth - 1) for key, inner in wanted.items()}
    if kind == "array":
        return [_value(schema.get("items", {}), name, defs, prompt, depth - 1)] * schema.get("minItems", 0)
    if kind in ("number", "integer"):
        return schema.get("minimum", 0)
    return _words(name, prompt)


def _words(name: str, prompt: str) -> str:
    if name == "quote":
        return " ".join(prompt[: _QUOTED * 4].split())[:_QUOTED].strip() or "nothing"
    return f"simulated {name}: no model was run"
