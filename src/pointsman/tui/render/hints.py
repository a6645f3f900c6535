"""What a key does here, said beside it; a click on the words does the same. With the key as it is bound now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pointsman.keymap import all_keys, keys_of, spelled
from pointsman.tui.render.paint import Part, pressing

_PLAIN: Final = re.compile(r"(?:app|screen)\.(?P<bound>.+)|press\('(?P<pressed>.+)'\)")
_rebound: dict[tuple[str, str], str] = {}  # (key as it is by default, action) -> key; of those that were bound anew


def bind(keymap: Mapping[str, str]) -> None:
    """The screen's hints follow this keymap from now on: one program has one screen, and one keymap."""
    _rebound.clear()
    for entry in all_keys():
        if entry.id in keymap:
            now = next((_written(key) for key in keys_of(entry, keymap)), "")
            _rebound.update({(_written(key), entry.action): now for key in keys_of(entry, {})})


def key_of(key: str, action: str) -> str:
    """The key that does it now; `key` is its own by default. Empty if it was unbound."""
    plain = _PLAIN.fullmatch(action)
    return key if plain is None else _rebound.get((key, plain["bound"] or plain["pressed"]), key)


def hint(key: str, words: str, action: str) -> tuple[Part, ...]:
    now = key_of(key, action)
    does = pressing(action, "dim")
    return ((now, pressing(action, "accent")), (f" {words}", does)) if now else ((words, does),)


def _written(key: str) -> str:
    return spelled(key).replace("^", "ctrl+")


def filtered_out() -> tuple[Part, ...]:
    return (("nothing passes the filter: ", "dim"), *hint("esc", "clears it", "press('clear_filter')"))
