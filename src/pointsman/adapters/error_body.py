"""Reads what an error body says, in every shape servers were seen to use (traps T25, T26). Never raises. Pure.

Object, string, array-wrapped, HTML, plain text, nothing, or JSON inside a string: all give one `ErrorBody`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pointsman.adapters.lenient import record

LARGEST_BODY = 64 << 10  # bytes that are read of an error
_DEPTH = 5
_LONGEST_WORDS = 16 << 10
_SILENT_TAGS = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[a-zA-Z!/][^<>]{0,2000}>")
_MESSAGE_KEYS = ("message", "detail", "error_description", "msg", "title", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    message: str  # for a person; raw, untrusted
    words: str  # every text in the body, lower case: what rules look into
    code: int | None  # a status told inside the body (llama-server, vLLM, OpenRouter, Gemini)
    value: object  # the decoded JSON, nested JSON unwrapped; None if there was none


def read_error(body: bytes | str | object) -> ErrorBody:
    """`body` as received, or a JSON value already decoded (an error frame of a stream)."""
    if isinstance(body, bytes):
        body = body[:LARGEST_BODY].decode("utf-8", "replace")
    value = _decoded(body, 0)
    if isinstance(value, str):
        text = _plain_text(value)
        return ErrorBody(message=text, words=text.lower(), code=None, value=None)
    words = "\n".join(_texts(value, 0))[:_LONGEST_WORDS]
    return ErrorBody(message=_message(value, 0), words=words.lower(), code=_code(value), value=value)


def _decoded(value: object, depth: int) -> object:
    """JSON written inside strings becomes JSON, wherever it hides."""
    if depth > _DEPTH:
        return value
    if isinstance(value, str):
        text = value.lstrip("\ufeff \t\r\n")
        if text[:1] not in ("{", "["):
            return value
        try:
            return _decoded(json.loads(text), depth + 1)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, list):
        return [_decoded(item, depth + 1) for item in value[:50]]
    if isinstance(value, dict):
        return {key: _decoded(item, depth + 1) for key, item in value.items()}
    return value


def _plain_text(text: str) -> str:
    if "<" not in text:
        return text
    return " ".join(_TAG.sub(" ", _SILENT_TAGS.sub(" ", text)).split())


def _inner(value: object) -> object:
    """The object that describes the error, out of its wrappings."""
    for _ in range(_DEPTH):
        if isinstance(value, list) and value:
            value = value[0]
        elif isinstance(value, dict) and isinstance(value.get("error"), dict | list):
            value = value["error"]
        else:
            break
    return value


def _message(value: object, depth: int) -> str:
    inner = _inner(value)
    if isinstance(inner, str):
        return _plain_text(inner)
    found = record(inner)
    for key in ("error", *_MESSAGE_KEYS):
        seen = found.get(key)
        if isinstance(seen, str) and seen.strip():
            return _plain_text(seen)
        if isinstance(seen, dict | list) and depth < _DEPTH:
            return _message(seen, depth + 1)
    return ""


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth <= _DEPTH:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)


def _code(value: object) -> int | None:
    """An HTTP status in the body; as text it counts too."""
    found = record(_inner(value))
    for key in ("code", "status", "status_code"):
        seen = found.get(key)
        if isinstance(seen, str) and seen.isascii() and seen.isdigit():
            seen = int(seen[:4])
        if isinstance(seen, int) and not isinstance(seen, bool) and 400 <= seen <= 599:
            return seen
    return None
