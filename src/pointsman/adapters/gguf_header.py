"""What a GGUF file says of itself at its beginning: architecture, name, trained context, size. Reads no weights.

The file is untrusted: every length is bounded before it is believed. Format: version 2 and 3, little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"GGUF"
_MOST_KEYS = 4096
_LONGEST_KEY = 1024
_LONGEST_TEXT = 1 << 20
_MOST_BYTES = 256 << 20  # of the header, vocabularies included
_FORMS = ("<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?", None, None, "<Q", "<q", "<d")
_SCALARS: Mapping[int, str] = {kind: form for kind, form in enumerate(_FORMS) if form is not None}
_TEXT, _ARRAY = 8, 9


class NotGguf(ValueError):
    """The file is no GGUF file that can be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    architecture: str | None = None
    name: str | None = None
    context: int | None = None  # tokens it was trained for
    size: int = 0  # bytes of the file, about what the weights take in memory


def read_gguf(path: Path) -> GgufHeader:
    """Raises NotGguf for another kind of file or a broken one, OSError if it cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            found = _keys(_Reader(file))
        except (struct.error, EOFError):
            raise NotGguf("the file ends inside its header") from None
    architecture = found.get("general.architecture")
    context = found.get(f"{architecture}.context_length")
    name = found.get("general.name")
    return GgufHeader(
        architecture=architecture if isinstance(architecture, str) else None,
        name=name if isinstance(name, str) and name.strip() else None,
        context=context if isinstance(context, int) and 0 < context < 1 << 31 else None,
        size=size,
    )


class _Reader:
    """Reads bounded pieces and counts them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MOST_BYTES

    def bytes(self, count: int) -> bytes:
        self._spend(count)
        data = self._file.read(count)
        if len(data) != count:
            raise EOFError
        return data

    def skip(self, count: int) -> None:
        self._spend(count)
        self._file.seek(count, 1)

    def number(self, form: str) -> int | float | bool:
        value: int | float | bool = struct.unpack(form, self.bytes(struct.calcsize(form)))[0]
        return value

    def length(self, most: int) -> int:
        count = int(self.number("<Q"))
        if count > most:
            raise NotGguf(f"the header claims a length of {count}")
        return count

    def text(self, most: int) -> str:
        return self.bytes(self.length(most)).decode("utf-8", "replace")

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise NotGguf("the header is larger than any known one")


def _keys(reader: _Reader) -> dict[str, object]:
    """The scalar and text values; arrays (vocabularies) are passed over."""
    if reader.bytes(4) != _MAGIC:
        raise NotGguf("it does not begin like a GGUF file")
    version = int(reader.number("<I"))
    if version not in (2, 3):
        raise NotGguf(f"version {version} of the format is not known here")
    reader.number("<Q")  # how many tensors
    found: dict[str, object] = {}
    for _ in range(reader.length(_MOST_KEYS)):
        key = reader.text(_LONGEST_KEY)
        found[key] = _value(reader, int(reader.number("<I")))
    return found


def _value(reader: _Reader, kind: int) -> object:
    if kind == _TEXT:
        return reader.text(_LONGEST_TEXT)
    if kind == _ARRAY:
        _pass_over(reader)
        return None
    form = _SCALARS.get(kind)
    if form is None:
        raise NotGguf(f"the header has a value of unknown kind {kind}")
    return reader.number(form)


def _pass_over(reader: _Reader) -> None:
    kind = int(reader.number("<I"))
    count = reader.length(_MOST_BYTES)
    form = _SCALARS.get(kind)
    if form is not None:
        reader.skip(count * struct.calcsize(form))
        return
    if kind != _TEXT:
        raise NotGguf(f"the header has an array of unknown kind {kind}")
    for _ in range(count):
        reader.skip(reader.length(_LONGEST_TEXT))
