"""A key in a picture of the screen is seen although the screen broke it, and nothing else is lost."""

from __future__ import annotations

import html
import re

import pytest

from pointsman.adapters.blackened import blackened
from pointsman.adapters.redact import redact

KEY = "zq07Canary+055433/xyz"


def drawn(*lines: str) -> str:
    """As Rich draws them: `~` begins a text of another style on the same line."""
    texts: list[str] = []
    for y, line in enumerate(lines):
        column = 0
        for text in line.split("~"):
            shown = html.escape(text).replace(" ", "&#160;")
            cells = sum(2 if "\uac00" <= each <= "\ud7a3" else 1 for each in text)
            place = f'x="{column * 12.2:.1f}" textLength="{cells * 12.2:.1f}" y="{y * 24.4 + 20:.1f}"'
            texts.append(f'<text class="r1" {place} clip-path="url(#line-{y})">{shown}</text>')
            column += cells
    return "<svg>" + "\n".join(texts) + "</svg>"


def shown(svg: str) -> list[str]:
    lines: dict[str, str] = {}
    for y, text in re.findall(r'y="([0-9.]+)"[^>]*>([^<]*)</text>', svg):
        lines[y] = lines.get(y, "") + html.unescape(text).replace("\xa0", " ")
    return list(lines.values())


PICTURES = {
    "in one piece": ([f"the key {KEY} is"], [f"the key {'*' * 21} is"]),
    "over two styles": (["the key zq07Canary~+055433/xyz~ is"], [f"the key {'*' * 21} is"]),
    "over two lines": (["the key zq07Canary", "+055433/xyz is here"], ["the key **********", "*********** is here"]),
    "over three lines of a pane between others": (
        ["│ left  ││so zq07│", "│ words ││Canary+05│", "│ here  ││5433/xyz.│", "│ too   ││and on│"],
        ["│ left  ││so ****│", "│ words ││*********│", "│ here  ││*********│", "│ too   ││and on│"],
    ),
    "the shape of a key broken at its space": (["│bearer│", "│abcdefgh1234│"], ["│******│", "│************│"]),
    "pieces of other panes": (
        ["│zq07Canary ││ a │", "│ b ││+055433/xyz│"],
        ["│zq07Canary ││ a │", "│ b ││+055433/xyz│"],
    ),
    "signs that SVG writes otherwise": ([f"a<b & {KEY} > c"], [f"a<b & {'*' * 21} > c"]),
    "wide characters before it": (["한국 ~zq07Canary~+055433/xyz"], ["한국 " + "*" * 21]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_piece_of_a_key_is_blackened_and_nothing_else(name: str) -> None:
    before, after = PICTURES[name]
    assert shown(blackened(drawn(*before), lambda text: redact(text, [KEY]))) == after


def test_a_picture_without_keys_stays_as_it_was() -> None:
    svg = drawn("│ nothing ││ to │", "│ hide a<b~c │")
    assert blackened(svg, lambda text: redact(text, [KEY])) == svg
