"""Servers found on this machine, as endpoints and models beside a fleet: listed and pinnable, in no role. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import urlsplit

from pointsman.adapters.discover import Found
from pointsman.core.fleet import Endpoint, EndpointKind, Fleet, Locality, Model, Tier

MOST_MODELS = 100  # of one server: a list without end must not fill the screen


def with_found(fleet: Fleet, found: Iterable[Found]) -> Fleet:
    """The fleet with what was found; a server it already has is not offered twice."""
    endpoints, models = dict(fleet.endpoints), dict(fleet.models)
    for server in unlisted(fleet, found):
        endpoint = _endpoint(server, endpoints)
        endpoints[endpoint.name] = endpoint
        models |= {model.name: model for model in _models(server, endpoint)}
    return replace(fleet, endpoints=MappingProxyType(endpoints), models=MappingProxyType(models))


def unlisted(fleet: Fleet, found: Iterable[Found]) -> tuple[Found, ...]:
    """Those at addresses that no endpoint of the fleet has."""
    known = {_address(endpoint.url) for endpoint in fleet.endpoints.values()}
    return tuple(server for server in found if _address(server.url) not in known)


def _address(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname in ("localhost", "0.0.0.0", "::1") else parts.hostname
    return host, parts.port


def _endpoint(server: Found, taken: Iterable[str]) -> Endpoint:
    name = f"found-{server.kind}"
    if name in taken:
        name = f"{name}-{server.url.rpartition(':')[2].strip('/')}"
    # An OpenAI-compatible server of unknown make may relay to a cloud: in doubt it is one (GR-009).
    local = server.kind is not EndpointKind.OPENAI_COMPATIBLE
    locality = Locality.LOCAL if local else Locality.CLOUD
    return Endpoint(name=name, url=server.url, kind=server.kind, locality=locality)


def _models(server: Found, endpoint: Endpoint) -> Iterator[Model]:
    for model_id in server.models[:MOST_MODELS]:
        yield Model(name=f"{endpoint.name}/{model_id}", id=model_id, endpoint=endpoint.name, tier=Tier.T4)
