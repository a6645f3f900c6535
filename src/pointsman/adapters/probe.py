"""The active look at an endpoint: `ports.Prober` over HTTP. At most one probe's time and counters live here.

It owns which key goes along, and what is kept between probes: counters, and answers that only a restart changes. It
never retries, never sends anything but GET, and never raises for what an endpoint does. The clients belong to whoever
made them.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from pointsman.adapters.probe_kinds import looker_for
from pointsman.adapters.probe_look import Look, LookFailed, Reply
from pointsman.adapters.secrets import Secrets, SecretsRefused
from pointsman.adapters.settled import Settled
from pointsman.core.fleet import Endpoint
from pointsman.core.health import HealthState, Probe
from pointsman.ports import CallFailed, Probed

PROBE_SECONDS = 2.0
_RATE_KEPT = 60.0  # seconds a measured speed is shown after the last token


@dataclass(frozen=True, slots=True)
class _Counters:
    tokens: float
    seconds: float
    rate: float | None
    measured_at: float  # monotonic


class CounterRates:
    """Tokens/s per endpoint from two counters that only grow; one that goes back means a restart."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last: dict[str, _Counters] = {}

    def per_second(self, endpoint: str, tokens: float | None, seconds: float | None) -> float | None:
        """The speed of what was generated since the last probe, else of the last minute; None when unknown."""
        if tokens is None or seconds is None:
            self._last.pop(endpoint, None)
            return None
        now = self._monotonic()
        kept = self._advance(self._last.get(endpoint), tokens, seconds, now)
        self._last[endpoint] = kept
        return kept.rate

    @staticmethod
    def _advance(last: _Counters | None, tokens: float, seconds: float, now: float) -> _Counters:
        if last is None or tokens < last.tokens or seconds < last.seconds:
            return _Counters(tokens, seconds, None, now)
        if tokens > last.tokens and seconds > last.seconds:
            return _Counters(tokens, seconds, (tokens - last.tokens) / (seconds - last.seconds), now)
        if now - last.measured_at > _RATE_KEPT:
            return _Counters(tokens, seconds, None, last.measured_at)
        return _Counters(last.tokens, last.seconds, last.rate, last.measured_at)


class HttpProber:
    """Probes every kind of endpoint. `client_of` gives the endpoint's own long-lived client, guarded if local."""

    def __init__(
        self,
        client_of: Callable[[Endpoint], httpx.AsyncClient],
        *,
        environ: Mapping[str, str] | None = None,
        secrets: Secrets | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        seconds: float = PROBE_SECONDS,
    ) -> None:
        self._client_of = client_of
        self._secrets = secrets or Secrets(environ=environ)
        self._monotonic = monotonic
        self._wall = wall
        self._seconds = seconds
        self._rates = CounterRates(monotonic)
        self._settled: defaultdict[Endpoint, Settled[Reply]] = defaultdict(Settled)

    async def probe(self, endpoint: Endpoint) -> Probed:
        """State and figures of the endpoint, within `seconds` in total."""
        if endpoint.retired is not None:
            return Probed(health=Probe(state=HealthState.RETIRED, reason=endpoint.retired))
        try:
            look = self._look(endpoint, self._key(endpoint))
            return await looker_for(endpoint.kind)(look, self._rates)
        except LookFailed as failed:
            return Probed(health=failed.probe)

    async def aclose(self) -> None:
        self._rates = CounterRates(self._monotonic)

    def _look(self, endpoint: Endpoint, key: str | None) -> Look:
        return Look(
            client=self._client(endpoint),
            endpoint=endpoint,
            key=key,
            deadline=asyncio.get_running_loop().time() + self._seconds,
            budget_s=self._seconds,
            monotonic=self._monotonic,
            wall=self._wall,
            secrets=self._secrets.known(),
            settled=self._settled[endpoint],
        )

    def _key(self, endpoint: Endpoint) -> str | None:
        """The key, read anew for each probe. A missing one is our misconfiguration: nothing is sent."""
        if endpoint.key_env is None:
            return None
        try:
            found = self._secrets.find(endpoint.key_env)
        except SecretsRefused as refused:
            raise LookFailed(_misconfigured(str(refused))) from None
        if found is None:
            raise LookFailed(_misconfigured(f"environment variable {endpoint.key_env} is not set"))
        return found.reveal()

    def _client(self, endpoint: Endpoint) -> httpx.AsyncClient:
        try:
            return self._client_of(endpoint)
        except CallFailed as refused:  # local_only came between
            raise LookFailed(_misconfigured(refused.failed.detail)) from None


def _misconfigured(reason: str) -> Probe:
    return Probe(state=HealthState.MISCONFIGURED, reason=reason)
