"""A simulated Ollama (protocols.md §3): NDJSON chat, models that load, expire and are evicted, relays to the cloud.

Nothing can be erased: `DELETE /api/delete` is answered with 405 and counted as a violation.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pointsman.core.fleet import Locality, Model, is_relay_tag
from pointsman.demo.chat import (
    ChatServer,
    Dialect,
    JsonObject,
    embedding,
    listing,
    plain_usage,
    read_input,
    read_object,
)
from pointsman.demo.http import HttpRequest, Reply, dumps
from pointsman.demo.machine import Slots
from pointsman.demo.problems import Answer, Problem, ProblemKind, Row, answer
from pointsman.demo.replies import count_tokens
from pointsman.demo.server import DEFAULT_CONTEXT, Asked, Job, Life, Route, Turn, gpu_bytes

_VERSION = "0.33.0"
_GIB = 1 << 30
_NDJSON = "application/x-ndjson"
_KEEP_ALIVE = 300.0  # seconds
_MOST_WAITING = 512
_FOREVER = 9_000_000_000.0  # seconds: about the year 2311
_RUNNER_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "shift")
_DURATION = re.compile(r"(-?)((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)")
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_CONTEXT_TEXT = "request ({tokens} tokens) exceeds the available context size ({limit} tokens), try increasing it"
_ERRORS: Mapping[ProblemKind, Row] = {
    ProblemKind.AUTH: Row(401, "api_error", "unauthorized"),
    ProblemKind.BAD_JSON: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.BAD_REQUEST: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.BUSY: Row(503, "api_error", "server busy, please try again.  maximum pending requests exceeded"),
    ProblemKind.LOADING: Row(503, "api_error", "loading"),
    ProblemKind.NOT_FOUND: Row(404, "not_found_error", "404 page not found"),
    ProblemKind.NO_SUCH_MODEL: Row(404, "not_found_error", "model '{model}' not found"),
    ProblemKind.OUT_OF_MEMORY: Row(
        500,
        "api_error",
        "llama-server reported out-of-memory during startup: cudaMalloc failed: out of memory",
    ),
    ProblemKind.OVERFLOW: Row(400, "invalid_request_error", _CONTEXT_TEXT),
    ProblemKind.RATE_LIMITED: Row(429, "api_error", "too many requests, please try again later"),
    ProblemKind.UNSUPPORTED: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(405, "api_error", "405 method not allowed"),
}


def _native_envelope(row: Row, message: str, problem: Problem) -> object:
    if problem.kind is not ProblemKind.OVERFLOW:
        return {"error": message}
    inner = {"code": 400, "message": message, "type": "exceed_context_size_error"}
    counted = {"n_prompt_tokens": problem.tokens, "n_ctx": problem.limit}
    return {"error": dumps({"error": {**inner, **counted}}).decode()}  # it relays its child's whole answer as a text


def _v1_envelope(row: Row, message: str, problem: Problem) -> object:
    return {"error": {"message": message, "type": row.type, "param": None, "code": None}}


@dataclass(slots=True, kw_only=True)
class Resident:
    """A model in memory, with the options it was loaded with."""

    model: Model
    options: tuple[object, ...]
    context: int
    expires_at: float = 0.0
    used_at: float = 0.0


class OllamaServer(ChatServer):
    """Loads on demand into `gpu_memory` bytes, evicts the idle model used longest ago, forgets after keep_alive."""

    software = "ollama"
    loads_at_start = False
    chat_paths = ("/v1/chat/completions",)
    dialect = Dialect(reasoning_field="reasoning", fingerprint="fp_ollama", usage=plain_usage)
    gpu_memory = 48 * _GIB

    def reset(self) -> None:
        super().reset()
        self._residents: dict[str, Resident] = {}
        self._slots_by_model: dict[str, Slots] = {}
        self._loader = asyncio.Lock()
        self.loads = 0

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        return {
            "/": {"GET": self._root},
            "/api/version": {"GET": self._version},
            "/api/status": {"GET": self._status},
            "/api/tags": {"GET": self._tags},
            "/api/ps": {"GET": self._ps},
            "/api/show": {"POST": self._show},
            "/api/chat": {"POST": self._native_chat},
            "/api/generate": {"POST": self._generate},
            "/api/embed": {"POST": self._embed},
            "/api/delete": {},
            "/v1/models": {"GET": self._v1_models},
            "/v1/embeddings": {"POST": self.embeddings},
            **self.chat_routes(),
        }

    def render(self, problem: Problem, path: str) -> Answer:
        return answer(_ERRORS, _v1_envelope if path.startswith("/v1/") else _native_envelope, problem)

    async def admit(self, request: HttpRequest, path: str) -> None:
        """A call waits while a model loads; only what it asks of the daemon itself is answered at once."""
        if path == "/api/delete" and request.method == "DELETE":
            self.violations += 1
            self.note("refused to erase a model: the demo fleet counts this as a violation")
        if request.method == "POST":
            await self.signal.until(lambda: self.life is Life.UP)
        if self.life is Life.UP:
            await super().admit(request, path)

    async def _handle(self, request: HttpRequest, reply: Reply) -> None:
        host = urlsplit("//" + request.headers.get("host", "")).hostname
        if host not in ("127.0.0.1", "localhost", "::1"):
            await reply.send(403)  # its guard against DNS rebinding
            return
        await super()._handle(request, reply)

    # --- what it has ---------------------------------------------------------------------------------------------

    def is_relay(self, model: Model) -> bool:
        locality = model.locality or self.endpoint.locality
        return is_relay_tag(model.id) or locality is Locality.CLOUD

    def find_model(self, name: str) -> Model:
        """`NAME:local` is the model only if it is computed here, else nothing (protocols.md §3.4)."""
        confined = name.endswith(":local") and name not in self.models
        asked = name.removesuffix(":local") if confined else name
        model = super().find_model(asked if asked in self.models else f"{asked}:latest")
        if confined and self.is_relay(model):
            raise Problem(ProblemKind.NO_SUCH_MODEL, model=name)
        return model

    def slots_of(self, model: Model) -> Slots:
        limit = None if self.is_relay(model) else (self.slots.limit or 1)
        return self._slots_by_model.setdefault(model.id, Slots(limit, self.signal))

    @property
    def running(self) -> int:
        return sum(slots.running for slots in self._slots_by_model.values())

    def resident(self) -> Mapping[str, int]:
        if self.life is not Life.UP:
            return {}
        self._expire()
        return {name: self._size_vram(held.model) for name, held in self._residents.items()}

    def context_of(self, model: Model) -> int:
        held = self._residents.get(model.id)
        return held.context if held else super().context_of(model)

    def _size(self, model: Model) -> int:
        return gpu_bytes(model) or model.ram or 5 * _GIB

    def _size_vram(self, model: Model) -> int:
        return min(self._size(model), self.gpu_memory)

    # --- loading and forgetting ----------------------------------------------------------------------------------

    async def _load(self, model: Model, options: Mapping[str, object], keep_alive: float) -> float:
        """Has the model in memory, loaded with these options; simulated seconds it took."""
        if self.is_relay(model):
            return 0.0
        self._expire()
        wanted = tuple(options.get(name) for name in _RUNNER_OPTIONS)
        took = 0.0
        if not self._holds(model, wanted):
            async with self._loader:
                if not self._holds(model, wanted):  # another call may have loaded it meanwhile
                    took = await self._load_anew(model, options, wanted)
        self._touch(model, keep_alive)
        return took

    def _holds(self, model: Model, options: tuple[object, ...]) -> bool:
        held = self._residents.get(model.id)
        return held is not None and held.options == options

    def _idle(self) -> list[str]:
        answering = {job.model.id for job in self.active.values() if job.ready}
        return [name for name in self._residents if name not in answering]

    async def _load_anew(self, model: Model, options: Mapping[str, object], wanted: tuple[object, ...]) -> float:
        self._residents.pop(model.id, None)
        await self._make_room(self._size_vram(model))
        seconds = min(0.5 + self._size(model) / _GIB / 10, 5.0)
        self.note(f"loading model '{model.id}' (simulated)")
        await self.pace.wait(seconds)
        asked = options.get("num_ctx")
        context = asked if isinstance(asked, int) else (model.context or DEFAULT_CONTEXT)
        self._residents[model.id] = Resident(model=model, options=wanted, context=context)
        self.loads += 1
        self.signal.poke()
        return seconds

    async def _make_room(self, needed: int) -> None:
        while self._residents and needed + sum(map(self._size_vram, self._models_held())) > self.gpu_memory:
            await self.signal.until(lambda: bool(self._idle()))
            oldest = min(self._idle(), key=lambda name: self._residents[name].used_at)
            self.note(f"evicting model '{oldest}' (simulated)")
            del self._residents[oldest]

    def _models_held(self) -> list[Model]:
        return [held.model for held in self._residents.values()]

    def _touch(self, model: Model, keep_alive: float) -> None:
        held = self._residents.get(model.id)
        if held is not None:
            held.used_at = self.now()
            held.expires_at = self.now() + (keep_alive if keep_alive >= 0 else _FOREVER)

    def _expire(self) -> None:
        now = self.now()
        for name in [name for name in self._idle() if self._residents[name].expires_at <= now]:
            self.note(f"unloading model '{name}' (simulated)")
            del self._residents[name]

    # --- introspection -------------------------------------------------------------------------------------------

    async def _root(self, request: HttpRequest, reply: Reply) -> None:
        await reply.send(200, b"Ollama is running", content_type="text/plain; charset=utf-8")

    async def _version(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"version": _VERSION})

    async def _status(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"cloud": {"disabled": False, "source": "default"}})

    async def _tags(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"models": [self._tag(model) for model in self.models.values()]})

    def _tag(self, model: Model) -> JsonObject:
        relay = self.is_relay(model)
        remote = {"remote_model": model.id.partition(":")[0], "remote_host": "https://ollama.com:443"}
        return {
            **_named(model),
            **(remote if relay else {}),
            "modified_at": _stamp(self.since),
            "size": 384 if relay else (model.vram or self._size(model)),
            "details": {"format": "" if relay else "gguf", "family": model.id.partition(":")[0], "parent_model": ""},
            "capabilities": _capabilities(model),
        }

    async def _ps(self, request: HttpRequest, reply: Reply) -> None:
        self._expire()
        held = sorted(self._residents.values(), key=lambda resident: -resident.expires_at)
        await reply.json(200, {"models": [self._process(resident) for resident in held]})

    def _process(self, held: Resident) -> JsonObject:
        return {
            **_named(held.model),
            "size": self._size(held.model),
            "size_vram": self._size_vram(held.model),
            "details": {"format": "gguf"},
            "expires_at": _stamp(held.expires_at),
            "context_length": held.context,
        }

    async def _show(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        model = self.find_model(str(body.get("model", "")))
        family = model.id.partition(":")[0]
        context = model.context or DEFAULT_CONTEXT
        tag = self._tag(model)
        info = {"general.architecture": family, f"{family}.context_length": context}
        kept = ("details", "capabilities", "remote_model", "remote_host")
        shown = {"model_info": info, **{name: tag[name] for name in kept if name in tag}}
        await reply.json(200, shown)

    async def _v1_models(self, request: HttpRequest, reply: Reply) -> None:
        rows = [
            {"id": model.id, "object": "model", "created": int(self.since), "owned_by": "library"}
            for model in self.models.values()
        ]
        await reply.json(200, listing(rows))

    # --- answering -----------------------------------------------------------------------------------------------

    def accept(self, asked: Asked, context: int | None = None) -> Job:
        slots = self.slots_of(self.find_model(asked.model))
        if slots.waiting >= _MOST_WAITING:
            raise Problem(ProblemKind.BUSY)
        return super().accept(asked, context)

    async def prepare(self, job: Job) -> None:
        """For the OpenAI-compatible path, which can state neither options nor keep_alive."""
        job.load = await self._load(job.model, {}, _KEEP_ALIVE)
        job.ready = True

    async def _native_chat(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        messages = body.get("messages") or []
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise Problem(ProblemKind.BAD_REQUEST, "messages must be a list of objects")
        turns = tuple(Turn(role=str(m.get("role")), text=str(m.get("content") or "")) for m in messages)
        images = sum(len(m["images"]) for m in messages if isinstance(m.get("images"), list))
        await self._serve(body, turns, images, reply, "message")

    async def _generate(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        prompt = body.get("prompt")
        turns = (Turn(role="user", text=prompt),) if isinstance(prompt, str) and prompt else ()
        images = body.get("images")
        await self._serve(body, turns, len(images) if isinstance(images, list) else 0, reply, "response")

    async def _serve(self, body: JsonObject, turns: tuple[Turn, ...], images: int, reply: Reply, field: str) -> None:
        model = self.find_model(str(body.get("model", "")))
        keep_alive = seconds_of(body.get("keep_alive"))
        options = _options(body)
        if not turns:
            await self._load_or_unload(model, options, keep_alive, reply, field)
            return
        _check_abilities(model, body)
        context = self._context_asked(model, options)
        asked = self._asked(model, body, turns, images, options)
        job = self.accept(asked if body.get("truncate") is False else _truncated(asked, context), context)
        async with self.working(job):
            job.load = await self._load(model, options, keep_alive)
            job.ready = True
            await self._speak(job, reply, field)
        self._touch(model, keep_alive)
        self._expire()
        self.finish(job)

    def _asked(
        self, model: Model, body: JsonObject, turns: tuple[Turn, ...], images: int, options: Mapping[str, object]
    ) -> Asked:
        limit = options.get("num_predict")
        return Asked(
            model=model.id,
            turns=turns,
            images=images,
            stream=body.get("stream") is not False,
            max_output=limit if isinstance(limit, int) and limit > 0 else None,
            think=False if body.get("think") is False else None,
        )

    def _context_asked(self, model: Model, options: Mapping[str, object]) -> int:
        wanted = options.get("num_ctx")
        return wanted if isinstance(wanted, int) else self.context_of(model)

    async def _load_or_unload(
        self, model: Model, options: Mapping[str, object], keep_alive: float, reply: Reply, field: str
    ) -> None:
        reason = "load"
        if keep_alive == 0:
            self._residents.pop(model.id, None)
            reason = "unload"
        else:
            await self._load(model, options, keep_alive)
        said: JsonObject = {field: {"role": "assistant", "content": ""} if field == "message" else ""}
        done = {"model": model.id, "created_at": _stamp(self.now()), **said, "done": True, "done_reason": reason}
        await reply.json(200, done)

    async def _speak(self, job: Job, reply: Reply, field: str) -> None:
        if not job.asked.stream:
            reasoning, text = await self.write_all(job)
            await reply.json(200, {**self._line(job, field, text, reasoning), **self._closing(job)})
            return
        await self.first_token(job)
        await reply.start(content_type=_NDJSON)
        self.begin(job)
        for thought in job.said.reasoning:
            await self.beat(job)
            await reply.write(_row(self._line(job, field, "", thought)))
        for piece in job.said.text:
            await self.beat(job)
            await reply.write(_row(self._line(job, field, piece)))
        await reply.write(_row({**self._line(job, field, ""), **self._closing(job)}))
        await reply.end()

    def _line(self, job: Job, field: str, text: str, thinking: str = "") -> JsonObject:
        thought = {"thinking": thinking} if thinking else {}
        said: JsonObject = {"response": text, **thought}
        if field == "message":
            said = {"message": {"role": "assistant", "content": text, **thought}}
        return {"model": job.model.id, "created_at": _stamp(self.now()), **said, "done": False}

    def _closing(self, job: Job) -> JsonObject:
        """The statistics, in nanoseconds; like the real ones they are left out when zero."""
        figures = {
            "total_duration": job.load + job.first_token + job.output_seconds,
            "load_duration": job.load,
            "prompt_eval_duration": job.first_token,
            "eval_duration": job.output_seconds,
        }
        counts = {"prompt_eval_count": job.prompt_tokens, "eval_count": job.produced}
        told = {**{name: round(seconds * 1e9) for name, seconds in figures.items()}, **counts}
        return {"done": True, "done_reason": job.said.finish, **{name: value for name, value in told.items() if value}}

    async def _embed(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        model = self.find_model(str(body.get("model", "")))
        texts = read_input(body)
        load = await self._load(model, _options(body), seconds_of(body.get("keep_alive")))
        tokens = sum(count_tokens(text) for text in texts)
        figures = {"total_duration": round((load + 0.01) * 1e9), "load_duration": round(load * 1e9)}
        vectors = {"embeddings": [embedding(text) for text in texts]}
        await reply.json(200, {"model": model.id, **vectors, **figures, "prompt_eval_count": tokens})


def seconds_of(keep_alive: object) -> float:
    """A keep_alive as Ollama reads it: a number of seconds or a Go duration; negative means forever. Raises Problem."""
    if keep_alive is None:
        return _KEEP_ALIVE
    if isinstance(keep_alive, int | float) and math.isfinite(keep_alive):
        return float(keep_alive)
    duration = _DURATION.fullmatch(keep_alive) if isinstance(keep_alive, str) else None
    if duration is None:
        raise Problem(ProblemKind.BAD_REQUEST, f'time: missing unit in duration "{keep_alive}"')
    sign, rest = duration.groups()
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", rest)
    return (-1 if sign else 1) * sum(float(number) * _UNIT[unit] for number, unit in parts)


def _check_abilities(model: Model, body: JsonObject) -> None:
    if body.get("think") and "reasoning" not in model.capabilities:
        raise Problem(ProblemKind.UNSUPPORTED, f'"{model.id}" does not support thinking')
    if body.get("tools") and "tools" not in model.capabilities:
        raise Problem(ProblemKind.UNSUPPORTED, f"{model.id} does not support tools")
    if "embedding" in model.capabilities and "chat" not in model.capabilities:
        raise Problem(ProblemKind.UNSUPPORTED, f'"{model.id}" does not support chat')


def _options(body: JsonObject) -> Mapping[str, object]:
    options = body.get("options")
    return {**(options if isinstance(options, dict) else {}), "shift": body.get("shift")}


def _truncated(asked: Asked, context: int) -> Asked:
    """Ollama's default: the oldest messages vanish without a word until the rest fits; the last one stays."""
    while asked.tokens >= context:
        oldest = next((place for place, turn in enumerate(asked.turns[:-1]) if turn.role != "system"), None)
        if oldest is None:
            break
        asked = replace(asked, turns=asked.turns[:oldest] + asked.turns[oldest + 1 :])
    return asked


def _named(model: Model) -> JsonObject:
    return {"name": model.id, "model": model.id, "digest": hashlib.sha256(model.id.encode()).hexdigest()}


_ABILITIES = {
    "chat": "completion",
    "vision": "vision",
    "tools": "tools",
    "embedding": "embedding",
    "reasoning": "thinking",
}


def _capabilities(model: Model) -> list[str]:
    return [theirs for ours, theirs in _ABILITIES.items() if ours in model.capabilities]


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def _row(body: JsonObject) -> bytes:
    return dumps(body) + b"\n"
