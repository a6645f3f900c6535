"""Reads newline-delimited JSON out of bytes, within bounds. Pure: no I/O; what the objects mean is not its matter."""

from __future__ import annotations

from pointsman.adapters.lines import LARGEST_STREAM, LONGEST_LINE, LineReader

_BOM = "\ufeff"


class NdjsonReader:
    """Bytes in, the texts of whole lines out. Blank lines are nothing; the last line needs no end."""

    def __init__(self, *, longest_line: int = LONGEST_LINE, largest_stream: int = LARGEST_STREAM) -> None:
        self._lines = LineReader(longest_line=longest_line, largest_stream=largest_stream)

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes. Raises TooLarge."""
        return _texts(self._lines.feed(data))

    def close(self) -> list[str]:
        return _texts([self._lines.rest()])


def _texts(lines: list[bytes]) -> list[str]:
    texts = (line.decode("utf-8", "replace").removeprefix(_BOM).strip() for line in lines)
    return [text for text in texts if text]
