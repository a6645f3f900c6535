"""How long a refused endpoint delays an answer, and what it costs once its breaker is open: measured, in milliseconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pointsman.engine import events
from support.stages import Stage, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    detour_ms: float  # median, from the refused call's start to the fallback's
    answer_ms: float  # median, from the request to the fallback's first word
    skip_ms: float  # median, decide and claim with the breaker open: all that the sick endpoint still costs
    turns: int


async def measure(turns: int = 50, state: Path | None = None) -> Figures:
    """`state`: where the ledger lies; None: in memory where there is such a place, so that no disk is measured."""
    async with stage("p", "f", state=state) as s:
        await s["p"].stop()
        detours, answers = [], []
        for _ in range(turns):
            detour, answer = await _one(s)
            detours.append(detour)
            answers.append(answer)
            s.clock.advance(60)  # so that the next one is tried again
        for _ in range(3):
            await s.ask()
        skips = [_skip(s) for _ in range(turns)]
    return Figures(
        detour_ms=median(detours) * 1e3, answer_ms=median(answers) * 1e3, skip_ms=median(skips) * 1e3, turns=turns
    )


async def _one(s: Stage) -> tuple[float, float]:
    began = time.perf_counter()
    tried: list[float] = []
    first = 0.0
    async for event in s.engine.submit(s.request()):
        if isinstance(event, events.Attempting):
            tried.append(time.perf_counter())
        if isinstance(event, events.TextDelta) and not first:
            first = time.perf_counter()
    assert len(tried) == 2 and first
    return tried[1] - tried[0], first - began


def _skip(s: Stage) -> float:
    request = s.request()
    began = time.perf_counter()
    decision = s.engine.explain(request)
    claimed = s.engine._board.claim(str(decision.endpoint), request.id)
    took = time.perf_counter() - began
    assert claimed and decision.model == "f"
    return took
