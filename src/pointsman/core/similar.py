"""Which model did well on tasks like this one: fingerprints, likeness, and a lower bound on success. Pure.

Document 004: past performance on similar tasks beats the rules when its confidence is above 0.8. Confidence here is the
lower end of Wilson's 95 % interval, so that three lucky answers are no evidence. A fingerprint holds no word of a
prompt: stems are hashed with a key that lies beside them, which hides them from a glance, not from whoever has both.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.request import Task

CONFIDENT = 0.8  # document 004: strictly above
ALIKE = 0.5  # at least this share of all terms of two tasks is in both
NEAR = 2  # complexities at most this far apart
TERMS = 24  # of one fingerprint
_READ = 4_000  # characters of a prompt
_Z = 1.959964  # 95 %, two-sided
_WORD = re.compile(r"[a-z]{3,}|[가-힣]{2,}")  # no digits: keys, numbers and addresses leave no trace
_STOP = frozenset(
    """the and for are but not you your with this that from have has had was were will would can could should
    please into them they there then than its our out use using make what which who how why when where does did
    also just like need want some any all one two give get let""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A task reduced to what likeness needs."""

    kind: str
    language: str
    complexity: int
    terms: frozenset[str]  # hashed stems


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How often a model was found good on tasks that are alike."""

    model: str
    good: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarEvidence:
    """The model that did best on similar tasks, and how surely."""

    model: str
    good: int
    total: int
    lower: float  # of the 95 % interval of its success rate

    @property
    def why(self) -> str:
        bound = f"{math.floor(self.lower * 1000) / 1000:.3f}".lstrip("0")
        return f"best on {self.total} similar tasks: {self.good} good, lower bound {bound}"


def fingerprint(task: Task, text: str, key: bytes) -> Fingerprint:
    """`key`: at most 32 bytes, the same for all fingerprints that are to be compared."""
    return Fingerprint(
        kind=task.kind, language=task.language, complexity=task.complexity, terms=_terms(text[:_READ].lower(), key)
    )


def _terms(lowered: str, key: bytes) -> frozenset[str]:
    words = (word for word in _WORD.findall(lowered) if word not in _STOP)
    stems = Counter(word[:6] if word.isascii() else word[:2] for word in words)
    most = (stem for stem, _ in stems.most_common(TERMS))
    return frozenset(hashlib.blake2s(stem.encode(), key=key, digest_size=5).hexdigest() for stem in most)


def alike(one: Fingerprint, other: Fingerprint) -> bool:
    """The same kind and language, about as hard, and at least half of the terms shared."""
    if (one.kind, one.language) != (other.kind, other.language) or abs(one.complexity - other.complexity) > NEAR:
        return False
    together = one.terms | other.terms
    return bool(together) and len(one.terms & other.terms) >= ALIKE * len(together)


def wilson_lower(good: int, total: int) -> float:
    """The lower end of Wilson's 95 % score interval for `good` of `total`; 0 without any."""
    if total <= 0:
        return 0.0
    rate, square = good / total, _Z * _Z
    spread = _Z * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    return max(0.0, (rate + square / (2 * total) - spread) / (1 + square / total))


def best(pasts: Iterable[Past]) -> SimilarEvidence | None:
    """The surest model, if it is sure enough. A tie goes to the one seen more often, then to the first by name."""
    judged = [
        SimilarEvidence(model=p.model, good=p.good, total=p.total, lower=wilson_lower(p.good, p.total)) for p in pasts
    ]
    sure = [one for one in judged if one.lower > CONFIDENT]
    return min(sure, key=lambda one: (-one.lower, -one.total, one.model), default=None)
