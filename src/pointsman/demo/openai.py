"""The simulated clouds that speak chat completions: OpenAI, DeepSeek, Moonshot, Gemini, OpenRouter and compatibles.

Their differences are data: a dialect, a table of errors, an envelope, extra paths (protocols.md §7, §9-§12).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pointsman.core.fleet import EndpointKind, Model
from pointsman.core.outcome import TokenUsage
from pointsman.core.prices import cost_of
from pointsman.demo.chat import (
    ChatServer,
    Dialect,
    JsonObject,
    event,
    listing,
    plain_usage,
    read_object,
    reasoning_tokens,
)
from pointsman.demo.http import HttpRequest, Reply
from pointsman.demo.problems import Answer, Envelope, Problem, ProblemKind, Row, Table, answer
from pointsman.demo.server import Job, Route

# --- usage ---------------------------------------------------------------------------------------------------------


def _openai_usage(job: Job) -> JsonObject:
    read = {"cached_tokens": job.cached, "cache_write_tokens": 0, "audio_tokens": 0}
    return {
        **plain_usage(job),
        "prompt_tokens_details": read,
        "completion_tokens_details": {"reasoning_tokens": reasoning_tokens(job), "audio_tokens": 0},
    }


def _deepseek_usage(job: Job) -> JsonObject:
    return {
        **plain_usage(job),
        "prompt_cache_hit_tokens": job.cached,
        "prompt_cache_miss_tokens": job.prompt_tokens - job.cached,
        "completion_tokens_details": {"reasoning_tokens": reasoning_tokens(job)},
    }


def _openrouter_usage(job: Job) -> JsonObject:
    cost = cost_of(job.model, TokenUsage(input=job.prompt_tokens, output=job.produced, cached=job.cached))
    priced = {} if cost is None else {"cost": cost / 1e9, "is_byok": False}
    return {
        **plain_usage(job),
        "prompt_tokens_details": {"cached_tokens": job.cached, "cache_write_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning_tokens(job)},
        **priced,
    }


# --- errors --------------------------------------------------------------------------------------------------------

_TOO_LONG = "This model's maximum context length is {limit} tokens. However, your messages resulted in {tokens} tokens."
_MAX_TOKENS_REFUSED = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)
_OPENAI_ERRORS: Table = {
    ProblemKind.AUTH: Row(401, "invalid_request_error", "Incorrect API key provided.", "invalid_api_key"),
    ProblemKind.BAD_JSON: Row(400, "invalid_request_error", "We could not parse the JSON body of your request."),
    ProblemKind.BAD_REQUEST: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.BUSY: Row(503, "server_error", "The engine is currently overloaded, please try again later"),
    ProblemKind.LOADING: Row(503, "server_error", "The engine is currently overloaded, please try again later"),
    ProblemKind.NOT_FOUND: Row(404, "invalid_request_error", "Unknown request URL: {detail}", "unknown_url"),
    ProblemKind.NO_SUCH_MODEL: Row(
        404,
        "invalid_request_error",
        "The model `{model}` does not exist or you do not have access to it.",
        "model_not_found",
    ),
    ProblemKind.OUT_OF_MEMORY: Row(500, "server_error", "The server had an error while processing your request."),
    ProblemKind.OVERFLOW: Row(400, "invalid_request_error", _TOO_LONG, "context_length_exceeded"),
    ProblemKind.RATE_LIMITED: Row(
        429, "requests", "Rate limit reached for {model} on requests per min.", "rate_limit_exceeded"
    ),
    ProblemKind.UNSUPPORTED: Row(400, "invalid_request_error", "{detail}", "unsupported_parameter"),
    ProblemKind.WRONG_METHOD: Row(405, "invalid_request_error", "Not allowed to {detail} here.", "method_not_allowed"),
}
_DEEPSEEK_ERRORS: Table = {
    **_OPENAI_ERRORS,
    ProblemKind.AUTH: Row(
        401, "authentication_error", "Authentication Fails (invalid api key)", "invalid_request_error"
    ),
    ProblemKind.NO_SUCH_MODEL: Row(400, "invalid_request_error", "Model Not Exist", "invalid_request_error"),
    ProblemKind.RATE_LIMITED: Row(429, "rate_limit_error", "Too many concurrent requests", "rate_limit_reached"),
}
_MOONSHOT_ERRORS: Table = {
    **_OPENAI_ERRORS,
    ProblemKind.AUTH: Row(401, "invalid_authentication_error", "Invalid Authentication"),
    ProblemKind.BUSY: Row(429, "engine_overloaded_error", "The engine is currently overloaded, please try again later"),
    ProblemKind.NO_SUCH_MODEL: Row(404, "resource_not_found_error", "Not found the model {model} or Permission denied"),
    ProblemKind.OVERFLOW: Row(
        400,
        "invalid_request_error",
        "Invalid request: Your request exceeded model token limit: {limit} (requested: {tokens})",
    ),
    ProblemKind.RATE_LIMITED: Row(429, "rate_limit_reached_error", "Your account reached its request limit per minute"),
}
_GEMINI_ERRORS: Table = {
    ProblemKind.AUTH: Row(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    ProblemKind.BAD_JSON: Row(400, "INVALID_ARGUMENT", "Invalid JSON payload received. {detail}"),
    ProblemKind.BAD_REQUEST: Row(400, "INVALID_ARGUMENT", "{detail}"),
    ProblemKind.BUSY: Row(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    ProblemKind.LOADING: Row(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    ProblemKind.NOT_FOUND: Row(404, "NOT_FOUND", "Requested entity was not found."),
    ProblemKind.NO_SUCH_MODEL: Row(404, "NOT_FOUND", "models/{model} is not found for API version v1beta."),
    ProblemKind.OUT_OF_MEMORY: Row(500, "INTERNAL", "An internal error has occurred."),
    ProblemKind.OVERFLOW: Row(
        400,
        "INVALID_ARGUMENT",
        "The input token count ({tokens}) exceeds the maximum number of tokens allowed ({limit}).",
    ),
    ProblemKind.RATE_LIMITED: Row(429, "RESOURCE_EXHAUSTED", "You exceeded your current rate limit."),
    ProblemKind.UNSUPPORTED: Row(400, "INVALID_ARGUMENT", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(405, "INVALID_ARGUMENT", "Method {detail} not allowed."),
}
_OPENROUTER_ERRORS: Table = {
    ProblemKind.AUTH: Row(401, "authentication", "No auth credentials found"),
    ProblemKind.BAD_JSON: Row(400, "invalid_request", "Invalid JSON body"),
    ProblemKind.BAD_REQUEST: Row(400, "invalid_request", "{detail}"),
    ProblemKind.BUSY: Row(503, "provider_overloaded", "No available model provider meets your routing requirements"),
    ProblemKind.LOADING: Row(503, "provider_overloaded", "No available model provider meets your routing requirements"),
    ProblemKind.NOT_FOUND: Row(404, "not_found", "Not Found"),
    ProblemKind.NO_SUCH_MODEL: Row(400, "invalid_request", "{model} is not a valid model ID"),
    ProblemKind.OUT_OF_MEMORY: Row(502, "provider_unavailable", "Provider returned error"),
    ProblemKind.OVERFLOW: Row(
        400,
        "context_length_exceeded",
        "This endpoint's maximum context length is {limit} tokens. However, you requested about {tokens} tokens.",
    ),
    ProblemKind.RATE_LIMITED: Row(429, "rate_limit_exceeded", "Rate limit exceeded"),
    ProblemKind.UNSUPPORTED: Row(400, "invalid_request", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(405, "invalid_request", "Method Not Allowed"),
}


def _openai_envelope(row: Row, message: str, problem: Problem) -> object:
    return {"error": {"message": message, "type": row.type, "param": None, "code": row.code}}


def _moonshot_envelope(row: Row, message: str, problem: Problem) -> object:
    return {"error": {"type": row.type, "message": message}}


def _gemini_envelope(row: Row, message: str, problem: Problem) -> object:
    error: JsonObject = {"code": row.status, "message": message, "status": row.type}
    if problem.retry_after is not None:
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{problem.retry_after}s"}
        error["details"] = [retry]
    return [{"error": error}]


def _openrouter_envelope(row: Row, message: str, problem: Problem) -> object:
    return {"error": {"code": row.status, "message": message, "metadata": {"error_type": row.type}}}


# --- model lists and extra paths -------------------------------------------------------------------------------------


def _openai_model(model: Model) -> JsonObject:
    return {"id": model.id, "object": "model", "created": 0, "owned_by": "simulated"}


def _gemini_model(model: Model) -> JsonObject:
    return {**_openai_model(model), "id": f"models/{model.id}"}


def _openrouter_model(model: Model) -> JsonObject:
    prices = {"prompt": model.price_in, "completion": model.price_out, "input_cache_read": model.price_cached}
    pricing = {name: f"{price / 1e9:.12f}" for name, price in prices.items() if price is not None}
    return {"id": model.id, "name": model.name, "context_length": model.context, "pricing": pricing}


_DEEPSEEK_BALANCE = {
    "is_available": True,
    "balance_infos": [
        {"currency": "USD", "total_balance": "9.50", "granted_balance": "0.00", "topped_up_balance": "9.50"}
    ],
}
_MOONSHOT_BALANCE = {
    "code": 0,
    "scode": "0x0",
    "status": True,
    "data": {"available_balance": 49.5, "voucher_balance": 46.5, "cash_balance": 3.0},
}
_OPENROUTER_KEY = {
    "data": {
        "label": "simulated", "limit": None, "limit_remaining": None, "limit_reset": None,
        "usage": 0, "usage_daily": 0, "usage_weekly": 0, "usage_monthly": 0, "is_free_tier": False,
    }
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One provider: everything that tells it from OpenAI."""

    dialect: Dialect
    errors: Table
    envelope: Envelope = _openai_envelope
    base: str = "/v1"  # where the provider's own paths begin, whatever part of it the endpoint's URL states
    retry_header: bool = True
    model_row: Callable[[Model], JsonObject] = _openai_model
    pages: Mapping[str, object] = field(default_factory=dict)  # further GET paths and what they answer
    refuses_max_tokens: bool = False  # from reasoning models, which want max_completion_tokens
    fails_inside_200: bool = False  # an upstream failure comes as an event of a good stream


_REASONING_CONTENT = Dialect(reasoning_field="reasoning_content", usage=_openai_usage)
CLOUDS: Mapping[EndpointKind, Cloud] = MappingProxyType(
    {
        EndpointKind.OPENAI: Cloud(
            dialect=Dialect(usage_null_elsewhere=True, usage=_openai_usage),
            errors=_OPENAI_ERRORS,
            refuses_max_tokens=True,
        ),
        EndpointKind.OPENAI_COMPATIBLE: Cloud(dialect=_REASONING_CONTENT, errors=_OPENAI_ERRORS),
        EndpointKind.DEEPSEEK: Cloud(
            dialect=Dialect(
                reasoning_field="reasoning_content",
                fingerprint="fp_simulated",
                comment="keep-alive",
                usage=_deepseek_usage,
            ),
            errors=_DEEPSEEK_ERRORS,
            retry_header=False,
            pages={"/user/balance": _DEEPSEEK_BALANCE},
        ),
        EndpointKind.MOONSHOT: Cloud(
            dialect=_REASONING_CONTENT,
            errors=_MOONSHOT_ERRORS,
            envelope=_moonshot_envelope,
            pages={"/users/me/balance": _MOONSHOT_BALANCE},
        ),
        EndpointKind.GEMINI: Cloud(
            dialect=Dialect(usage=plain_usage),
            errors=_GEMINI_ERRORS,
            envelope=_gemini_envelope,
            base="/v1beta/openai",
            retry_header=False,
            model_row=_gemini_model,
        ),
        EndpointKind.OPENROUTER: Cloud(
            dialect=Dialect(
                reasoning_field="reasoning",
                comment="OPENROUTER PROCESSING",
                usage_always=True,
                usage=_openrouter_usage,
            ),
            errors=_OPENROUTER_ERRORS,
            envelope=_openrouter_envelope,
            base="/api/v1",
            model_row=_openrouter_model,
            pages={"/key": _OPENROUTER_KEY},
            fails_inside_200=True,
        ),
    }
)


class CloudServer(ChatServer):
    """The cloud of its endpoint's kind."""

    software = "cloud API"
    loads_at_start = False

    def reset(self) -> None:
        super().reset()
        self.cloud = CLOUDS[self.endpoint.kind]
        self.dialect = self.cloud.dialect

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        pages = {path: self._page(body) for path, body in self.cloud.pages.items()}
        gets: dict[str, Route] = {"/models": self._models, **pages}
        return {
            **{path: {"GET": route} for path, route in gets.items()},
            "/embeddings": {"POST": self.embeddings},
            "/chat/completions": {"POST": self.chat},
        }

    def path_of(self, request: HttpRequest) -> str:
        return super().path_of(request).removeprefix(self.cloud.base)

    def render(self, problem: Problem, path: str) -> Answer:
        return answer(self.cloud.errors, self.cloud.envelope, problem, retry_header=self.cloud.retry_header)

    def open_without_key(self, path: str) -> bool:
        return self.endpoint.kind is EndpointKind.OPENROUTER and path.endswith("/models")

    def find_model(self, name: str) -> Model:
        return super().find_model(name.removeprefix("models/"))

    def check(self, body: JsonObject) -> None:
        model = self.models.get(str(body.get("model", "")))
        thinks = model is not None and "reasoning" in model.capabilities
        if self.cloud.refuses_max_tokens and thinks and "max_tokens" in body:
            raise Problem(ProblemKind.UNSUPPORTED, _MAX_TOKENS_REFUSED)

    async def chat(self, request: HttpRequest, reply: Reply) -> None:
        try:
            await super().chat(request, reply)
        except Problem as problem:
            inside = self.cloud.fails_inside_200 and problem.kind is ProblemKind.OUT_OF_MEMORY
            if not inside or read_object(request).get("stream") is not True:
                raise
            await self._fail_inside(problem, reply)

    async def _fail_inside(self, problem: Problem, reply: Reply) -> None:
        await reply.start(content_type="text/event-stream")
        await reply.write(f": {self.dialect.comment}\n\n".encode())
        refusal = self.render(problem, "")
        failed = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        body = refusal.body if isinstance(refusal.body, dict) else {}
        chunk = {"id": "gen-failed", "object": "chat.completion.chunk", "model": problem.model, "choices": [failed]}
        await reply.write(event({**chunk, **body}))
        await reply.write(b"data: [DONE]\n\n")
        await reply.end()

    async def _models(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, listing([self.cloud.model_row(model) for model in self.models.values()]))

    def _page(self, body: object) -> Route:
        async def page(request: HttpRequest, reply: Reply) -> None:
            await reply.json(200, body)

        return page
