"""How a terminal that nobody looks at is told that something ended: a bell, or a desktop notification.

What goes to the terminal here is not drawn but obeyed, so it is made of our own words alone. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["off", "bell", "osc9", "osc777"]
TITLE: Final = "Pointsman"
_OURS: Final = re.compile(r"[A-Za-z0-9 .,:]*\Z")  # nothing that ends a sequence, or begins one


@dataclass(frozen=True, slots=True)
class Signals:
    kind: Kind = "off"
    in_tmux: bool = False

    def written(self, words: str) -> str:
        """What is written to the terminal; empty: nothing. Raises ValueError for words that cannot be our own."""
        if not _OURS.match(words):
            raise ValueError("only our own words are sent to a terminal")
        match self.kind:
            case "off":
                return ""
            case "bell":
                return "\a"  # tmux hands it on by itself
            case "osc9":
                return self._through(f"\x1b]9;{TITLE}: {words}\a")
            case "osc777":
                return self._through(f"\x1b]777;notify;{TITLE};{words}\a")

    def _through(self, sequence: str) -> str:
        """tmux hands on what is wrapped, if its `allow-passthrough` is on."""
        return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\" if self.in_tmux else sequence


SILENT: Final = Signals()
