"""A simulated LM Studio (protocols.md §5): no health path, loads on the first call, errors that are bare strings."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.core.fleet import Model
from pointsman.demo.chat import ChatServer, Dialect, JsonObject, listing, plain_usage
from pointsman.demo.http import HttpRequest, Reply
from pointsman.demo.problems import Answer, Problem, ProblemKind, Row, answer
from pointsman.demo.server import Job, Life, Route, gpu_bytes

_LOAD = 2.0  # simulated seconds
_STOPPED = (
    "Failed to load model: Model loading was stopped due to insufficient system resources. "
    "Continuing to load the model would likely overload your system."
)
_ERRORS: Mapping[ProblemKind, Row] = {
    ProblemKind.AUTH: Row(401, "", "An LM Studio API token is required to make requests to this server."),
    ProblemKind.BAD_JSON: Row(400, "", "Invalid JSON: {detail}"),
    ProblemKind.BAD_REQUEST: Row(400, "", "{detail}"),
    ProblemKind.BUSY: Row(503, "", "Too many requests in the queue."),
    ProblemKind.LOADING: Row(503, "", "Model is loading."),
    ProblemKind.NOT_FOUND: Row(404, "", "Unexpected endpoint or method. ({detail})"),
    ProblemKind.NO_SUCH_MODEL: Row(404, "", "Model '{model}' not found. Please specify a downloaded model."),
    ProblemKind.OUT_OF_MEMORY: Row(400, "", _STOPPED),
    ProblemKind.OVERFLOW: Row(
        400,
        "",
        "The number of tokens to keep from the initial prompt is greater than the context length "
        "(n_keep: {tokens}>= n_ctx: {limit}). Try to load the model with a larger context length.",
    ),
    ProblemKind.RATE_LIMITED: Row(429, "", "Too many requests."),
    ProblemKind.UNSUPPORTED: Row(501, "", "{detail}"),
    ProblemKind.WRONG_METHOD: Row(404, "", "Unexpected endpoint or method. ({detail})"),
}


class LmStudioServer(ChatServer):
    software = "LM Studio"
    default_slots = 4
    loads_at_start = False
    dialect = Dialect(reasoning_field="reasoning_content", usage=plain_usage)

    def reset(self) -> None:
        super().reset()
        self._loaded: set[str] = set()

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        return {
            "/lmstudio-greeting": {"GET": self._greeting},
            "/v1/models": {"GET": self._models},
            "/api/v1/models": {"GET": self._native_models},
            "/v1/embeddings": {"POST": self.embeddings},
            **self.chat_routes(),
        }

    def render(self, problem: Problem, path: str) -> Answer:
        return answer(_ERRORS, lambda row, message, problem: {"error": message}, problem)

    async def admit(self, request: HttpRequest, path: str) -> None:
        """Loading is no reason to refuse: a call waits for it."""
        if request.method == "POST":
            await self.signal.until(lambda: self.life is Life.UP)
        if self.life is Life.UP:
            await super().admit(request, path)

    async def prepare(self, job: Job) -> None:
        if job.model.id not in self._loaded:
            self.note(f"just-in-time load of '{job.model.id}' (simulated)")
            await self.pace.wait(_LOAD)
            self._loaded.add(job.model.id)

    def resident(self) -> Mapping[str, int]:
        return {name: size for name, size in super().resident().items() if name in self._loaded}

    async def _greeting(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"lmstudio": True})

    async def _models(self, request: HttpRequest, reply: Reply) -> None:
        rows = [{"id": model.id, "object": "model", "owned_by": "simulated"} for model in self.models.values()]
        await reply.json(200, listing(rows))

    async def _native_models(self, request: HttpRequest, reply: Reply) -> None:
        await reply.json(200, {"models": [self._native(model) for model in self.models.values()]})

    def _native(self, model: Model) -> JsonObject:
        context = self.context_of(model)
        instance = {"id": model.id, "config": {"context_length": context, "parallel": self.slots.limit}}
        return {
            "type": "embedding" if "embedding" in model.capabilities else "llm",
            "publisher": "simulated",
            "key": model.id,
            "display_name": model.name,
            "size_bytes": gpu_bytes(model),
            "loaded_instances": [instance] if model.id in self._loaded else [],
            "max_context_length": context,
            "format": "gguf",
            "capabilities": {"vision": "vision" in model.capabilities, "trained_for_tool_use": False},
        }
