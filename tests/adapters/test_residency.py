"""Models in and out of memory: each server's own requests, believed only once its list agrees, and nothing erased."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from pointsman.adapters.clients import Clients
from pointsman.adapters.residency import HttpResidency
from pointsman.core.fleet import Deadlines, EndpointKind
from support.fleets import endpoint, model, small_fleet

SOURCES = Path(__file__).parents[2] / "src" / "pointsman"


@dataclass
class Server:
    """A server of one kind that changes its list only some looks after it was told to."""

    kind: EndpointKind
    loaded: bool = False
    slow: int = 2  # looks until what was told shows
    broken: bool = False  # a load fails
    single: bool = False  # llama.cpp with one model
    seen: list[str] = field(default_factory=list)
    _due: int | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.method in ("GET", "POST"), "nothing may ever be erased"
        body = json.loads(request.content) if request.content else {}
        self.seen.append(
            f"{request.method} {request.url.path} {json.dumps(body)}"
            if body
            else f"{request.method} {request.url.path}"
        )
        return self._answer(request.method, request.url.path, body)

    def _answer(self, method: str, path: str, body: dict) -> httpx.Response:
        if method == "GET" and not path.startswith("/upstream"):
            self._tick()
            return httpx.Response(200, json=self._list())
        if self.broken and "unload" not in path:
            return self._break()
        wanted = not ("unload" in path or body.get("keep_alive") == 0)
        self._due = self.slow if wanted is not self.loaded else None
        return httpx.Response(200, json={"success": True})

    def _break(self) -> httpx.Response:
        if self.kind is EndpointKind.LLAMA_CPP:
            self._due = -1
            return httpx.Response(200, json={"success": True})
        return httpx.Response(500, json={"error": "cudaMalloc failed: out of memory \x1b[31m"})

    def _tick(self) -> None:
        if self._due is not None and self._due >= 0:
            self._due -= 1
            if self._due < 0:
                self.loaded, self._due = not self.loaded, None

    def _list(self) -> object:
        if self.kind is EndpointKind.OLLAMA:
            return {"models": [{"model": "m:latest"}] if self.loaded else []}
        if self.kind is EndpointKind.LLAMA_CPP:
            state = {"value": "loaded" if self.loaded else "unloaded"} | (
                {"failed": True, "exit_code": 1} if self._due == -1 else {}
            )
            return {"data": [{"id": "m"} if self.single else {"id": "m", "status": state}]}
        if self.kind is EndpointKind.LMSTUDIO:
            return {"models": [{"key": "m", "loaded_instances": [{"id": "m@1"}, {"id": "m@2"}] if self.loaded else []}]}
        return {"running": [{"model": "m", "state": "ready"}] if self.loaded else []}


def residency(server: Callable[[httpx.Request], httpx.Response]) -> HttpResidency:
    return HttpResidency(Clients(environ={}, transport=lambda _: httpx.MockTransport(server)), poll_s=0)


def place(kind: EndpointKind, **more: object):
    return endpoint("box", kind, url="http://127.0.0.1:1/v1", **more)


M = model("m", "box", id="m", context=4096)
KINDS = [
    (EndpointKind.OLLAMA, 'POST /api/generate {"model": "m", "stream": false}', 'POST /api/generate {"model": "m", "keep_alive": 0, "stream": false}'),
    (EndpointKind.LLAMA_CPP, 'POST /models/load {"model": "m"}', 'POST /models/unload {"model": "m"}'),
    (EndpointKind.LMSTUDIO, 'POST /api/v1/models/load {"model": "m", "context_length": 4096}', 'POST /api/v1/models/unload {"instance_id": "m@1"}'),
    (EndpointKind.OPENAI_COMPATIBLE, "GET /upstream/m/health", "POST /api/models/unload/m"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "load", "unload"), KINDS)
async def test_each_server_is_told_in_its_own_way_and_believed_once_its_list_agrees(kind, load, unload) -> None:
    server = Server(kind, slow=0 if kind is EndpointKind.LMSTUDIO else 2)
    there = residency(server)
    told = await there.load(place(kind), M)
    assert (told.ok, told.text, server.loaded) == (True, "m is loaded", True)
    assert load in server.seen
    gone = await there.unload(place(kind), "m")
    assert (gone.ok, gone.text, server.loaded) == (True, "m is out of memory", False)
    assert unload in server.seen
    assert there.describe(place(kind), M, "unload").split()[1].startswith("http://127.0.0.1:1/")


@pytest.mark.parametrize("kind", [kind for kind, _, _ in KINDS])
async def test_a_load_that_fails_is_told_in_one_line(kind: EndpointKind) -> None:
    told = await residency(Server(kind, broken=True)).load(place(kind), M)
    assert not told.ok and told.text.startswith("box: ") and told.text.isprintable()
    assert "exit code 1" in told.text or "out of memory" in told.text


async def test_ollama_is_told_how_long_to_keep_a_model_and_the_others_cannot_be() -> None:
    server = Server(EndpointKind.OLLAMA)
    there = residency(server)
    assert (await there.keep(place(EndpointKind.OLLAMA), M, 1800)).ok and (
        await there.keep(place(EndpointKind.OLLAMA), M, None)
    ).ok
    sent = [each for each in server.seen if each.startswith("POST")]
    assert sent == [
        'POST /api/generate {"model": "m", "keep_alive": 1800, "stream": false}',
        'POST /api/generate {"model": "m", "keep_alive": -1, "stream": false}',
    ]
    assert there.describe(place(EndpointKind.LMSTUDIO), M, "keep", 60) == ""
    assert not (await there.keep(place(EndpointKind.LMSTUDIO), M, 60)).ok


async def test_a_load_that_never_shows_is_given_up_at_the_models_deadline() -> None:
    server = Server(EndpointKind.LLAMA_CPP, slow=10**9)
    told = await residency(server).load(place(EndpointKind.LLAMA_CPP, deadlines=Deadlines(load=0.05)), M)
    assert (told.ok, told.text) == (False, "box: m is not loaded after 0.05 s")


async def test_a_server_of_one_model_cannot_be_told_and_says_what_to_do() -> None:
    told = await residency(Server(EndpointKind.LLAMA_CPP, single=True)).unload(place(EndpointKind.LLAMA_CPP), "m")
    assert not told.ok and "stop its service" in told.text
    vllm = await residency(Server(EndpointKind.VLLM)).load(place(EndpointKind.VLLM), M)
    assert (vllm.ok, vllm.text) == (False, "a vllm server cannot be told to load or unload")


async def test_what_is_loaded_already_is_not_loaded_twice() -> None:
    for kind, load, _ in KINDS[1:]:
        server = Server(kind, loaded=True)
        assert (await residency(server).load(place(kind), M)).ok
        assert load not in server.seen


async def test_ollama_loads_with_the_options_that_calls_will_send() -> None:
    """Other ones would make it load the model anew (trap T32)."""
    server = Server(EndpointKind.OLLAMA)
    tuned = replace(M, params={"num_ctx": 8192, "temperature": 0.1, "keep_alive": "30m", "options": {"num_gpu": 9}})
    assert (await residency(server).load(place(EndpointKind.OLLAMA), tuned)).ok
    sent = json.loads(next(line for line in server.seen if line.startswith("POST")).split(" ", 2)[2])
    assert sent["options"] == {"num_gpu": 9, "num_ctx": 8192} and sent["keep_alive"] == "30m"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(404, content=b""),
        httpx.Response(301, headers={"location": "http://elsewhere"}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout(""),
    ],
)
@pytest.mark.parametrize("kind", [kind for kind, _, _ in KINDS])
async def test_nonsense_is_a_failure_in_words(kind: EndpointKind, answer: httpx.Response | Exception) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    there = residency(server)
    here = place(kind, deadlines=Deadlines(load=0.02))
    if not (kind is EndpointKind.OLLAMA and not isinstance(answer, Exception) and answer.status_code == 200):
        told = await there.load(here, M)
        assert not told.ok and told.text.startswith("box: ") and "\n" not in told.text


async def test_a_missing_key_is_said_before_anything_is_sent() -> None:
    server = Server(EndpointKind.OLLAMA)
    told = await residency(server).unload(place(EndpointKind.OLLAMA, key_env="NO_SUCH_KEY"), "m")
    assert not told.ok and "NO_SUCH_KEY" in told.text and server.seen == []


def test_no_path_to_any_delete_exists_in_the_program() -> None:
    """Unloading is never one typing mistake away from erasing (trap T2): neither the method nor the path is written."""
    # The simulated fleet and the proofs play servers, which have to know what they must never be asked for.
    for path in (p for p in SOURCES.rglob("*.py") if not {"demo", "prove"} & set(p.parts)):
        text = path.read_text(encoding="utf-8")
        speaks_http = "httpx" in text or "aiohttp" in text
        for forbidden in ('"DELETE"', "'DELETE'", "api/delete", *((".delete(",) if speaks_http else ())):
            assert forbidden not in text, f"{path.name} holds {forbidden}"


async def test_the_simulated_ollama_unloads_and_keeps_its_list_of_models() -> None:
    """Promise V4, over a real socket: after loading and unloading everything, the list is whole and no DELETE came."""
    from pointsman.demo.fleet import SimulatedFleet

    fleet = replace(small_fleet(), endpoints={"ollama": endpoint("ollama", EndpointKind.OLLAMA)})
    fleet = replace(
        fleet, models={n: m for n, m in small_fleet().models.items() if m.endpoint == "ollama" and n == "vl"}
    )
    async with SimulatedFleet(fleet, speed=1e6) as demo:
        clients = Clients(environ={})
        there, here, vl = HttpResidency(clients, poll_s=0), demo.fleet.endpoints["ollama"], fleet.models["vl"]
        tags = await clients.of(here).get(f"{here.url}/api/tags")
        for _ in range(3):
            assert (await there.load(here, vl)).ok
            assert await demo.look("ollama", lambda server: bool(server.resident()))
            assert (await there.unload(here, vl.id)).ok
            assert not await demo.look("ollama", lambda server: bool(server.resident()))
        assert (await clients.of(here).get(f"{here.url}/api/tags")).json() == tags.json()
        assert await demo.look("ollama", lambda server: server.violations) == 0
        await clients.aclose()
