"""Which high-risk things a change touches (document 002 §7): an ordered, explained detector that can only raise.

Words of a prompt count only where something is to be changed: asking what OAuth is changes nothing. Touched paths and
the added and removed lines of a diff count always. Must never lower a risk that was stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from pointsman.core.classify.cues import Cue, Gate, compiled, stems_of, words_of
from pointsman.core.classify.triggers import (
    CHANGE_VERBS,
    CHANGE_VERBS_KOREAN,
    NOT_A_CHANGE,
    NOT_A_CHANGE_KOREAN,
    STILL_A_CHANGE,
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


def risks(text: str, paths: tuple[str, ...] = (), diff: str | None = None) -> tuple[Hit, ...]:
    """Each class of risk that a change touches, at most once, in the order of the triggers.

    `text` is the prompt, of which the head and the tail are read; `paths` are the files it is known to touch, `diff` a
    unified diff.
    """
    spoken, text = _spoken(text)
    if not (spoken or paths or diff):
        return ()
    lines = changed_lines(diff) if diff else ""
    touched = (*paths, *_DIFF_PATH.findall(diff[:DIFF_CHARS])) if diff else paths
    hits = [
        hit for trigger in TRIGGERS if (hit := _pull(trigger, text if trigger.code in spoken else "", touched, lines))
    ]
    if diff and len(diff) > DIFF_CHARS:
        hits.append(Hit("unread-diff", "diff", f"{len(diff):,} characters, the first {DIFF_CHARS:,} were read"))
    return tuple(hits)


def asks_for_change(text: str, words: Iterable[str]) -> bool:
    """Whether lower-case `text`, made of `words`, wants something changed, rather than explained or told."""
    korean = not text.isascii()
    if CHANGE_VERBS.isdisjoint(words) and not (korean and any(verb in text for verb in CHANGE_VERBS_KOREAN)):
        return False
    asks_only = compiled(NOT_A_CHANGE).match(text) or (korean and compiled(NOT_A_CHANGE_KOREAN).search(text))
    return not asks_only or compiled(STILL_A_CHANGE).search(text) is not None


def changed_lines(diff: str) -> str:
    """The added and removed lines of a unified diff, signs kept, file headers left out."""
    read = diff[:DIFF_CHARS].splitlines()
    return "\n".join(line for line in read if line[:1] in ("+", "-") and line[:3] not in ("+++", "---"))


def _spoken(prompt: str) -> tuple[frozenset[str], str]:
    """Codes of the triggers that some word of a change could pull, and the lower-case text to look in."""
    text = prompt if len(prompt) <= HEAD_CHARS + TAIL_CHARS else f"{prompt[:HEAD_CHARS]}\n{prompt[-TAIL_CHARS:]}"
    text = text.lower()
    words = words_of(text)
    codes = _gate().opened_by(stems_of(words), text)
    return (codes if codes and asks_for_change(text, words) else frozenset()), text


def _pull(trigger: Trigger, text: str, paths: Iterable[str], lines: str) -> Hit | None:
    if text and (found := compiled(trigger.words).search(text)):
        return Hit(trigger.code, "prompt", found[0][:60])
    if trigger.paths and (path := next(filter(compiled(trigger.paths, any_case=True).search, paths), None)):
        return Hit(trigger.code, "path", path[:120])
    if trigger.lines and lines and (found := compiled(trigger.lines, any_case=True).search(lines)):
        return Hit(trigger.code, "diff", found[0].strip()[:60])
    return None


@cache
def _gate() -> Gate:
    return Gate(Cue(trigger.code, trigger.stems, trigger.korean, trigger.words) for trigger in TRIGGERS)
