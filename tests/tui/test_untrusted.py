"""The one door for foreign text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.color import Color

from pointsman.tui.untrusted import AsciiOnly, Backstop, clean, label, one_line, to_content
from support.soak import SOAK

HOSTILE = (
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x9b31m",
    "\x90payload\x9c",
    "a\u202eb",
    "a\u2066b",
    "nul\x00",
    "del\x7f",
    "\U000e0041",
    "\ud800",
    "\ufeff",
    "a\u2028b",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_a_terminal_would_obey_is_left(text: str) -> None:
    for character in clean(text):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(character)
    clean(text).encode("utf-8")


def test_ordinary_text_newlines_tabs_and_emoji_stay_as_they_are() -> None:
    text = "héllo\t한국어\n👩💻❤️👍🏽 done"
    assert clean(text) == text


def test_no_joiner_is_left_since_rich_cannot_cut_a_text_that_begins_with_two() -> None:
    hostile = "\u200d\u200d한 a\u200db 👩‍💻"
    assert clean(hostile) == "한 ab 👩💻"
    assert list(to_content(hostile).wrap(3))


@settings(max_examples=100 if SOAK == 1 else 10_000)
@given(st.text(), st.text())
def test_the_map_is_stateless_so_a_stream_may_be_cut_anywhere(left: str, right: str) -> None:
    assert clean(left) + clean(right) == clean(left + right)


@given(st.text(alphabet=st.characters(blacklist_characters="\n\t\r"), max_size=50))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("qwen3-vl:8b", "qwen3-vl:8b"),
        ("\u0441oder", "\\u0441oder"),
        ("a\u202eb", "a\\u202eb"),
        ("x\x1b[2J", "x\\x1b[2J"),
    ],
)
def test_identifiers_that_are_not_plain_ascii_are_shown_escaped(name: str, shown: str) -> None:
    assert label(name) == shown


def test_a_line_has_no_breaks_and_is_bounded() -> None:
    assert one_line("a\nb\tc") == "a b c"
    assert len(one_line("x" * 10_000_000)) == 2_001


@pytest.mark.parametrize("text", ["[/]", "[/INST]", "[@click=app.quit]x[/]", "[bold", "path [/x] [1, 2] ["])
def test_markup_is_text(text: str) -> None:
    assert to_content(text, "bold").plain == text


def test_the_backstop_cleans_what_came_past_the_door_and_leaves_clean_lines_alone() -> None:
    black = Color(0, 0, 0)
    fine = [Segment("fine")]
    assert Backstop().apply(fine, black) is fine
    assert "\x1b" not in Backstop().apply([Segment("bad\x1b[2J")], black)[0].text


def test_ascii_only_replaces_cell_for_cell() -> None:
    drawn = AsciiOnly().apply([Segment("a → b · c…")], Color(0, 0, 0))[0].text
    assert drawn == "a > b - c~"
