"""The OpenAI chat-completions protocol as servers speak it, with the differences between them as data (`Dialect`).

Owns reading the request and writing the answer, whole or streamed. The errors stay with each server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.demo.http import HttpRequest, Reply, dumps
from pointsman.demo.problems import Problem, ProblemKind
from pointsman.demo.replies import count_tokens, draw
from pointsman.demo.server import Asked, Job, Route, SimulatedServer, Turn

JsonObject = dict[str, Any]
_SSE = "text/event-stream"
_DIMENSIONS = 64
_OUTPUT_LIMITS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What tells one speaker of the protocol from another."""

    reasoning_field: str | None = None  # None: reasoning is counted and not shown
    first_content: str | None = ""  # of the chunk that carries the role
    fingerprint: str | None = None
    comment: str | None = None  # sent under an early 200 while the model has not begun
    usage_always: bool = False
    usage_null_elsewhere: bool = False  # the other chunks carry `usage: null`
    usage: Callable[[Job], JsonObject]


def plain_usage(job: Job) -> JsonObject:
    return {
        "prompt_tokens": job.prompt_tokens,
        "completion_tokens": job.produced,
        "total_tokens": job.prompt_tokens + job.produced,
    }


def reasoning_tokens(job: Job) -> int:
    return min(job.produced, len(job.said.reasoning))


def read_object(request: HttpRequest) -> JsonObject:
    """The request's JSON object. Raises Problem."""
    try:
        body = request.json()
    except ValueError as error:
        raise Problem(ProblemKind.BAD_JSON, str(error)) from error
    if not isinstance(body, dict):
        raise Problem(ProblemKind.BAD_REQUEST, "the body must be a JSON object")
    return body


def read_turns(messages: object) -> tuple[tuple[Turn, ...], int]:
    """The turns of a `messages` list, and how many images came with them. Raises Problem."""
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise Problem(ProblemKind.BAD_REQUEST, "'messages' is required")
    read = [read_content(message.get("content")) for message in messages]
    turns = tuple(Turn(role=str(m.get("role")), text=text) for m, (text, _) in zip(messages, read, strict=True))
    return turns, sum(images for _, images in read)


def read_content(content: object) -> tuple[str, int]:
    """Text and number of images of one message's content: a string, or a list of parts."""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), 0
    parts = [part for part in content if isinstance(part, dict)]
    text = "\n".join(str(part["text"]) for part in parts if part.get("type") == "text" and "text" in part)
    return text, sum(part.get("type") in ("image_url", "image") for part in parts)


def embedding(text: str) -> list[float]:
    """A vector that depends on the text and nothing else."""
    return [round(draw(text, str(axis)) * 2 - 1, 6) for axis in range(_DIMENSIONS)]


def listing(models: list[JsonObject]) -> JsonObject:
    return {"object": "list", "data": models}


class ChatServer(SimulatedServer):
    """A server that speaks chat completions, among other things."""

    dialect: Dialect
    chat_paths: tuple[str, ...] = ("/v1/chat/completions", "/chat/completions")

    def chat_routes(self) -> Mapping[str, Mapping[str, Route]]:
        return {path: {"POST": self.chat} for path in self.chat_paths}

    async def prepare(self, job: Job) -> None:
        """What must happen once a slot is free and before the first token: loading, for some."""

    def check(self, body: JsonObject) -> None:
        """Refuses what this server refuses of a request. Raises Problem."""

    async def chat(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        self.check(body)
        job = self.accept(self.read_chat(body))
        options = body.get("stream_options")
        wants_usage = self.dialect.usage_always or bool(isinstance(options, dict) and options.get("include_usage"))
        async with self.working(job):
            await self.prepare(job)
            if job.asked.stream:
                await self._stream(job, reply, wants_usage)
            else:
                await self._whole(job, reply)
        self.finish(job)

    def read_chat(self, body: JsonObject) -> Asked:
        turns, images = read_turns(body.get("messages"))
        limits = [body[name] for name in _OUTPUT_LIMITS if isinstance(body.get(name), int)]
        thinking = body.get("thinking")
        return Asked(
            model=str(body.get("model", "")),
            turns=turns,
            images=images,
            stream=body.get("stream") is True,
            max_output=limits[0] if limits else None,
            think=False if isinstance(thinking, dict) and thinking.get("type") == "disabled" else None,
        )

    # --- the stream ----------------------------------------------------------------------------------------------

    async def _stream(self, job: Job, reply: Reply, wants_usage: bool) -> None:
        if self.dialect.comment is None:
            await self.first_token(job)
            await reply.start(content_type=_SSE)
        else:
            await self._open_with_comments(job, reply, self.dialect.comment)
        self.begin(job)
        await self._say(job, reply, wants_usage)
        last = self.extra(job)
        await reply.write(self._chunk(job, {}, wants_usage, job.said.finish, {} if wants_usage else last))
        if wants_usage:
            closing = self._envelope(job, "chat.completion.chunk", [])
            await reply.write(event({**closing, "usage": self.dialect.usage(job), **last}))
        await reply.write(b"data: [DONE]\n\n")
        await reply.end()

    async def _open_with_comments(self, job: Job, reply: Reply, comment: str) -> None:
        await reply.start(content_type=_SSE)
        for _ in range(2):
            await reply.write(f": {comment}\n\n".encode())
            await self.first_token(job, 0.5)

    async def _say(self, job: Job, reply: Reply, wants_usage: bool) -> None:
        role = {"role": "assistant", "content": self.dialect.first_content}
        await reply.write(self._chunk(job, role, wants_usage))
        for piece in job.said.reasoning:
            await self.beat(job)
            if self.dialect.reasoning_field is not None:
                await reply.write(self._chunk(job, {self.dialect.reasoning_field: piece}, wants_usage))
        for piece in job.said.text:
            await self.beat(job)
            await reply.write(self._chunk(job, {"content": piece}, wants_usage))

    def _chunk(
        self, job: Job, delta: JsonObject, wants_usage: bool, finish: str | None = None, extra: JsonObject | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        body = self._envelope(job, "chat.completion.chunk", [choice])
        if wants_usage and self.dialect.usage_null_elsewhere:
            body["usage"] = None
        return event({**body, **(extra or {})})

    # --- the whole answer ----------------------------------------------------------------------------------------

    async def _whole(self, job: Job, reply: Reply) -> None:
        reasoning, text = await self.write_all(job)
        message: JsonObject = {"role": "assistant", "content": text}
        if self.dialect.reasoning_field is not None and reasoning:
            message[self.dialect.reasoning_field] = reasoning
        choice = {"index": 0, "message": message, "finish_reason": job.said.finish}
        body = self._envelope(job, "chat.completion", [choice])
        await reply.json(200, {**body, "usage": self.dialect.usage(job), **self.extra(job)})

    def extra(self, job: Job) -> JsonObject:
        """Fields of its own that the server adds to the last object of an answer."""
        return {}

    def _envelope(self, job: Job, kind: str, choices: list[JsonObject]) -> JsonObject:
        body: JsonObject = {
            "id": f"chatcmpl-{job.id}",
            "object": kind,
            "created": int(job.created),
            "model": job.model.id,
            "choices": choices,
        }
        if self.dialect.fingerprint is not None:
            body["system_fingerprint"] = self.dialect.fingerprint
        return body

    # --- embeddings ----------------------------------------------------------------------------------------------

    async def embeddings(self, request: HttpRequest, reply: Reply) -> None:
        body = read_object(request)
        model = self.find_model(str(body.get("model", "")))
        texts = read_input(body)
        self.counters.calls += 1
        tokens = sum(count_tokens(text) for text in texts)
        self.counters.prompt_tokens += tokens
        rows = [
            {"object": "embedding", "index": index, "embedding": embedding(text)} for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        await reply.json(200, {**listing(rows), "model": model.id, "usage": usage})


def read_input(body: JsonObject) -> list[str]:
    """The texts of an embedding request. Raises Problem."""
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Problem(ProblemKind.BAD_REQUEST, "'input' must be a text or a list of texts")
    return texts


def event(body: JsonObject) -> bytes:
    return b"data: " + dumps(body) + b"\n\n"
