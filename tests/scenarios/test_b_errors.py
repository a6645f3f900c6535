"""B: which errors do what. One retry loop, one failure table, and each kind followed as it must be."""

from __future__ import annotations

import asyncio
import json
import socket
from unittest.mock import patch

import pytest

from pointsman.core.fleet import Deadlines
from pointsman.core.health import BreakerState, HealthState
from pointsman.core.outcome import FailureKind
from pointsman.core.rules import Code
from pointsman.engine import events
from pointsman.verbs import documents
from support.fault_server import (
    DIALECTS,
    Play,
    Reply,
    empty_200,
    error_frame,
    good,
    html,
    limited,
    loading,
    out_of_memory,
    raw_stream,
    reset_at_once,
    says_nothing,
    status,
)
from support.rows import Scene, Table
from support.stages import stage

K = FailureKind
NOT_HERE: dict[str, str] = {}
KEY = "sk-canary-b2-0123456789"
b = Table()


@b.row("B1")
async def our_own_bad_request_is_shown_and_nobody_else_is_asked(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(400, "temperature must be a number", kind="invalid_request_error"))
        heard = await s.ask()
        await s.probe()
        assert s.health("p").state is HealthState.UP and s.health("p").breaker.streak == 0
    assert s.called == ["p"]
    assert (heard.blocked.code, heard.blocked.why) == ("bad_request", "temperature must be a number")


async def wrong_key(dialect: str, code: int, kind: K) -> None:
    keyed = {"p": {"key_env": "P_KEY"}}
    async with stage(dialect=dialect, endpoints=keyed, environ={"P_KEY": KEY}) as s:
        s["p"].plays(status(code, f"the key {KEY} is not welcome", kind="authentication_error"), good("new key"))
        await s.probe()
        heard = await s.ask()
        later = await s.ask()
        assert s.health("p").state is HealthState.MISCONFIGURED
        assert s.health("p").breaker.state is BreakerState.CLOSED
        rows = await s.audit()
        await s.probe()  # the key was refreshed, and the server's list can be read with it
        healed = await s.ask()
    assert s.called == ["p", "f", "f", "p"] and heard.kinds == [kind] and later.by == "f" and healed.text == "new key"
    told = repr(heard.events) + repr(later.events) + "".join(row.body for row in rows)
    assert KEY not in told and "****" in told


@b.row("B2")
async def a_401_is_a_configuration_error_not_an_outage(dialect: str) -> None:
    await wrong_key(dialect, 401, K.AUTH)


@b.row("B2-403")
async def a_403_is_a_configuration_error_too(dialect: str) -> None:
    await wrong_key(dialect, 403, K.FORBIDDEN)


@b.row("B3")
async def an_empty_purse_is_no_wrong_key(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(403, "Your billing quota is used up"))
        s["f"].plays(status(402, "pay first"))
        heard = await s.ask()
        assert {s.health(n).state for n in "pf"} == {HealthState.RATE_LIMITED}
        assert {s.health(n).breaker.state for n in "pf"} == {BreakerState.CLOSED}
    assert s.called == ["p", "f", "g"] and heard.kinds == [K.QUOTA, K.QUOTA]


@b.row("B4-listed", "openai", "ollama")
async def a_model_that_its_server_does_not_list_is_shown_as_missing_and_not_asked(dialect: str) -> None:
    """What the pane draws of it: tests/tui/test_render.py::test_an_endpoint_tells_which_models_it_lacks."""
    async with stage(dialect=dialect, models={"p": {"id": "gone"}}) as s:
        s["p"].lists = ("other", "another")
        await s.probe()
        heard = await s.ask()
        (told, *_) = documents.model_documents(s.engine.fleet, s.engine.snapshot)
        (line,) = await s.audit("step-down")
    assert line.rule == "model-missing" and "p does not have gone" in line.text
    assert s.called == ["f"] and heard.decision.decision.rejected[0].code is Code.MISSING
    assert (told["state"], told["reason"]) == ("missing", "p does not have gone")


@b.row("B4")
async def a_missing_model_is_not_retried(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(404, "model 'p-id' not found"))
        heard = await s.ask()
        (outcome, _) = await s.audit("outcome")
    assert s.called == ["p", "f"] and heard.kinds == [K.MODEL_MISSING]
    assert "model 'p-id' not found" in outcome.text


RETRIED: dict[str, Play] = {str(code): status(code, "later") for code in (408, 500, 502, 503, 504, 529)}
RETRIED["reset"] = reset_at_once


async def retried_once(dialect: str, play: Play) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(play)
        heard = await s.ask()
    assert s.called == ["p", "p", "f"] and heard.by == "f"
    (wait,) = heard.waits
    assert 0 <= wait.seconds <= 0.25


for name, play in RETRIED.items():
    b.row(f"B5-{name}")(lambda dialect, play=play: retried_once(dialect, play))


@b.row("B5-refused")
async def a_refused_connection_is_never_retried(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        await s["p"].stop()
        heard = await s.ask()
    assert s.called == ["f"] and heard.kinds == [K.REFUSED] and not heard.waits


@b.row("B5-dns")
async def a_name_that_nobody_knows_is_never_retried(dialect: str) -> None:
    """Also the plain reason is told. The resolver is ours: nothing is asked of a real one."""

    async def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with stage(dialect=dialect, endpoints={"p": {"url": "http://box.home.arpa:8080"}}) as s:
        with patch.object(asyncio.get_running_loop(), "getaddrinfo", unknown):
            heard = await s.ask(allow_fallback=False)
        served = await s.ask(prefer="f")
    assert heard.kinds == [K.REFUSED] and not heard.waits and "not known" in heard.blocked.why
    assert s.called == ["f"] and served.by == "f"


@b.row("B6")
async def a_loading_model_is_waited_for_and_is_no_failure(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(*[loading()] * 6, good("warm now"))
        asked = s.engine.submit(s.request())
        states, heard = [], []
        async for event in asked:
            heard.append(event)
            if isinstance(event, events.AttemptEnded):
                states.append(s.health("p").state)
        assert s.health("p").breaker.streak == 0 and not await s.audit("step-down")
    assert states == [HealthState.WARMING] * 6 + [HealthState.UP]
    assert s.called == ["p"] * 7 and isinstance(heard[-1], events.Answered) and heard[-1].text == "warm now"
    assert sum(e.seconds for e in heard if isinstance(e, events.Waiting)) > 10


@b.row("B6-budget")
async def the_load_budget_ends_the_waiting(dialect: str) -> None:
    async with stage(dialect=dialect, deadlines=Deadlines(load=20.0)) as s:
        s["p"].plays(loading())
        heard = await s.ask()
        assert s.health("p").breaker.state is BreakerState.CLOSED
    assert heard.by == "f" and 20 <= sum(w.seconds for w in heard.waits) < 25


@b.row("B7")
async def out_of_memory_is_not_retried_there(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(out_of_memory())
        s["f"].plays(status(500, "llama runner process has terminated"))
        heard = await s.ask()
        (_, second) = await s.audit("step-down")
    assert s.called == ["p", "f", "g"] and heard.kinds == [K.OUT_OF_MEMORY, K.OUT_OF_MEMORY]
    assert "out_of_memory" in second.text


@b.row("B7-load")
async def a_model_that_cannot_be_loaded_is_not_retried_there(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(500, "error loading model: unknown model architecture: 'x9'"))
        heard = await s.ask()
        (line,) = await s.audit("step-down")
    assert s.called == ["p", "f"] and heard.kinds == [K.LOAD_FAILED] and "load_failed" in line.text


@b.row("B8")
async def too_large_goes_only_to_a_larger_window(dialect: str) -> None:
    windows = {"p": {"context": 8000}, "f": {"context": 4000}, "g": {"context": 32000}}
    async with stage(dialect=dialect, models=windows) as s:
        s["p"].plays(status(413, "request too large"))
        heard = await s.ask()
    assert s.called == ["p", "g"] and heard.kinds == [K.TOO_LARGE]


@b.row("B9")
async def a_429_in_other_clothes_is_a_rate_limit(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(status(500, "upstream said: rate limit exceeded", retry_after="20"))
        s["f"].plays(error_frame(kind="rate_limit_error", message="too many requests", code=429))
        heard = await s.ask()
        assert s.health("p").state is s.health("f").state is HealthState.RATE_LIMITED
    assert set(heard.kinds) == {K.RATE_LIMITED} and heard.by == "g"


@b.row("B10")
async def a_status_as_text_or_none_at_all_is_a_server_error(dialect: str) -> None:
    for code in ("502", None):
        value = json.dumps({"error": {"message": "odd", "code": code}}).encode()
        frame = value + b"\n" if dialect == "ollama" else b"data: " + value + b"\n\n"
        async with stage(dialect=dialect) as s:
            s["p"].plays(raw_stream(lambda _, frame=frame: [frame]))
            heard = await s.ask()
        assert heard.by == "f" and heard.kinds == [K.SERVER_ERROR] * 2


@b.row("B11")
async def there_is_exactly_one_retry_loop(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(status(500))
        await s.ask()
        assert len(s.called) == 2 and s["p"].connections <= 2


@b.row("B12")
async def a_web_page_is_no_answer(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(html())
        s["f"].plays(html(502), status(200, body=b"Log in, please: no JSON", media="text/plain"))
        heard = await s.ask()
    assert heard.by == "g" and heard.kinds == [K.BAD_STREAM, K.SERVER_ERROR, K.BAD_STREAM]
    assert all("Log in, please" in a.outcome.detail for a in heard.attempts[:3])  # type: ignore[union-attr]
    assert not any(isinstance(e, events.TextDelta) and "html" in e.text for e in heard.events)


@b.row("B13")
async def an_empty_answer_is_a_failure(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(says_nothing)
        s["f"].plays(empty_200)
        heard = await s.ask()
    assert heard.by == "g" and heard.kinds == [K.EMPTY, K.EMPTY]


def tool_call(reply: Reply) -> list[bytes]:
    calls = [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]
    frames = {
        "openai": [b"data: " + json.dumps({"choices": [{"delta": {"tool_calls": calls}}]}).encode() + b"\n\n"],
        "ollama": [json.dumps({"message": {"content": "", "tool_calls": calls}, "done": False}).encode() + b"\n"],
        "anthropic": [
            b'data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f"}}\n\n'
        ],
    }
    return [*reply.dialect.start("m"), *frames[reply.dialect.name], *reply.ending("tool_calls")]


@b.row("B14")
async def a_tool_call_without_text_is_success(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(raw_stream(tool_call))
        heard = await s.ask()
    assert heard.by == "p" and heard.done.finish_reason == "tool_calls" and heard.text == ""


@b.row("B15")
async def each_kind_is_tried_as_often_as_its_policy_says(dialect: str) -> None:
    tries = {
        status(401, "no"): 1,
        status(400, "content_policy violation"): 1,
        status(500, "boom"): 2,
        limited(): 2,
        status(404, "model not found"): 1,
        out_of_memory(): 1,
    }
    for play, expected in tries.items():
        async with stage("p", dialect=dialect) as s:
            s["p"].plays(play)
            await s.ask()
            assert len(s.called) == expected


@pytest.mark.parametrize(*b.cases)
async def test_b(scene: Scene, dialect: str) -> None:
    await scene(dialect)


def test_every_dialect_is_here() -> None:
    assert {d for _, d, _ in b.rows} == set(DIALECTS)
