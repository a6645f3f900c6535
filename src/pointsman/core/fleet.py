"""The fleet as configured: endpoints, models, roles, routes, bands and budgets. Values only, no behaviour of the world.

Units: tokens are integers, money is integer nano-USD (1e-9 USD) per token, memory is bytes, durations are seconds.
`None` always means *unknown* and is never read as 0 or as "free".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from pointsman.core.conditions import Condition, FactValue


class EndpointKind(StrEnum):
    """Which wire dialect an endpoint speaks."""

    LLAMA_CPP = "llama.cpp"
    OLLAMA = "ollama"
    VLLM = "vllm"
    LMSTUDIO = "lmstudio"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OPENROUTER = "openrouter"
    DEEPSEEK = "deepseek"
    MOONSHOT = "moonshot"
    GEMINI = "gemini"
    OPENAI_COMPATIBLE = "openai-compatible"


class Locality(StrEnum):
    """Where the computation happens, which is not always where the URL points (Ollama relays `:cloud` models)."""

    LOCAL = "local"
    CLOUD = "cloud"


class Tier(StrEnum):
    """Document 001: T0 orchestrator, T1 code specialist, T2 background, T3 fallback, T4 local emergency."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"


class OnCut(StrEnum):
    """What follows an answer that broke off after the user saw part of it (scenarios.md H5)."""

    RESTART = "restart"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The separate clocks of one call, in seconds. `first_token` None: derived from locality and reasoning."""

    connect: float = 3.0
    first_token: float | None = None
    idle: float = 30.0
    total: float = 600.0
    load: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A place that answers."""

    name: str
    url: str
    kind: EndpointKind
    locality: Locality
    key_env: str | None = None  # name of the environment variable that holds the key, never the key
    service: str | None = None  # name of the service that runs it, if we may restart it
    group: str | None = None  # endpoints of one group exclude each other (one model loaded at a time)
    deadlines: Deadlines = field(default_factory=Deadlines)
    simulated: bool = False
    retired: str | None = None  # why it must not be used any more, naming the successor

    @property
    def provider(self) -> str:
        """The name budgets are scoped by: the dialect for cloud endpoints, else `local`."""
        return "local" if self.locality is Locality.LOCAL else str(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A thing that can be asked. `name` is the alias used everywhere, `id` is what the endpoint calls it."""

    name: str
    id: str
    endpoint: str
    tier: Tier
    context: int | None = None  # tokens
    max_output: int | None = None  # tokens
    price_in: int | None = None  # nano-USD per token
    price_out: int | None = None
    price_cached: int | None = None  # of input read from the provider's prompt cache; None: as other input
    price_cache_write: int | None = None  # of input written to it; None: as other input
    price_reasoning: int | None = None  # of hidden reasoning; None: as other output
    price_above: int | None = None  # input tokens of a call above which the two prices below apply to all of it
    price_in_above: int | None = None
    price_out_above: int | None = None
    vram: int | None = None  # bytes of weights
    kv_cache: int | None = None  # bytes at the configured context
    ram: int | None = None  # bytes, for models that run on the CPU
    speed: tuple[int, int] | None = None  # stated tokens/s, low and high
    first_token_stated: tuple[float, float] | None = None  # stated seconds to the first token, low and high
    first_token: float | None = None  # seconds allowed before the first token, overrides the endpoint's
    capabilities: frozenset[str] = frozenset({"chat"})  # chat vision embedding image-generation audio tools reasoning
    strengths: tuple[str, ...] = ()
    quality: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # percent by kind of task
    quality_from: str = ""  # who measured that, when and how
    setup: str = ""  # how it gets onto this machine, e.g. a pull command; shown, never run
    aliases: tuple[str, ...] = ()
    locality: Locality | None = None  # states what the endpoint cannot tell (a relay to a cloud)
    retired: str | None = None  # why, naming the successor
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))  # sent with each call, as is


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who does a kind of work, in which order, and when the work is passed upwards."""

    name: str
    primary: str | None = None
    fallbacks: tuple[str, ...] = ()
    escalate_to: tuple[str, ...] = ()
    escalate_when: tuple[tuple[Condition, ...], ...] = ()  # any of these, each all of its conditions
    cloud_only: bool = False
    local_only: bool = False
    needs: frozenset[str] = frozenset({"chat"})  # capabilities a model must have
    max_output: int | None = None  # tokens
    judge: bool = False  # may give a verdict on high-risk work (GR-002)
    cloud_for_high_risk: bool = False  # high-risk work is never left to a local model (GR-002, GR-003)
    emits: str | None = None  # structured output that must be valid: "plan.json" or "verdict"
    on_cut: OnCut = OnCut.RESTART
    fall_back_on_refusal: bool = False
    handled_by: str | None = None  # done without a model (retrieval, camera): named, then refused by name
    planned_by: str | None = None  # the role that plans first where a route opens a plan
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An ordered rule: when all conditions hold for the task, the role does it. First match wins."""

    name: str
    role: str
    when: tuple[Condition, ...] = ()
    why: str = ""
    workflow: str | None = None  # "plan": plan, compare, ask the user; only then the role does it (document 001)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordRule:
    """One row of a policy's own keyword table: any of `words` in the prompt states `facts`. No words: always.

    The first row that says something about a fact decides it, before the classifier and after what the caller stated.
    """

    name: str
    facts: Mapping[str, FactValue]
    words: tuple[str, ...] = ()  # lower case
    # True: as words, in the part of a prompt that instructs; False: anywhere, also inside other words (document 003).
    whole_words: bool = False
    added: str | None = None  # why the row stands here although the policy's document does not have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Another program's configuration file that claims a default model, and the model this policy expects there."""

    kind: str  # openclaw
    path: str  # `~` is the user's home
    expect: str  # model name
    ref: str  # how that program calls the expected model, e.g. anthropic/claude-opus-4-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One step of the degradation curve: from `at` percent of a budget on, these models are rejected."""

    at: int
    name: str
    reject: frozenset[Tier] = frozenset()
    reject_locality: Locality | None = None
    prefer_cheaper: bool = False
    unless: tuple[Condition, ...] = ()  # a task for which all of these hold is exempt from `reject`


class BudgetUnit(StrEnum):
    TOKENS = "tokens"
    NANO_USD = "nano_usd"
    REQUESTS = "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rolling span of `seconds`, or a calendar `day`, `week` (from Monday) or `month`, in UTC."""

    seconds: int | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a budget counts. Every stated part must match; nothing stated = every cloud call."""

    provider: str | None = None
    endpoint: str | None = None
    model: str | None = None
    tier: Tier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    name: str
    limit: int
    unit: BudgetUnit
    window: Window
    scope: Scope = field(default_factory=Scope)


class ServiceKind(StrEnum):
    SYSTEMD_USER = "systemd-user"
    SYSTEMD_SYSTEM = "systemd-system"
    DOCKER = "docker"
    PODMAN = "podman"
    LAUNCHD = "launchd"
    PROCESS = "process"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something on this machine that can be restarted. `unit` is what its manager calls it."""

    name: str
    kind: ServiceKind
    unit: str
    command: tuple[str, ...] = ()  # kind process: the argv that we start ourselves, never a shell's line
    log: str | None = None  # kind launchd: the file its output goes to, which launchd does not show
    keep: str = "on-failure"  # kind process: when it is started again by itself: always, on-failure, never
    stop_s: float = 10.0  # kinds process, docker, podman: seconds between asking it to end and killing it


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything configuration says, checked and frozen. `revision` is the hash of the policy part."""

    policy: str
    revision: str
    endpoints: Mapping[str, Endpoint]
    models: Mapping[str, Model]
    roles: Mapping[str, Role]
    routes: tuple[Route, ...]
    bands: tuple[Band, ...] = ()  # ascending by `at`
    budgets: tuple[Budget, ...] = ()
    services: Mapping[str, Service] = field(default_factory=lambda: MappingProxyType({}))
    default_role: str = "general"
    local_only: bool = False
    queue_limit: int | None = None  # waiting requests at which a local endpoint counts as saturated
    version: str | None = None  # the policy document's own, which specs name (document 002 §8)
    critic: bool = False  # a second model may annotate answers, never block or rewrite them (GR-001)
    keywords: tuple[KeywordRule, ...] = ()
    similar_tasks: bool = False  # prefer what did well on similar tasks (document 004)
    gateway: Gateway | None = None

    def find(self, name: str) -> Model | None:
        """The model of that alias, other alias, id or `endpoint/id`, whatever its letter case; None if there is none.

        Several models may share an id (one served in two modes): an alias names one of them and wins over ids.
        """
        wanted = name.strip().lower()
        for names in (_aliases, _ids):
            for model in self.models.values():
                if wanted in (candidate.lower() for candidate in names(model)):
                    return model
        return None

    def endpoint_of(self, model: Model) -> Endpoint:
        return self.endpoints[model.endpoint]

    def locality_of(self, model: Model) -> Locality:
        """Where the model computes. An Ollama `:cloud` or `-cloud` tag is a relay, whatever the URL (trap T1)."""
        if model.locality is not None:
            return model.locality
        endpoint = self.endpoints[model.endpoint]
        if endpoint.kind is EndpointKind.OLLAMA and is_relay_tag(model.id):
            return Locality.CLOUD
        return endpoint.locality


def _aliases(model: Model) -> tuple[str, ...]:
    return (model.name, *model.aliases)


def _ids(model: Model) -> tuple[str, ...]:
    return (model.id, f"{model.endpoint}/{model.id}")


def is_relay_tag(model_id: str) -> bool:
    """True if an Ollama model of this name is proxied to ollama.com."""
    tag = model_id.rpartition(":")[2] if ":" in model_id else ""
    return tag == "cloud" or tag.endswith("-cloud")
