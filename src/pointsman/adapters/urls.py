"""Joins base URLs with paths, once for all (trap T56): people write them with and without `/v1` or a slash. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pointsman.core.fleet import Endpoint, EndpointKind


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the chat API lies under the server's root, and which endings of a written URL are such paths."""

    prefix: str
    endings: tuple[str, ...]


_V1 = _Layout("/v1", ("/v1",))
_LAYOUTS: Mapping[EndpointKind, _Layout] = {
    EndpointKind.LLAMA_CPP: _V1,
    EndpointKind.OLLAMA: _Layout("/api", ("/api/chat", "/api", "/v1")),
    EndpointKind.VLLM: _V1,
    EndpointKind.LMSTUDIO: _Layout("/v1", ("/api/v1", "/api/v0", "/v1")),
    EndpointKind.OPENAI: _V1,
    EndpointKind.ANTHROPIC: _V1,
    EndpointKind.OPENROUTER: _Layout("/api/v1", ("/api/v1", "/api")),
    EndpointKind.DEEPSEEK: _Layout("", ("/v1",)),
    EndpointKind.MOONSHOT: _V1,
    EndpointKind.GEMINI: _Layout("/v1beta/openai", ("/v1beta/openai", "/v1beta")),
    EndpointKind.OPENAI_COMPATIBLE: _V1,
}
_CALLS = ("/chat/completions", "/messages")  # somebody pasted the whole URL of a call
_OTHER_VERSION = re.compile(r"/v\d+[a-z0-9]*$")


def root_of(endpoint: Endpoint) -> str:
    """The server itself, without a trailing slash: where `/health`, `/metrics` and the like are."""
    base, _ = _split(endpoint)
    return base


def api_of(endpoint: Endpoint, path: str) -> str:
    """The URL of a chat API call, e.g. `path` = `/chat/completions`. An API version of its own is left as written."""
    base, prefix = _split(endpoint)
    return f"{base}{prefix}{path}"


def _split(endpoint: Endpoint) -> tuple[str, str]:
    layout = _LAYOUTS[endpoint.kind]
    parts = urlsplit(endpoint.url.strip())
    path = _without(parts.path.rstrip("/"), _CALLS)
    shorter = _without(path, layout.endings)
    keeps_its_own = shorter == path and _OTHER_VERSION.search(path) is not None
    base = urlunsplit((parts.scheme, parts.netloc, shorter.rstrip("/"), "", ""))
    return base, "" if keeps_its_own else layout.prefix


def _without(path: str, endings: tuple[str, ...]) -> str:
    return next((path.removesuffix(ending) for ending in endings if path.endswith(ending)), path)
