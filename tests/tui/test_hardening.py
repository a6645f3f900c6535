"""Where a reply that still comes is cut, and that nobody sees it."""

from __future__ import annotations

import pytest
from textual.color import Color

from pointsman.tui.render import markdown
from pointsman.tui.render.hardening import HARDENS_FROM, MOST, Piece, Pieces, cut_of
from pointsman.tui.render.inks import Inks

INKS = Inks(*[Color(200, 200, 200)] * 8)
PARAGRAPHS = "".join(f"## Part {n}\n\nwords of *it* and `more`, {n} times\n\n- one\n- two\n\n" for n in range(40))
CODE = "So:\n```python\n" + "".join(f"def f{n}():\n    return {n}\n\n" for n in range(80)) + "```\n\nDone."
ITEMS = "As follows:\n\n" + "".join(f"- item {n} with **words**\n" for n in range(80)) + "\nDone."
NUMBERED = "".join(f"{n}. item with words\n" for n in range(10, 90))


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("one\n\ntwo\n\nthr", "one\n\ntwo\n\n"),
        ("one line that goes on", ""),
        ("one\n\n", ""),  # what follows may belong to it
        ("one\n\n```\na\n\nb\n", "one\n\n"),  # never inside a fence
        ("```\na\n\nb\n```\n\nafter", "```\na\n\nb\n```\n\n"),
        ("````\n```\n\nx", ""),  # a shorter fence does not close a longer one
        ("- item\n\n  its second part", ""),  # what is indented belongs to what it stands under
    ],
)
def test_a_reply_is_cut_after_its_last_complete_block(text: str, before: str) -> None:
    assert text[: cut_of(text).at] == before


@pytest.mark.parametrize(
    "text", [PARAGRAPHS, CODE, ITEMS, NUMBERED], ids=["paragraphs", "code", "list", "numbered list"]
)
def test_a_reply_that_came_in_pieces_is_drawn_as_if_it_were_one(text: str) -> None:
    coming = Pieces()
    for at in range(0, len(text), 31):
        coming.grow(text[:at])
        assert coming.tail is None or len(coming.tail.text) < 2 * HARDENS_FROM  # what is drawn again and again
    coming.grow(text, over=True)
    at_once = Pieces()
    at_once.grow(text, over=True)
    assert len(coming.done) > 3 and coming.tail is None
    assert all(len(piece.text) <= MOST + 100 for piece in at_once.done)
    assert drawn(coming.done) == drawn(at_once.done) == drawn([Piece(text)])


def drawn(pieces: list[Piece]) -> list[str]:
    return [row.text.rstrip() for piece in pieces for row in markdown.rows(piece, 60, INKS)]


def test_a_reply_that_turns_out_to_be_another_keeps_the_pieces_they_have_in_common() -> None:
    pieces = Pieces()
    pieces.grow(PARAGRAPHS + "and more")
    there = list(pieces.done)
    assert pieces.grow(PARAGRAPHS.rstrip(), over=True) == len(there) - 1
    assert pieces.done[: len(there) - 1] == there[:-1]
    assert pieces.grow("another", over=True) == 0
    assert [piece.text for piece in pieces.done] == ["another"]
