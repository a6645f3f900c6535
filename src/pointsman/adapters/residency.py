"""Models in and out of a server's memory, in each server's own way (protocols.md §2.5, §3.3, §5, §6).

Only GET and POST to the paths written here can be sent: there is no way from this module to anything that erases a
file (trap T2). Every answer is untrusted; what a server promises is believed once its own list says the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

import httpx

from pointsman.adapters.clients import Clients
from pointsman.adapters.error_body import read_error
from pointsman.adapters.lenient import JsonObject, count, decode_json, name, record, records
from pointsman.adapters.probe_look import LARGEST_BODY
from pointsman.adapters.redact import detail_line
from pointsman.adapters.urls import root_of
from pointsman.core.fleet import Endpoint, EndpointKind, Model
from pointsman.core.memory import same_id
from pointsman.ports import CallFailed, ServiceResult

POLL_S = 0.25
UNLOAD_S = 30.0  # within which a model has to be gone
_SHORT_S = 5.0  # for an answer that needs no work


class _Refused(Exception):
    """What is told to the user: one line, without keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    """The two ways to speak to one endpoint."""

    client: httpx.AsyncClient
    base: str
    headers: Mapping[str, str]
    poll_s: float

    async def get(self, path: str, seconds: float = _SHORT_S) -> object:
        return await self._answer(
            self.client.build_request("GET", self.base + path, headers=dict(self.headers)), seconds
        )

    async def post(self, path: str, body: Mapping[str, object] | None, seconds: float) -> object:
        content = b"" if body is None else json.dumps(body).encode()
        headers = {**self.headers, "content-type": "application/json"}
        request = self.client.build_request("POST", self.base + path, headers=headers, content=content)
        return await self._answer(request, seconds)

    async def _answer(self, request: httpx.Request, seconds: float) -> object:
        """The JSON of a good answer (None for text). Raises _Refused."""
        try:
            async with asyncio.timeout(seconds):
                response = await self.client.send(request, stream=True)
                try:
                    body = await _read(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise _Refused(f"no answer within {seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _Refused(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None
        if response.status_code != 200:
            raise _Refused(f"answered {response.status_code}: {read_error(body).message}")
        return decode_json(body)

    async def until(self, look: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
        """Raises _Refused if it does not come to hold in that time."""
        try:
            async with asyncio.timeout(seconds):
                while not await look():  # noqa: ASYNC110 - the server tells nobody of a change
                    await asyncio.sleep(self.poll_s)
        except TimeoutError:
            raise _Refused(f"{what} after {seconds:g} s") from None


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_BODY:
            raise _Refused(f"answered more than {LARGEST_BODY} bytes")
    return bytes(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How one kind of server loads and unloads; `seconds` bounds a load."""

    load: Callable[[_Wire, Model, float], Awaitable[None]]
    unload: Callable[[_Wire, str], Awaitable[None]]
    load_line: Callable[[Model], str]
    unload_line: Callable[[str], str]


# --- Ollama ------------------------------------------------------------------------------------------------------


def _ollama_load_body(model: Model) -> dict[str, object]:
    """With the options that calls will send: other ones would make Ollama load it anew (trap T32)."""
    body: dict[str, object] = {"model": model.id}
    options = {**record(model.params.get("options")), **_runner_options(model.params)}
    if options:
        body["options"] = options
    if "keep_alive" in model.params:
        body["keep_alive"] = model.params["keep_alive"]
    return body


def _runner_options(params: Mapping[str, object]) -> dict[str, object]:
    decisive = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread")
    return {key: params[key] for key in decisive if key in params}


async def _ollama_load(wire: _Wire, model: Model, seconds: float) -> None:
    await _ollama_bring(wire, model.id, _ollama_load_body(model), seconds)


async def _ollama_bring(wire: _Wire, model_id: str, body: Mapping[str, object], seconds: float) -> None:
    await wire.post("/api/generate", {**body, "stream": False}, seconds)
    await wire.until(lambda: _ollama_has(wire, model_id), _SHORT_S, f"{model_id} is not in its list")


def _ollama_keep_body(model: Model, kept: float | None) -> dict[str, object]:
    """A load with another time to live; Ollama only resets the time of a model that is loaded with these options."""
    return {**_ollama_load_body(model), "keep_alive": -1 if kept is None else int(kept)}


async def _ollama_unload(wire: _Wire, model_id: str) -> None:
    async def gone() -> bool:
        return not await _ollama_has(wire, model_id)

    await wire.post("/api/generate", {"model": model_id, "keep_alive": 0, "stream": False}, UNLOAD_S)
    await wire.until(gone, UNLOAD_S, f"{model_id} is still in memory")


async def _ollama_has(wire: _Wire, model_id: str) -> bool:
    entries = records(record(await wire.get("/api/ps")).get("models"))
    return any(same_id(model_id, name(e.get("model")) or name(e.get("name")) or "") for e in entries)


# --- llama.cpp router --------------------------------------------------------------------------------------------


async def _router_state(wire: _Wire, model_id: str) -> JsonObject:
    """The router's own word on one model; raises for a server of one model, which cannot be told."""
    entries = records(record(await wire.get("/models")).get("data"))
    found = next((entry for entry in entries if entry.get("id") == model_id), None)
    if found is None:
        raise _Refused(f"it has no model {model_id}")
    if "status" not in found:
        raise _Refused("it serves this one model as long as it runs: stop its service to free the memory")
    return record(found["status"])


async def _router_load(wire: _Wire, model: Model, seconds: float) -> None:
    async def loaded() -> bool:
        state = await _router_state(wire, model.id)
        if state.get("failed") is True:
            raise _Refused(f"{model.id} failed to load, exit code {count(state.get('exit_code'))}")
        return state.get("value") == "loaded"

    if (await _router_state(wire, model.id)).get("value") not in ("loaded", "loading"):
        await wire.post("/models/load", {"model": model.id}, _SHORT_S)
    await wire.until(loaded, seconds, f"{model.id} is not loaded")


async def _router_unload(wire: _Wire, model_id: str) -> None:
    async def gone() -> bool:
        return (await _router_state(wire, model_id)).get("value") == "unloaded"

    if not await gone():
        await wire.post("/models/unload", {"model": model_id}, _SHORT_S)
    await wire.until(gone, UNLOAD_S, f"{model_id} is still in memory")


# --- LM Studio ---------------------------------------------------------------------------------------------------


async def _lmstudio_instances(wire: _Wire, key: str) -> tuple[str, ...]:
    models = records(record(await wire.get("/api/v1/models")).get("models"))
    found = [entry for entry in models if entry.get("key") == key]
    instances = (each for entry in found for each in records(entry.get("loaded_instances")))
    return tuple(instance for each in instances if (instance := name(each.get("id"))) is not None)


async def _lmstudio_load(wire: _Wire, model: Model, seconds: float) -> None:
    if await _lmstudio_instances(wire, model.id):
        return
    length = {} if model.context is None else {"context_length": model.context}
    await wire.post("/api/v1/models/load", {"model": model.id, **length}, seconds)
    if not await _lmstudio_instances(wire, model.id):
        raise _Refused(f"{model.id} is not in its list of loaded models")


async def _lmstudio_unload(wire: _Wire, model_id: str) -> None:
    async def gone() -> bool:
        return not await _lmstudio_instances(wire, model_id)

    for instance in await _lmstudio_instances(wire, model_id):
        await wire.post("/api/v1/models/unload", {"instance_id": instance}, UNLOAD_S)
    await wire.until(gone, UNLOAD_S, f"{model_id} is still in memory")


# --- llama-swap --------------------------------------------------------------------------------------------------


async def _swap_state(wire: _Wire, model_id: str) -> str:
    running = record(await wire.get("/running")).get("running")
    if not isinstance(running, list):
        raise _Refused("it does not say what it runs: is this llama-swap?")
    return next((str(e.get("state")) for e in records(running) if e.get("model") == model_id), "stopped")


async def _swap_load(wire: _Wire, model: Model, seconds: float) -> None:
    async def ready() -> bool:
        return await _swap_state(wire, model.id) == "ready"

    if not await ready():
        await wire.get(f"/upstream/{quote(model.id, safe='')}/health", seconds)
    await wire.until(ready, seconds, f"{model.id} is not ready")


async def _swap_unload(wire: _Wire, model_id: str) -> None:
    async def gone() -> bool:
        return await _swap_state(wire, model_id) in ("stopped", "shutdown")

    if not await gone():
        await wire.post(f"/api/models/unload/{quote(model_id, safe='')}", None, UNLOAD_S)
    await wire.until(gone, UNLOAD_S, f"{model_id} is still in memory")


_WAYS: Mapping[EndpointKind, _Way] = MappingProxyType(
    {
        EndpointKind.OLLAMA: _Way(
            load=_ollama_load,
            unload=_ollama_unload,
            load_line=lambda model: f"POST /api/generate {json.dumps(_ollama_load_body(model))}",
            unload_line=lambda model: f"POST /api/generate {json.dumps({'model': model, 'keep_alive': 0})}",
        ),
        EndpointKind.LLAMA_CPP: _Way(
            load=_router_load,
            unload=_router_unload,
            load_line=lambda model: f"POST /models/load {json.dumps({'model': model.id})}",
            unload_line=lambda model: f"POST /models/unload {json.dumps({'model': model})}",
        ),
        EndpointKind.LMSTUDIO: _Way(
            load=_lmstudio_load,
            unload=_lmstudio_unload,
            load_line=lambda model: f"POST /api/v1/models/load {json.dumps({'model': model.id})}",
            unload_line=lambda model: f"POST /api/v1/models/unload, each instance of {model}",
        ),
        EndpointKind.OPENAI_COMPATIBLE: _Way(
            load=_swap_load,
            unload=_swap_unload,
            load_line=lambda model: f"GET /upstream/{quote(model.id, safe='')}/health",
            unload_line=lambda model: f"POST /api/models/unload/{quote(model, safe='')}",
        ),
    }
)


class HttpResidency:
    """`ports.Residency` over the endpoints' own clients."""

    def __init__(self, clients: Clients, *, poll_s: float = POLL_S) -> None:
        self._clients = clients
        self._poll_s = poll_s

    def describe(self, endpoint: Endpoint, model: Model, verb: str, seconds: float | None = None) -> str:
        way = _WAYS.get(endpoint.kind)
        if way is None or (verb == "keep" and endpoint.kind is not EndpointKind.OLLAMA):
            return ""
        if verb == "keep":
            line = f"POST /api/generate {json.dumps(_ollama_keep_body(model, seconds))}"
        else:
            line = way.load_line(model) if verb == "load" else way.unload_line(model.id)
        method, _, rest = line.partition(" ")
        return f"{method} {root_of(endpoint)}{rest}"

    async def load(self, endpoint: Endpoint, model: Model) -> ServiceResult:
        way = _WAYS.get(endpoint.kind)
        if way is None:
            return _cannot(endpoint)
        return await self._told(
            endpoint, lambda wire: way.load(wire, model, endpoint.deadlines.load), f"{model.id} is loaded"
        )

    async def keep(self, endpoint: Endpoint, model: Model, seconds: float | None) -> ServiceResult:
        if endpoint.kind is not EndpointKind.OLLAMA:
            return ServiceResult(ok=False, text=f"a {endpoint.kind} server cannot be told how long to keep a model")
        body, patience = _ollama_keep_body(model, seconds), endpoint.deadlines.load
        stays = "until it is unloaded" if seconds is None else f"for {seconds:.0f} s after its last use"
        return await self._told(
            endpoint, lambda wire: _ollama_bring(wire, model.id, body, patience), f"{model.id} stays in memory {stays}"
        )

    async def unload(self, endpoint: Endpoint, model_id: str) -> ServiceResult:
        way = _WAYS.get(endpoint.kind)
        if way is None:
            return _cannot(endpoint)
        return await self._told(endpoint, lambda wire: way.unload(wire, model_id), f"{model_id} is out of memory")

    def _wire(self, endpoint: Endpoint) -> _Wire:
        headers = self._clients.headers(endpoint)
        return _Wire(client=self._clients.of(endpoint), base=root_of(endpoint), headers=headers, poll_s=self._poll_s)

    async def _told(self, endpoint: Endpoint, work: Callable[[_Wire], Awaitable[None]], done: str) -> ServiceResult:
        try:
            await work(self._wire(endpoint))
        except CallFailed as no_key:
            return ServiceResult(ok=False, text=f"{endpoint.name}: {no_key.failed.detail}")
        except _Refused as refused:
            text = detail_line(f"{endpoint.name}: {refused}", self._clients.secrets_of(endpoint))
            return ServiceResult(ok=False, text=text)
        return ServiceResult(ok=True, text=done)


def _cannot(endpoint: Endpoint) -> ServiceResult:
    return ServiceResult(ok=False, text=f"a {endpoint.kind} server cannot be told to load or unload")
