"""Local or cloud, from an endpoint's kind and address. In doubt it is cloud or must be stated: GR-009 rests on it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pointsman.config.problems import Wrong
from pointsman.core.fleet import EndpointKind, Locality

CLOUD_KINDS = frozenset(
    {
        EndpointKind.OPENAI,
        EndpointKind.ANTHROPIC,
        EndpointKind.OPENROUTER,
        EndpointKind.DEEPSEEK,
        EndpointKind.MOONSHOT,
        EndpointKind.GEMINI,
    }
)
_LOCAL_SUFFIXES = (".local", ".lan", ".home.arpa", ".internal", ".localhost")


def is_near(url: str) -> bool:
    """True for this machine and the private network: loopback, private and link-local addresses, local names."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_SUFFIXES)
    return not address.is_global


def locality_of(values: Mapping[str, Any]) -> Locality:
    """The locality of an endpoint's table. Raises Wrong when it must be stated, or states what cannot be."""
    kind, near = values["kind"], is_near(values["url"])
    stated: Locality | None = values.get("locality")
    if stated is Locality.LOCAL and kind in CLOUD_KINDS and not near:
        raise Wrong(f"a {kind} endpoint at a public address is not local")
    if stated is not None:
        return stated
    if kind is EndpointKind.OPENAI_COMPATIBLE and near:
        raise Wrong(
            'must be stated, "local" or "cloud": a gateway on this machine or network may relay prompts to a cloud'
        )
    return Locality.CLOUD if kind in CLOUD_KINDS or not near else Locality.LOCAL
