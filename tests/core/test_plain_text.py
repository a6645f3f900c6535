"""Foreign text before it meets a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.plain_text import LONGEST_LINE, clean, one_line

OBEYED = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_nothing_that_a_terminal_obeys_is_left(text):
    assert not OBEYED & set(clean(text))
    clean(text).encode("utf-8")


@given(st.text(), st.text())
def test_cutting_a_text_anywhere_changes_nothing(first, second):
    assert clean(first) + clean(second) == clean(first + second)


@pytest.mark.parametrize("text", ["plain", "tab\tand\nline", "한국어 🚂 é", "👩‍💻"])
def test_ordinary_text_stays_as_it_is(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x9b31m", "\ufffd31m"),
        ("a\x00b\x7f", "a␀b␡"),
        ("x\u202egpj.exe", "x\ufffdgpj.exe"),
        ("over\rwritten", "overwritten"),
        ("\ud800", "\ufffd"),
    ],
)
def test_what_would_be_obeyed_is_shown(text, shown):
    assert clean(text) == shown


def test_a_cell_is_one_bounded_line():
    assert one_line("a\nb\tc") == "a b c"
    assert len(one_line("x" * 10_000)) == LONGEST_LINE + 1
