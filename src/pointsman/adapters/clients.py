"""One long-lived HTTP client per endpoint, and the headers that open it.

A key is read anew for every call, is never kept, and never enters an exception or a log line.
"""

from __future__ import annotations

import logging
import ssl
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec

import httpx

from pointsman import __version__
from pointsman.adapters.guard import guarded
from pointsman.adapters.secrets import Secrets, SecretsRefused
from pointsman.core.fleet import Endpoint, EndpointKind, Locality
from pointsman.core.outcome import Failed, FailureKind
from pointsman.ports import CallFailed

ANTHROPIC_VERSION = "2023-06-01"
_KEPT_ALIVE_S = 60.0

TransportFor = Callable[[Endpoint], httpx.AsyncBaseTransport]


def _spare_searches() -> None:
    """httpcore imports sniffio at every step of a request. Where it is not installed each of these would search the
    whole path, a twentieth of what an idle screen costs; None among the modules is Python's word for absent."""
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment] # the stubs do not know that word


class Clients:
    """Makes and keeps the clients. Local endpoints have the guarded network; `transport` replaces the network of every
    endpoint, for tests. `cloud_forbidden` is asked at each call: under local_only there is no cloud client at all."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        secrets: Secrets | None = None,
        transport: TransportFor | None = None,
        cloud_forbidden: Callable[[], bool] = lambda: False,
    ) -> None:
        self._secrets = secrets or Secrets(environ=environ)
        self._transport = transport
        self._cloud_forbidden = cloud_forbidden
        self._clients: dict[Endpoint, httpx.AsyncClient] = {}
        # At DEBUG these two write URLs and headers word for word, and servers quote our keys in theirs.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        _spare_searches()

    def of(self, endpoint: Endpoint) -> httpx.AsyncClient:
        """The endpoint's client: no proxies or .netrc from the environment, no redirects, only a connect timeout.
        Raises CallFailed(LOCAL_GUARD) for a cloud endpoint while local_only is on."""
        if endpoint.locality is Locality.CLOUD and self._cloud_forbidden():
            detail = f"local_only is on: there is no client for {endpoint.name}"
            raise CallFailed(Failed(kind=FailureKind.LOCAL_GUARD, detail=detail))
        client = self._clients.get(endpoint)
        if client is None:
            client = self._clients[endpoint] = self._make(endpoint)
        return client

    def key(self, endpoint: Endpoint) -> str | None:
        """The key, or None for an endpoint that needs none. Raises CallFailed(AUTH) if it is missing or unusable."""
        if endpoint.key_env is None:
            return None
        try:
            found = self._secrets.find(endpoint.key_env)
        except SecretsRefused as refused:
            raise _unauthorised(str(refused)) from None
        if found is None:
            raise _unauthorised(f"environment variable {endpoint.key_env} is not set")
        return found.reveal()

    def secrets_of(self, endpoint: Endpoint) -> tuple[str, ...]:
        """What must not be quoted from this endpoint's answers. Raises as `key`."""
        key = self.key(endpoint)
        return (*(() if key is None else (key,)), *self._secrets.known())

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

    async def forget(self, endpoint: Endpoint) -> None:
        """Closes the client of an endpoint that is configured no more."""
        client = self._clients.pop(endpoint, None)
        if client is not None:
            await client.aclose()

    async def close_cloud(self) -> None:
        """Closes the cloud clients and hangs up what they carry."""
        for endpoint in [endpoint for endpoint in self._clients if endpoint.locality is Locality.CLOUD]:
            await self._clients.pop(endpoint).aclose()

    async def aclose(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def _make(self, endpoint: Endpoint) -> httpx.AsyncClient:
        trust = _trust(endpoint.url.lower().startswith("https:"))
        return httpx.AsyncClient(
            transport=guarded(endpoint, trust) if self._transport is None else self._transport(endpoint),
            trust_env=False,
            follow_redirects=False,
            verify=trust,
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
