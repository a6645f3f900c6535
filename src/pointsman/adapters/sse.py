"""Reads server-sent events out of bytes, by the WHATWG rules and within bounds. Pure: no I/O, no JSON, no protocol.

`Frames` on top of it also takes the server that ignores `stream: true` and answers with one JSON document.
"""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.adapters.lines import LARGEST_REPLY, LARGEST_STREAM, LONGEST_LINE, LineReader, TooLarge

LARGEST_EVENT = 4 << 20  # bytes
_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"data", b"event", b"id", b"retry")


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One dispatched event: its name (`message` unless the stream says otherwise) and its data lines joined by LF."""

    event: str
    data: str


class SseReader:
    """Bytes in, events out. An event counts only once its blank line has come."""

    def __init__(
        self,
        *,
        longest_line: int = LONGEST_LINE,
        largest_event: int = LARGEST_EVENT,
        largest_stream: int = LARGEST_STREAM,
    ) -> None:
        self._lines = LineReader(longest_line=longest_line, largest_stream=largest_stream)
        self._largest_event = largest_event
        self._first_line = True
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0
        self.foreign = 0  # lines that are no part of the format, such as HTML

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that `data` completes. Raises TooLarge."""
        events = []
        for line in self._lines.feed(data):
            event = self._line(line)
            if event is not None:
                events.append(event)
        return events

    def close(self) -> bool:
        """The end of the stream. An unfinished event is dropped, as the standard says; True if there was one."""
        rest = self._lines.rest()
        if rest and not self._is_field(rest):
            self.foreign += 1
        return bool(rest or self._data)

    def _line(self, line: bytes) -> SseEvent | None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return None
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))
        return None

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._size += len(value) + 1
            if self._size > self._largest_event:
                raise TooLarge(f"an event is larger than {self._largest_event} bytes")
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name not in _FIELDS:
            self.foreign += 1

    def _dispatch(self) -> SseEvent | None:
        name, data = self._event, self._data
        self._event, self._data, self._size = b"", [], 0
        if not data:
            return None
        return SseEvent(name.decode("utf-8", "replace") or "message", b"\n".join(data).decode("utf-8", "replace"))

    @staticmethod
    def _is_field(line: bytes) -> bool:
        return line.startswith(b":") or line.partition(b":")[0] in _FIELDS


class Frames:
    """The frames of a reply that should be a stream: its events, or its one JSON document as a single frame.

    Content decides, not the content type, which proxies rewrite. No event stream begins with a brace or bracket.
    """

    def __init__(self, *, largest_reply: int = LARGEST_REPLY) -> None:
        self._sse = SseReader()
        self._largest_reply = largest_reply
        self._head: bytearray | None = bytearray()  # held back until the first byte that is neither BOM nor space
        self._document: bytearray | None = None
        self.opening = b""  # the first bytes, for the words of a failure
        self.whole = False  # one document instead of a stream

    def feed(self, data: bytes) -> list[SseEvent]:
        """Raises TooLarge."""
        self.opening += data[: max(0, 512 - len(self.opening))]
        if self._head is not None:
            self._head += data
            if not self._decided():
                return []
            data, self._head = bytes(self._head), None
        if self._document is None:
            return self._sse.feed(data)
        self._document += data
        if len(self._document) > self._largest_reply:
            raise TooLarge(f"the reply is larger than {self._largest_reply} bytes")
        return []

    def close(self) -> list[SseEvent]:
        """The end of the reply."""
        if self._document is not None:
            return [SseEvent("message", self._document.removeprefix(_BOM).decode("utf-8", "replace"))]
        if self._head:
            self._sse.feed(bytes(self._head))
        self._sse.close()
        return []

    @property
    def foreign(self) -> bool:
        """True if what came is neither events nor JSON."""
        return self._sse.foreign > 0

    def _decided(self) -> bool:
        assert self._head is not None
        if _BOM.startswith(self._head):
            return False
        start = bytes(self._head).removeprefix(_BOM).lstrip()[:1]
        if not start:
            self._head = bytearray(_BOM if self._head.startswith(_BOM) else b"")  # blank lines while queued are dropped
            return False
        if start in b"{[":
            self._document, self.whole = bytearray(), True
        return True
