"""A simulated llama.cpp llama-server (protocols.md §2): health, props, slots, metrics that count, chat with timings."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.fleet import Model
from pointsman.demo.chat import ChatServer, Dialect, JsonObject, listing, plain_usage, read_object
from pointsman.demo.http import HttpRequest, Reply
from pointsman.demo.machine import Counters
from pointsman.demo.problems import Answer, Problem, ProblemKind, Row, answer
from pointsman.demo.replies import count_tokens
from pointsman.demo.server import Job, Route

_BUILD = "b9000-simulated"
_ERRORS: Mapping[ProblemKind, Row] = {
    ProblemKind.AUTH: Row(401, "authentication_error", "Invalid API Key"),
    ProblemKind.BAD_JSON: Row(
        500, "server_error", "[json.exception.parse_error.101] parse error: syntax error while parsing value ({detail})"
    ),
    ProblemKind.BAD_REQUEST: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.BUSY: Row(503, "unavailable_error", "no slot available"),
    ProblemKind.LOADING: Row(503, "unavailable_error", "Loading model"),
    ProblemKind.NOT_FOUND: Row(404, "not_found_error", "File Not Found"),
    ProblemKind.NO_SUCH_MODEL: Row(400, "invalid_request_error", "model '{model}' not found"),
    ProblemKind.OUT_OF_MEMORY: Row(
        500,
        "server_error",
        "failed to allocate buffer for kv cache: allocating 24576.00 MiB on device 0: cudaMalloc failed: out of memory",
    ),
    ProblemKind.OVERFLOW: Row(
        400,
        "exceed_context_size_error",
        "request ({tokens} tokens) exceeds the available context size ({limit} tokens), try increasing it",
    ),
    ProblemKind.RATE_LIMITED: Row(429, "rate_limit_error", "too many requests"),
    ProblemKind.UNSUPPORTED: Row(501, "not_supported_error", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(404, "not_found_error", "File Not Found"),  # its rewriting of every 404
}


def _envelope(row: Row, message: str, problem: Problem) -> object:
    error: JsonObject = {"code": row.status, "message": message, "type": row.type}
    if problem.kind is ProblemKind.OVERFLOW:
        error |= {"n_prompt_tokens": problem.tokens, "n_ctx": problem.limit}
    return {"error": error}


def _usage(job: Job) -> JsonObject:
    return {**plain_usage(job), "prompt_tokens_details": {"cached_tokens": job.cached}}


class LlamaServer(ChatServer):
    """One model, whatever name the request gives it. With several it refuses unknown names, as its router does."""

    software = "llama-server"
    default_slots = 2
    dialect = Dialect(reasoning_field="reasoning_content", first_content=None, fingerprint="b1-simulated", usage=_usage)

    def reset(self) -> None:
        super().reset()
        self._scraped = Counters()  # as of the last scrape of /metrics: its throughput gauges are averages since then

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        both = {
            "/health": {"GET": self._health},
            "/models": {"GET": self._models},
            "/embeddings": {"POST": self._no_embeddings},
        }
        return {
            **both,
            **{f"/v1{path}": methods for path, methods in both.items()},
            **self.chat_routes(),
            "/props": {"GET": self._props},
            "/slots": {"GET": self._slots},
            "/metrics": {"GET": self._metrics},
            "/tokenize": {"POST": self._tokenize},
        }

    def render(self, problem: Problem, path: str) -> Answer:
        return answer(_ERRORS, _envelope, problem)

    def key_of(self, request: HttpRequest) -> str | None:
        return super().key_of(request) or request.headers.get("x-api-key")

    def open_without_key(self, path: str) -> bool:
        return path in ("/health", "/v1/health")

    def find_model(self, name: str) -> Model:
        return next(iter(self.models.values())) if len(self.models) == 1 else super().find_model(name)

    def extra(self, job: Job) -> JsonObject:
        read, prompt_ms = job.prompt_tokens - job.cached, job.first_token * 1000
        wrote, wrote_ms = max(job.produced, 1), max(job.output_seconds, 1e-9) * 1000
        timings = {
            "cache_n": job.cached,
            "prompt_n": read,
            "prompt_ms": round(prompt_ms, 3),
            "prompt_per_token_ms": round(prompt_ms / read, 3),
            "prompt_per_second": round(read / job.first_token, 3),
            "predicted_n": job.produced,
            "predicted_ms": round(wrote_ms, 3),
            "predicted_per_token_ms": round(wrote_ms / wrote, 3),
            "predicted_per_second": round(job.rate, 3),
        }
        return {"timings": timings}

    async def _health(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"status": "ok"})

    async def _models(self, request: HttpRequest, reply: Reply) -> None:
        data = [self._listed(model) for model in self.models.values()]
        names = [{"name": model.id, "model": model.id, "type": "model"} for model in self.models.values()]
        await reply.json(200, {"models": names, **listing(data)})

    def _listed(self, model: Model) -> JsonObject:
        context = self.context_of(model)
        meta = {"n_ctx": context, "n_ctx_train": context, "size": model.vram or model.ram or 0}
        return {
            "id": model.id,
            "aliases": [model.id],
            "tags": [],
            "object": "model",
            "created": int(self.since),
            "owned_by": "llamacpp",
            "meta": meta,
        }

    async def _props(self, request: HttpRequest, reply: Reply) -> None:
        first = next(iter(self.models.values()), None)
        name = first.id if first else ""
        body = {
            "default_generation_settings": {"params": {}, "n_ctx": self.context_of(first) if first else 0},
            "total_slots": self.slots.limit,
            "model_alias": name,
            "model_path": f"/simulated/{name}.gguf",
            "modalities": {"vision": bool(first and "vision" in first.capabilities), "video": False, "audio": False},
            "endpoint_slots": True,
            "endpoint_props": False,
            "endpoint_metrics": True,
            "chat_template": "",
            "build_info": _BUILD,
            "is_sleeping": False,
        }
        await reply.json(200, body)

    async def _slots(self, request: HttpRequest, reply: Reply) -> None:
        if request.query.get("fail_on_no_slot") == "1" and self.slots.running == self.slots.limit:
            raise Problem(ProblemKind.BUSY)
        context = max((self.context_of(model) for model in self.models.values()), default=0)
        jobs = list(self.active.values())
        limit = self.slots.limit or 1
        slots = [_slot(number, context, jobs[number] if number < len(jobs) else None) for number in range(limit)]
        await reply.json(200, slots)

    async def _metrics(self, request: HttpRequest, reply: Reply) -> None:
        now, before = self.counters, self._scraped
        self._scraped = Counters(**{name: getattr(now, name) for name in _SCRAPED})
        counters = {
            "prompt_tokens_total": now.prompt_tokens,
            "prompt_tokens_cached_total": now.cached_tokens,
            "prompt_seconds_total": round(now.prompt_seconds, 6),
            "tokens_predicted_total": now.output_tokens,
            "tokens_predicted_seconds_total": round(now.output_seconds, 6),
            "n_decode_total": now.output_tokens,
        }
        gauges = {
            "prompt_tokens_seconds": _rate(
                now.prompt_tokens - before.prompt_tokens, now.prompt_seconds - before.prompt_seconds
            ),
            "predicted_tokens_seconds": _rate(
                now.output_tokens - before.output_tokens, now.output_seconds - before.output_seconds
            ),
            "requests_processing": self.slots.running,
            "requests_deferred": self.slots.waiting,
        }
        lines = [
            line for kind, group in (("counter", counters), ("gauge", gauges)) for line in _exposition(kind, group)
        ]
        await reply.send(200, "\n".join([*lines, ""]).encode(), content_type="text/plain; version=0.0.4")

    async def _tokenize(self, request: HttpRequest, reply: Reply) -> None:
        content = str(read_object(request).get("content", ""))
        await reply.json(200, {"tokens": list(range(count_tokens(content)))})

    async def _no_embeddings(self, request: HttpRequest, reply: Reply) -> None:
        text = "This server does not support embeddings. Start it with `--embeddings`"
        raise Problem(ProblemKind.UNSUPPORTED, text)


def _slot(number: int, context: int, job: Job | None) -> JsonObject:
    slot: JsonObject = {"id": number, "n_ctx": context, "speculative": False, "is_processing": job is not None}
    if job is None:
        return slot
    left = job.said.tokens - job.produced
    decoding = {"has_next_token": left > 0, "has_new_line": False, "n_remain": left, "n_decoded": job.produced}
    tokens = {"n_prompt_tokens": job.prompt_tokens, "n_prompt_tokens_cached": job.cached}
    return {**slot, "id_task": int(job.id), **tokens, "params": {}, "next_token": [decoding]}


_SCRAPED = ("prompt_tokens", "prompt_seconds", "output_tokens", "output_seconds")


def _rate(tokens: int, seconds: float) -> float:
    return round(tokens / seconds, 3) if seconds > 0 else 0.0


def _exposition(kind: str, values: Mapping[str, float]) -> list[str]:
    """Prometheus text, format 0.0.4."""
    return [
        line
        for name, value in values.items()
        for line in (f"# HELP llamacpp:{name} simulated", f"# TYPE llamacpp:{name} {kind}", f"llamacpp:{name} {value}")
    ]
