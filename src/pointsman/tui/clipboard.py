"""OSC 52: a text for the clipboard of the terminal, also at the other end of ssh, and through a multiplexer."""

from __future__ import annotations

import base64
from collections.abc import Mapping

MOST = 70_000  # bytes: what common terminals still take in one sequence
_PIECE = 240  # characters that GNU screen passes in one string


def osc52(text: str, environ: Mapping[str, str]) -> str:
    """Plain, and once more in a wrapper where a multiplexer would keep the plain one to itself.

    tmux obeys the plain one with `set-clipboard on` and hands the wrapped one on with `allow-passthrough on`.
    """
    content = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    plain = f"\x1b]52;c;{content}\a"
    if environ.get("TMUX"):
        return f"{plain}\x1bPtmux;\x1b{plain}\x1b\\"
    if environ.get("STY"):
        pieces = [plain[start : start + _PIECE] for start in range(0, len(plain), _PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
