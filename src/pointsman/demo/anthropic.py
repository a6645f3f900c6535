"""A simulated Anthropic Messages API (protocols.md §8): named events, cumulative usage, no [DONE], its own errors."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.fleet import Model
from pointsman.demo.chat import JsonObject, read_content, read_object, read_turns
from pointsman.demo.http import HttpRequest, Reply, dumps
from pointsman.demo.problems import Answer, Problem, ProblemKind, Row, answer
from pointsman.demo.server import Asked, Job, Route, SimulatedServer, Turn

_ERRORS: Mapping[ProblemKind, Row] = {
    ProblemKind.AUTH: Row(401, "authentication_error", "invalid x-api-key"),
    ProblemKind.BAD_JSON: Row(400, "invalid_request_error", "The request body is not valid JSON: {detail}"),
    ProblemKind.BAD_REQUEST: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.BUSY: Row(529, "overloaded_error", "Overloaded"),
    ProblemKind.LOADING: Row(529, "overloaded_error", "Overloaded"),
    ProblemKind.NOT_FOUND: Row(404, "not_found_error", "Not Found"),
    ProblemKind.NO_SUCH_MODEL: Row(404, "not_found_error", "model: {model}"),
    ProblemKind.OUT_OF_MEMORY: Row(500, "api_error", "Internal server error"),
    ProblemKind.OVERFLOW: Row(400, "invalid_request_error", "prompt is too long: {tokens} tokens > {limit} maximum"),
    ProblemKind.RATE_LIMITED: Row(
        429, "rate_limit_error", "This request would exceed your organization's rate limit of requests per minute."
    ),
    ProblemKind.UNSUPPORTED: Row(400, "invalid_request_error", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(405, "invalid_request_error", "Method Not Allowed"),
}
_STOP = {"stop": "end_turn", "length": "max_tokens"}
_PAGE = 20  # models on a page unless asked otherwise
_OUTPUT_LIMIT = 64_000  # tokens, for a model whose configuration does not say


class AnthropicServer(SimulatedServer):
    software = "Messages API"
    loads_at_start = False

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        return {
            "/v1/models": {"GET": self._models},
            "/v1/messages": {"POST": self._messages},
            "/v1/messages/count_tokens": {"POST": self._count},
        }

    def render(self, problem: Problem, path: str) -> Answer:
        return answer(_ERRORS, self._envelope, problem)

    def _envelope(self, row: Row, message: str, problem: Problem) -> object:
        request_id = f"req_simulated_{self.http.requests}"
        return {"type": "error", "error": {"type": row.type, "message": message}, "request_id": request_id}

    def key_of(self, request: HttpRequest) -> str | None:
        return request.headers.get("x-api-key")

    async def admit(self, request: HttpRequest, path: str) -> None:
        await super().admit(request, path)
        if "anthropic-version" not in request.headers:
            raise Problem(ProblemKind.BAD_REQUEST, "anthropic-version: header is required")

    async def _models(self, request: HttpRequest, reply: Reply) -> None:
        limit = request.query.get("limit", str(_PAGE))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= 1000):
            raise Problem(ProblemKind.BAD_REQUEST, "limit: must be between 1 and 1000")
        names = list(self.models)
        after = request.query.get("after_id")
        rest = names[names.index(after) + 1 :] if after in names else names
        page = rest[: int(limit)]
        body = {
            "data": [_listed(self.models[name]) for name in page],
            "has_more": len(rest) > len(page),
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }
        await reply.json(200, body)

    async def _count(self, request: HttpRequest, reply: Reply) -> None:
        asked = self._read(read_object(request))
        self.find_model(asked.model)
        await reply.json(200, {"input_tokens": asked.tokens})

    async def _messages(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        asked = self._read(body)
        self._check(body)
        job = self.accept(asked)
        if b'"cache_control"' not in request.body:
            job.cached = 0
        async with self.working(job):
            if asked.stream:
                await self._stream(job, reply)
            else:
                await self._whole(job, reply)
        self.finish(job)

    def _read(self, body: JsonObject) -> Asked:
        turns, images = read_turns(body.get("messages"))
        if any(turn.role not in ("user", "assistant") for turn in turns):
            text = "messages: unexpected role; the Messages API accepts a top-level `system` parameter"
            raise Problem(ProblemKind.BAD_REQUEST, text)
        system, _ = read_content(body.get("system"))
        limit, thinking = body.get("max_tokens"), body.get("thinking")
        return Asked(
            model=str(body.get("model", "")),
            turns=(Turn(role="system", text=system), *turns) if system else turns,
            images=images,
            stream=body.get("stream") is True,
            max_output=limit if isinstance(limit, int) else None,
            think=isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive"),
        )

    def _check(self, body: JsonObject) -> None:
        wanted = body.get("max_tokens")
        if not isinstance(wanted, int) or wanted < 1:
            raise Problem(ProblemKind.BAD_REQUEST, "max_tokens: Field required")
        name = str(body.get("model", ""))
        limit = self.find_model(name).max_output or _OUTPUT_LIMIT
        if wanted > limit:
            text = f"max_tokens: {wanted} > {limit}, which is the maximum allowed number of output tokens for {name}"
            raise Problem(ProblemKind.BAD_REQUEST, text)

    # --- the answer ----------------------------------------------------------------------------------------------

    async def _stream(self, job: Job, reply: Reply) -> None:
        await self.first_token(job)
        await reply.start(content_type="text/event-stream; charset=utf-8", headers={"request-id": f"req_{job.id}"})
        started = {**_message(job), "content": [], "stop_reason": None, "usage": {**_input(job), "output_tokens": 1}}
        await reply.write(_event("message_start", {"message": started}))
        self.begin(job)
        index = 0
        if job.said.reasoning:
            thinking = {"type": "thinking", "thinking": "", "signature": ""}
            await self._block(job, reply, index, thinking, "thinking", job.said.reasoning)
            index += 1
        await self._block(job, reply, index, {"type": "text", "text": ""}, "text", job.said.text)
        stopped = {"stop_reason": _STOP[job.said.finish], "stop_sequence": None}
        await reply.write(_event("message_delta", {"delta": stopped, "usage": {"output_tokens": job.produced}}))
        await reply.write(_event("message_stop", {}))
        await reply.end()

    async def _block(
        self, job: Job, reply: Reply, index: int, block: JsonObject, field: str, pieces: tuple[str, ...]
    ) -> None:
        await reply.write(_event("content_block_start", {"index": index, "content_block": block}))
        if index == 0:
            await reply.write(_event("ping", {}))
        for piece in pieces:
            await self.beat(job)
            delta = {"type": f"{field}_delta", field: piece}
            await reply.write(_event("content_block_delta", {"index": index, "delta": delta}))
        if field == "thinking":
            signed = {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}
            await reply.write(_event("content_block_delta", {"index": index, "delta": signed}))
        await reply.write(_event("content_block_stop", {"index": index}))

    async def _whole(self, job: Job, reply: Reply) -> None:
        reasoning, text = await self.write_all(job)
        blocks: list[JsonObject] = [{"type": "text", "text": text}]
        if reasoning:
            blocks.insert(0, {"type": "thinking", "thinking": reasoning, "signature": "c2ltdWxhdGVk"})
        stop = {"stop_reason": _STOP[job.said.finish], "stop_sequence": None}
        usage = {**_input(job), "output_tokens": job.produced}
        await reply.json(200, {**_message(job), "content": blocks, **stop, "usage": usage})


def _listed(model: Model) -> JsonObject:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": model.context,
        "max_tokens": model.max_output or _OUTPUT_LIMIT,
    }


def _message(job: Job) -> JsonObject:
    return {"id": f"msg_{job.id}", "type": "message", "role": "assistant", "model": job.model.id}


def _input(job: Job) -> JsonObject:
    """Here the input tokens are without the cached ones."""
    return {
        "input_tokens": job.prompt_tokens - job.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": job.cached,
        "service_tier": "standard",
    }


def _event(name: str, body: JsonObject) -> bytes:
    return f"event: {name}\n".encode() + b"data: " + dumps({"type": name, **body}) + b"\n\n"
