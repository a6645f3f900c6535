"""The audit in trouble: A7, a full disk closes the cloud and nothing else; A8, clocks that jump change no order."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pointsman import wiring
from pointsman.adapters.store import Anchor, Code, SqliteStore, inspect
from pointsman.config import load
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit, Window
from pointsman.engine.engine import Engine
from pointsman.ports import AuditQuery, Charge, Reservation
from pointsman.prove.check import Check, CouldNotRun, Tried, expect
from pointsman.prove.fake_server import Answer, Asked, as_json, serving
from pointsman.prove.local_day import ask

_TURNS = 5
_SEEN_S, _BACK_S = 1.0, 5.0  # the promise: the banner is there, and gone again, within these
CONFIG = """
default_role = "near"
discover = false
[endpoints.box]
url = "{near}"
kind = "llama.cpp"
[endpoints.far]
url = "{far}"
kind = "openai"
locality = "cloud"
[models.near]
id = "near"
endpoint = "box"
tier = "T1"
[models.far]
id = "far"
endpoint = "far"
tier = "T1"
context = 100_000
price_in = "$1/Mtok"
price_out = "$1/Mtok"
[roles.near]
primary = "near"
[roles.far]
primary = "far"
"""


def answers(asked: Asked) -> Answer:
    if "chat" not in asked.target:
        return as_json({"status": "ok", "data": [{"id": "near"}, {"id": "far"}]})
    said = {"choices": [{"delta": {"content": "yes"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
    return 200, {"content-type": "text/event-stream"}, f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode()


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file of this process can grow any more, as on a full disk; for nobody else, and without being root."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    except (OSError, ValueError) as error:
        raise CouldNotRun(f"this system sets no limit for files: {error}") from None
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def full_disk_fails_closed(home: Path) -> Tried:
    async with serving(answers) as near, serving(answers) as far:
        config = home / "config.toml"
        config.write_text(CONFIG.format(near=near.url, far=far.url))
        async with wiring.open_engine(load(config), state_dir=home / "state") as engine:
            expect([await _says(engine, role) for role in ("near", "far")] == ["box", "far"], "both answer at first")
            sent = len(_chats(far.asked))
            with _full_disk():
                began = time.monotonic()
                told = [await _says(engine, "far")]
                await _until(engine, lambda: not engine.snapshot.audit_writable)
                seen = time.monotonic() - began
                told += [await _says(engine, "far") for _ in range(_TURNS - 1)]
                here = [await _says(engine, "near") for _ in range(_TURNS)]
            back = await _until(engine, lambda: engine.snapshot.audit_writable)
            after = await _says(engine, "far")
        expect(set(told) == {"blocked"} and len(_chats(far.asked)) == sent + 1, "the cloud was called without an audit")
        expect(set(here) == {"box"}, "local chat did not go on")
        expect(after == "far", "the cloud stayed closed")
        expect(seen <= _SEEN_S and back <= _BACK_S, f"seen after {seen:.1f} s, well again after {back:.1f} s")
    verdict = inspect(home / "state", wiring.anchor_of(home / "state"))
    expect(verdict.intact, f"the audit: {verdict.why}")
    tried = "cloud and local prompts while no file can grow (a read-only disk needs root, and is not tried)"
    figure = f"0 cloud calls, local chat goes on; seen in {seen:.1f} s, back in {back:.1f} s; the chain is whole"
    return Tried(tried=tried, count=2 * _TURNS, figure=figure)


async def _says(engine: Engine, role: str) -> str:
    return await ask(engine, "hello", {"role": role})


def _chats(asked: list[Asked]) -> list[Asked]:
    return [each for each in asked if "chat" in each.target]


async def _until(engine: Engine, holds: Callable[[], bool]) -> float:
    began = time.monotonic()
    async with asyncio.timeout(20):
        async for _ in engine.watch():
            if holds():
                break
    return time.monotonic() - began


# --- clocks that jump ----------------------------------------------------------------------------------------------

_HOUR, _YEARS = 3600.0, 10 * 365.25 * 86400.0
_JUMPS = (0.0, 1.0, _YEARS, -_YEARS, -_HOUR, _HOUR, -2 * _HOUR, 0.5, -_YEARS, _YEARS, -1.0, 3 * _HOUR)


class _Clock:
    """Says what it is told to say."""

    def __init__(self) -> None:
        self.at, self._ids = 1.8e9, 0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    def jitter(self) -> float:
        return 0.0

    def new_id(self) -> str:
        self._ids += 1
        return f"j{self._ids}"


async def jumping_clocks_change_no_order(home: Path) -> Tried:
    clock, count, anchor = _Clock(), 0, Anchor(home / "anchor")
    cap = Budget(name="cap", limit=10, unit=BudgetUnit.TOKENS, window=Window(calendar="day"))
    async with await SqliteStore.open(home / "state", clock, anchor=anchor) as store:
        await _reserved(store, clock, cap)
        highest = clock.at
        for jump in _JUMPS * 4:
            clock.at += jump
            refused = await _reserved(store, clock, cap)
            day_is_over = clock.at // 86400 > highest // 86400
            expect(refused != day_is_over, f"the window reopened by a jump of {jump:.0f} s")
            highest, count = max(highest, clock.at), count + 1
        rows = await store.audit(AuditQuery(limit=10_000))
    expect([row.seq for row in rows] == list(range(len(rows), 0, -1)), "lines are not in the order they were written")
    verdict = inspect(home / "state", anchor)
    expect(verdict.code is Code.INTACT, f"the audit: {verdict.why}")
    tried = "calls while the clock jumps by seconds, hours and ten years, both ways"
    return Tried(tried=tried, count=count, figure="the order holds, the chain is whole, no window reopens")


async def _reserved(store: SqliteStore, clock: _Clock, cap: Budget) -> bool:
    """Tries to take the whole cap; True: refused."""
    call = clock.new_id()
    worst = Charge(tokens=10, nano_usd=0)
    wanted = Reservation(id=call, request=call, model="m", endpoint="e", at=clock.at, worst=worst, budgets=("cap",))
    line = AuditEvent(type=EventType.INTENT, at=clock.at, actor="router", text="call", request=call)
    return await store.reserve(wanted, [cap], [line]) is not None


CHECKS = (
    Check(id="A7", promise="without an audit nothing leaves, and local work goes on", run=full_disk_fails_closed),
    Check(id="A8", promise="clocks that jump change neither order nor budgets", run=jumping_clocks_change_no_order),
)
