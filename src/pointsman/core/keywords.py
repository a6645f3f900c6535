"""A policy's own keyword table: what its rows say about a prompt takes the place of the classifier's inference. Pure.

Document 003 routes by such a table, known misses included ("decode the poem" holds `code`); it is kept so that it can
be compared. What the caller stated wins over the table. Must never decide where a task goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from pointsman.core.classify import classify
from pointsman.core.classify.view import look
from pointsman.core.conditions import FactValue
from pointsman.core.fleet import Fleet, KeywordRule
from pointsman.core.request import Evidence, Request, Task


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says about a fact, and the word that made it speak."""

    value: FactValue
    why: str


def task_for(fleet: Fleet, request: Request) -> Task:
    """What the request asks for under this policy: stated facts, then its keyword table, then the classifier."""
    rows = table_says(fleet.keywords, request.text)
    said = {fact: one for fact, one in rows.items() if request.facts.get(fact) is None}
    if not said:
        return classify(request)
    stated = {fact: one.value for fact, one in said.items()}
    task = classify(replace(request, facts={**request.facts, **stated}))
    evidence = (
        Evidence(fact=e.fact, value=e.value, why=said[e.fact].why) if e.fact in said else e for e in task.evidence
    )
    return replace(task, evidence=tuple(evidence))


def table_says(rows: Iterable[KeywordRule], text: str) -> Mapping[str, Said]:
    """Fact -> what the first row that holds says about it."""
    texts = _Texts(text)
    said: dict[str, Said] = {}
    for row in rows:
        word = _seen(row, texts)
        if word is None:
            continue
        why = f"keyword {word!r} ({row.name})" if word else f"no keyword ({row.name})"
        for fact, value in row.facts.items():
            said.setdefault(fact, Said(value, why))
    return said


class _Texts:
    """The prompt as the two ways of looking read it, each made when it is first needed."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def whole(self) -> str:
        return self._text.lower()

    @cached_property
    def instruction(self) -> str:
        """Head and tail without what is fenced or quoted: the instruction decides, not the paste."""
        return look(self._text).prose


def _seen(row: KeywordRule, texts: _Texts) -> str | None:
    """The word that is in the text, `""` for a row without words, None if the row does not hold."""
    if not row.words:
        return ""
    if row.whole_words:
        found = _pattern(row.words).search(texts.instruction)
        return found[0] if found else None
    return next((word for word in row.words if word in texts.whole), None)


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words, not as a part of another."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in words)})(?!\w)")
