"""The network of a local endpoint: it reaches the one place its URL names, on this machine or network, and no other.

What is refused is refused before a name is resolved or a socket opened: other hosts, numeric aliases of addresses,
public addresses, sockets of the file system. A name is resolved once and the very address that was checked is connected
to. No proxies, no redirects, no environment. Sources: promises.md §7.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import httpcore
import httpx

from pointsman.core.fleet import Endpoint, Locality

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Spellings of an address that resolvers know and readers do not: 2130706433, 0x7f.1, 127.1, 0177.0.0.1
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?\Z")
_LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})
_KEPT_ALIVE_S = 60.0


class GuardRefused(httpx.ConnectError):
    """The guard let nothing through. The message says what and why."""


def allowed_host(url: str) -> str:
    """The host that a local endpoint's URL names. Raises GuardRefused for one that cannot be local."""
    try:
        host = httpx.URL(url).host.rstrip(".").lower()
    except httpx.InvalidURL as error:
        raise GuardRefused(f"the address cannot be read: {error}") from None
    address = _literal(host)
    if address is None and _NUMERIC.match(host):
        _refuse(host, "is an address in disguise: write it as 127.0.0.1")
    if address is not None:
        _check(address, host, loopback_only=False)
    if not host:
        _refuse("an address without a host", "names nobody")
    return host


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _check(address: Address, host: str, *, loopback_only: bool) -> None:
    """Raises GuardRefused unless the address is this machine's or the private network's."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    real: Address = inner or address
    if real.is_loopback:
        return
    if loopback_only:
        _refuse(host, f"leads to {real}, which is not this machine")
    if real.is_unspecified or real.is_multicast or real.is_link_local or real.is_reserved:
        _refuse(host, f"({real}) is no place to send a prompt to")
    if real.is_global:
        _refuse(host, f"({real}) is a public address, not this machine or network")


def _refuse(what: str, why: str) -> NoReturn:
    raise GuardRefused(f"the local network guard refused {what}: it {why}")


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for one endpoint. `host` and `port` are the only ones it may be asked for."""

    def __init__(self, host: str, port: int, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._host, self._port = host, port
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the port is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if (host.rstrip(".").lower(), port) != (self._host, self._port):
            _refuse(f"{host}:{port}", f"is not {self._host}:{self._port}, which is what is configured")
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses()
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from None
        return await self._first_of(addresses, timeout, socket_options)

    async def _addresses(self) -> tuple[Address, ...]:
        """Those the endpoint may be reached at, resolved once. Raises GuardRefused if there are none."""
        literal = _literal(self._host)
        if literal is not None:
            _check(literal, self._host, loopback_only=False)
            return (literal,)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"the name {self._host} is not known: {error}") from error
        addresses = dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
        return self._checked(tuple(addresses))

    def _checked(self, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        only_here = self._host in _LOOPBACK_NAMES or self._host.endswith(".localhost")
        good: list[Address] = []
        refused: GuardRefused | None = None
        for address in addresses:
            try:
                _check(address, self._host, loopback_only=only_here)
                good.append(address)
            except GuardRefused as why:
                refused = why
        if not good:
            raise refused or GuardRefused(f"the name {self._host} has no address")
        return tuple(good)

    async def _first_of(
        self, addresses: tuple[Address, ...], seconds: float | None, options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = await self._inner.connect_tcp(str(address), self._port, seconds, None, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return await self._same_peer(stream, address)
        raise failure or httpcore.ConnectError("no address to connect to")

    async def _same_peer(self, stream: httpcore.AsyncNetworkStream, asked: Address) -> httpcore.AsyncNetworkStream:
        peer = stream.get_extra_info("server_addr")
        if isinstance(peer, tuple) and _literal(str(peer[0]).partition("%")[0]) != asked:
            await stream.aclose()
            _refuse(f"{asked}", f"turned out to be {peer[0]}")
        return stream

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the port is httpcore's
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        _refuse(path, "is no place on the network")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over a guarded network: no proxy is possible, because no pool of another kind is ever made."""

    def __init__(self, endpoint: Endpoint, ssl_context: ssl.SSLContext) -> None:
        self._refused: GuardRefused | None = None
        self._pool: httpcore.AsyncConnectionPool | None = None
        url = httpx.URL(endpoint.url)
        try:
            network = GuardedNetwork(allowed_host(endpoint.url), url.port or (443 if url.scheme == "https" else 80))
        except GuardRefused as why:
            self._refused = why
            return
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=None,
            max_keepalive_connections=8,
            keepalive_expiry=_KEPT_ALIVE_S,
            network_backend=network,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._pool is None:
            raise GuardRefused(str(self._refused))
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            response = await self._pool.handle_async_request(asked)
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for piece in self._stream:
                yield piece

    async def aclose(self) -> None:
        with _as_httpx():
            await self._stream.aclose()


_TWINS: Mapping[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.TimeoutException: httpx.TimeoutException,
}


@contextmanager
def _as_httpx() -> Iterator[None]:
    """The pool's exceptions as those of the client, which everybody above knows."""
    try:
        yield
    except tuple(_TWINS) as error:
        twin = next(known for kind, known in _TWINS.items() if isinstance(error, kind))
        raise twin(str(error)) from error


def guarded(endpoint: Endpoint, ssl_context: ssl.SSLContext) -> httpx.AsyncBaseTransport | None:
    """The transport of a local endpoint; None for a cloud endpoint, which has the usual one."""
    return GuardedTransport(endpoint, ssl_context) if endpoint.locality is Locality.LOCAL else None
