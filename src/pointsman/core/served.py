"""Whether a server has a model, by its own list. Pure; what no list tells is not held against it."""

from __future__ import annotations

from pointsman.core.fleet import EndpointKind, Fleet, Locality, Model
from pointsman.core.snapshot import EndpointStatus


def is_missing(fleet: Fleet, model: Model, status: EndpointStatus | None) -> bool:
    """The model's endpoint lists its models, and this one is not among them."""
    if status is None or not status.available:
        return False
    if model.id in status.available or f"{model.id}:latest" in status.available:
        return False
    endpoint = fleet.endpoint_of(model)
    # llama-server in single-model mode ignores the request's model, so its list is no proof (trap T57).
    if len(status.available) == 1 and endpoint.kind is EndpointKind.LLAMA_CPP:
        return False
    # Clouds list aliases incompletely; a 404 will tell.
    return Locality.LOCAL in (endpoint.locality, fleet.locality_of(model))
