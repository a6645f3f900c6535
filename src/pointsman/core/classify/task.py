"""Puts the parts together: stated facts first, then what the text shows, each with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.core.classify.effort import LONG_CHARS, complexity_of
from pointsman.core.classify.kinds import Verdict, judge
from pointsman.core.classify.language import language_of
from pointsman.core.classify.risk import risks
from pointsman.core.classify.scope import Finding, Scope
from pointsman.core.classify.tokens import conversation_tokens
from pointsman.core.classify.view import View, look
from pointsman.core.conditions import FactValue
from pointsman.core.request import KINDS, STATED_FACTS, Evidence, Request, Task

STATED = "stated by the caller"
UNSURE = 0.6  # below it a short follow-up inherits the kind of its conversation
FOREIGN_CONFIDENCE = 0.3  # a language whose words we do not know
FOLLOW_UP_CHARS = 60
PASTE_CHARS = 400  # a longer background prompt holds a text to work on, whose words ask for nothing

_NOT_TASK_FIELDS = frozenset({"diff"})
_NOT_QUICK = ("ambiguous", "tool_heavy", "full_sweep")
_PERCEPTION = frozenset({"vision", "image-generation", "audio", "embedding"})


def classify(request: Request) -> Task:
    """What `request` asks for. Pure: the same request gives the same task, evidence included."""
    stated = {name: value for name, value in request.facts.items() if name in STATED_FACTS and value is not None}
    view = look(request.text)
    scope = Scope(view)
    facts = _Facts(stated)
    language = language_of(view)
    facts.infer(Finding("language", language, "script and common words"), unless="en")
    verdict = _kind(request, view, language, stated)
    facts.infer(Finding("kind", verdict.kind, verdict.why))
    facts.add_images(request)
    for finding in (*scope.sizes(), *scope.wishes()):
        facts.infer(finding)
    facts.infer(Finding("tokens", conversation_tokens(request.messages), "estimated from the text's bytes"), quiet=True)
    _add_effort(facts, scope)
    _add_risk(facts, request.text, stated.get("diff"))
    confidence = 1.0 if "kind" in stated else verdict.confidence
    return Task(kind_confidence=confidence, evidence=tuple(facts.evidence), **facts.values)


class _Facts:
    """The facts found so far. What was stated stays; what is inferred is kept with its reason."""

    def __init__(self, stated: Mapping[str, FactValue]) -> None:
        self.stated = stated
        self.values: dict[str, Any] = {name: value for name, value in stated.items() if name not in _NOT_TASK_FIELDS}
        self.evidence = [Evidence(fact=name, value=value, why=STATED) for name, value in self.values.items()]

    def infer(self, finding: Finding, *, unless: FactValue = None, quiet: bool = False) -> None:
        if finding.fact in self.stated:
            return
        self.values[finding.fact] = finding.value
        if not quiet and finding.value != unless:
            self.evidence.append(Evidence(fact=finding.fact, value=finding.value, why=finding.words))

    def raise_risk(self, codes: tuple[str, ...], why: str) -> None:
        """Risk that was seen is never lowered: it wins over a stated `high_risk = false`."""
        self.values["risk"] = codes
        self.evidence.append(Evidence(fact="risk", value=codes, why=why))
        if not self.values.get("high_risk"):
            self.values["high_risk"] = True
            self.evidence.append(Evidence(fact="high_risk", value=True, why=why))

    def drop(self, fact: str) -> None:
        self.values.pop(fact, None)
        self.evidence = [each for each in self.evidence if each.fact != fact]

    def add_images(self, request: Request) -> None:
        if request.images and "images" not in self.stated:
            self.infer(Finding("images", request.images, "attached to the conversation"))


def _kind(request: Request, view: View, language: str, stated: Mapping[str, FactValue]) -> Verdict:
    images = stated.get("images") or request.images
    if images:
        return Verdict("vision", 1.0, f"{images} image(s) attached")
    if stated.get("audio"):
        return Verdict("audio", 1.0, "audio attached")
    if stated.get("background") is True:
        return Verdict("background", 1.0, "the caller runs it in the background")
    verdict = judge(view)
    if language == "other" and not (view.fenced and verdict.kind == "coding"):
        verdict = Verdict("general", FOREIGN_CONFIDENCE, "a language the rules do not read")
    before = stated.get("conversation_kind")
    if isinstance(before, str) and before in KINDS and verdict.confidence < UNSURE and view.length <= FOLLOW_UP_CHARS:
        why = f"a short follow-up, unsure on its own ({verdict.kind} {verdict.confidence:.2f}): the conversation's kind"
        return Verdict(before, verdict.confidence, why)
    return verdict


def _add_effort(facts: _Facts, scope: Scope) -> None:
    kind = facts.values["kind"]
    small = scope.words("small")
    if kind == "background":
        facts.infer(Finding("background", True, "the kind is background"))
        if "critical" not in facts.stated and (scope.view.length > PASTE_CHARS or scope.quotes("critical")):
            facts.drop("critical")
    files, lines = facts.values.get("files"), facts.values.get("lines")
    complexity, parts = complexity_of(scope.view, kind=kind, files=files, lines=lines, small=bool(small))
    facts.infer(Finding("complexity", complexity, parts))
    if kind == "coding" and (words := scope.ambiguity()):
        facts.infer(Finding("ambiguous", True, words))
    _add_quick(facts, small, scope.view.length)


def _add_quick(facts: _Facts, small: str | None, length: int) -> None:
    """A quick task is one small, clear thing in one place (document 001: single file, small fix)."""
    if facts.values["kind"] not in ("coding", "general", "background") or any(map(facts.values.get, _NOT_QUICK)):
        return
    one_place = (facts.values.get("files") or 1) == 1 and (facts.values.get("lines") or 0) < 100
    if one_place and (small or (facts.values["complexity"] <= 3 and length <= LONG_CHARS)):
        facts.infer(Finding("quick", True, small or f"one place, complexity {facts.values['complexity']}"))


def _add_risk(facts: _Facts, prompt: str, diff: FactValue) -> None:
    """A diff is a change whatever is asked about it; a picture changes nothing, nor does a text to be summarised."""
    text = "" if _changes_nothing(facts.values["kind"], prompt) else prompt
    patch = diff if isinstance(diff, str) else None
    if not text and not patch:
        return
    if hits := risks(text, facts.values.get("paths", ()), patch, coding=facts.values["kind"] == "coding"):
        why = "; ".join(f"{hit.code}: {hit.words!r} in the {hit.where}" for hit in hits)
        facts.raise_risk(tuple(hit.code for hit in hits), why)


def _changes_nothing(kind: str, prompt: str) -> bool:
    return kind in _PERCEPTION or (kind == "background" and len(prompt) > PASTE_CHARS)
