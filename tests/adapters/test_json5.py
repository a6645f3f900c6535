"""JSON5 as other programs write it: what is read, what is refused, and that nothing crashes."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.adapters.json5 import LARGEST, NotJson5, loads

GOOD = [
    ("{}", {}),
    ("{a: 1,}", {"a": 1}),
    ("[1, 2,]", [1, 2]),
    ("// a comment\n{ /* b */ 'x': \"y\", // c\n}", {"x": "y"}),
    ("{ $include: './a.json5', _k1: null, ключ: true }", {"$include": "./a.json5", "_k1": None, "ключ": True}),
    ("'it\\'s'", "it's"),
    ("'say \"hi\"'", 'say "hi"'),
    ('"a\\x41\\u00e9\\n"', "aA\u00e9\n"),
    ('"\\ud83d\\ude80"', "\U0001f680"),
    ('"two \\\nlines \\\r\nof it"', "two lines of it"),
    ("[+1, -0x10, .5, 5., 1e3, 0]", [1, -16, 0.5, 5.0, 1000.0, 0]),
    ("[Infinity, -Infinity]", [math.inf, -math.inf]),
    ("\ufeff{a: false}", {"a": False}),
    ("{a: 1, a: 2}", {"a": 2}),
    ('"//"', "//"),
    ("{nullable: 1}", {"nullable": 1}),
]


@pytest.mark.parametrize(("text", "value"), GOOD)
def test_what_the_dialect_allows_is_read(text: str, value: object) -> None:
    """Comments, trailing commas, bare keys, both quotes, hexadecimal, signs, continued lines."""
    assert loads(text) == value


BAD = [
    "", "{", "[1 2]", "{a 1}", "{1: 2}", "{a: }", "'open", "'a\nb'", '"\\x4"', '"\\u12"', "nul", "[,]", "{,}", "1 2",
    "/* open", "0x", "1.2.3", "12abc", "truely", "\\", "{a: 1}}", "'\\",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_json5_is_refused_with_its_place(text: str) -> None:
    """Line and column, and nothing of the text, which may hold a key."""
    with pytest.raises(NotJson5, match=r"at line \d+, column \d+$"):
        loads(text)


def test_a_message_never_repeats_what_stands_in_the_file() -> None:
    """Keys of providers live in such files."""
    with pytest.raises(NotJson5) as caught:
        loads("{ apiKey: sk-very-secret }")
    assert "secret" not in str(caught.value)


def test_the_place_counts_lines_and_columns_from_one() -> None:
    """As editors do."""
    with pytest.raises(NotJson5, match="line 2, column 6"):
        loads("{\n  a: ?\n}")


def test_depth_and_length_are_bounded() -> None:
    """A hostile file costs an error, not the stack or the memory."""
    with pytest.raises(NotJson5, match="nested too deeply"):
        loads("[" * 500)
    with pytest.raises(NotJson5, match="longer"):
        loads(" " * (LARGEST + 1))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_every_json_document_is_json5(value: object) -> None:
    """The standard library's output reads back, escaped or not."""
    assert loads(json.dumps(value)) == value
    if "\\ud" not in json.dumps(value):
        assert loads(json.dumps(value, ensure_ascii=False)) == value


@given(st.text(alphabet="{}[]:,'\"\\/*\n ax1.-+$", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No other exception, whatever stands there."""
    try:
        loads(text)
    except NotJson5:
        return
