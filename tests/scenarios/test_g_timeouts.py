"""G: each clock of a call, and the one deadline of the whole chain. Limits are tens of milliseconds, and real."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pointsman.core.fleet import Deadlines, Locality
from pointsman.core.outcome import Completed, FailureKind
from pointsman.engine import calls, events
from support.fault_server import (
    Play,
    Reply,
    good,
    keeps_alive_for_ever,
    loading,
    never_answers,
    slow_first_token,
    slow_headers,
    stalls_after,
    status,
)
from support.rows import Scene, Table
from support.stages import stage

K = FailureKind
NOT_HERE: dict[str, str] = {}
g = Table()
# Long enough for a busy machine to have sent the call, short enough to be waited for.
SOON = {"p": {"deadlines": Deadlines(first_token=0.25, idle=0.25)}}


@contextmanager
def deaf_listener() -> Iterator[str]:
    """A port whose queue is full: connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for one in crowd:
                one.close()


@g.row("G1")
async def a_connect_that_hangs_falls_back(dialect: str) -> None:
    with deaf_listener() as url:
        away = {"p": {"url": url, "deadlines": Deadlines(connect=0.03)}}
        async with stage(dialect=dialect, endpoints=away) as s:
            heard = await s.ask()
    assert heard.kinds == [K.CONNECT_TIMEOUT] and heard.by == "f" and s.called == ["f"]


SILENT: dict[str, Play] = {
    "never": never_answers,
    "headers": slow_headers,
    "token": slow_first_token,
    "keep-alive": keeps_alive_for_ever(),
}


async def first_token_limit(dialect: str, play: Play) -> None:
    async with stage(dialect=dialect, endpoints=SOON) as s:
        s["p"].plays(play)
        heard = await s.ask()
        assert heard.attempts[0].seconds < 30  # its own limit, and not the 120 s of its kind
        await s["p"].chats[0].hung_up.wait()  # the server sees that we left
    assert s.called == ["p", "f"]  # never retried on the same route
    assert heard.kinds == [K.FIRST_TOKEN_TIMEOUT] and heard.pieces() == ["", "fine"]


for name, play in SILENT.items():
    g.row(f"G2-{name}")(lambda dialect, play=play: first_token_limit(dialect, play))


@g.row("G2-kinds")
async def each_kind_of_model_has_its_own_limit(dialect: str) -> None:
    """Which limit applies: the model's, the endpoint's, hidden reasoning's, the cloud's or the local one."""
    async with stage(dialect=dialect) as s:
        endpoint, model = s.engine.fleet.endpoints["p"], s.engine.fleet.models["p"]
    limit = calls.first_token_limit
    thinking = type(model)(**{**_fields(model), "capabilities": frozenset({"chat", "reasoning"})})
    own = type(model)(**{**_fields(model), "first_token": 7.0})
    set_by = type(endpoint)(**{**_fields(endpoint), "deadlines": Deadlines(first_token=9.0)})
    assert limit(endpoint, model, Locality.CLOUD) == 12.0
    assert limit(endpoint, model, Locality.LOCAL) == 120.0
    assert limit(endpoint, thinking, Locality.CLOUD) == 120.0
    assert limit(set_by, thinking, Locality.CLOUD) == 9.0
    assert limit(set_by, own, Locality.CLOUD) == 7.0


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]


@g.row("G2-progress", "openai")
async def reading_the_prompt_counts_against_the_load_budget(dialect: str) -> None:
    """A server that tells its progress has the load budget, and no longer the first token's limit."""
    told = b'data: {"choices":[],"prompt_progress":{"total":100,"processed":40}}\n\n'

    async def play(reply: Reply) -> None:
        await reply.head()
        await reply.frames(told)
        await reply.hold()

    patient = Deadlines(first_token=0.15, load=0.35)
    async with stage(dialect=dialect, endpoints={"p": {"deadlines": patient}}) as s:
        s["p"].plays(play)
        heard = await s.ask()
    assert heard.attempts[0].seconds > 0.34 and heard.by == "f"
    assert any(w.done == 0.4 and "reading the prompt" in w.why for w in heard.waits)


async def silence_in_mid_answer(dialect: str, play: Play) -> None:
    async with stage(dialect=dialect, endpoints={"p": {"deadlines": Deadlines(idle=0.25)}}) as s:
        s["p"].plays(play)
        heard = await s.ask()
    assert heard.kinds == [K.IDLE_TIMEOUT] and heard.by == "f"
    assert heard.pieces() == ["quick then ", "fine"] and heard.switches[0].fragment


g.row("G3")(lambda dialect: silence_in_mid_answer(dialect, stalls_after("quick ", "then ")))
g.row("G3-keep-alive")(lambda dialect: silence_in_mid_answer(dialect, keeps_alive_for_ever("quick ", "then ")))


@g.row("G4")
async def steady_slow_tokens_are_never_too_late(dialect: str) -> None:
    async def steady(reply: Reply) -> None:
        await reply.head()
        await reply.frames(*reply.dialect.start(reply.seen.model))
        for _ in range(45):
            await reply.frames(reply.dialect.text(reply.seen.model, "t"))
            await asyncio.sleep(0.02)
        await reply.frames(*reply.ending())
        await reply.finish()

    limits = Deadlines(first_token=0.8, idle=0.8)  # less than the whole, and much more than a busy machine pauses
    async with stage(dialect=dialect, endpoints={"p": {"deadlines": limits}}) as s:
        s["p"].plays(steady)
        heard = await s.ask()
    assert heard.by == "p" and heard.text == "t" * 45 and heard.attempts[0].seconds > 0.85


@g.row("G5")
async def the_whole_chain_ends_within_one_deadline(dialect: str) -> None:
    patient = {"g": {"deadlines": Deadlines(first_token=60)}}
    async with stage(dialect=dialect, deadlines=Deadlines(first_token=0.1), endpoints=patient) as s:
        for name in "pfg":
            s[name].plays(never_answers)
        started = time.monotonic()
        heard = await s.ask(deadline_s=2.5)
        took = time.monotonic() - started
        assert s.health("g").breaker.streak == 0  # it had no fair chance
        rows = await s.audit("blocked")
    assert 2.49 < took < 30
    assert s.called == ["p", "f", "g"]
    assert heard.kinds == [K.FIRST_TOKEN_TIMEOUT, K.FIRST_TOKEN_TIMEOUT, K.DEADLINE]
    assert heard.attempts[2].seconds < took - 0.19 and heard.blocked.code == "deadline" and "deadline" in rows[0].text


@g.row("G5-offer")
async def what_there_was_no_time_for_is_offered(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(never_answers)
        heard = await s.ask(deadline_s=0.3)
    assert s.called == ["p"] and heard.blocked.offer == "f" and "no time was left for f, g" in heard.blocked.why


@g.row("G5-waits")
async def a_wait_that_would_pass_the_deadline_is_not_begun(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(status(429, "rate limit", retry_after="25"))
        heard = await s.ask(deadline_s=20)
    assert s.clock.slept == [] and heard.blocked.code == "rate_limited"


@g.row("G6")
async def a_cold_load_of_ninety_seconds_is_waited_for_and_shown(dialect: str) -> None:
    async with stage(dialect=dialect, deadlines=Deadlines(first_token=0.5)) as s:
        s["p"].plays(*[loading()] * 32, good("loaded"))
        heard = await s.ask()
    assert heard.text == "loaded" and heard.by == "p"
    assert 85 < sum(s.clock.slept) < 95 and all("loading" in w.why for w in heard.waits)


@g.row("G7")
async def a_timeout_is_counted_once_everywhere(dialect: str) -> None:
    async with stage(dialect=dialect, endpoints=SOON) as s:
        s["p"].plays(never_answers)
        heard = await s.ask()
        assert s.health("p").breaker.streak == 1 == len(s.health("p").breaker.recent)
        outcomes = [row for row in await s.audit("outcome") if row.model == "p"]
    assert len(s["p"].chats) == len(outcomes) == heard.kinds.count(K.FIRST_TOKEN_TIMEOUT) == 1
    assert isinstance(heard.last, events.Answered) and isinstance(heard.attempts[-1].outcome, Completed)


@pytest.mark.parametrize(*g.cases)
async def test_g(scene: Scene, dialect: str) -> None:
    await scene(dialect)
