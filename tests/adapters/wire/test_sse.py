"""The SSE reader keeps to the WHATWG rules at every cut, and to its bounds."""

from __future__ import annotations

import pytest

from pointsman.adapters.lines import LineReader, TooLarge
from pointsman.adapters.sse import Frames, SseEvent, SseReader

E = SseEvent

WHATWG = {
    "LF": (b"data: a\n\n", [E("message", "a")]),
    "CRLF": (b"data: a\r\n\r\n", [E("message", "a")]),
    "CR": (b"data: a\r\rdata: b\r\r", [E("message", "a"), E("message", "b")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\n\rdata: c\r\r\n", [E("message", x) for x in "abc"]),
    "one BOM is dropped": (b"\xef\xbb\xbfdata: a\n\n", [E("message", "a")]),
    "a second BOM belongs to the field's name": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    "a BOM later is text": (b"data: \xef\xbb\xbfa\n\n", [E("message", "\ufeffa")]),
    "comments": (b": ping\n:\n\ndata: a\n: in between\ndata: b\n\n", [E("message", "a\nb")]),
    "several data lines": (b"data: a\ndata:\ndata: b\n\n", [E("message", "a\n\nb")]),
    "no space after the colon": (b"data:a\n\n", [E("message", "a")]),
    "only one space is dropped": (b"data:  a \n\n", [E("message", " a ")]),
    "colons in the value": (b"data: a: b:c\n\n", [E("message", "a: b:c")]),
    "a field without colon is empty": (b"data\n\ndata\ndata\n\n", [E("message", ""), E("message", "\n")]),
    "named event": (b"event: ping\ndata: {}\n\ndata: a\n\n", [E("ping", "{}"), E("message", "a")]),
    "an event without data is nothing": (b"event: ping\n\ndata: a\n\n", [E("message", "a")]),
    "the last event name counts": (b"event: a\nevent: b\ndata: x\n\n", [E("b", "x")]),
    "an empty event name is message": (b"event: a\nevent:\ndata: x\n\n", [E("message", "x")]),
    "id, retry and unknown fields": (b"id: 7\nretry: 10\nfoo: bar\ndata: a\n\n", [E("message", "a")]),
    "field names are case-sensitive": (b"DATA: a\n\nData: b\n\ndata: c\n\n", [E("message", "c")]),
    "leading space makes another field": (b" data: a\n\ndata: b\n\n", [E("message", "b")]),
    "an unfinished event is dropped": (b"data: a\n\ndata: b\n", [E("message", "a")]),
    "an unfinished line is dropped": (b"data: a\n\ndata: b", [E("message", "a")]),
    "U+2028, U+2029, U+0085 and form feed are text": (
        "data: a\u2028b\u2029c\x85d\x0ce\x0bf\n\n".encode(),
        [E("message", "a\u2028b\u2029c\x85d\x0ce\x0bf")],
    ),
    "multi-byte characters": ("data: 안녕 🚂 é\n\n".encode(), [E("message", "안녕 🚂 é")]),
    "broken UTF-8 is replaced": (b"data: a\xffb\n\n", [E("message", "a\ufffdb")]),
    "NUL is text": (b"data: a\x00b\n\n", [E("message", "a\x00b")]),
    "blank lines alone": (b"\n\r\n\r\n\n", []),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", WHATWG)
def test_every_case_of_the_standard_at_every_cut(case: str) -> None:
    """Whatever the cut, the events are those of the standard."""
    payload, expected = WHATWG[case]
    cuts = [[payload[:cut], payload[cut:]] for cut in range(len(payload) + 1)]
    for pieces in [[payload], [payload[i : i + 1] for i in range(len(payload))], *cuts]:
        reader = SseReader()
        assert [event for piece in pieces for event in reader.feed(piece)] == expected, pieces


def test_three_way_cuts_inside_a_crlf_and_a_character() -> None:
    """Two cuts next to each other confuse nothing either."""
    payload = "\ufeffdata: é\r\n\r\ndata: 🚂\r\n\r\n".encode()
    for first in range(len(payload)):
        for second in range(first, len(payload)):
            reader = SseReader()
            pieces = (payload[:first], payload[first:second], payload[second:])
            assert [e.data for piece in pieces for e in reader.feed(piece)] == ["é", "🚂"]


def test_an_event_is_out_as_soon_as_its_blank_line_is() -> None:
    """A CR is a line end at once: nobody waits for the LF that may follow."""
    reader = SseReader()
    assert reader.feed(b"data: a\r") == []
    assert reader.feed(b"\r") == [E("message", "a")]
    assert reader.feed(b"\n") == []
    assert reader.feed(b"data: b\n\n") == [E("message", "b")]


def test_close_tells_whether_something_was_unfinished() -> None:
    reader = SseReader()
    reader.feed(b"data: a\n\n")
    assert reader.close() is False
    reader.feed(b"data: b\n")
    assert reader.close() is True


def test_a_line_without_end_is_stopped_at_its_bound() -> None:
    """A 64 MB line costs no more memory than the bound."""
    reader = SseReader(longest_line=1000)
    reader.feed(b"data: " + b"x" * 994)
    with pytest.raises(TooLarge, match="1000"):
        reader.feed(b"x")


def test_an_event_of_many_lines_is_stopped_at_its_bound() -> None:
    reader = SseReader(longest_line=100, largest_event=1000)
    with pytest.raises(TooLarge, match="event"):
        for _ in range(100):
            reader.feed(b"data: " + b"x" * 90 + b"\n")


def test_a_stream_without_end_is_stopped_at_its_bound() -> None:
    reader = SseReader(largest_stream=10_000)
    with pytest.raises(TooLarge, match="stream"):
        for _ in range(10_000):
            reader.feed(b": ping\n\n")


def test_bounds_are_exact() -> None:
    """A line of exactly the bound is read."""
    reader = LineReader(longest_line=4)
    assert reader.feed(b"abcd\nef") == [b"abcd"]
    assert reader.rest() == b"ef"
    with pytest.raises(TooLarge):
        reader.feed(b"abcde\n")


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\n\n \r\n", b"\xef\xbb\xbf\n "])
def test_a_document_instead_of_a_stream_is_one_frame(lead: bytes) -> None:
    """The first byte that is neither BOM nor space decides, whatever the cut."""
    document = b'{\n "a": "data: x\\n\\n"}\n'
    payload = lead + document
    for cut in range(len(payload) + 1):
        frames = Frames()
        events = [*frames.feed(payload[:cut]), *frames.feed(payload[cut:])]
        assert events == []
        assert [frame.data.strip() for frame in frames.close()] == [document.decode().strip()]
        assert frames.whole


def test_a_stream_after_blank_lines_is_a_stream() -> None:
    """Blank lines that a server sends while we are queued cost no memory."""
    frames = Frames()
    for _ in range(1000):
        assert frames.feed(b"\n") == []
    assert frames.feed(b"data: a\n\n") == [E("message", "a")]
    assert frames.close() == [] and not frames.whole and not frames.foreign


def test_what_is_no_stream_at_all_is_seen_as_foreign() -> None:
    frames = Frames()
    assert frames.feed(b"<html><body>Sign in</body></html>") == []
    frames.close()
    assert frames.foreign and frames.opening.startswith(b"<html>")


def test_a_document_is_bounded() -> None:
    frames = Frames(largest_reply=100)
    with pytest.raises(TooLarge):
        frames.feed(b"{" + b" " * 200)
