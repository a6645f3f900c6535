"""Which high-risk things a change touches (document 002 §7): an ordered, explained detector that can only raise.

Words of a prompt count unless it only asks or tells: asking what OAuth is changes nothing. Touched paths and
the added and removed lines of a diff count always. Must never lower a risk that was stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from pointsman.core.classify.cues import compiled
from pointsman.core.classify.heads import Heads
from pointsman.core.classify.triggers import (
    NOT_A_CHANGE,
    NOT_A_CHANGE_KOREAN,
    STILL_A_CHANGE,
    TELLS,
    TRIGGERS,
    Trigger,
)

HEAD_CHARS, TAIL_CHARS = 6_000, 2_000  # more than the kind needs: a risk in the middle of a long request must be seen
DIFF_CHARS = 400_000  # a larger diff is not read to its end, and that is itself a risk

_DIFF_PATH = re.compile(r"^(?:\+\+\+|---) (?:[ab]/)?(\S+)", re.MULTILINE)


class Hit(NamedTuple):
    """A trigger's code (as in `Task.risk`), where it was seen (prompt, path or diff), and the words that pulled it."""

    code: str
    where: str
    words: str


def risks(text: str, paths: tuple[str, ...] = (), diff: str | None = None, *, coding: bool = True) -> tuple[Hit, ...]:
    """Each class of risk that a change touches, at most once, in the order of the triggers.

    `text` is the prompt, of which the head and the tail are read; `paths` are the files it is known to touch, `diff` a
    unified diff. Unless it is about `coding`, what only tells of something pulls nothing.
    """
    spoken = _spoken(text, coding)
    if not (spoken or paths or diff):
        return ()
    lines = changed_lines(diff) if diff else ""
    touched = (*paths, *_DIFF_PATH.findall(diff[:DIFF_CHARS])) if diff else paths
    hits = [hit for trigger in TRIGGERS if (hit := _pull(trigger, spoken.get(trigger.code), touched, lines))]
    if diff and len(diff) > DIFF_CHARS:
        hits.append(Hit("unread-diff", "diff", f"{len(diff):,} characters, the first {DIFF_CHARS:,} were read"))
    return tuple(hits)


def asks_for_change(text: str, coding: bool) -> bool:
    """Whether lower-case `text` wants something done, rather than explained, told or summarised."""
    asks_only = (
        compiled(NOT_A_CHANGE).match(text)
        or (not coding and compiled(TELLS).match(text))
        or (not text.isascii() and compiled(NOT_A_CHANGE_KOREAN).search(text))
    )
    return not asks_only or compiled(STILL_A_CHANGE).search(text) is not None


def changed_lines(diff: str) -> str:
    """The added and removed lines of a unified diff, signs kept, file headers left out."""
    read = diff[:DIFF_CHARS].splitlines()
    return "\n".join(line for line in read if line[:1] in ("+", "-") and line[:3] not in ("+++", "---"))


def _spoken(prompt: str, coding: bool) -> Mapping[str, str]:
    """Code of each trigger that the prompt pulls, with the first words that do."""
    text = prompt if len(prompt) <= HEAD_CHARS + TAIL_CHARS else f"{prompt[:HEAD_CHARS]}\n{prompt[-TAIL_CHARS:]}"
    text = text.lower()
    if not asks_for_change(text, coding):
        return {}
    first: dict[str, tuple[int, int, str]] = {}
    for order, code, match in _heads().find(text):
        here = (match.start(), order, match[0])
        if (code not in first or here < first[code]) and not _aside(code, match[0], text):
            first[code] = here
    found = {code: words for code, (_, _, words) in first.items()}
    return found if text.isascii() else {**_spoken_korean(text), **found}


def _spoken_korean(text: str) -> Mapping[str, str]:
    found = {}
    for code, trigger in _by_code().items():
        if any(part in text for part in trigger.korean.split()) and (match := compiled(_korean(code)).search(text)):
            if not _aside(code, match[0], text):
                found[code] = match[0]
    return found


def _aside(code: str, words: str, text: str) -> bool:
    """Whether `words` are mild ones in a text that speaks of something harmless, as of a login button's colour."""
    trigger = _by_code()[code]
    return bool(trigger.aside and re.fullmatch(trigger.mild, words) and compiled(trigger.aside).search(text))


def _pull(trigger: Trigger, words: str | None, paths: Iterable[str], lines: str) -> Hit | None:
    if words:
        return Hit(trigger.code, "prompt", words[:60])
    if trigger.paths and (path := next(filter(compiled(trigger.paths, any_case=True).search, paths), None)):
        return Hit(trigger.code, "path", path[:120])
    if trigger.lines and lines and (found := compiled(trigger.lines, any_case=True).search(lines)):
        return Hit(trigger.code, "diff", found[0].strip()[:60])
    return None


@cache
def _heads() -> Heads:
    written = ((trigger.code, line) for trigger in TRIGGERS for line in _lines(trigger))
    return Heads((code, line) for code, line in written if line.isascii())


@cache
def _by_code() -> Mapping[str, Trigger]:
    return {trigger.code: trigger for trigger in TRIGGERS}


@cache
def _korean(code: str) -> str:
    return "\n".join(line for line in _lines(_by_code()[code]) if not line.isascii())


def _lines(trigger: Trigger) -> list[str]:
    return [line for line in trigger.words.replace("\\\n", "").split("\n") if line]
