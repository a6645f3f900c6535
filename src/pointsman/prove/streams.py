"""The streams' promises, C1 to C6, and A12: no broken answer passes for a whole one, no switch is silent."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from pointsman import wiring
from pointsman.adapters.answer import Decoder, ErrorFrame
from pointsman.adapters.anthropic import AnthropicDecoder
from pointsman.adapters.lines import TooLarge
from pointsman.adapters.ollama import OllamaDecoder
from pointsman.adapters.openai_compat import OpenAIDecoder
from pointsman.config import example_path, load
from pointsman.core.fleet import Locality
from pointsman.core.health import Health, begin_trial, limits_for, observe
from pointsman.core.outcome import Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Message, Request
from pointsman.engine import events
from pointsman.engine.console import Fault
from pointsman.engine.engine import Engine
from pointsman.ports import AuditQuery, CallFailed, Chunk, Finish, Text
from pointsman.prove.check import Check, Tried, expect

TURNS = 60


def _sse(*frames: object, names: Iterable[str] = ()) -> bytes:
    named = iter(names)
    lines = [
        (f"event: {name}\n" if (name := next(named, "")) else "") + f"data: {_text(frame)}\n\n" for frame in frames
    ]
    return "".join(lines).encode()


def _text(frame: object) -> str:
    return frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False)


def _delta(text: str, reason: str | None = None) -> dict[str, object]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}


_MESSAGE = (
    {"type": "message_start", "message": {"id": "m", "model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Köln \u2028 "}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "🚂!"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
)
_NDJSON = (
    {"model": "m", "message": {"role": "assistant", "content": "Köln \u2028 "}, "done": False},
    {"model": "m", "message": {"role": "assistant", "content": "🚂!"}, "done": False},
    {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 7},
)
# dialect -> (its decoder, a whole answer, where in it the end marker is complete)
STREAMS: dict[str, tuple[Callable[[], Decoder], bytes, bytes]] = {
    "OpenAI": (OpenAIDecoder, _sse(_delta("Köln \u2028 "), _delta("🚂!"), _delta("", "stop"), "[DONE]"), b'"stop"'),
    "Anthropic": (
        AnthropicDecoder,
        _sse(*_MESSAGE, names=[str(frame["type"]) for frame in _MESSAGE]),
        b'"stop_reason": "end_turn"',
    ),
    "Ollama": (
        OllamaDecoder,
        b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in _NDJSON),
        b'"done": true',
    ),
}


def read(decoder: Decoder, pieces: Iterable[bytes]) -> list[Chunk] | None:
    """The chunks of a whole answer; None if it is told as broken."""
    try:
        chunks = [chunk for piece in pieces for chunk in decoder.feed(piece)]
        return chunks + list(decoder.close())
    except (CallFailed, ErrorFrame, TooLarge):
        return None


def cuts_are_told(home: Path) -> Tried:
    count = 0
    for name, (make, whole, marker) in STREAMS.items():
        complete = whole.index(marker) + len(marker)
        for cut in range(complete):
            expect(read(make(), [whole[:cut]]) is None, f"{name}: cut after {cut} bytes passed for a whole answer")
            count += 1
    tried = f"answers of {len(STREAMS)} dialects cut at every byte before their end"
    figure = "0 passed for whole"
    return Tried(tried=tried, count=count, figure=figure)


def same_in_every_piece(home: Path) -> Tried:
    count, chance = 0, random.Random(3)
    for name, (make, whole, _) in STREAMS.items():
        reference = _summary(read(make(), [whole]))
        splits = [[whole[:at], whole[at:]] for at in range(len(whole))]
        splits += [_shattered(whole, chance) for _ in range(50)]
        for pieces in splits:
            expect(_summary(read(make(), pieces)) == reference, f"{name}: another answer when split")
            count += 1
    tried = "answers in two pieces at every byte, and shattered"
    figure = "the same text and end each time"
    return Tried(tried=tried, count=count, figure=figure)


def _summary(chunks: list[Chunk] | None) -> tuple[str, str]:
    expect(chunks is not None, "a whole answer was told as broken")
    found = chunks or []
    return "".join(c.text for c in found if isinstance(c, Text)), next(c.reason for c in found if isinstance(c, Finish))


def _shattered(whole: bytes, chance: random.Random) -> list[bytes]:
    at = sorted(chance.randrange(len(whole)) for _ in range(20))
    return [whole[a:b] for a, b in zip([0, *at], [*at, len(whole)], strict=True)]


def breaker_is_exact(home: Path) -> Tried:
    limits, failed = limits_for(Locality.LOCAL), Failed(kind=FailureKind.REFUSED)
    health = Health()
    for number in range(limits.consecutive):
        expect(health.callable(float(number)), f"open after {number} failures")
        health = observe(health, failed, float(number), limits)
    opened = float(limits.consecutive - 1)
    expect(not health.callable(opened + 0.1), f"not open after {limits.consecutive} failures")
    expect(health.callable(opened + limits.open_first * 1.2), "no trial after the cool-down")
    trial = begin_trial(health, opened + limits.open_first * 1.2)
    callers = sum(trial.callable(opened + limits.open_first * 1.2) for _ in range(50))
    expect(callers == 0, f"{callers} more callers beside the one trial")
    closed = observe(trial, Completed(finish_reason="stop", usage=TokenUsage()), 60.0, limits)
    expect(closed.callable(60.0), "one good completion does not close it")
    tried = "failures, a cool-down, a trial with 50 waiting, a completion"
    figure = "opens at the third; 1 trial; closes on the first good answer"
    return Tried(tried=tried, count=limits.consecutive + 52, figure=figure)


async def no_switch_is_silent(home: Path) -> Tried:
    """Every third first answer breaks off in the middle; whoever answers in the end says so, alone and on record."""
    switches = 0
    async with wiring.open_demo(load(example_path()), state_dir=home, monitor=False, speed=1e6) as engine:
        await engine.look_at_endpoints()
        for number in range(TURNS):
            decision = engine.explain(_request("x", number))
            fault = (
                _cut(engine, decision.endpoint or "") if number % 3 == 0 else None
            )  # never so many that it is avoided
            if fault is not None:
                await engine.play(fault)
            switches += await _turn(engine, number)
            if fault is not None:
                await engine.play(_cut(engine, fault.endpoint))
        lines = await engine.audit(AuditQuery(type="step-down", limit=10_000))
    expect(switches >= TURNS // 3, "no answer broke off")
    expect(len([line for line in lines if line.from_model]) >= switches, "a switch without its line")
    complete(home / "demo" / "ledger.db")
    tried = f"{TURNS} turns, every third of which breaks off"
    figure = "each switch told and on record; 0 merged answers; every call reserved, announced and settled"
    return Tried(tried=tried, count=switches, figure=figure)


def _request(id: str, number: int) -> Request:
    return Request(id=id, messages=(Message(role="user", text=f"Tell me story number {number}."),))


def _cut(engine: Engine, endpoint: str) -> Fault:
    return next(fault for fault in engine.faults if fault.name == "cut" and fault.endpoint == endpoint)


async def _turn(engine: Engine, number: int) -> int:
    heard = [event async for event in engine.submit(_request(engine.new_request_id(), number))]
    told = [event for event in heard if isinstance(event, events.Switched)]
    attempts = {(event.attempt.model) for event in heard if isinstance(event, events.AttemptEnded)}
    expect(len(told) >= len(attempts) - 1, "another model answered in silence")
    answered = [event for event in heard if isinstance(event, events.Answered)]
    if answered and told:
        last = max(index for index, event in enumerate(heard) if isinstance(event, events.Switched))
        alone = "".join(event.text for event in heard[last:] if isinstance(event, events.TextDelta))
        expect(answered[0].text == alone, "an answer was merged from two")
    return len(told)


def complete(ledger: Path, *, planted: bool = False) -> None:
    """Every reservation has its intent and its outcome line, and every intent its reservation (A12). `planted`: some
    were put there as past usage, without lines; of those nothing is said."""
    announced = " AND r.intent_seq IS NOT NULL" if planted else ""
    calls = f"SELECT count(*) FROM reservation r WHERE TRUE{announced}"
    said = "EXISTS (SELECT 1 FROM audit WHERE seq = r.intent_seq AND type = 'intent')"
    ended = "EXISTS (SELECT 1 FROM audit WHERE seq = r.outcome_seq)"
    with closing(sqlite3.connect(ledger)) as connection:
        (all_of_them,) = connection.execute(calls).fetchone()
        (whole,) = connection.execute(f"{calls} AND state <> 'open' AND {said} AND {ended}").fetchone()
        (intents,) = connection.execute("SELECT count(*) FROM audit WHERE type = 'intent'").fetchone()
    expect(all_of_them == whole == intents, "a reservation without its intent or outcome line")


CHECKS = (
    Check(id="C1", promise="no broken stream is shown as complete", run=cuts_are_told),
    Check(id="C4", promise="a stream reads the same however it is cut into pieces", run=same_in_every_piece),
    Check(id="C5", promise="the breaker opens, tries once and closes as stated", run=breaker_is_exact),
    Check(id="C6", promise="no switch is silent, no answer is spliced from two (and A12)", run=no_switch_is_silent),
)
