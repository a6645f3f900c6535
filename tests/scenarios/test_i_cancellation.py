"""I: cancellation. It hangs up, keeps what was said, is nobody's failure, and leaves exactly one outcome."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import aclosing
from pathlib import Path

import pytest

from pointsman.adapters.store import SqliteStore
from pointsman.engine import events
from pointsman.ports import AuditQuery
from support.fault_server import good, held, limited, loading, never_answers, stalls_after
from support.rows import Scene, Table
from support.stages import HeldClock, Stage, StageClock, stage

NOT_HERE = {
    "I7": "tests/tui/test_chats.py::test_a_stream_in_one_tab_goes_on_while_another_is_shown_and_each_has_its_own_draft",
    "I5-terminal": "tests/e2e/test_lost_terminal.py::test_a_signal_to_end_hangs_up_settles_and_gives_the_terminal_back",
    "I3-queue": "tests/engine/test_groups.py::test_who_gives_up_leaves_the_queue_and_the_others_move_up",
    "I1-kept": "tests/tui/test_screen.py::test_esc_stops_the_reply_and_hangs_up",
}
i = Table()
A_SECOND = 1.0


async def leave_at(s: Stage, event: type, **more: object) -> None:
    """Reads until that kind of event, then walks away."""
    async with aclosing(s.engine.submit(s.request(**more))) as told:  # type: ignore[type-var]
        async for one in told:
            if isinstance(one, event):
                return


@i.row("I1")
async def leaving_a_stream_hangs_up_and_is_no_failure(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(stalls_after("one ", "two "))
        await leave_at(s, events.TextDelta)
        await asyncio.wait_for(s["p"].chats[0].hung_up.wait(), A_SECOND)
        assert s.called == ["p"] and s.health("p").breaker.streak == 0 and s.health("p").callable(s.clock.at)
        (outcome,) = await s.audit("outcome")
        assert "cancelled by the user" in outcome.text and not await s.audit("step-down")


@i.row("I2")
async def a_cancel_in_a_wait_ends_it_at_once(dialect: str) -> None:
    for play in (loading(), limited(retry_after="2"), limited()):
        clock = HeldClock()
        async with stage("p", dialect=dialect, clock=clock) as s:
            s["p"].plays(play)
            asked = asyncio.create_task(s.ask())
            await clock.asleep(1)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            clock.run(60)
            s["p"].plays(good("free again"))
            assert s.called == ["p"]
            assert (await s.ask()).text == "free again"  # no slot or trial is left taken


@i.row("I3")
async def a_cancel_while_queued_frees_the_place_and_disturbs_nobody(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        gate = asyncio.Event()
        s["p"].plays(held(gate, good("first in line")), never_answers)
        first = asyncio.create_task(s.ask())
        await s.log.count(1)
        second = asyncio.create_task(s.ask())
        queued = await s.log.count(2)
        second.cancel()
        await asyncio.wait_for(queued.hung_up.wait(), A_SECOND)
        gate.set()
        assert (await first).text == "first in line"


@i.row("I4")
async def whenever_it_is_cancelled_there_is_exactly_one_outcome_per_call(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(good("a", "b", "c"))
        whole = len((await s.ask()).events)
        for leave_after in range(whole + 1):
            async with aclosing(s.engine.submit(s.request(id=f"x{leave_after}"))) as told:  # type: ignore[type-var]
                seen = 0
                while seen < leave_after and await anext(told, None) is not None:
                    seen += 1
            assert await s.store.writable() is None  # whatever was still being written is written now
            rows = await s.audit(request=f"x{leave_after}")
            kinds = [row.type for row in rows]
            assert kinds.count("outcome") == kinds.count("intent") <= 1
        assert (await s.store.recover(s.clock.at)) == 0


@i.row("I5")
async def leaving_the_program_closes_settles_and_writes(dialect: str) -> None:
    with tempfile.TemporaryDirectory() as where:
        state = Path(where) / "state"
        async with stage("p", dialect=dialect, state=state) as s:
            s["p"].plays(stalls_after("said"))
            told = s.engine.submit(s.request())
            while not isinstance(await anext(told), events.TextDelta):
                continue
            chat = s["p"].chats[0]
            await s.engine.__aexit__(None, None, None)
            await asyncio.wait_for(chat.hung_up.wait(), A_SECOND)
            await told.aclose()  # type: ignore[attr-defined]
        async with await SqliteStore.open(state, StageClock()) as store:
            types = [row.type for row in await store.audit(AuditQuery())]
            assert types == ["outcome", "intent", "decision"] and await store.recover(0) == 0


@i.row("I6")
async def what_was_said_before_the_cancel_is_paid_as_an_estimate(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(stalls_after("a sentence of a few words "))
        await leave_at(s, events.TextDelta, facts={"tokens": 100})
        (total,) = await s.store.totals(0)
    assert total.estimated == 1 and total.input_tokens >= 11 and total.output_tokens >= 5
    assert total.nano_usd == total.input_tokens * 1000 + total.output_tokens * 4000


@pytest.mark.parametrize(*i.cases)
async def test_i(scene: Scene, dialect: str) -> None:
    await scene(dialect)
