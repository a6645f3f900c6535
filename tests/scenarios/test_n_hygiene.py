"""N: hygiene. Keys stay where they belong, nothing follows a redirect or a proxy, nothing leaks, instances share."""

from __future__ import annotations

import asyncio
import gc
import logging
import os

import pytest

from pointsman.adapters.clients import Clients
from pointsman.adapters.store import SqliteStore, verify
from pointsman.core.fleet import Locality
from pointsman.core.health import HealthState
from pointsman.core.outcome import FailureKind
from support.fault_server import error_frame, good, status
from support.rows import Scene, Table
from support.stages import StageClock, open_engine, stage

K = FailureKind
NOT_HERE = {
    "N1-crash": "tests/tui/test_crash.py::test_a_crash_shows_and_keeps_no_key_not_even_one_in_a_message_or_a_local",
    "N2": "tests/tui/test_hostile.py::test_a_hostile_reply_is_tame_while_it_streams_and_after, in a real terminal "
    "`pointsman prove T1`, the marks in tests/tui/test_untrusted.py::test_nothing_a_terminal_would_obey_is_left",
    "N5": "tests/config/test_problems.py::test_every_problem_in_one_pass, and that it still opens: "
    "tests/trust/test_local_only.py::test_the_screen_over_a_configuration_in_doubt_is_local_only",
    "N6": "tests/engine/test_reload.py::"
    "test_what_is_asked_before_keeps_the_old_one_and_what_is_asked_after_gets_the_new, and with a real file and real "
    "sockets tests/cli/test_wiring.py::test_an_edited_file_is_in_force_by_itself_and_a_broken_one_is_not",
}
n = Table()
KEYS = {"P_KEY": "sk-canary-p-0123456789abcdef", "F_KEY": "sk-canary-f-fedcba9876543210", "G_KEY": "canary/g+0=plain"}
KEYED = {name: {"key_env": f"{name.upper()}_KEY", "locality": Locality.CLOUD} for name in "pfg"}
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@n.row("N1")
async def keys_go_to_their_own_endpoint_and_nowhere_else(dialect: str) -> None:
    """Servers that quote our key back, in every place a message can come from; logs at DEBUG."""
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    others = {"p": dialect, "f": "anthropic", "g": "openai"}
    try:
        async with stage(dialects=others, endpoints=KEYED, environ=KEYS) as s:
            p, f, g = KEYS.values()
            s["p"].plays(
                status(500, f"bad things happened to {p}", retry_after=p), error_frame("x ", message=f"key {p}")
            )
            s["f"].plays(status(401, f"authentication of {f} failed, also {p}"))
            s["g"].plays(status(400, body=f"<html>{g} {f}</html>".encode(), media="text/html"), good())
            heard = [await s.ask() for _ in range(3)]
            await s.probe()
            rows = await s.audit()
            told = repr([h.events for h in heard]) + repr(s.engine.snapshot) + repr(s.engine.banners)
            sent = {name: [repr(c.headers) + repr(c.raw) for c in (*s[name].chats, *s[name].probes)] for name in "pfg"}
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    sinks = [told, *(row.body for row in rows), *logged]
    foreign = {"p": (f, g), "f": (p, g), "g": (p, f)}
    assert sent["p"] and all(KEYS[f"{name.upper()}_KEY"] in sent[name][0] for name in "pfg")
    leaks = [sink[:300] for sink in sinks if any(key in sink for key in (p, f, g))]
    assert leaks == []
    assert not any(key in one for name, keys in foreign.items() for key in keys for one in sent[name])


async def redirected(dialect: str, code: int) -> None:
    async with stage("p", "f", "decoy", dialect=dialect, endpoints=KEYED, environ=KEYS) as s:
        target = f"{s['decoy'].url}{s['decoy'].dialect.chat}"
        s["p"].plays(status(code, body=b"", location=target))
        heard = await s.ask("the secret prompt", fallbacks=("f",))
    assert s.called == ["p", "f"] and not s["decoy"].connections
    assert heard.kinds == [K.BAD_STREAM] and heard.by == "f"
    assert "redirects are not followed" in heard.attempts[0].outcome.detail  # type: ignore[union-attr]


for code in (301, 302, 303, 307, 308):
    n.row(f"N3-{code}")(lambda dialect, code=code: redirected(dialect, code))


@n.row("N3-probe")
async def a_probe_follows_no_redirect_either(dialect: str) -> None:
    async with stage("p", "decoy", dialect=dialect, endpoints=KEYED, environ=KEYS | {"DECOY_KEY": "x"}) as s:
        s["p"].health = (307, b"")
        await s.engine._monitor.see_endpoint("p")
        assert s["p"].probes and not s["decoy"].connections
        assert s.health("p").state is HealthState.MISCONFIGURED


@n.row("N4")
async def no_proxy_of_the_environment_is_used(dialect: str) -> None:
    async with stage("p", "decoy", dialect=dialect) as s:
        before = {name: os.environ.get(name) for name in PROXIES}
        os.environ.update(dict.fromkeys(PROXIES, s["decoy"].url))
        os.environ.pop("NO_PROXY", None)
        try:
            heard = await s.ask(allow_fallback=False)
            await s.engine._monitor.see_endpoint("p")
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
    assert heard.by == "p" and s["decoy"].connections == 0


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@n.row("N7-cycles", "openai")
async def a_hundred_starts_and_stops_leave_nothing_behind(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        fleet, clock = s.engine.fleet, s.clock

        async def cycle() -> None:
            clients = Clients(environ={})
            store = await SqliteStore.open(s.state, clock)
            async with open_engine(fleet, store, clients, clock, {}) as engine:
                assert [event async for event in engine.submit(s.request())]
            await clients.aclose()
            await store.aclose()

        await cycle()
        await s["p"].idle()
        gc.collect()
        files, tasks = open_files(), len(asyncio.all_tasks())
        for _ in range(100):
            await cycle()
        await s["p"].idle()
        gc.collect()
        assert (open_files(), len(asyncio.all_tasks())) == (files, tasks)


@n.row("N7-failures", "openai")
async def a_thousand_failed_requests_leave_nothing_behind(dialect: str) -> None:
    """Failures that do not close the endpoint, so that each is a call: the sockets and tasks of before."""
    async with stage("p", dialect=dialect) as s:
        s["p"].plays(
            status(400, "no"),
            error_frame("x ", kind="invalid_request_error", message="[json.exception.101]"),
            status(404, "model not found"),
            status(413, "too large"),
            cycle=True,
        )

        async def ten() -> None:
            await asyncio.gather(*(s.ask() for _ in range(10)))

        await ten()
        gc.collect()
        files, tasks = open_files(), len(asyncio.all_tasks())
        for _ in range(100):
            await ten()
        await s.clients.aclose()
        await s["p"].idle()
        gc.collect()
        assert len(s["p"].chats) >= 1000
        assert open_files() <= files and len(asyncio.all_tasks()) <= tasks
        assert s.engine._dispatcher.running == {} and s.engine._requests == set()


@n.row("N8")
async def two_instances_share_one_store_without_lost_or_torn_lines(dialect: str) -> None:
    async with stage("p", dialect=dialect) as s:
        clients, clock = Clients(environ={}), StageClock()
        store = await SqliteStore.open(s.state, clock)
        async with open_engine(s.engine.fleet, store, clients, clock, {}) as other:

            async def there(number: int) -> list[object]:
                return [event async for event in other.submit(s.request(id=f"there-{number}"))]

            here = [s.ask(id=f"here-{number}") for number in range(25)]
            await asyncio.gather(*here, *(there(number) for number in range(25)))
            rows = await s.audit()
        await clients.aclose()
        await store.aclose()
        assert verify(s.store.path).intact
        usage = {t.model: t.requests for t in await s.store.totals(0)}
    assert len(s.called) == 50 == usage["p"]
    assert len({row.seq for row in rows}) == len(rows)
    per_request = {f"{where}-{k}" for where in ("here", "there") for k in range(25)}
    for request in per_request:
        assert [r.type for r in rows if r.request == request] == ["decision", "intent", "outcome"]


@pytest.mark.parametrize(*n.cases)
async def test_n(scene: Scene, dialect: str) -> None:
    await scene(dialect)
