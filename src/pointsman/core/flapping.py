"""How often an endpoint's changes of state are told: a flapping one must not fill the audit. Pure; `now` comes in."""

from __future__ import annotations

from dataclasses import dataclass, replace

WINDOW_S = 600.0
MOST_LINES = 6  # in that window; the last of them says that more will not be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When changes were told (Unix seconds), and how many were not since."""

    times: tuple[float, ...] = ()
    untold: int = 0


def tell(told: Told, now: float) -> tuple[Told, str | None]:
    """What to add to the line of a change at `now`: usually nothing. None: the line is not to be written."""
    recent = tuple(at for at in told.times if abs(now - at) < WINDOW_S)
    if len(recent) >= MOST_LINES:
        return replace(told, times=recent, untold=told.untold + 1), None
    note = f"; {told.untold} earlier changes were not written" if told.untold else ""
    if len(recent) == MOST_LINES - 1:
        note += f"; it is flapping: further changes are counted for {WINDOW_S / 60:.0f} min, not written"
    return Told(times=(*recent, now)), note
