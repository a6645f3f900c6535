"""The fleet as it answers now: keys by name, reachability with the reason, what answers here and is not configured, and
who else could reach it. Values in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import httpx

from pointsman.adapters.discover import Found
from pointsman.adapters.doctor.finding import Finding, failure, note, ok, warning
from pointsman.adapters.offers import unlisted
from pointsman.adapters.secrets import SecretsRefused
from pointsman.adapters.urls import root_of
from pointsman.core.fleet import Endpoint, EndpointKind, Fleet, Locality, ServiceKind
from pointsman.core.health import HealthState, Probe

ANSWERS = frozenset({HealthState.UP, HealthState.BUSY, HealthState.WARMING})
_START: Mapping[EndpointKind, str] = {
    EndpointKind.OLLAMA: "ollama serve",
    EndpointKind.LLAMA_CPP: "llama-server -m MODEL.gguf --host 127.0.0.1 --port {port}",
    EndpointKind.VLLM: "vllm serve MODEL --host 127.0.0.1 --port {port}",
    EndpointKind.LMSTUDIO: "lms server start",
}
_CLOSE: Mapping[EndpointKind, str] = {
    EndpointKind.OLLAMA: "OLLAMA_HOST=127.0.0.1 ollama serve",
    EndpointKind.LLAMA_CPP: "llama-server ... --host 127.0.0.1",
    EndpointKind.VLLM: "vllm serve ... --host 127.0.0.1",
    EndpointKind.LMSTUDIO: "lms server start --bind 127.0.0.1",
}


def used(fleet: Fleet) -> list[Endpoint]:
    return [endpoint for endpoint in fleet.endpoints.values() if endpoint.retired is None]


def keys(fleet: Fleet, source: Callable[[str], str | None]) -> Iterator[Finding]:
    """By name only. `source` says where the key of a name comes from, as `Secrets.source`."""
    for endpoint in used(fleet):
        if endpoint.key_env is None:
            continue
        try:
            place = source(endpoint.key_env)
        except SecretsRefused as refused:
            yield failure("keys", f"{endpoint.name}: {refused}")
            continue
        if place is None:
            mend = f"read -rs {endpoint.key_env} && export {endpoint.key_env}"
            yield warning("keys", f"{endpoint.name}: {endpoint.key_env} is not set, so it is never asked", mend)
        else:
            yield ok("keys", f"{endpoint.name}: {endpoint.key_env} is set ({place})")


def keys_there(fleet: Fleet, source: Callable[[str], str | None]) -> Mapping[str, bool]:
    """By endpoint that needs a key: is it there, and may it be used?"""
    return {each.name: _is_there(each.key_env, source) for each in used(fleet) if each.key_env is not None}


def _is_there(name: str, source: Callable[[str], str | None]) -> bool:
    try:
        return source(name) is not None
    except SecretsRefused:
        return False


def reachable(fleet: Fleet, seen: Mapping[str, Probe]) -> Iterator[Finding]:
    """One finding each, but for those whose key is missing, of which `keys` tells; and one that is broken if nobody
    answers at all."""
    for endpoint in used(fleet):
        probe = seen.get(endpoint.name)
        if (
            probe is not None
            and endpoint.key_env is not None
            and probe.reason.endswith(f"{endpoint.key_env} is not set")
        ):
            continue
        if probe is not None:
            yield _one(fleet, endpoint, probe)
        else:
            yield note("endpoints", f"{endpoint.name} was not asked: local_only keeps the cloud closed")
    if not any(probe.state in ANSWERS for probe in seen.values()):
        yield failure("endpoints", "nobody answers: no prompt can be served", "pointsman demo")


def _one(fleet: Fleet, endpoint: Endpoint, probe: Probe) -> Finding:
    said = f"{endpoint.name} at {endpoint.url} is {probe.state}: {probe.reason}"
    if probe.state in ANSWERS:
        return ok("endpoints", said)
    return warning("endpoints", said, _mend(fleet, endpoint, probe))


def _mend(fleet: Fleet, endpoint: Endpoint, probe: Probe) -> str | None:
    if probe.state is HealthState.MISCONFIGURED and endpoint.key_env is not None:
        return f"read -rs {endpoint.key_env} && export {endpoint.key_env}"
    if endpoint.locality is Locality.CLOUD:
        return f"curl -sS -o /dev/null -w '%{{http_code}}\\n' {endpoint.url}"
    if endpoint.service is not None and endpoint.service in fleet.services:
        return f"pointsman services start {endpoint.service}"
    return _START.get(endpoint.kind, "").format(port=urlsplit(endpoint.url).port) or None


def unconfigured(fleet: Fleet | None, found: Iterable[Found]) -> Iterator[Finding]:
    for server in found if fleet is None else unlisted(fleet, found):
        text = f"{server.kind} answers at {server.url} with {len(server.models)} models and is not in the configuration"
        yield note("discovered", text, "pointsman init --stdout")


def relays(fleet: Fleet, disabled: Mapping[str, bool | None]) -> Iterator[Finding]:
    """Ollama passes `:cloud` models on to ollama.com. `disabled` by endpoint: does it say that it does not?"""
    for name, off in disabled.items():
        if off:
            yield ok("ollama", f"{name} relays nothing to the cloud (OLLAMA_NO_CLOUD)")
        else:
            yield note(
                "ollama",
                f"{name} may relay models whose name ends in cloud to ollama.com; these count as cloud here, and the "
                "server itself can be told never to",
                "OLLAMA_NO_CLOUD=1 ollama serve",
            )


async def relay_disabled(client: httpx.AsyncClient, endpoint: Endpoint, seconds: float = 2.0) -> bool | None:
    """What an Ollama server says of itself; None: it does not say."""
    try:
        reply = await client.get(f"{root_of(endpoint)}/api/status", timeout=seconds)
        cloud = reply.json()["cloud"]["disabled"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
    return cloud is True


def exposed(urls: Iterable[tuple[str, EndpointKind]], listens: Callable[[int], bool | None]) -> Iterator[Finding]:
    """`listens` says whether that port of this machine is open to every interface; None where it cannot be told."""
    for url, kind in dict(urls).items():
        port = urlsplit(url).port
        if port is not None and listens(port):
            text = f"the {kind} at port {port} listens on every interface: whoever reaches this machine may use it"
            yield warning("exposure", text, _CLOSE.get(kind))


def needs_systemd(fleet: Fleet) -> bool:
    return any(service.kind is ServiceKind.SYSTEMD_USER for service in fleet.services.values())
