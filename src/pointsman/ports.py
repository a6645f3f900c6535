"""The engine's ports: what it needs of the world, as Protocols. Adapters implement them; tests fake below them.

Everything async, nothing blocking. Times are Unix seconds, durations seconds, money nano-USD, sizes bytes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from pointsman.core.attempts import TaskOutcome
from pointsman.core.audit import AuditEvent, AuditRow, AuditState
from pointsman.core.chats import Chat, ChatFound, ChatHead, ChatTurn
from pointsman.core.checks import CheckLimits, CheckOrder, CheckRun
from pointsman.core.drift import Claim, Drift
from pointsman.core.fleet import Budget, Endpoint, Fleet, Model
from pointsman.core.grading import Code
from pointsman.core.health import Probe
from pointsman.core.measured import Measurement
from pointsman.core.outcome import Failed, TokenUsage
from pointsman.core.request import Attachment, Message, Task
from pointsman.core.similar import SimilarEvidence
from pointsman.core.snapshot import EndpointStatus, HostSample, Override, ServiceStatus
from pointsman.core.usage import Usage

# --- calling a model ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to make one call. Only `engine.ledger` makes them, after reservation and intent line are committed."""

    id: str  # also the reservation's id
    request: str
    model: str
    endpoint: str
    recorded: bool = True  # False: the store is unwritable and the call stays on this machine (scenarios.md K10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call in canonical form; a backend rebuilds the wire request from it, with no leftovers of other attempts."""

    endpoint: Endpoint
    model: Model
    messages: tuple[Message, ...]
    max_output: int  # tokens
    # What a backend needs to keep the prompt on this machine when it must not leave it (promises.md §7).
    local_only: bool = False
    server_version: str | None = None  # as the endpoint's last probe told
    attested: bool = False  # the endpoint lists the model as computed by itself
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, as received: untrusted."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Figures that arrived before the end: usage so far, or the model that says it answers. Cumulative, not deltas."""

    usage: TokenUsage | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The server works but says nothing yet: loading, reading the prompt. `done` in 0..1 where told."""

    stage: str
    done: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The protocol's own end marker. After it a backend yields nothing more."""

    reason: str  # OpenAI's words: stop, length, tool_calls, content_filter, ...
    usage: TokenUsage | None = None
    model: str | None = None
    tokens_per_s: float | None = None  # as the server measured it
    tool_calls: bool = False
    notes: tuple[str, ...] = ()


Chunk = Text | Reasoning | Seen | Progress | Finish


class CallFailed(Exception):
    """A call that did not end well. `failed` says how; its detail is untrusted text."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(f"{failed.kind}: {failed.detail}")
        self.failed = failed


class Backend(Protocol):
    """Speaks one endpoint's dialect. One long-lived connection pool; no retries, no fallback, no clocks of its own but
    the connect timeout: the dispatcher holds the others."""

    def stream(self, ticket: Ticket, call: Call) -> AsyncIterator[Chunk]:
        """Yields chunks and ends with exactly one `Finish`, or raises CallFailed. Closing the iterator hangs up."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    health: Probe
    status: EndpointStatus | None = None  # None when nothing answered


class Prober(Protocol):
    async def probe(self, endpoint: Endpoint) -> Probed:
        """Looks at the endpoint without side effects (protocols.md §1.4). Never raises for what the endpoint does."""
        ...

    async def aclose(self) -> None: ...


# --- structured answers ------------------------------------------------------------------------------------------


class InvalidOutput(ValueError):
    """An answer that is not what its role must emit; the text says what is missing, on one line."""


class Outputs(Protocol):
    """What the structured outputs of `Role.emits` look like."""

    def instruction(self, emits: str) -> str:
        """What the model is told, its JSON Schema included."""
        ...

    def read(self, emits: str, answer: str, material: str) -> Mapping[str, object]:
        """The answer's content. `material` is the text that it may cite. Raises InvalidOutput."""
        ...


# --- checks of replies -------------------------------------------------------------------------------------------


class Checker(Protocol):
    """Runs the user's own commands, by argv and under limits (GR-010)."""

    def directory(self, named: str) -> str:
        """The real path of a directory that the user named. Raises ValueError if no check may run there."""
        ...

    async def run(self, order: CheckOrder, limits: CheckLimits, stdin: str) -> CheckRun:
        """Runs it to its end or to a limit, then ends everything it began. `stdin` is the reply that is checked.
        Never raises for what the command does; the run's `guarantee` says what held."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeVerdict:
    """Did a model's code pass its tests? None: it was not run. `why` may quote what the code printed: untrusted."""

    passed: bool | None
    why: str = ""


class CodeJudge(Protocol):
    """Runs code that a model wrote, where it can reach nothing of the user's."""

    async def problem(self) -> str | None:
        """Why no code can be run here; None if it can."""
        ...

    async def judge(self, code: Code, answer: str) -> CodeVerdict: ...


class EvidenceBox(Protocol):
    """Keeps evidence artifacts, readable by the user alone. An artifact is never changed."""

    async def keep(self, evidence_id: str, text: str) -> None:
        """Durable when this returns. Raises StoreUnavailable."""
        ...

    async def read(self, evidence_id: str) -> str:
        """Raises LookupError if there is none, StoreUnavailable if it cannot be read."""
        ...


# --- the machine -------------------------------------------------------------------------------------------------


class HostProbe(Protocol):
    async def sample(self) -> HostSample: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResult:
    """What a service command did. `ok` means the manager accepted it, not that the model answers (trap T44)."""

    ok: bool
    text: str
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOwner:
    """Who listens on a port. `ours` None: it cannot be told, and `text` says why."""

    ours: bool | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLimit:
    """A manager that allows only `burst` starts within `seconds`, and then gives the service up."""

    burst: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a service's log, untrusted. `note`: our own word about the log, e.g. why it is empty."""

    text: str
    at: float | None = None  # Unix seconds; None: the log keeps no times
    level: int | None = None  # of syslog, 0 to 7: smaller is worse
    note: bool = False


LogPieces = AsyncGenerator[tuple[LogLine, ...], None]


class Services(Protocol):
    async def status(self) -> tuple[ServiceStatus, ...]: ...

    def command(self, name: str, verb: str) -> tuple[str, ...]:
        """The exact argv that `act` would run, for the confirmation. Raises KeyError for an unknown service."""
        ...

    async def act(self, name: str, verb: str) -> ServiceResult:
        """`verb` is start, stop, restart or (where the manager knows it) reset-failed. Never through a shell."""
        ...

    async def start_limit(self, name: str) -> StartLimit | None:
        """None: the manager has none, or does not say."""
        ...

    async def port_owner(self, name: str, url: str) -> PortOwner:
        """Does the service itself listen where `url` points?"""
        ...

    async def logs(self, name: str, lines: int) -> tuple[str, ...]:
        """The last lines, untrusted text."""
        ...

    def follow(self, name: str, lines: int) -> LogPieces:
        """First the last lines, or a note why there are none; then what is written, in pieces as it comes. Ends with
        a note where nothing more can come. Closing it ends what was started for it."""
        ...


@runtime_checkable
class TellsChanges(Protocol):
    """Services that say so when one of them changed."""

    async def changed(self) -> None:
        """Returns once one has changed since this returned last; perhaps never."""
        ...


class Memory(Protocol):
    """How replies to past tasks were found, by fingerprint. Keeps no word of a prompt. Raises StoreUnavailable."""

    async def recall(self, task: Task, text: str) -> SimilarEvidence | None:
        """The model that surely did well on similar tasks; None if none did."""
        ...

    async def remember(self, request: str, task: Task, text: str, at: float) -> None:
        """Keeps the fingerprint of a request, for the verdict that may follow."""
        ...

    async def record(self, request: str, model: str, good: bool, at: float) -> bool:
        """A verdict on the model's reply; a later one replaces it. False if the request is not remembered."""
        ...

    async def aclose(self) -> None: ...


class GatewayFile(Protocol):
    """Another program's configuration, which claims a default model. Changed only through that program's own CLI."""

    async def claim(self) -> Claim | None:
        """What the file says now; None if there is no file. Never raises for what stands in it."""
        ...

    async def back_up(self, at: float) -> str:
        """A private copy of the file; returns its path. Raises OSError."""
        ...

    async def revert(self, drift: Drift) -> ServiceResult:
        """Runs the drift's command. `ok` means the file says what the policy expects afterwards."""
        ...


class Residency(Protocol):
    """Loads models into a server's memory and takes them out again. It has no way to erase anything (trap T2)."""

    def describe(self, endpoint: Endpoint, model: Model, verb: str, seconds: float | None = None) -> str:
        """The request that `load`, `keep` or `unload` would send, in one line; empty if that server cannot be told."""
        ...

    async def load(self, endpoint: Endpoint, model: Model) -> ServiceResult:
        """Returns once the model is in memory, or with the reason why it is not. Never raises for the server."""
        ...

    async def keep(self, endpoint: Endpoint, model: Model, seconds: float | None) -> ServiceResult:
        """It stays in memory that long after its last use; None: until it is unloaded. Loads it if need be."""
        ...

    async def unload(self, endpoint: Endpoint, model_id: str) -> ServiceResult:
        """Returns once the server no longer lists it as loaded. `model_id` is the server's own name."""
        ...


class Clock(Protocol):
    def now(self) -> float:
        """Wall clock, Unix seconds."""
        ...

    def monotonic(self) -> float: ...

    def jitter(self) -> float:
        """A random figure in 0..1."""
        ...

    def new_id(self) -> str:
        """A fresh identifier, sortable by time."""
        ...


# --- the screen's own ---------------------------------------------------------------------------------------------


class ScreenFiles(Protocol):
    """What the screen reads and writes beside the ledger. Nothing here is needed to route."""

    async def export(self, name: str, text: str) -> str:
        """Writes a new file that only the user can read, without known keys; returns its path. Raises OSError."""
        ...

    def crash(self, trace: str) -> tuple[str, str | None]:
        """A traceback without known keys, and the file it was written to; None if it could not be written."""
        ...

    async def picture(self, svg: str) -> str:
        """As `export`, of a picture of the screen: whatever is shaped like a key, or is one, is not on it."""
        ...

    async def copy(self, text: str) -> str:
        """Hands it to the desktop's clipboard; the name of the program that took it, or nothing if none is here."""
        ...

    async def attach(self, path: str) -> Attachment:
        """Reads a file that the user named. Raises ValueError, in words for the user, for what cannot be sent."""
        ...

    async def edit(self, text: str) -> str:
        """The text as the user's own editor leaves it, in the terminal, which is the editor's meanwhile. Raises
        ValueError, in words for the user, if it cannot be run or gives nothing back."""
        ...

    def arrangement(self) -> Mapping[str, object]:
        """What was last kept; empty if nothing was, or if it cannot be read."""
        ...

    async def keep_arrangement(self, arrangement: Mapping[str, object]) -> None:
        """Keeps a small JSON document about the looks of the screen. Failing to keep it is no error."""
        ...

    def open_talks(self) -> Mapping[str, object]:
        """Which conversations stood open, and what was not sent; empty as `arrangement` is."""
        ...

    async def keep_open_talks(self, open_talks: Mapping[str, object]) -> None:
        """As `keep_arrangement`, of what a person wrote: known keys are not in it."""
        ...


class Chats(Protocol):
    """The conversations of the screen, kept as they go. Their keys are redacted. Raises StoreUnavailable, and
    LookupError for a conversation that is not there."""

    async def keep(self, head: ChatHead, place: int, turn: ChatTurn) -> None:
        """Keeps the turn at that place, from 0, in place of what stood there; and the head, unless a title that the
        user gave would be lost. Durable when this returns."""
        ...

    async def keep_copy(self, head: ChatHead, turns: Sequence[ChatTurn]) -> None:
        """A new conversation with these turns, all at once."""
        ...

    async def cut(self, chat: str, place: int) -> None:
        """Drops the turns from that place on."""
        ...

    async def heads(self, limit: int = 200) -> tuple[ChatHead, ...]:
        """The last changed first."""
        ...

    async def search(self, written: str, limit: int = 50) -> tuple[ChatFound, ...]:
        """By title, and by what stands in prompts and answers; the nearest first."""
        ...

    async def open(self, chat: str, detailed: int = 0) -> Chat:
        """All of its turns, the newest `detailed` of them with their `detail`."""
        ...

    async def details(self, chat: str, first: int, end: int) -> tuple[ChatTurn, ...]:
        """The turns of places first to end (exclusive), with their `detail`."""
        ...

    async def rename(self, chat: str, title: str) -> None: ...

    async def delete(self, chat: str) -> None:
        """Nothing of it is left in the file."""
        ...

    async def aclose(self) -> None: ...


class Policies(Protocol):
    """The other policies of this configuration, for questions of the kind `what if`."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def fleet(self, name: str) -> Fleet:
        """The fleet as it would be under that policy. Reads files. Raises ValueError."""
        ...


def _nothing() -> None:
    """For what changes nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineup:
    """What a configuration came to, whole and valid, ready to be put in force at once."""

    fleet: Fleet
    backends: Mapping[str, Backend]
    policies: Policies | None = None
    remarks: tuple[str, ...] = ()  # standing words about it
    adopt: Callable[[], None] = _nothing  # what else must change in that same moment


class ConfigurationWrong(Exception):
    """It cannot be used: every problem, each with file, line and key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Configuration(Protocol):
    """The file that the fleet came from."""

    @property
    def source(self) -> str: ...

    async def changed(self) -> bool:
        """Has it been changed since it was last read, and is nobody writing it any more?"""
        ...

    async def read(self) -> Lineup:
        """Raises ConfigurationWrong."""
        ...


# --- the store ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a call may cost at worst, or did cost, in every unit a budget may count."""

    tokens: int
    nano_usd: int | None  # None: price unknown (local models: 0)
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    id: str
    request: str
    model: str
    endpoint: str
    at: float
    worst: Charge
    budgets: tuple[str, ...]  # names of the budgets it counts against


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFull:
    """A reservation that did not fit: which budget, and the figures."""

    budget: str
    used: int
    wanted: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a reservation ended. `charge` replaces the reserve; `estimated` when no usage arrived."""

    reservation: str
    at: float
    charge: Charge
    usage: TokenUsage | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """A window over the audit, newest first. Every stated part must match; `text` is a substring of the sentence."""

    before: int | None = None  # seq
    after: int | None = None
    limit: int = 200
    type: str | None = None
    request: str | None = None
    model: str | None = None
    rule: str | None = None
    actor: str | None = None
    text: str | None = None
    since: float | None = None  # Unix seconds, of the lines' own clock
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTotal:
    """Ledger totals of one model since some time."""

    model: str
    requests: int
    input_tokens: int
    output_tokens: int
    nano_usd: int
    estimated: int  # how many of the requests were estimated


class Measurements(Protocol):
    """What was measured of the models, kept with its date. Raises StoreUnavailable."""

    async def put_measurement(self, measurement: Measurement) -> None:
        """Durable when this returns. Nothing older is changed."""
        ...

    async def measurements(self) -> tuple[Measurement, ...]:
        """The newest of each sort of each model at each endpoint."""
        ...


class StoreUnavailable(Exception):
    """The store cannot be written (disk full, read-only, permission lost): nothing may leave the machine."""


class Store(Protocol):
    """The ledger, the audit and the overrides: one file, one writer. Writes raise StoreUnavailable."""

    async def reserve(
        self, reservation: Reservation, budgets: Sequence[Budget], intent: Sequence[AuditEvent]
    ) -> BudgetFull | None:
        """Reservation and intent lines in one transaction, durable when this returns. `budgets` are those it counts
        against; if one is too full nothing is written and its figures come back. Exactly at the limit fits."""
        ...

    async def settle(self, settlement: Settlement, lines: Sequence[AuditEvent]) -> None:
        """Replaces the reserve by the charge and writes the outcome lines, in one transaction."""
        ...

    async def append(self, lines: Sequence[AuditEvent]) -> None: ...

    async def recover(self, now: float) -> int:
        """Charges reservations left open by a crash at their reserve, one audit line each; returns how many."""
        ...

    async def usage(self, budgets: Sequence[Budget], now: float) -> Mapping[str, Usage]: ...

    async def totals(self, since: float) -> tuple[ModelTotal, ...]: ...

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        """Tokens of each model in each of the 24 hours from `since` on, closed calls only."""
        ...

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]: ...

    async def audit_size(self) -> int: ...

    async def check_audit(self, tell: Callable[[AuditState], None] | None = None) -> AuditState:
        """Whether the audit is what was written: every line the first time, what was added since from then on. `tell`
        hears how far a long first look is."""
        ...

    async def overrides(self, now: float) -> tuple[Override, ...]: ...

    async def put_override(self, override: Override, line: AuditEvent) -> None: ...

    async def drop_override(self, override_id: str, line: AuditEvent) -> None: ...

    async def put_outcome(self, outcome: TaskOutcome, lines: Sequence[AuditEvent]) -> None:
        """The outcome of a reply with its audit lines, in one transaction."""
        ...

    async def outcomes(self, task: str) -> tuple[TaskOutcome, ...]:
        """What was said about the replies of a task, oldest first."""
        ...

    async def doubtful(self) -> bool:
        """Does a look at its disk, without writing, suggest that it cannot be written? Cheap, and may be wrong."""
        ...

    async def writable(self) -> str | None:
        """None if a line could be written now, else why not."""
        ...

    async def aclose(self) -> None: ...
