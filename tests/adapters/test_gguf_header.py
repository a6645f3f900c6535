"""What a GGUF file says of itself, and that a file which lies about its lengths is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pointsman.adapters.gguf_header import GgufHeader, NotGguf, read_gguf


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def file_of(*pairs: tuple[str, int, bytes], version: int = 3, magic: bytes = b"GGUF", keys: int | None = None) -> bytes:
    head = magic + struct.pack("<IQQ", version, 7, len(pairs) if keys is None else keys)
    return head + b"".join(text(key) + struct.pack("<I", kind) + value for key, kind, value in pairs)


PAIRS = (
    ("general.architecture", 8, text("llama")),
    ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
    ("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 2) + b"\0" * 8),
    ("general.name", 8, text("Tiny")),
    ("x.flag", 7, b"\1"),
    ("llama.context_length", 4, struct.pack("<I", 16384)),
)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "m.gguf"
    path.write_bytes(data)
    return path


def test_name_architecture_context_and_size_are_read(tmp_path: Path) -> None:
    data = file_of(*PAIRS)
    assert read_gguf(written(tmp_path, data + b"weights")) == GgufHeader(
        architecture="llama", name="Tiny", context=16384, size=len(data) + 7
    )


def test_what_is_missing_or_of_another_type_is_unknown(tmp_path: Path) -> None:
    odd = file_of(("general.name", 4, struct.pack("<I", 3)), ("general.architecture", 8, text("")))
    assert read_gguf(written(tmp_path, odd)) == GgufHeader(architecture="", size=len(odd))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends inside"),
        (b"PK\3\4" + b"\0" * 40, "does not begin"),
        (file_of(version=99), "version 99"),
        (file_of(*PAIRS)[:60], "ends inside"),
        (file_of(keys=10**9), "claims a length"),
        (file_of(("k" * 2000, 8, text("x"))), "claims a length"),
        (file_of(("k", 8, struct.pack("<Q", 2**60))), "claims a length"),
        (file_of(("k", 77, b"")), "unknown kind 77"),
        (file_of(("k", 9, struct.pack("<IQ", 9, 1))), "unknown kind 9"),
        (file_of(("k", 9, struct.pack("<IQ", 10, 2**27))), "larger than any"),
    ],
)
def test_files_that_lie_are_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(NotGguf, match=why):
        read_gguf(written(tmp_path, data))
