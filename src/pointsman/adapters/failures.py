"""What went wrong: the one ordered table that turns statuses, texts and exceptions into a `Failed`. Pure.

Text and type are looked at first, the status second: servers put request faults under 500 and empty purses under 403
or 429 (trap T24). Sources: protocols.md §13. Nothing here decides what follows from a failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from pointsman.adapters.error_body import ErrorBody, read_error
from pointsman.adapters.guard import GuardRefused
from pointsman.adapters.redact import detail_line
from pointsman.adapters.retry_after import retry_after
from pointsman.core.outcome import Failed, FailureKind

Needle = str | tuple[str, ...]  # a substring, lower case; a tuple: all of them


@dataclass(frozen=True, slots=True)
class Row:
    """If one needle is in the body's words (and the status is among `statuses`, if given), it is this kind."""

    kind: FailureKind
    needles: tuple[Needle, ...]
    statuses: frozenset[int] | None = None

    def matches(self, words: str, status: int | None) -> bool:
        if self.statuses is not None and status not in self.statuses:
            return False
        return any(_within(needle, words) for needle in self.needles)


def _within(needle: Needle, words: str) -> bool:
    return needle in words if isinstance(needle, str) else all(part in words for part in needle)


_OUT_OF_MEMORY = (
    "out of memory",
    "out of device memory",
    "out-of-memory",
    "cudamalloc failed",
    "hipmalloc failed",
    "failed to allocate",
    "unable to allocate",
    "allocation failed",
    "not enough memory",
    "insufficient memory",
    "vk_error_out_of_device_memory",
    "erroroutofmemory",
    "requires more system memory",
    "unable to load full model on gpu",
    "insufficient system resources",
    "insufficient_system_memory",
    "resource limitations",
    "no available memory for the cache blocks",
    "to serve at least one request with the model's max seq len",
    "free memory on device",
    "failed to initialize the context",
    "failed to create context with model",
    "engine core initialization failed",
    "oom-kill",
    "oomkilled",
)
_LOAD_FAILED = (
    "failed to load",
    "error loading model",
    "model loading error",
    "failed to open gguf",
    "unknown model architecture",
    "timed out waiting for llama-server to start",
)
_CONTEXT_OVERFLOW = (
    "context_length_exceeded",
    "exceed_context_size_error",
    "exceed context limit",
    "maximum context length is",
    "requested token count exceeds the model's maximum context length",
    "model's maximum context limit",
    "is longer than the model's context length",
    "exceed the configured limit",
    "exceeds the available context size",
    "is larger than the max context size",
    "exceeds the context length",
    "longer than the context length",
    "exceeds the maximum number of tokens allowed",
    "prompt is too long",
    "exceeded model token limit",
    "input token length too long",
    "greater than the context length",
    "n_keep",
    "trying to keep the first",
    "longer than the maximum model length",
    "parameter=input_tokens",
)
_QUOTA = (
    "insufficient_quota",
    "exceeded your current quota",
    "exceeded_current_quota",
    "insufficient balance",
    "insufficient_balance",
    "insufficient credits",
    "credit balance is too low",
    "billing_error",
    "payment_required",
    "reached your usage limit",
)

# First match wins. The order is part of the meaning; the comments say where it matters.
TABLE: tuple[Row, ...] = (
    # Speaks of tokens but is about max_tokens, not about the context (trap T29).
    Row(FailureKind.BAD_REQUEST, ("which is the maximum allowed number of output tokens",)),
    # Our picture, not their model.
    Row(FailureKind.BAD_REQUEST, ("failed to load image", "failed to load audio")),
    Row(FailureKind.CONTEXT_OVERFLOW, _CONTEXT_OVERFLOW),
    Row(FailureKind.OUT_OF_MEMORY, _OUT_OF_MEMORY),
    Row(FailureKind.LOAD_FAILED, _LOAD_FAILED),
    # A runner that died without a better reason: memory, says its maker.
    Row(FailureKind.OUT_OF_MEMORY, ("process has terminated", "runner has unexpectedly stopped")),
    Row(
        FailureKind.LOADING,
        ("loading model", "model is loading", "currently loading", "still loading"),
        frozenset({503}),
    ),
    Row(
        FailureKind.BUSY,
        ("server busy", "maximum pending requests", "no slot available", "engine is currently busy"),
    ),
    # Gemini calls every 429 a quota and means the rate; so it goes before the quota row.
    Row(FailureKind.RATE_LIMITED, ("resource_exhausted",)),
    Row(FailureKind.QUOTA, _QUOTA),
    Row(FailureKind.QUOTA, ("billing", "quota"), frozenset({402, 403})),
    Row(
        FailureKind.OVERLOADED,
        ("overloaded_error", "engine_overloaded", "provider_overloaded", "insufficient_system_resource"),
    ),
    Row(
        FailureKind.RATE_LIMITED,
        ("rate_limit", "ratelimit", "rate limit", "too many requests"),
    ),
    Row(
        FailureKind.REFUSAL,
        ("content_filter", "content_policy", "content policy", "content management policy", ("moderation", "flagged")),
    ),
    Row(FailureKind.AUTH, ("invalid_api_key", "incorrect_api_key", "api key not valid", "api_key_invalid")),
    Row(
        FailureKind.MODEL_MISSING,
        (
            "model_not_found",
            "no router for requested model",
            "model is not loaded",
            "is not a valid model id",
            ("model", "not found"),
            ("model", "does not exist"),
        ),
        frozenset({400, 404}),
    ),
    Row(
        FailureKind.UNSUPPORTED,
        (
            "image input is not supported",
            "mmproj",
            "does not support",
            "not_supported_error",
            "feature_disabled",
        ),
    ),
    Row(FailureKind.TOO_LARGE, ("request_too_large", "request entity too large", "payload too large")),
    # llama-server answers 500 to JSON it cannot read.
    Row(FailureKind.BAD_REQUEST, ("[json.exception.",)),
)

_BY_STATUS: Mapping[int, FailureKind] = {
    401: FailureKind.AUTH,
    402: FailureKind.QUOTA,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.MODEL_MISSING,
    408: FailureKind.SERVER_ERROR,
    409: FailureKind.SERVER_ERROR,
    413: FailureKind.TOO_LARGE,
    429: FailureKind.RATE_LIMITED,
    499: FailureKind.INTERRUPTED,
    501: FailureKind.UNSUPPORTED,
    503: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}

# Only where no status says it: an error frame inside a stream that began with 200.
_BY_TYPE: tuple[Row, ...] = (
    Row(FailureKind.AUTH, ("authentication_error", "invalid_authentication_error", "unauthenticated", "unauthorized")),
    Row(FailureKind.FORBIDDEN, ("permission_error", "permission_denied")),
    Row(FailureKind.MODEL_MISSING, ("not_found_error", "notfounderror")),
    Row(FailureKind.BAD_REQUEST, ("invalid_request_error", "badrequesterror", "invalid_argument")),
    Row(FailureKind.OVERLOADED, ("overloaded", "unavailable_error", "serviceunavailableerror")),
)

# Only these are helped by waiting; an empty purse is not.
_WAIT_HELPS = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.BUSY,
        FailureKind.LOADING,
        FailureKind.SERVER_ERROR,
    }
)


def classify(
    status: int | None,
    headers: Mapping[str, str],
    body: bytes | str | object,
    *,
    now: float,
    secrets: Sequence[str] = (),
) -> Failed:
    """The failure that a reply tells. Never raises.

    `status` is the HTTP status (None: it did not arrive), `body` the bytes received or the decoded error frame of a
    stream; a status told inside the body counts where the HTTP one says 200. `now` is Unix seconds, for dates in
    headers; `secrets` never reach the detail.
    """
    said = read_error(body)
    effective = said.code if (status is None or status < 400) and said.code is not None else status
    kind = _kind(effective, said)
    wait = retry_after(_waiting_headers(headers, kind), said.value, now) if kind in _WAIT_HELPS else None
    return Failed(kind=kind, detail=_detail(effective, said, headers, secrets), status=effective, retry_after=wait)


def _kind(status: int | None, said: ErrorBody) -> FailureKind:
    for row in TABLE:
        if row.matches(said.words, status):
            return row.kind
    if status is not None and status >= 300:
        return _by_status(status)
    return next((row.kind for row in _BY_TYPE if row.matches(said.words, status)), FailureKind.SERVER_ERROR)


def _by_status(status: int) -> FailureKind:
    if status < 400:
        return FailureKind.BAD_STREAM  # a redirect: never followed, the key would go along
    return _BY_STATUS.get(status, FailureKind.BAD_REQUEST if status < 500 else FailureKind.SERVER_ERROR)


def _waiting_headers(headers: Mapping[str, str], kind: FailureKind) -> Mapping[str, str]:
    """Counters' resets come with every reply of some providers; they are the reason only of a rate limit."""
    if kind is FailureKind.RATE_LIMITED:
        return headers
    return {name: value for name, value in headers.items() if name.lower().startswith("retry-after")}


def _detail(status: int | None, said: ErrorBody, headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    if status is not None and 300 <= status < 400:
        target = next((value for name, value in headers.items() if name.lower() == "location"), "nowhere")
        return detail_line(f"HTTP {status} redirects to {target}; redirects are not followed", secrets)
    line = detail_line(said.message or said.words, secrets)
    if line:
        return line
    return f"HTTP {status} with no explanation" if status is not None else "an error with no explanation"


def from_exception(error: Exception, *, received: bool, secrets: Sequence[str] = ()) -> Failed:
    """The failure behind what the HTTP client raised. `received`: part of the reply's body had come.

    The detail names the exception's class where its text is empty, as that of `ReadTimeout` is (trap T55).
    """
    said = detail_line(str(error), secrets)
    name = type(error).__name__
    return Failed(kind=_kind_of(error, received), detail=f"{name}: {said}" if said else name)


def _kind_of(error: Exception, received: bool) -> FailureKind:
    if isinstance(error, GuardRefused):
        return FailureKind.LOCAL_GUARD
    if isinstance(error, httpx.ConnectTimeout):
        return FailureKind.CONNECT_TIMEOUT
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return FailureKind.REFUSED
    if isinstance(error, httpx.TimeoutException):
        return FailureKind.IDLE_TIMEOUT if received else FailureKind.FIRST_TOKEN_TIMEOUT
    if isinstance(error, httpx.DecodingError):
        return FailureKind.BAD_STREAM
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        # Before the first byte nobody has seen anything: one quick retry is allowed (scenarios.md B5).
        return FailureKind.STREAM_CUT if received else FailureKind.SERVER_ERROR
    return FailureKind.INTERNAL
