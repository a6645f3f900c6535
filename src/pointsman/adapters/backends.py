"""Chooses who speaks an endpoint's dialect. The one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.adapters.anthropic import Anthropic
from pointsman.adapters.clients import Clients
from pointsman.adapters.exchange import Exchange, Tail
from pointsman.adapters.ollama import Ollama
from pointsman.adapters.openai_compat import OpenAICompat
from pointsman.core.fleet import Endpoint, EndpointKind
from pointsman.ports import Backend


def open_backend(
    endpoint: Endpoint, clients: Clients, now: Callable[[], float], *, tail: Tail | None = None
) -> Backend:
    """The backend for that endpoint. `now` gives Unix seconds. Nothing is opened or sent yet."""
    exchange = Exchange(clients, now, tail)
    if endpoint.kind is EndpointKind.ANTHROPIC:
        return Anthropic(exchange)
    if endpoint.kind is EndpointKind.OLLAMA:
        return Ollama(exchange)
    return OpenAICompat(exchange)
