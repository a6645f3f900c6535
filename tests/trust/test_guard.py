"""The network of a local endpoint reaches its own address and no other, whatever names resolve to (promises.md §7)."""

from __future__ import annotations

import asyncio
import socket
import ssl

import httpcore
import httpx
import pytest

from pointsman.adapters.clients import Clients
from pointsman.adapters.failures import from_exception
from pointsman.adapters.guard import GuardedNetwork, GuardRefused, allowed_host
from pointsman.core.fleet import Deadlines, Endpoint, EndpointKind, Locality
from pointsman.core.outcome import FailureKind
from pointsman.ports import CallFailed
from pointsman.prove.fake_server import as_json, serving


class Recorded(httpcore.AsyncNetworkBackend):
    """Takes note of where it is asked to connect, and answers with a stream that says where it came out."""

    def __init__(self, refuses: frozenset[str] = frozenset(), peer: str | None = None) -> None:
        self.asked: list[str] = []
        self.refuses, self.peer = refuses, peer

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.asked.append(host)
        if host in self.refuses:
            raise httpcore.ConnectError("refused")
        return Stream(self.peer or host)


class Stream(httpcore.AsyncNetworkStream):
    def __init__(self, peer: str) -> None:
        self.peer, self.closed = peer, False

    def get_extra_info(self, info):
        return (self.peer, 80) if info == "server_addr" else None

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def resolve(monkeypatch):
    """Names resolve to what the test says."""

    def to(*addresses: str) -> list[str]:
        asked: list[str] = []

        async def getaddrinfo(host, port, **_):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
        return asked

    return to


async def connect(host: str, inner: Recorded, *, asked: str | None = None) -> object:
    return await GuardedNetwork(host, 80, inner).connect_tcp(asked or host, 80, 1.0)


@pytest.mark.parametrize(
    ("host", "addresses", "connected"),
    [
        ("localhost", ["127.0.0.1"], "127.0.0.1"),
        ("localhost", ["::1", "127.0.0.1"], "::1"),
        ("gpu.lan", ["192.168.1.7"], "192.168.1.7"),
        ("gpu.lan", ["8.8.8.8", "10.0.0.7"], "10.0.0.7"),
        ("gpu.lan", ["100.64.0.9"], "100.64.0.9"),
        ("gpu.lan", ["fd00::7"], "fd00::7"),
    ],
)
async def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(resolve, host, addresses, connected):
    asked, inner = resolve(*addresses), Recorded()
    await connect(host, inner)
    assert (asked, inner.asked) == ([host], [connected])


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("localhost", ["192.168.1.7"]),
        ("a.localhost", ["10.0.0.7"]),
        ("gpu.lan", ["8.8.8.8"]),
        ("gpu.lan", ["169.254.169.254"]),
        ("gpu.lan", ["0.0.0.0"]),
        ("gpu.lan", ["::ffff:8.8.8.8"]),
        ("gpu.lan", ["2001:4860:4860::8888"]),
        ("gpu.lan", []),
    ],
)
async def test_a_name_that_leads_elsewhere_is_refused_unconnected(resolve, host, addresses):
    resolve(*addresses)
    inner = Recorded()
    with pytest.raises(GuardRefused):
        await connect(host, inner)
    assert inner.asked == []


@pytest.mark.parametrize("asked", ["api.openai.com", "localhost.evil.example", "127.0.0.2", "gpu.lan.evil", ""])
async def test_another_name_than_the_configured_one_is_refused_before_it_is_resolved(resolve, asked):
    looked_up, inner = resolve("127.0.0.1"), Recorded()
    with pytest.raises(GuardRefused):
        await connect("gpu.lan", inner, asked=asked or "x")
    assert (looked_up, inner.asked) == ([], [])


async def test_another_port_is_another_place():
    with pytest.raises(GuardRefused, match="configured"):
        await GuardedNetwork("127.0.0.1", 80, Recorded()).connect_tcp("127.0.0.1", 81)


async def test_the_next_good_address_is_tried_when_one_is_dead(resolve):
    resolve("10.0.0.1", "10.0.0.2")
    inner = Recorded(refuses=frozenset({"10.0.0.1"}))
    await connect("gpu.lan", inner)
    assert inner.asked == ["10.0.0.1", "10.0.0.2"]


async def test_whoever_answers_must_be_who_was_asked(resolve):
    resolve("10.0.0.1")
    with pytest.raises(GuardRefused, match="turned out to be 8.8.8.8"):
        await connect("gpu.lan", Recorded(peer="8.8.8.8"))


async def test_sockets_of_the_file_system_are_refused():
    with pytest.raises(GuardRefused):
        await GuardedNetwork("localhost", 80).connect_unix_socket("/run/docker.sock")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://[::1]:1", "http://192.168.0.9", "http://LOCALHOST.:1", "http://gpu:80"]
)
def test_usual_local_addresses_are_allowed(url):
    assert allowed_host(url) == allowed_host(url.lower())


async def test_a_refusal_is_told_as_the_guards_and_sends_nothing():
    clients = Clients(environ={})
    endpoint = Endpoint(name="e", url="http://8.8.8.8", kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL)
    with pytest.raises(GuardRefused, match="public address") as refused:
        await clients.of(endpoint).get("http://8.8.8.8/")
    assert from_exception(refused.value, received=False).kind is FailureKind.LOCAL_GUARD
    await clients.aclose()


async def test_local_connections_are_kept_and_used_again():
    async with serving(lambda _: as_json({})) as server:
        clients = Clients(environ={})
        endpoint = Endpoint(name="e", url=server.url, kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL)
        for _ in range(5):
            assert (await clients.of(endpoint).get(f"{server.url}/x")).json() == {}
        assert (server.connections, len(server.asked)) == (1, 5)
        await clients.aclose()


async def test_failures_below_keep_their_kind():
    """Refused, silent and broken connections read as with the usual transport."""
    clients = Clients(environ={})
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    deadlines = Deadlines(connect=0.5)
    dead = Endpoint(name="d", url=url, kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL, deadlines=deadlines)
    with pytest.raises(httpx.ConnectError) as refused:
        await clients.of(dead).get(url)
    assert from_exception(refused.value, received=False).kind is FailureKind.REFUSED
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    with pytest.raises(httpx.RemoteProtocolError):
        await clients.of(dead).get(url)
    server.close()
    await clients.aclose()


async def test_under_local_only_no_cloud_client_is_made_and_those_there_are_closed():
    forbidden = False
    clients = Clients(environ={}, cloud_forbidden=lambda: forbidden)
    cloud = Endpoint(name="c", url="https://api.test", kind=EndpointKind.OPENAI, locality=Locality.CLOUD)
    local = Endpoint(name="l", url="http://127.0.0.1:1", kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL)
    far, near = clients.of(cloud), clients.of(local)
    forbidden = True
    await clients.close_cloud()
    assert far.is_closed and not near.is_closed and clients.of(local) is near
    with pytest.raises(CallFailed, match="local_only") as refused:
        clients.of(cloud)
    assert refused.value.failed.kind is FailureKind.LOCAL_GUARD
    await clients.aclose()


def test_only_local_endpoints_are_guarded():
    from pointsman.adapters.guard import guarded

    for locality, expected in ((Locality.LOCAL, True), (Locality.CLOUD, False)):
        endpoint = Endpoint(name="e", url="http://127.0.0.1:1", kind=EndpointKind.VLLM, locality=locality)
        assert (guarded(endpoint, ssl.create_default_context()) is not None) is expected
