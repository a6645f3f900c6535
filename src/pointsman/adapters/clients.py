"""One long-lived HTTP client per endpoint, and the headers that open it. The only place here that reads keys.

A key is read anew for every call, is never kept, and never enters an exception or a log line.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from functools import cache

import httpx

from pointsman import __version__
from pointsman.core.fleet import Endpoint, EndpointKind
from pointsman.core.outcome import Failed, FailureKind
from pointsman.ports import CallFailed

ANTHROPIC_VERSION = "2023-06-01"
_KEPT_ALIVE_S = 60.0

TransportFor = Callable[[Endpoint], httpx.AsyncBaseTransport]


class Clients:
    """Makes and keeps the clients. `transport` replaces the network per endpoint: a guard's, or a test's own."""

    def __init__(self, *, environ: Mapping[str, str] | None = None, transport: TransportFor | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._transport = transport
        self._clients: dict[Endpoint, httpx.AsyncClient] = {}

    def of(self, endpoint: Endpoint) -> httpx.AsyncClient:
        """The endpoint's client: no proxies or .netrc from the environment, no redirects, only a connect timeout."""
        client = self._clients.get(endpoint)
        if client is None:
            client = self._clients[endpoint] = self._make(endpoint)
        return client

    def key(self, endpoint: Endpoint) -> str | None:
        """The key, or None for an endpoint that needs none. Raises CallFailed(AUTH) if it is missing or unusable."""
        if endpoint.key_env is None:
            return None
        key = self._environ.get(endpoint.key_env, "").strip()
        if not key:
            raise _unauthorised(f"environment variable {endpoint.key_env} is not set")
        if not (key.isascii() and key.isprintable()) or " " in key:
            # Said here, because the HTTP library's own complaint would quote the key.
            raise _unauthorised(f"environment variable {endpoint.key_env} holds more than a key")
        return key

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """What every call of this endpoint carries. Raises CallFailed(AUTH)."""
        key = self.key(endpoint)
        headers = {
            # Compressed streams defeat both prompt delivery and bounds; some gateways choose the error format by this.
            "accept": "application/json, text/event-stream, application/x-ndjson",
            "accept-encoding": "identity",
            "user-agent": f"pointsman/{__version__}",
        }
        if endpoint.kind is EndpointKind.ANTHROPIC:
            headers["anthropic-version"] = ANTHROPIC_VERSION
            return headers if key is None else headers | {"x-api-key": key}
        return headers if key is None else headers | {"authorization": f"Bearer {key}"}

    async def aclose(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def _make(self, endpoint: Endpoint) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=None if self._transport is None else self._transport(endpoint),
            trust_env=False,
            follow_redirects=False,
            verify=_trust(endpoint.url.lower().startswith("https:")),
            timeout=httpx.Timeout(None, connect=endpoint.deadlines.connect),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=_KEPT_ALIVE_S),
        )


@cache
def _trust(encrypted: bool) -> ssl.SSLContext:
    """One context for all clients: loading the authorities takes tens of milliseconds. Without TLS, one that trusts
    nobody. A corporate authority in SSL_CERT_FILE counts; it names files, it sends nothing anywhere."""
    return httpx.create_ssl_context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _unauthorised(detail: str) -> CallFailed:
    return CallFailed(Failed(kind=FailureKind.AUTH, detail=detail))
