"""Which lines of a log are wanted: all of the words, in any case and order; `!word` for those that must not be there.
Pure."""

from __future__ import annotations


def passes(text: str, wanted: str) -> bool:
    seen = text.casefold()
    return all(_holds(seen, word) for word in wanted.casefold().split())


def _holds(seen: str, word: str) -> bool:
    return word[1:] not in seen if word.startswith("!") and len(word) > 1 else word in seen
