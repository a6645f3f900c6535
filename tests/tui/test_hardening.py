"""Where a reply that still comes is cut: only between blocks that are complete."""

from __future__ import annotations

import pytest

from pointsman.tui.render.hardening import cut_of


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
    assert text[: cut_of(text)] == before
