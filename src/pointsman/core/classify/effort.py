"""How hard a task is, 1..10: a readable sum. It is not risk: a one-line change to a login is easy, and risky.

The scale is that of document 004: up to 2 any local model, up to 4 a fast one, up to 7 a strong one, above it \
the best.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pointsman.core.classify.cues import stems_of
from pointsman.core.classify.view import View

LONG_CHARS = 1_200
BASE: Mapping[str, int] = {"coding": 3, "reasoning": 4, "vision": 3, "background": 2, "general": 2}

HARD = frozenset(
    """architect architecture architectural distributed concurrent concurrency consensus deadlock deadlocks parallel
    parallelize prove proof theorem rigorous rigorously research literature strategy strategic trade-off trade-offs
    tradeoff tradeoffs in-depth comprehensive critically microservices scalable scalability migrate migration
    optimize optimise optimization dependencies thread-safe multi-tenant cryptographic compiler kernel""".split()
)
_HARD_STEMS = stems_of(word.partition("-")[0] for word in HARD)
HARD_KOREAN = ("아키텍", "전략", "설계", "증명", "심층", "연구", "분산", "동시성", "최적화", "비판적", "트레이드오프")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def complexity_of(view: View, *, kind: str, files: int | None, lines: int | None, small: bool) -> tuple[int, str]:
    """The complexity and the parts it is made of, e.g. `coding 3, 10 files +2, hard words (distributed) +1`."""
    parts = [(f"{kind}", BASE.get(kind, 2))]
    if kind not in ("background", "general"):
        parts += _of_words(view)
        parts += _of_size(files, lines)
    parts += _of_length(view, kind)
    if small:
        parts.append(("small task", -1))
    total = max(1, min(10, sum(points for _, points in parts)))
    return total, ", ".join(
        f"{name} {points:+d}" if at else f"{name} {points}" for at, (name, points) in enumerate(parts)
    )


def _of_words(view: View) -> list[tuple[str, int]]:
    words = [] if _HARD_STEMS.isdisjoint(view.stems) else sorted(HARD.intersection(_WORD.findall(view.prose)))
    if not view.ascii:
        words += [word for word in HARD_KOREAN if word in view.prose]
    return [(f"hard words ({', '.join(words[:3])})", min(3, len(words)))] if words else []


def _of_size(files: int | None, lines: int | None) -> list[tuple[str, int]]:
    parts = []
    if files is not None and files > 1:
        parts.append((f"{files} files", 1 if files < 5 else 2))
    if lines is not None and lines >= 100:
        parts.append((f"{lines} lines", 1 if lines <= 500 else 2))
    return parts


def _of_length(view: View, kind: str) -> list[tuple[str, int]]:
    if kind == "background":
        return []
    if view.length <= 60:
        return [("a short prompt", -1)]
    return [("a long prompt", 1)] if view.length > LONG_CHARS else []
