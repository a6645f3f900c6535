"""Which conversations stood open when the screen was left, and what was not sent: drafts, and prompts that waited.

Values only. What was kept by another version, or by nobody we know, is read as far as it makes sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST: Final = 9  # tabs
MOST_HELD: Final = 20  # prompts of one
LONGEST: Final = 100_000  # characters of one draft


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTalk:
    """One tab. `chat` is the id of the kept conversation; None: nothing was said in it yet."""

    chat: str | None = None
    draft: str = ""
    held: tuple[str, ...] = ()  # waited, and are never sent without the user
    pin: str | None = None
    role: str | None = None

    @property
    def empty(self) -> bool:
        return self == OpenTalk(pin=self.pin, role=self.role)


@dataclass(frozen=True, slots=True)
class OpenTalks:
    talks: tuple[OpenTalk, ...] = ()
    place: int = 0  # of the one that was shown

    def worth_keeping(self) -> OpenTalks:
        """Without tabs in which nothing stands."""
        kept = [(at, talk) for at, talk in enumerate(self.talks) if not talk.empty]
        place = next((new for new, (at, _) in enumerate(kept) if at >= self.place), max(len(kept) - 1, 0))
        return OpenTalks(tuple(talk for _, talk in kept), place)


def written(open_talks: OpenTalks) -> Mapping[str, object]:
    return {
        "place": open_talks.place,
        "talks": [
            {"chat": each.chat, "draft": each.draft[:LONGEST], "held": list(each.held), "pin": each.pin}
            | {"role": each.role}
            for each in open_talks.talks
        ],
    }


def read(document: Mapping[str, object]) -> OpenTalks:
    listed, place = document.get("talks"), document.get("place")
    known = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    talks = tuple(_talk(each) for each in known[:MOST])
    return OpenTalks(talks, place if type(place) is int and 0 <= place < len(talks) else 0)


def _talk(known: Mapping[str, object]) -> OpenTalk:
    held = known.get("held")
    prompts = [each[:LONGEST] for each in held if isinstance(each, str)] if isinstance(held, list) else []
    return OpenTalk(
        chat=_text(known.get("chat")),
        draft=(_text(known.get("draft")) or "")[:LONGEST],
        held=tuple(prompts[:MOST_HELD]),
        pin=_text(known.get("pin")),
        role=_text(known.get("role")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
