"""local_only beyond the network: relays, other processes, decisions that are older than the switch, broken
configurations (promises.md L2, L4, L5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from pointsman.adapters.backends import open_backend
from pointsman.adapters.clients import Clients
from pointsman.adapters.ollama import OllamaDecoder, confined_name
from pointsman.cli import main
from pointsman.core.fleet import EndpointKind, Locality
from pointsman.core.outcome import Failed, FailureKind, never_sent
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine import events
from pointsman.ports import Call, CallFailed, Text, Ticket
from support.fleets import ask, endpoint, model
from support.worlds import World, heard, say


def call(id: str = "qwen3:8b", **more: object) -> Call:
    box = endpoint("box", EndpointKind.OLLAMA)
    return Call(endpoint=box, model=model("m", "box", id=id), messages=(), max_output=8, **more)


@pytest.mark.parametrize("version", ["0.17.8", "0.17.8-rc0", "0.18.0", "1.0", "0.33.0"])
def test_an_ollama_that_knows_how_is_told_to_stay_local(version):
    assert confined_name(call(local_only=True, server_version=version)) == "qwen3:8b:local"
    assert confined_name(call("qwen3:8b:local", local_only=True, server_version=version)) == "qwen3:8b:local"


@pytest.mark.parametrize("version", [None, "", "0.17.7", "0.9", "dev"])
def test_an_older_one_must_have_listed_the_model_as_its_own(version):
    assert confined_name(call(local_only=True, server_version=version, attested=True)) == "qwen3:8b"
    with pytest.raises(CallFailed, match="does not list") as refused:
        confined_name(call(local_only=True, server_version=version))
    assert refused.value.failed.kind is FailureKind.LOCAL_GUARD and never_sent(refused.value.failed)


@pytest.mark.parametrize(
    ("status", "shown", "sent"),
    [
        (200, b'{"details":{}}', ["/api/show", "/api/chat"]),
        (200, b'{"remote_host":"https://ollama.com:443"}', ["/api/show"]),
        (200, b'{"remote_model":"kimi-k2"}', ["/api/show"]),
        (404, b'{"error":"no such path"}', ["/api/show"]),
        (200, b"<html>", ["/api/show"]),
        (200, b'{"x":"' + b"y" * (5 << 20), ["/api/show"]),
    ],
    ids=["its own", "a relay's host", "a relay's model", "unknown path", "HTML", "endless"],
)
async def test_an_older_one_is_asked_where_a_model_is_computed_before_it_gets_the_prompt(status, shown, sent):
    asked: list[str] = []

    async def body(text: bytes) -> AsyncIterator[bytes]:
        yield text

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        done = b'{"message":{"content":"hi"},"done":true,"done_reason":"stop"}\n'
        question = request.url.path == "/api/show"
        return httpx.Response(status if question else 200, content=body(shown if question else done))

    clients = Clients(environ={}, transport=lambda _: httpx.MockTransport(answer))
    old = call(local_only=True, server_version="0.17.7", attested=True)
    ticket = Ticket(id="t", request="r", model=old.model.name, endpoint="box")
    try:
        chunks = [chunk async for chunk in open_backend(old.endpoint, clients, lambda: 0.0).stream(ticket, old)]
    except CallFailed as refused:
        assert refused.failed.kind is FailureKind.LOCAL_GUARD and never_sent(refused.failed)
        chunks = []
    await clients.aclose()
    assert asked == sent and bool(chunks) == (len(sent) == 2)


@pytest.mark.parametrize("name", ["kimi:cloud", "gpt-oss:120b-cloud"])
def test_a_relays_name_is_never_asked_for(name):
    with pytest.raises(CallFailed, match="ollama.com"):
        confined_name(call(name, local_only=True, server_version="0.33.0", attested=True))


def test_without_local_only_names_stay_as_they_are():
    assert confined_name(call("kimi:cloud", server_version="0.33.0")) == "kimi:cloud"


def test_a_relayed_answer_is_cut_at_its_first_line_and_charged():
    decoder = OllamaDecoder(local_only=True)
    line = b'{"model":"m","remote_host":"https://ollama.com:443","message":{"content":"words"},"done":false}\n'
    with pytest.raises(CallFailed, match="ollama.com") as refused:
        assert [chunk for chunk in decoder.feed(line) if isinstance(chunk, Text)] == []
    assert not never_sent(refused.value.failed)  # the prompt had left
    assert never_sent(Failed(kind=FailureKind.LOCAL_GUARD))


async def test_a_backend_is_told_what_must_stay_here():
    world = World()
    await world.engine.set_override(Override(id="x", kind=OverrideKind.LOCAL_ONLY))
    await heard(world, ask("Write code.", pin="coder"))
    (made,) = world.backends["gpu"].calls
    assert made.local_only


async def test_a_switch_by_another_process_ends_cloud_streams_too():
    """The override arrives with the next look at the store, not through this engine."""
    speaking, gate, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def holds() -> None:
        speaking.set()
        await gate.wait()

    async def close_cloud() -> None:
        closed.set()

    world = World(scripts={"anthropic": [(Text("so far"), holds, *say("never"))]})
    world.engine._close_cloud = close_cloud
    async with world.engine:
        task = asyncio.create_task(heard(world, ask("hello", pin="opus")))
        await speaking.wait()
        world.store.standing["x"] = Override(id="x", kind=OverrideKind.LOCAL_ONLY)
        await world.engine._monitor.see_store()
        told = await task
        await closed.wait()
    (ended,) = [event for event in told if isinstance(event, events.AttemptEnded)]
    assert ended.attempt.outcome.kind is FailureKind.INTERRUPTED
    assert isinstance(told[-1], events.Blocked)


async def test_a_decision_older_than_the_switch_calls_no_cloud():
    """The first model fails, local_only comes, the next rung is a cloud model: it is not called."""
    world = World()

    async def switch() -> None:
        await world.engine.set_override(Override(id="x", kind=OverrideKind.LOCAL_ONLY))

    failure = CallFailed(Failed(kind=FailureKind.REFUSED, detail="gone"))
    world.backends["gpu"].scripts[:] = [(switch, failure)]
    told = await heard(world, ask("Write code.", facts={"role": "implementer"}))
    assert isinstance(told[-1], events.Blocked)
    clouds = [name for name, e in world.fleet.endpoints.items() if e.locality is Locality.CLOUD]
    assert not [name for name in world.called() if name in clouds]


@pytest.mark.parametrize("text", ["this is no TOML [", 'extends = "default"\nlocal_onyl = true'])
def test_the_screen_over_a_configuration_in_doubt_is_local_only(tmp_path, monkeypatch, text):
    """L5: whatever it meant to say about the cloud is unknown."""
    config = tmp_path / "config.toml"
    config.write_text(text)
    opened = {}

    def screen(open_console, **_: object) -> int:
        async def look() -> None:
            async with open_console() as console:
                opened["forbidden"] = console.snapshot.cloud_forbidden
                opened["banner"] = console.banners[0]

        asyncio.run(look())
        return 0

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    state = tmp_path / "state"
    assert main(["--config", str(config), "--state", str(state)], screen=screen) == 0
    assert opened["forbidden"] is True and "local only" in opened["banner"]
