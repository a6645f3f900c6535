"""The big list of naughty strings (Max Woolf, MIT: blns.LICENSE beside it): whatever somebody pastes is classified."""

from __future__ import annotations

import json
from pathlib import Path

from pointsman.core.classify import classify
from pointsman.core.request import KINDS, Message, Request

NAUGHTY: list[str] = json.loads((Path(__file__).parent / "blns.json").read_text("utf-8"))


def test_every_naughty_string_gets_a_kind() -> None:
    """Alone, and as what is to be summarised."""
    assert len(NAUGHTY) == 515
    for number, text in enumerate(NAUGHTY):
        for said in (text, f"Summarize:\n{text}"):
            task = classify(Request(id=str(number), messages=(Message(role="user", text=said),)))
            assert task.kind in KINDS and 1 <= task.complexity <= 10
