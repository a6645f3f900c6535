"""The lines about open conversations: the tabs, what waits behind a running reply, and what came below. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.core.fleet import Fleet
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import Part, crop, width_of
from pointsman.tui.untrusted import label, one_line

Line = tuple[Part, ...]
_LEAST = 8  # cells of a title that still say something
_LONGEST = 24


@dataclass(frozen=True, slots=True)
class Tab:
    title: str
    running: bool = False
    unseen: bool = False  # something was answered while it was hidden


def tabs(shown: Sequence[Tab], active: int, width: int, glyphs: Glyphs) -> tuple[tuple[int, Line], ...]:
    """(place, parts) of the tabs that fit, the active one among them: titles give way first, then whole tabs."""
    each = max(width // max(len(shown), 1), _LEAST + 6)
    fitting = max(width // each, 1)
    first = min(max(active - fitting // 2, 0), max(len(shown) - fitting, 0))
    return tuple(
        (place, _tab(place, shown[place], place == active, each - 6, glyphs))
        for place in range(first, min(first + fitting, len(shown)))
    )


def _tab(place: int, tab: Tab, active: bool, room: int, glyphs: Glyphs) -> Line:
    mark = glyphs.restart if tab.running else glyphs.good if tab.unseen else " "
    title = one_line(tab.title)
    width = min(room, _LONGEST, max(width_of(((title, ""),)), 1))
    return (
        (f" {place + 1}", "accent" if active else "faint"),
        (f"{mark} ", "accent" if tab.running else "good"),
        (crop(title, width, glyphs.ellipsis), "strong" if active else "dim"),
        (" ", ""),
    )


def welcome(fleet: Fleet) -> tuple[Line, ...]:
    """Where nothing was said yet: what is here, and what to do next."""
    how = "Write a prompt below: the policy chooses the model, and each reply says which one answered and why."
    count = f"{len(fleet.models)} models on {len(fleet.endpoints)} endpoints, policy “{label(fleet.policy)}”."
    return (
        ((count, "dim"),),
        (),
        ((how, "dim"),),
        (
            ("/model NAME asks one model only, /help lists the commands, ", "dim"),
            *hint("esc", "leaves the input", "press('leave')"),
            (", ", "dim"),
            *hint("?", "lists the keys", "app.help"),
            (".", "dim"),
        ),
        (
            ("Conversations are kept as they go: ", "dim"),
            *hint("ctrl+o", "lists them", "app.chats"),
            (", ", "dim"),
            *hint("ctrl+t", "begins another in a tab", "app.new_chat"),
            (".", "dim"),
        ),
    )


def waiting(prompts: Sequence[str], until: str, glyphs: Glyphs) -> tuple[Line, ...]:
    """Prompts that are sent by themselves, oldest first; `until` empty: that wait for the user."""
    lines: list[Line] = [
        ((f"{glyphs.partial} waits {place} ", "warn"), (text, "dim")) for place, text in _numbered(prompts)
    ]
    if lines:
        sends: Line = ((f"sent {until}", "dim"),)
        if not until:
            sends = hint("enter", "in an empty input sends the first", "press('send')")
        lines.append((("  ", ""), *sends, ("   ", ""), *hint("up", "takes the last one back", "press('history(-1)')")))
    return tuple(lines)


def _numbered(prompts: Sequence[str]) -> list[tuple[int, str]]:
    return [(place, crop(text, 70).rstrip()) for place, text in enumerate(prompts, 1)][:3]


def below(rows: int, glyphs: Glyphs) -> Line:
    """What came while one looks further up."""
    if rows <= 0:
        return ()
    return ((f" {glyphs.down} {rows:,} new ", "accent"), (" end follows", "dim"))
