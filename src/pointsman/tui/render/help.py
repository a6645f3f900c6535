"""The help text, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pointsman.keymap import Key
from pointsman.tui.render.paint import Part

Line = tuple[Part, ...]


def lines(groups: Mapping[str, tuple[Key, ...]], shown: Mapping[str, str], commands: Iterable[str]) -> tuple[Line, ...]:
    """`shown` gives the keys of each binding id as a person writes them."""
    drawn: list[Line] = []
    for title, bindings in groups.items():
        drawn.append(((title, "name"),))
        drawn += [
            ((f"  {shown[entry.id]:<26}", "strong"), (entry.title, ""), (f"   {entry.id}", "faint"))
            for entry in bindings
        ]
        drawn.append(())
    drawn.append((("In the chat", "name"),))
    return (*drawn, *(((f"  {text}", ""),) for text in commands))
