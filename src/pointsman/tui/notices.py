"""What is worth a word: changes between one picture and the next, told once. A fold; no widget, no clock.

A state must last before it is told, and the same trouble is not told aloud again within a while, so that a flapping
endpoint does not bury the screen. Nothing is lost: what is not told aloud still stands in the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pointsman.tui.untrusted import label, one_line

if TYPE_CHECKING:
    from pointsman.core.fleet import Band
    from pointsman.tui.picture import Picture

HOLD_S = 3.0  # how long a state must last
QUIET_S = 60.0  # how long the same trouble is not told aloud again
MOST = 500
_ONCE = "restart "
Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Notice:
    at: float  # Unix seconds
    text: str
    severity: Severity = "information"
    aloud: bool = True
    ended: str = ""  # in our own words alone: what a person may have waited for elsewhere
    banner: bool = False  # it stands on the screen for a while instead of passing by


@dataclass(slots=True)
class Notices:
    history: list[Notice] = field(default_factory=list)
    unread: int = 0
    _told: dict[str, str] = field(default_factory=dict)  # subject -> state that was told
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict)  # subject -> state and since when
    _aloud: dict[str, float] = field(default_factory=dict)
    _band: Band | None = None

    def see(self, picture: Picture) -> tuple[Notice, ...]:
        """What is new with this picture. The first one is only the point of departure."""
        first = not self._seen
        band, self._band = self._band, self._announced(picture)
        fresh = [] if first else [*self._changes(picture), *_crossed(band, self._band, picture)]
        for subject, state, _, _ in _states(picture):
            if first:
                self._told[subject] = state
            if self._seen.get(subject, ("", 0.0))[0] != state:
                self._seen[subject] = (state, picture.now)
        self._keep(fresh)
        return tuple(fresh)

    def told(self, at: float, text: str, severity: Severity) -> None:
        """What a person was told in passing stands in the history, too."""
        self.history = [*self.history, Notice(at, one_line(text), severity)][-MOST:]
        self.unread += severity == "error"

    def _announced(self, picture: Picture) -> Band | None:
        from pointsman.core.usage import announced_band, fullest

        usage = fullest(picture.snapshot.usage.values())
        return None if usage is None else announced_band(self._band, usage, picture.fleet.bands)

    def _changes(self, picture: Picture) -> Iterator[Notice]:
        for subject, state, text, bad in _states(picture):
            seen, since = self._seen.get(subject, (state, picture.now))
            once = subject.startswith(_ONCE)  # an end, which needs not last and was never well before
            lasted = seen == state and (once or picture.now - since >= HOLD_S)
            if not lasted or self._told.get(subject) == state or not (bad or once or subject in self._told):
                continue
            self._told[subject] = state
            aloud = picture.now - self._aloud.get(subject, float("-inf")) >= QUIET_S or not bad
            if aloud and bad:
                self._aloud[subject] = picture.now
            ended = f"a restart ended: {state}" if once else ""
            yield Notice(picture.now, text, "error" if bad else "information", aloud, ended)

    def _keep(self, fresh: list[Notice]) -> None:
        self.history = [*self.history, *fresh][-MOST:]
        self.unread += len(fresh)


def _states(picture: Picture) -> Iterator[tuple[str, str, str, bool]]:
    """(subject, state, sentence, is it trouble) of everything that is watched."""
    from pointsman.tui.render.endpoints import TROUBLE  # with the first picture, not with the first frame

    for name, health in picture.snapshot.health.items():
        bad = health.state in TROUBLE
        word = f"{health.state}: {one_line(health.reason)}" if bad else f"{health.state} again"
        yield f"endpoint {name}", "bad" if bad else "well", f"{label(name)} is {word}", bad
    writable = picture.snapshot.audit_writable
    yield (
        "audit",
        str(writable),
        "the audit can be written again" if writable else "the audit cannot be written",
        not writable,
    )
    for entry in picture.snapshot.restarts:
        if entry.over:
            text = f"{entry.verb} of {label(entry.service)}: {entry.stage}. {one_line(entry.text)}"
            yield f"restart {entry.service} {entry.started}", str(entry.stage), text, entry.stage != "healthy"


def _crossed(old: Band | None, new: Band | None, picture: Picture) -> Iterator[Notice]:
    if old is None or new is None or old == new:
        return
    up = new.at > old.at
    text = f"{label(new.name).upper()}: budget use {'reached' if up else 'fell below'} {max(new.at, old.at)}%"
    yield Notice(picture.now, text, "warning" if up else "information", aloud=False, banner=True)
