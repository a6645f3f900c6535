"""The one door for text from outside: model output, names from servers, error bodies, logs, file contents.

A stateless map from character to character, so that cutting a stream at any place changes nothing. It never parses
escape sequences: without their introducer they are harmless letters. Text that went through here is still never
given to a markup parser; `to_content` makes the value widgets may show.
"""

from __future__ import annotations

import re
from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

_LINE_MOST: Final = 2_000  # characters of one line that are worth laying out


def _forbidden() -> dict[int, str]:
    """Control characters become their visible picture; what reorders or hides text becomes U+FFFD.

    The joiner is left out: terminals disagree about what it joins, and Rich cannot cut a text that begins with two.
    """
    table = {code: chr(0x2400 + code) for code in range(0x20)}
    table |= {0x7F: "\u2421", 0x0D: "", 0x200D: ""}
    del table[0x09], table[0x0A]
    lost = [
        *range(0x80, 0xA0),  # C1: an 8-bit CSI is as good as ESC [
        0x061C,
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),  # line separators, bidi embeddings and overrides
        *range(0x2060, 0x2070),  # invisible operators, bidi isolates
        0x200B,
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
        *range(0xD800, 0xE000),  # lone surrogates cannot be encoded at all
        *range(0xE0000, 0xE0080),  # tag characters: text nobody sees
    ]
    return table | dict.fromkeys(lost, "\ufffd")


_TABLE: Final = _forbidden()
_FORBIDDEN: Final = re.compile(f"[{''.join(re.escape(chr(code)) for code in sorted(_TABLE))}]")
_UNSURE: Final = dict.fromkeys((0xFE0F, *range(0x1F3FB, 0x1F400)))  # emoji's looks: wide here, narrow there
_IDENTIFIER: Final = re.compile(r"[\x20-\x7e]*\Z")


def clean(text: str) -> str:
    """The text with nothing in it that a terminal would obey. Keeps newlines and tabs."""
    return text if _FORBIDDEN.search(text) is None else text.translate(_TABLE)


def one_line(text: str) -> str:
    """For a cell or a head line: clean, without line breaks, bounded, and as wide in every terminal."""
    cut = text if len(text) <= _LINE_MOST else text[:_LINE_MOST] + "…"
    line = _unbroken(cut)
    return line if line.isascii() else line.translate(_UNSURE)


def _unbroken(text: str) -> str:
    return clean(text).replace("\n", " ").replace("\t", " ")


def label(name: str) -> str:
    """For identifiers (models, units, endpoints): what is not plain ASCII is shown escaped, so that no name can look
    like another."""
    if _IDENTIFIER.match(name):
        return one_line(name)
    return one_line(name.encode("unicode_escape").decode("ascii"))


def to_content(text: str, style: str = "") -> Content:
    """Clean text as a value that no widget parses as markup."""
    return Content(clean(text)) if not style else Content.styled(clean(text), style)


class Backstop(LineFilter):
    """The net under the door: whatever reaches a line of the screen is cleaned once more."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [_cleaned(segment) for segment in segments]


class AsciiOnly(LineFilter):
    """For terminals without anything else: our own punctuation, one cell for one cell."""

    _table: Final = str.maketrans("·→…“”•°–—✖╎▌│─⏎↑↓←⌫", "->~''*o--X|||-<^v<<") | str.maketrans(
        "▁▂▃▄▅▆▇▉▊▋▍▎▏",
        " " * 13,  # the ends of scrollbars: their colours say enough
    )

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isascii() for segment in segments):
            return segments
        return [Segment(text.translate(self._table), style, control) for text, style, control in segments]


def _cleaned(segment: Segment) -> Segment:
    text, style, control = segment
    return Segment(_unbroken(text) if not text.isprintable() else text, style, control)
