"""A simulated vLLM server (protocols.md §4): empty health, metrics with labels, refused connections while it loads."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.fleet import Model
from pointsman.demo.chat import ChatServer, Dialect, JsonObject, listing, plain_usage, read_object
from pointsman.demo.http import HttpRequest, Reply
from pointsman.demo.problems import Answer, Problem, ProblemKind, Row, answer
from pointsman.demo.replies import count_tokens
from pointsman.demo.server import Route

_VERSION = "0.33.0"
_KV_TOKENS = 262_144  # tokens that fit into the KV cache
_BUSY = "The engine is currently busy and cannot accept new requests. Please try again later."
_ERRORS: Mapping[ProblemKind, Row] = {
    ProblemKind.AUTH: Row(401, "", "Unauthorized"),
    ProblemKind.BAD_JSON: Row(400, "BadRequestError", "JSON decode error: {detail}"),
    ProblemKind.BAD_REQUEST: Row(400, "BadRequestError", "{detail}"),
    ProblemKind.BUSY: Row(503, "ServiceUnavailableError", _BUSY),
    ProblemKind.LOADING: Row(503, "ServiceUnavailableError", _BUSY),
    ProblemKind.NOT_FOUND: Row(404, "NotFoundError", "Not Found"),
    ProblemKind.NO_SUCH_MODEL: Row(404, "NotFoundError", "The model `{model}` does not exist."),
    ProblemKind.OUT_OF_MEMORY: Row(
        500,
        "InternalServerError",
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 31.36 GiB",
    ),
    ProblemKind.OVERFLOW: Row(
        400,
        "BadRequestError",
        "This model's maximum context length is {limit} tokens. However, your prompt contains {tokens} input tokens. "
        "Please reduce the length of the input prompt. (parameter=input_tokens, value={tokens})",
    ),
    ProblemKind.RATE_LIMITED: Row(429, "RateLimitError", "too many requests"),
    ProblemKind.UNSUPPORTED: Row(501, "NotImplementedError", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(405, "MethodNotAllowed", "Method Not Allowed"),
}


def _envelope(row: Row, message: str, problem: Problem) -> object:
    if problem.kind is ProblemKind.AUTH:
        return {"error": message}
    return {"error": {"message": message, "type": row.type, "param": None, "code": row.status}}


class VllmServer(ChatServer):
    software = "vllm"
    listens_while_loading = False
    default_slots = 8
    chat_paths = ("/v1/chat/completions",)
    dialect = Dialect(reasoning_field="reasoning", usage=plain_usage)

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        return {
            "/health": {"GET": self._health},
            "/version": {"GET": self._version},
            "/load": {"GET": self._load},
            "/metrics": {"GET": self._metrics},
            "/tokenize": {"POST": self._tokenize},
            "/v1/models": {"GET": self._models},
            "/v1/embeddings": {"POST": self.embeddings},
            **self.chat_routes(),
        }

    def render(self, problem: Problem, path: str) -> Answer:
        return answer(_ERRORS, _envelope, problem)

    def open_without_key(self, path: str) -> bool:
        return not path.startswith("/v1")

    def check(self, body: JsonObject) -> None:
        if body.get("stream_options") is not None and body.get("stream") is not True:
            raise Problem(ProblemKind.BAD_REQUEST, "Stream options can only be defined when `stream=True`.")

    async def _health(self, request: HttpRequest, reply: Reply) -> None:
        await reply.send(200)

    async def _version(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"version": _VERSION})

    async def _load(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"server_load": self.slots.running + self.slots.waiting})

    async def _models(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, listing([self._listed(model) for model in self.models.values()]))

    def _listed(self, model: Model) -> JsonObject:
        return {
            "id": model.id,
            "object": "model",
            "created": int(self.since),
            "owned_by": "vllm",
            "root": model.id,
            "parent": None,
            "max_model_len": self.context_of(model),
            "permission": [],
        }

    async def _tokenize(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        prompt = body.get("prompt")
        count = count_tokens(prompt) if isinstance(prompt, str) else self.read_chat(body).tokens
        limit = max((self.context_of(model) for model in self.models.values()), default=0)
        await reply.json(200, {"count": count, "max_model_len": limit, "tokens": list(range(count))})

    async def _metrics(self, request: HttpRequest, reply: Reply) -> None:
        lines = [line for model in self.models.values() for line in self._exposition(model)]
        await reply.send(200, "\n".join([*lines, ""]).encode(), content_type="text/plain; version=0.0.4")

    def _exposition(self, model: Model) -> list[str]:
        """The figures of the engine, under the label of each model it serves (a real one serves one)."""
        labels = f'engine="0",model_name="{model.id}"'
        held = sum(job.prompt_tokens + job.produced for job in self.active.values())
        count = self.counters
        calls = sum(count.finished.values())
        gauges = {
            "num_requests_running": self.slots.running,
            "num_requests_waiting": self.slots.waiting,
            "kv_cache_usage_perc": round(min(held / _KV_TOKENS, 1.0), 6),
        }
        totals = {
            "prompt_tokens_total": count.prompt_tokens + count.cached_tokens,
            "prompt_tokens_cached_total": count.cached_tokens,
            "generation_tokens_total": count.output_tokens,
        }
        return [
            *_samples("gauge", gauges, labels),
            *_samples("counter", totals, labels),
            *(
                f'vllm:request_success_total{{{labels},finished_reason="{reason}"}} {number}'
                for reason, number in count.finished.items()
            ),
            "# TYPE vllm:time_to_first_token_seconds histogram",
            f'vllm:time_to_first_token_seconds_bucket{{{labels},le="+Inf"}} {calls}',
            f"vllm:time_to_first_token_seconds_count{{{labels}}} {calls}",
            f"vllm:time_to_first_token_seconds_sum{{{labels}}} {round(count.first_token_seconds, 6)}",
        ]


def _samples(kind: str, values: Mapping[str, float], labels: str) -> list[str]:
    return [
        line
        for name, value in values.items()
        for line in (f"# TYPE vllm:{name} {kind}", f"vllm:{name}{{{labels}}} {value}")
    ]
