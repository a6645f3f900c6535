"""Foreign text made harmless for a terminal: a stateless map from character to character, so that cutting a stream at
any place changes nothing. Pure. It never parses escape sequences: without their introducer they are harmless letters.
"""

from __future__ import annotations

import re

LONGEST_LINE = 2_000  # characters of one line that are worth showing


def _forbidden() -> dict[int, str]:
    """Control characters become their visible picture; what reorders or hides text becomes U+FFFD."""
    table = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)}
    table |= {0x7F: "\u2421", 0x0D: ""}
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


_TABLE = _forbidden()
_FORBIDDEN = re.compile(f"[{''.join(re.escape(chr(code)) for code in sorted(_TABLE))}]")


def clean(text: str) -> str:
    """The text with nothing in it that a terminal would obey. Keeps newlines and tabs."""
    return text if _FORBIDDEN.search(text) is None else text.translate(_TABLE)


def one_line(text: str) -> str:
    """For a cell or a message: clean, without line breaks, and bounded."""
    cut = text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + "…"
    return clean(cut).replace("\n", " ").replace("\t", " ")
