"""Foreign text in audit lines: kept beside the chain under a salted hash, so that it can be erased without a trace of
it, and the chain stays whole. Pure.

In the chained body each such text is a mark, `⟦0⟧`, and the body's `foreign` lists, in order, its field and
`SHA256(salt || text)`. The salt keeps short texts from being guessed from their hash.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pointsman.core.audit import AuditEvent

SALT_BYTES = 16
ERASED = "[erased]"
_SHORTEST = 4  # characters; shorter texts hide nothing and would match inside words
_MARK = re.compile("⟦(\\d+)⟧")


@dataclass(frozen=True, slots=True)
class Kept:
    """One foreign text beside a line."""

    field: str
    salt: bytes
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """What is stored of an event: the chained body, and what stands beside it."""

    body: str
    kept: tuple[Kept, ...] = ()


def salted(salt: bytes, value: bytes) -> str:
    return sha256(salt + value).hexdigest()


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hide(event: AuditEvent, value: dict[str, Any], salt: Callable[[], bytes], clean: Callable[[str], str]) -> Line:
    """`value` is the event's body as decoded; `clean` is what the body's texts went through."""
    kept: list[Kept] = []
    for field, raw in sorted(event.foreign.items(), key=lambda item: (-len(item[1]), item[0])):
        text = clean(raw)
        if len(text) >= _SHORTEST and _marked(value, text, f"⟦{len(kept)}⟧"):
            kept.append(Kept(field, salt(), text))
    if not kept:
        return Line(canonical(value))
    value["foreign"] = [[each.field, salted(each.salt, each.value.encode())] for each in kept]
    return Line(canonical(value), tuple(kept))


def reveal(body: str, kept: Mapping[str, str]) -> str:
    """The body as it was said; texts that were erased say so."""
    value = json.loads(body)
    listed = value.pop("foreign", None)
    if listed is None:
        return body
    texts = [kept.get(field, ERASED) for field, _ in listed]
    for part in ("text", "data"):
        value[part] = each_text(value[part], lambda text: _MARK.sub(lambda mark: _text_of(mark, texts), text))
    return canonical(value)


def _text_of(mark: re.Match[str], texts: Sequence[str]) -> str:
    index = int(mark[1])
    return texts[index] if index < len(texts) else mark[0]


def _marked(value: dict[str, Any], text: str, mark: str) -> bool:
    """Puts the mark wherever the text stands; False if it stands nowhere."""
    changed = {part: each_text(value[part], lambda seen: seen.replace(text, mark)) for part in ("text", "data")}
    found = any(changed[part] != value[part] for part in changed)
    value |= changed
    return found


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The JSON value with every text in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {key: each_text(item, change) for key, item in value.items()}
    return value
