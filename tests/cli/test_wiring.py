"""The composition root: what is opened is closed, and what is found beside the demo is offered, not used."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pointsman.adapters import discover as discovery
from pointsman.adapters.discover import Found
from pointsman.config import example_path, load
from pointsman.core.chats import ChatHead, ChatTurn
from pointsman.core.fleet import EndpointKind
from pointsman.core.request import Message, Request
from pointsman.ports import AuditQuery
from pointsman.wiring import open_demo, open_engine


@pytest.fixture
def find(monkeypatch):
    def found(*servers: Found) -> None:
        async def discover() -> tuple[Found, ...]:
            return servers

        monkeypatch.setattr(discovery, "discover", discover)

    found()
    return found


async def test_opening_and_closing_leaves_no_task_thread_or_warning(fleet, home, find):
    before = set(threading.enumerate())
    async with open_engine(load(fleet), state_dir=home / "state") as engine:
        await anext(engine.watch())
    assert asyncio.all_tasks() == {asyncio.current_task()}
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if not name.startswith("asyncio_")}


async def test_the_demo_closes_as_cleanly(home, find):
    before = set(threading.enumerate())
    async with open_demo(load(example_path()), state_dir=home / "state", speed=1e6) as engine:
        fault = next(fault for fault in engine.faults if fault.name == "kill")
        assert "killed" in await engine.play(fault)
        assert any(
            now.title != fault.title for now in engine.faults if (now.name, now.endpoint) == ("kill", fault.endpoint)
        )
    assert asyncio.all_tasks() == {asyncio.current_task()}
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if not name.startswith("asyncio_")}


async def test_servers_found_here_are_offered_beside_the_demo_and_in_no_role(home, find):
    find(
        Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:1", models=("qwen3:8b", "big:cloud")),
        Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:2", models=("other",)),
        Found(kind=EndpointKind.OPENAI_COMPATIBLE, url="http://127.0.0.1:3", models=("who-knows",)),
    )
    async with open_demo(load(example_path()), state_dir=home / "state", monitor=False) as engine:
        found = engine.fleet.models["found-ollama/qwen3:8b"]
        assert not engine.fleet.endpoint_of(found).simulated
        request = Request(id="r", messages=(Message(role="user", text="hello"),))
        assert found.name not in {rung.model for rung in engine.explain(request).ladder}
        pinned = Request(id="r", messages=request.messages, pin="found-ollama/qwen3:8b")
        assert engine.explain(pinned).model == found.name
        assert "found-ollama-2/other" in engine.fleet.models
        for relay in ("found-ollama/big:cloud", "found-openai-compatible/who-knows"):
            blocked = engine.explain(Request(id="r", messages=request.messages, pin=relay))
            assert blocked.model is None and "price" in blocked.blocked


async def test_a_server_that_the_configuration_does_not_name_is_mentioned_and_not_used(config, home, find):
    find(
        Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:1", models=("a",)),
        Found(kind=EndpointKind.VLLM, url="http://127.0.0.1:8000"),
    )
    settings = load(config('extends = "default"\n[endpoints.v]\nkind = "vllm"\nurl = "http://localhost:8000/v1"\n'))
    async with open_engine(settings, state_dir=home / "state") as engine:
        told = [banner for banner in engine.banners if "not in the configuration" in banner]
    assert told == ["ollama answers at http://127.0.0.1:1 with 1 models and is not in the configuration"]
    assert engine.fleet == settings.fleet


async def test_a_state_directory_that_cannot_be_used_is_a_banner_not_an_end(fleet, home, find):
    (home / "state").write_text("a file")
    async with open_engine(load(fleet), state_dir=home / "state", monitor=False) as engine:
        assert not engine.snapshot.audit_writable
        assert "cannot be written" in engine.banners[0]
        assert await engine.audit_size() == 0


# --- the configuration is edited while the program runs (scenarios.md N6) ---------------------------------------------

ONE = """
discover = false
default_role = "r"
[endpoints.a]
url = "http://127.0.0.1:9"
kind = "llama.cpp"
[models.m]
id = "m"
endpoint = "a"
tier = "T1"
[roles.r]
primary = "m"
"""
TWO = (
    ONE
    + """
[endpoints.b]
url = "http://127.0.0.1:10"
kind = "openai-compatible"
locality = "local"
key_env = "B_KEY"
[services.s]
kind = "process"
command = ["true"]
"""
)


async def until(engine, holds):
    async with asyncio.timeout(20):
        async for _ in engine.watch():
            if holds():
                return


async def test_an_edited_file_is_in_force_by_itself_and_a_broken_one_is_not(config, home, find, monkeypatch):
    monkeypatch.setenv("B_KEY", "sk-canary-0123456789")
    settings = load(config(ONE))
    async with open_engine(settings, state_dir=home / "state") as engine:
        config(ONE.replace("default_role", "defautl_role"))
        await until(engine, lambda: any("is not used" in banner for banner in engine.banners))
        (told,) = [banner for banner in engine.banners if "is not used" in banner]
        assert "config.toml: defautl_role" in told and "default_role" in told and "line 3" in told
        assert engine.fleet == settings.fleet
        config(TWO)
        await until(engine, lambda: "b" in engine.fleet.endpoints)
        assert engine.banners == () and set(engine.fleet.services) == {"s"}
        assert {s.name for s in await engine._services.status()} == {"s"}
        (line,) = await engine.audit(AuditQuery(type="config"))
        assert "endpoints added: b" in line.text and line.actor == "monitor"


async def test_where_conversations_are_not_to_be_kept_there_is_no_file_for_them(home, find, fleet):
    """Kept by default, in a file of the user's alone; the simulated fleet keeps its own."""
    file = home / "own.toml"
    for keep in (True, False):
        file.write_text(f"{fleet.read_text()}\n[chats]\nkeep = {str(keep).lower()}\n")
        state = home / f"state-{keep}"
        async with open_engine(load(file), state_dir=state, monitor=False) as engine:
            if engine.chats is not None:
                await engine.chats.keep(ChatHead(id="c", title="t"), 0, ChatTurn(request="r", prompt="p"))
        assert (state / "chats.db").exists() is keep
    assert load(example_path()).chats.keep
