"""What a simulated server may refuse, in neutral words; each dialect has a table that turns it into its own answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class ProblemKind(StrEnum):
    AUTH = "auth"
    BAD_JSON = "bad_json"
    BAD_REQUEST = "bad_request"
    BUSY = "busy"
    LOADING = "loading"
    NOT_FOUND = "not_found"
    NO_SUCH_MODEL = "no_such_model"
    OUT_OF_MEMORY = "out_of_memory"
    OVERFLOW = "overflow"
    RATE_LIMITED = "rate_limited"
    UNSUPPORTED = "unsupported"
    WRONG_METHOD = "wrong_method"


class Problem(Exception):
    """Raised by a handler, answered in the dialect of its server."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str = "",
        *,
        model: str = "",
        tokens: int = 0,
        limit: int = 0,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail or str(kind))
        self.kind = kind
        self.detail = detail
        self.model = model
        self.tokens = tokens  # of the prompt, when it is too long
        self.limit = limit  # of the context, likewise
        self.retry_after = retry_after  # seconds


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a dialect's table. `text` may name {detail}, {model}, {tokens}, {limit}."""

    status: int
    type: str
    text: str
    code: str | None = None

    def message(self, problem: Problem) -> str:
        return self.text.format(detail=problem.detail, model=problem.model, tokens=problem.tokens, limit=problem.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: object
    headers: Mapping[str, str]


Table = Mapping[ProblemKind, Row]
Envelope = Callable[[Row, str, Problem], object]  # row, its message, the problem -> the JSON body


def answer(table: Table, envelope: Envelope, problem: Problem, *, retry_header: bool = True) -> Answer:
    row = table[problem.kind]
    told = retry_header and problem.retry_after is not None
    headers = {"Retry-After": str(problem.retry_after)} if told else {}
    return Answer(status=row.status, body=envelope(row, row.message(problem), problem), headers=headers)
