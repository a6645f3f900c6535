"""Audit lines: what is written down, in which words. Values only; the store keeps them, the engine decides when.

Prompt text is never in a line: its length and hash are. The line of a decision holds every input that `decide`
used, so that it can be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

SCHEMA_VERSION = 1


class EventType(StrEnum):
    DECISION = "decision"
    INTENT = "intent"
    OUTCOME = "outcome"
    STEP_DOWN = "step-down"
    STEP_UP = "step-up"
    BAND = "band"
    OVERRIDE = "override"
    SERVICE = "service"
    HEALTH = "health"
    BLOCKED = "blocked"
    RECOVERED = "recovered"  # an intent without outcome, found after a crash
    CONFIG = "config"
    CHECK = "check"  # a check of a reply ended; its artifact's hash is in the line
    VERDICT = "verdict"  # a reply was found good or not, by the user, a check or a judge
    PLAN = "plan"  # a plan was opened, approved or rejected
    ERASED = "erased"  # a foreign text was removed from the store; the chain is whole without it
    ROTATED = "rotated"  # a segment of the audit ends or begins here
    RETIRED = "retired"  # a closed segment was deleted on purpose
    ANCHOR = "anchor"  # the anchor was missing and begins anew here


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line before it is stored. `text` is the sentence a person reads; `data` is what a machine reads."""

    type: EventType
    at: float  # Unix seconds, UTC
    actor: str  # user, router, monitor, job
    text: str
    request: str | None = None
    model: str | None = None
    from_model: str | None = None
    rule: str | None = None
    cost: int | None = None  # nano-USD
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    # Texts of others (error details, reasons) that stand in `text` or `data`: field -> the text. The store keeps them
    # apart, so that they can be erased and the chain stays whole.
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def body(self) -> str:
        """Canonical JSON: sorted keys, no spaces, UTF-8 as is. The stored bytes are what later checks hash."""
        line = {
            "v": SCHEMA_VERSION,
            "type": str(self.type),
            "at": self.at,
            "actor": self.actor,
            "text": self.text,
            "request": self.request,
            "model": self.model,
            "from_model": self.from_model,
            "rule": self.rule,
            "cost": self.cost,
            "data": dict(self.data),
        }
        present = {key: value for key, value in line.items() if value is not None}
        return json.dumps(present, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One stored line. `body` is the exact text; the other fields are copies of it for filtering."""

    seq: int
    at: float
    type: str
    actor: str
    text: str
    body: str
    request: str | None = None
    model: str | None = None
    from_model: str | None = None
    rule: str | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """What is known of the audit's soundness now. `lines` None: not checked yet; `checking`: how far that is."""

    lines: int | None = None
    head: str = ""  # hexadecimal hash of the last line checked
    problem: str | None = None  # what is wrong with it, one sentence
    checking: int | None = None  # lines looked at so far; None: no first look is under way

    def __str__(self) -> str:
        if self.problem is not None:
            return self.problem
        if self.checking is not None:
            return f"being checked, {self.checking:,} lines so far"
        if self.lines is None:
            return "not checked yet"
        return f"verified {self.lines:,} line{'' if self.lines == 1 else 's'}, head {self.head[:12]}"
