"""One look at one endpoint: bounded GETs under one deadline, and every way they fail turned into a `Probe`.

GET is the only method here, on purpose: nothing that loads, unloads, downloads or deletes can be written with it by
accident. Which paths are free of side effects is for `probe_kinds` to know (protocols.md §1.4).
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from pointsman.adapters.error_body import read_error
from pointsman.adapters.lenient import decode_json, one_line
from pointsman.adapters.metrics_text import Metrics, parse_metrics
from pointsman.adapters.redact import detail_line
from pointsman.adapters.retry_after import retry_after
from pointsman.adapters.settled import Settled
from pointsman.core.fleet import Endpoint
from pointsman.core.health import HealthState, Probe

LARGEST_BODY = 8 * 1024 * 1024  # bytes; the longest model list seen is under 1 MiB
# Uncompressed, so that the bound on the body is a bound on memory; JSON, because some gateways answer HTML otherwise.
_HEADERS = {"accept": "application/json, text/plain", "accept-encoding": "identity"}
_DEFAULT_WAIT = 15.0  # seconds, of a 429 that does not say
_QUOTA_WAIT = 600.0
_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
}


class LookFailed(Exception):
    """The endpoint is not usable; `probe` says in which way and why."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(probe.reason)
        self.probe = probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer, read whole. `status` is a plain int: 529 exists (trap T30)."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    connection: object | None = None  # over which it came, where the network tells

    @property
    def ok(self) -> bool:
        return self.status == 200

    def json(self) -> object:
        return decode_json(self.body)

    def metrics(self) -> Metrics:
        return parse_metrics(self.body.decode("utf-8", "replace"))

    def said(self) -> str:
        """What the body says went wrong, raw."""
        return read_error(self.body).message[:1000]


@dataclass(slots=True, kw_only=True)
class Look:
    """The means of one probe. `deadline` is in the event loop's time and bounds all of its GETs together."""

    client: httpx.AsyncClient
    endpoint: Endpoint
    key: str | None
    deadline: float
    budget_s: float  # what `deadline` stands for, for the words
    monotonic: Callable[[], float]
    wall: Callable[[], float]
    latency_ms: float | None = None
    asked: str = ""  # the first request, without its host: what the verdict rests on
    secrets: tuple[str, ...] = ()  # further keys, of other endpoints, that an answer may quote
    settled: Settled[Reply] = field(default_factory=Settled)
    _headers: dict[str, str] = field(default_factory=lambda: dict(_HEADERS))

    async def first(self, url: str, headers: Mapping[str, str]) -> Reply:
        """The GET that decides whether anything is there, and whose time is the latency. Raises LookFailed."""
        self._headers.update(headers)
        self.asked = f"GET {urlsplit(url).path or '/'}"
        started = self.monotonic()
        try:
            reply = await self._get(url)
        except TimeoutError:
            self.settled.forget()
            raise LookFailed(self.down(f"no answer within {self.budget_s:g} s")) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError, RuntimeError) as error:
            self.settled.forget()
            raise LookFailed(self.down(self._explain(error))) from error
        self.latency_ms = (self.monotonic() - started) * 1000.0
        self.settled.greeted(reply.connection, well=reply.ok)
        return reply

    async def more(self, url: str) -> Reply | None:
        """A further GET for figures. What does not arrive stays unknown: the endpoint is alive all the same."""
        try:
            return await self._get(url)
        except (TimeoutError, httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError, RuntimeError):
            return None

    async def lasting(self, url: str) -> Reply | None:
        """As `more`, for what only changes with a restart: a good answer is good for a few looks."""
        asked = (url, *self._headers.items())
        kept = self.settled.kept(asked, self.monotonic())
        if kept is not None:
            return kept
        reply = await self.more(url)
        if reply is not None and reply.ok:
            self.settled.keep(asked, reply, reply.connection, self.monotonic())
        return reply

    async def _get(self, url: str) -> Reply:
        async with asyncio.timeout_at(self.deadline):
            request = self.client.build_request("GET", _parsed(url), headers=self._headers, timeout=self.budget_s)
            response = await self.client.send(request, stream=True, follow_redirects=False)
            try:
                return Reply(
                    status=response.status_code,
                    body=await _read(response),
                    headers=response.headers,
                    connection=response.extensions.get("network_stream"),
                )
            finally:
                await response.aclose()

    # --- verdicts -------------------------------------------------------------------------------------------------

    def verdict(self, state: HealthState, reason: str, until: float | None = None) -> Probe:
        """A `Probe` whose reason is one printable line without our keys, which servers like to quote."""
        shown = detail_line(reason, (*((self.key,) if self.key else ()), *self.secrets))
        return Probe(state=state, reason=one_line(shown), until=until)

    def down(self, reason: str) -> Probe:
        return self.verdict(HealthState.DOWN, reason)

    def require(self, reply: Reply, *, absent: str | None = None) -> None:
        """Raises LookFailed unless the reply is a 200. `absent` is the reason of a 404, which is a wrong address."""
        if not reply.ok:
            raise LookFailed(self._refusal(reply, absent))

    def _refusal(self, reply: Reply, absent: str | None) -> Probe:
        reason = f"answered {reply.status}" + (f": {said}" if (said := reply.said()) else "")
        if reply.status in (401, 403):
            return self.verdict(HealthState.MISCONFIGURED, self._key_refused(reply, reason))
        if reply.status in (402, 429):
            return self.verdict(HealthState.RATE_LIMITED, reason, self.wall() + _wait(reply, self.wall()))
        if reply.status == 503 and "loading model" in read_error(reply.body).words:
            return self.verdict(HealthState.WARMING, "loading the model")
        if reply.status == 404 and absent is not None:
            return self.verdict(HealthState.MISCONFIGURED, absent)
        if 300 <= reply.status < 400:
            where = reply.headers.get("location", "elsewhere")
            return self.verdict(HealthState.MISCONFIGURED, f"redirects to {where}, which is not followed")
        return replace(self.down(reason), answered=True)

    def _key_refused(self, reply: Reply, reason: str) -> str:
        if self.key is None and reply.status == 401:
            return f"{reason}; it wants a key, and no key_env is configured"
        return f"{reason}; check {self.endpoint.key_env}" if self.endpoint.key_env else reason

    def _explain(self, error: BaseException) -> str:
        parts = urlsplit(self.endpoint.url)
        where = parts.netloc.rpartition("@")[2] or self.endpoint.url
        for cause in _causes(error):
            if isinstance(cause, socket.gaierror):
                return f"the name {parts.hostname} is not known"
            if isinstance(cause, ssl.SSLError):
                return f"TLS with {where} failed: {cause.reason or type(cause).__name__}"
            if isinstance(cause, OSError) and cause.errno in _REASONS:
                return f"{_REASONS[cause.errno]} at {where}"
        if isinstance(error, httpx.TimeoutException):
            return f"no answer within {self.budget_s:g} s"
        # The class is named because many of these have no message (trap T55).
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


_parsed = lru_cache(maxsize=256)(httpx.URL)  # the same few are asked every two seconds


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_BODY:
            raise ValueError(f"answered more than {LARGEST_BODY} bytes")
    return bytes(body)


def _causes(error: BaseException, depth: int = 12) -> tuple[BaseException, ...]:
    """The error and what led to it, groups opened: connecting to a name tries several addresses at once."""
    inner: list[BaseException] = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    cause = error.__cause__ or error.__context__
    if cause is not None:
        inner.append(cause)
    return (error, *(found for each in inner for found in _causes(each, depth - 1))) if depth else ()


def _wait(reply: Reply, now: float) -> float:
    """Seconds until it may be asked again."""
    stated = retry_after(reply.headers, reply.json(), now)
    if stated is not None:
        return stated
    return _QUOTA_WAIT if reply.status == 402 else _DEFAULT_WAIT
