"""The NDJSON reader: lines at every cut, the last without end, within bounds."""

from __future__ import annotations

import pytest

from pointsman.adapters.lines import TooLarge
from pointsman.adapters.ndjson import NdjsonReader

CASES = {
    "lines": (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
    "CRLF": (b'{"a":1}\r\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']),
    "blank lines": (b'\n\n{"a":1}\n  \n', ['{"a":1}']),
    "the last line needs no end": (b'{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']),
    "BOM": (b'\xef\xbb\xbf{"a":1}\n', ['{"a":1}']),
    "separators of Unicode are text": ('{"a":"x\u2028y\x85z"}\n'.encode(), ['{"a":"x\u2028y\x85z"}']),
    "multi-byte characters": ('{"a":"안녕 🚂"}\n'.encode(), ['{"a":"안녕 🚂"}']),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", CASES)
def test_every_case_at_every_cut(case: str) -> None:
    """Whatever the cut, the lines are the same."""
    payload, expected = CASES[case]
    cuts = [[payload[:cut], payload[cut:]] for cut in range(len(payload) + 1)]
    for pieces in [[payload], [payload[i : i + 1] for i in range(len(payload))], *cuts]:
        reader = NdjsonReader()
        assert [*(line for piece in pieces for line in reader.feed(piece)), *reader.close()] == expected


def test_bounds_hold() -> None:
    with pytest.raises(TooLarge, match="line"):
        NdjsonReader(longest_line=10).feed(b"x" * 11)
    with pytest.raises(TooLarge, match="stream"):
        NdjsonReader(largest_stream=10).feed(b"\n" * 11)
