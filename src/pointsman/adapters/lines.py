"""Splits a byte stream into lines, wherever the chunks are cut, within bounds. Knows no protocol and does no I/O."""

from __future__ import annotations

import re

LONGEST_LINE = 1 << 20  # bytes; promises.md §3: a 64 MB line was swallowed whole by the usual readers
LARGEST_REPLY = 16 << 20  # bytes of text, or of one document: what somebody keeps
LARGEST_STREAM = 256 << 20  # bytes on the wire: a frame of one token is some 300 of them, and is not kept

# Only these three end a line. U+2028, U+0085 and form feed are text: JSON carries them raw.
_LINE_END = re.compile(rb"\r\n|\n|\r")


class TooLarge(ValueError):
    """A line, event or reply passed its bound. The text says which, with the bound; it holds nothing of the stream."""


class LineReader:
    """Bytes in, whole lines out, without their ends. A CR ends its line at once; the LF of a split CRLF is dropped."""

    def __init__(self, *, longest_line: int = LONGEST_LINE, largest_stream: int = LARGEST_STREAM) -> None:
        self._longest_line = longest_line
        self._largest_stream = largest_stream
        self._partial = bytearray()
        self._after_cr = False
        self._received = 0  # bytes so far

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes. Raises TooLarge."""
        self._received += len(data)
        if self._received > self._largest_stream:
            raise TooLarge(f"the stream is longer than {self._largest_stream} bytes")
        if not data:
            return []
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r") if data else False
        *ended, rest = _LINE_END.split(data)
        if ended:
            ended[0] = self.rest() + ended[0]
        self._partial += rest
        for line in (*ended, self._partial):
            if len(line) > self._longest_line:
                raise TooLarge(f"a line is longer than {self._longest_line} bytes")
        return ended

    def rest(self) -> bytes:
        """Takes what follows the last line end: an unfinished line."""
        taken = bytes(self._partial)
        self._partial.clear()
        return taken
