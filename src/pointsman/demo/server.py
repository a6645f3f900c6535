"""What every simulated server shares: its life, its routes, its queue, its counters and the pace of its tokens.

A subclass owns one wire dialect. Nothing here writes JSON of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from pointsman.core.fleet import Endpoint, Locality, Model
from pointsman.demo.faults import FaultState
from pointsman.demo.http import HttpRequest, HttpServer, Reply
from pointsman.demo.machine import Counters, Pace, Signal, Slots
from pointsman.demo.problems import Answer, Problem, ProblemKind
from pointsman.demo.replies import Said, compose, count_tokens, draw

DEFAULT_CONTEXT = 32_768  # tokens, for a model whose configuration does not say
_GIB = 1 << 30
_IMAGE_TOKENS = 576
_LOG_LINES = 500
_FIRST_PID = 5_000_000  # above the largest that Linux gives out (2**22), so that none is mistaken for a real process
_PREFILL = 40  # prompt tokens read in the time of one written


class Life(StrEnum):
    DOWN = "down"  # stopped on purpose
    LOADING = "loading"
    UP = "up"
    FAILED = "failed"  # killed


class StreamCut(Exception):
    """The stream dies here, without an end marker: the `cut` fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the simulated model sees it, whatever the dialect."""

    model: str
    turns: tuple[Turn, ...]
    images: int = 0
    stream: bool = True
    max_output: int | None = None  # tokens
    think: bool | None = None  # None: as the model does by default

    @property
    def prompt(self) -> str:
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")

    @property
    def system(self) -> str:
        return "\n\n".join(turn.text for turn in self.turns if turn.role == "system")

    @property
    def tokens(self) -> int:
        return sum(count_tokens(turn.text) + 4 for turn in self.turns) + _IMAGE_TOKENS * self.images


@dataclass(slots=True, kw_only=True)
class Job:
    """One answer under way. Durations are simulated seconds."""

    id: str
    created: float  # Unix seconds
    model: Model
    asked: Asked
    said: Said
    prompt_tokens: int
    cached: int  # of the prompt's tokens
    rate: float  # tokens/s
    first_token: float  # s
    load: float = 0.0  # s spent on loading the model for it
    ready: bool = False  # the model is in memory and answers it: it must not be evicted now
    begun: float = 0.0  # on the loop's clock: when the first token was due
    produced: int = 0

    @property
    def output_seconds(self) -> float:
        return self.produced / self.rate


Route = Callable[[HttpRequest, Reply], Awaitable[None]]


class SimulatedServer:
    """One endpoint. `open()` starts it at once; `start()`, `stop()` and `kill()` are what a service manager sees."""

    software = "server"
    listens_while_loading = True
    default_slots: int | None = None
    loads_at_start = True

    def __init__(
        self,
        endpoint: Endpoint,
        models: Sequence[Model],
        *,
        pace: Pace | None = None,
        api_key: str | None = None,
        slots: int | None = None,
        load_seconds: float | None = None,
        number: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.endpoint = endpoint
        self.models: Mapping[str, Model] = {model.id: model for model in models}
        self.pace = pace or Pace()
        self.api_key = api_key
        self.now = now
        self.faults = FaultState()
        self.signal = Signal()
        self.slots = Slots(slots or self.default_slots, self.signal)
        self.life = Life.DOWN
        self.since = now()
        self.starts = 0
        self.violations = 0  # requests that would have destroyed something
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        self.noted = 0  # lines ever added to it
        self.http = HttpServer(self._handle)
        self._prefix = urlsplit(endpoint.url).path.rstrip("/")
        self._load_seconds = load_seconds
        self._number = number
        self._loading: asyncio.Task[None] | None = None
        self._jobs = 0
        self.counters = Counters()
        self.reset()

    # --- life ----------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it answers, with the path that the endpoint's own URL has."""
        return f"http://127.0.0.1:{self.http.port}{self._prefix}"

    async def __aenter__(self) -> SimulatedServer:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def open(self) -> None:
        """Up at once, as if it had been running for long."""
        self._begin_anew()
        await self.http.open()
        self._become(Life.UP, f"{self.software} is listening on {self.url}")

    async def start(self) -> None:
        """Begins to start; returns while the model still loads."""
        if self.life in (Life.UP, Life.LOADING):
            return
        self._begin_anew()
        self._become(Life.LOADING, f"starting {self.software}")
        if self.listens_while_loading:
            await self.http.open()
        seconds = self.load_seconds
        if seconds > 0:
            self._loading = asyncio.get_running_loop().create_task(self._finish_loading(seconds))
        else:
            await self.finish_loading()

    async def stop(self) -> None:
        await self._go_down(Life.DOWN, f"{self.software} received SIGTERM, cleaning up before exit")

    async def kill(self) -> None:
        await self._go_down(Life.FAILED, f"{self.software} was killed (signal 9, simulated)")

    async def begin_loading(self) -> None:
        """Loads its model until told that it is done: the `loading` fault."""
        await self._cancel_loading()
        self._become(Life.LOADING, "loading the model (simulated fault)")
        await (self.http.open() if self.listens_while_loading else self.http.close())

    async def finish_loading(self) -> None:
        await self._cancel_loading()
        await self.http.open()
        self._become(Life.UP, f"model loaded, {self.software} is listening on {self.url}")

    async def aclose(self) -> None:
        await self._cancel_loading()
        self.life = Life.DOWN
        await self.http.aclose()

    @property
    def load_seconds(self) -> float:
        """Simulated seconds from start to ready: longer for larger weights."""
        if self._load_seconds is not None:
            return self._load_seconds
        if not self.loads_at_start:
            return 0.0
        size = sum((model.vram or model.ram or 0) for model in self.models.values()) / _GIB
        return min(2.0 + size / 20, 6.0)

    def reset(self) -> None:
        """Forgets what a process forgets when it ends."""
        self._last_turns: dict[str, tuple[Turn, ...]] = {}
        self.active: dict[str, Job] = {}  # answers under way, by id

    def note(self, text: str) -> None:
        """Adds a line to the log."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now()))
        self.log.append(f"{stamp} {text}")
        self.noted += 1

    def _begin_anew(self) -> None:
        self.counters = Counters()
        self.starts += 1
        self.reset()

    def _become(self, life: Life, text: str) -> None:
        self.life = life
        self.since = self.now()
        self.note(text)
        self.signal.poke()

    async def _go_down(self, life: Life, text: str) -> None:
        await self._cancel_loading()
        self._become(life, text)
        await self.http.close()

    async def _finish_loading(self, seconds: float) -> None:
        for model in self.models.values():
            self.note(f"load_model: loading model '{model.id}' (simulated)")
        await self.pace.wait(seconds)
        self._loading = None
        await self.finish_loading()

    async def _cancel_loading(self) -> None:
        task, self._loading = self._loading, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    # --- requests ------------------------------------------------------------------------------------------------

    def routes(self) -> Mapping[str, Mapping[str, Route]]:
        """Path (without the endpoint's own prefix) -> method -> what answers it."""
        raise NotImplementedError

    def render(self, problem: Problem, path: str) -> Answer:
        """A refusal in the server's dialect."""
        raise NotImplementedError

    def key_of(self, request: HttpRequest) -> str | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return key if scheme.lower() == "bearer" else None

    def open_without_key(self, path: str) -> bool:
        return False

    async def admit(self, request: HttpRequest, path: str) -> None:
        """What is looked at before the route: loading first, then the key. Raises Problem."""
        if self.life is Life.LOADING:
            raise Problem(ProblemKind.LOADING)
        if self.api_key is not None and not self.open_without_key(path) and self.key_of(request) != self.api_key:
            raise Problem(ProblemKind.AUTH)

    def path_of(self, request: HttpRequest) -> str:
        path = request.path
        if self._prefix and path.startswith(self._prefix + "/"):
            path = path[len(self._prefix) :]
        return path

    async def _handle(self, request: HttpRequest, reply: Reply) -> None:
        path = self.path_of(request)
        if self.faults.hang:
            await reply.hang()
        try:
            await self.admit(request, path)
            await self._find_route(request, path)(request, reply)
        except Problem as problem:
            self.note(f"request {request.method} {path} refused: {problem.kind}")
            refusal = self.render(problem, path)
            await reply.json(refusal.status, refusal.body, refusal.headers)
        except StreamCut:
            self.note(f"request {request.method} {path}: connection lost (simulated fault)")
            await reply.cut(reset=self.faults.cut_reset)

    def _find_route(self, request: HttpRequest, path: str) -> Route:
        methods = self.routes().get(path)
        if methods is None:
            raise Problem(ProblemKind.NOT_FOUND, path)
        method = "GET" if request.method == "HEAD" and "HEAD" not in methods else request.method
        if method not in methods:
            raise Problem(ProblemKind.WRONG_METHOD, request.method)
        return methods[method]

    # --- answers -------------------------------------------------------------------------------------------------

    def find_model(self, name: str) -> Model:
        model = self.models.get(name)
        if model is None:
            raise Problem(ProblemKind.NO_SUCH_MODEL, model=name)
        return model

    def context_of(self, model: Model) -> int:
        return model.context or DEFAULT_CONTEXT

    def accept(self, asked: Asked, context: int | None = None) -> Job:
        """Takes a request on, or raises the Problem that keeps it from being answered."""
        model = self.find_model(asked.model)
        if self.faults.rate_limited:
            raise Problem(ProblemKind.RATE_LIMITED, model=model.id, retry_after=self.faults.retry_after)
        if self.faults.oom:
            self.note("ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory (simulated)")
            raise Problem(ProblemKind.OUT_OF_MEMORY, model=model.id)
        limit = context or self.context_of(model)
        if asked.tokens >= limit:
            raise Problem(ProblemKind.OVERFLOW, model=model.id, tokens=asked.tokens, limit=limit)
        return self._job(model, asked)

    def _job(self, model: Model, asked: Asked) -> Job:
        self._jobs += 1
        self.counters.calls += 1
        thinks = "reasoning" in model.capabilities if asked.think is None else asked.think
        said = compose(model.name, model.id, asked.prompt, system=asked.system, images=asked.images, reasoning=thinks)
        cached = self._cached(model, asked)
        rate = self.rate_of(model, asked.prompt)
        delay = first_token_seconds(self.endpoint, rate) + min((asked.tokens - cached) / rate / _PREFILL, 4.0)
        return Job(
            id=f"{self._jobs}",
            created=self.now(),
            model=model,
            asked=asked,
            said=said.at_most(asked.max_output),
            prompt_tokens=asked.tokens,
            cached=cached,
            rate=rate / self.faults.slow,
            first_token=delay * self.faults.slow,
        )

    def rate_of(self, model: Model, prompt: str) -> float:
        """Tokens/s of this answer: within what the configuration states, else what such endpoints do."""
        low, high = model.speed or ((50, 100) if self.endpoint.locality is Locality.CLOUD else (20, 40))
        return low + (high - low) * draw(model.id, prompt)

    def _cached(self, model: Model, asked: Asked) -> int:
        """Tokens of the leading turns that this model read the last time, too."""
        last = self._last_turns.get(model.id, ())
        same = 0
        for before, now in zip(last, asked.turns, strict=False):
            if before != now:
                break
            same += count_tokens(now.text) + 4
        self._last_turns[model.id] = asked.turns
        return min(same, asked.tokens - 1)

    def slots_of(self, model: Model) -> Slots:
        return self.slots

    @asynccontextmanager
    async def working(self, job: Job) -> AsyncIterator[None]:
        """Queues for a slot, then holds it; whoever hangs up gives it back."""
        async with self.slots_of(job.model).take():
            self.note(f"slot launch: task {job.id} | processing, {job.prompt_tokens} prompt tokens")
            self.active[job.id] = job
            try:
                yield
            finally:
                self.active.pop(job.id, None)
                self.note(f"slot release: task {job.id} | {job.produced} tokens written")

    async def first_token(self, job: Job, share: float = 1.0) -> None:
        """Waits for (a share of) the time until the first token."""
        await self.pace.wait(job.first_token * share)

    def begin(self, job: Job) -> None:
        """The prompt is read: the first token comes now."""
        job.begun = self.pace.now()
        self.counters.prompt_tokens += job.prompt_tokens - job.cached
        self.counters.cached_tokens += job.cached
        self.counters.prompt_seconds += job.first_token
        self.counters.first_token_seconds += job.first_token

    async def beat(self, job: Job) -> None:
        """Waits until the next token is due and counts it. Raises StreamCut where the fault says so."""
        if self.faults.cut_after is not None and job.produced >= self.faults.cut_after:
            raise StreamCut
        await self.pace.until(job.begun, job.output_seconds)
        job.produced += 1
        self.counters.output_tokens += 1
        self.counters.output_seconds += 1 / job.rate

    def finish(self, job: Job) -> None:
        self.counters.finish(job.said.finish)

    async def write_all(self, job: Job) -> tuple[str, str]:
        """(reasoning, text) of an answer that is not streamed, in the time it takes."""
        await self.first_token(job)
        self.begin(job)
        for _ in range(job.said.tokens):
            await self.beat(job)
        return "".join(job.said.reasoning), "".join(job.said.text)

    # --- what the rest of the demo looks at ----------------------------------------------------------------------

    def resident(self) -> Mapping[str, int]:
        """Bytes of GPU memory by model that is in it now."""
        if self.life is not Life.UP or self.endpoint.locality is Locality.CLOUD:
            return {}
        return {model.id: gpu_bytes(model) for model in self.models.values() if gpu_bytes(model)}

    @property
    def running(self) -> int:
        return self.slots.running

    @property
    def pid(self) -> int | None:
        """Another one with every start; None while it does not run."""
        alive = self.life in (Life.UP, Life.LOADING)
        return _FIRST_PID + 1000 * self._number + self.starts if alive else None


def gpu_bytes(model: Model) -> int:
    return 0 if model.vram is None else model.vram + (model.kv_cache or 0)


def first_token_seconds(endpoint: Endpoint, rate: float) -> float:
    """Document 003's table: the slower a local model writes, the longer it takes to begin."""
    if endpoint.locality is Locality.CLOUD:
        return 0.6
    if rate < 10:
        return 4.0
    if rate < 20:
        return 2.5
    return 0.5 if rate < 100 else 0.3
