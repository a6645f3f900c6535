"""From a merged document to the core's values: required keys, derived locality, filled prices, the revision.

Names are looked up in `checks`; here every table stands for itself, but for a model and its endpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from pointsman.config import prices
from pointsman.config.layers import Entry, Layer
from pointsman.config.locality import locality_of
from pointsman.config.problems import Wrong, nearest_of
from pointsman.config.shapes import UNREADABLE
from pointsman.config.units import shown
from pointsman.core.conditions import describe
from pointsman.core.fleet import (
    Band,
    Budget,
    Endpoint,
    EndpointKind,
    Fleet,
    Gateway,
    KeywordRule,
    Locality,
    Model,
    Role,
    Route,
    Scope,
    Service,
    ServiceKind,
    is_relay_tag,
)


def build_fleet(merged: Layer, policy: str) -> Fleet:
    """The fleet of a document, its revision still open. What cannot be built was reported and is left out."""
    endpoints = _built(merged, "endpoints", _endpoint)
    models = {
        name: model
        for name, entry in enabled(merged, "models").items()
        if (model := _model(name, entry, merged, endpoints)) is not None
    }
    top = {key: value for key, value in merged.top.items() if value is not UNREADABLE}
    return Fleet(
        policy=policy,
        revision="",
        endpoints=MappingProxyType(endpoints),
        models=MappingProxyType(models),
        roles=MappingProxyType(_built(merged, "roles", _role)),
        routes=_routes(merged),
        bands=_bands(merged),
        budgets=tuple(_built(merged, "budgets", _budget).values()),
        services=MappingProxyType(_built(merged, "services", _service)),
        default_role=top.get("default_role", "general"),
        local_only=top.get("local_only", False),
        queue_limit=top.get("queue_limit"),
        critic=top.get("critic", False),
        version=top.get("policy_version"),
        keywords=_keywords(merged),
        similar_tasks=top.get("similar_tasks", False),
        gateway=_gateway(merged, models),
    )


def enabled(merged: Layer, section: str) -> dict[str, Entry]:
    """The tables of a section that are in use: not switched off, nor on an endpoint that is."""
    off = {name for name, entry in merged.tables["endpoints"].items() if entry.values.get("enabled") is False}
    return {
        name: entry
        for name, entry in merged.tables[section].items()
        if entry.values.get("enabled") is not False and entry.values.get("endpoint") not in off
    }


def _built(merged: Layer, section: str, build: Any) -> dict[str, Any]:
    made = ((name, build(name, entry)) for name, entry in enabled(merged, section).items())
    return {name: value for name, value in made if value is not None}


def _complete(entry: Entry, *required: str) -> dict[str, Any] | None:
    """The values, if every required key is there and all could be read."""
    missing = [key for key in required if key not in entry.values]
    for key in missing:
        entry.place.key(key).problem("is missing")
    if missing or any(value is UNREADABLE for value in entry.values.values()):
        return None
    return {key: value for key, value in entry.values.items() if key != "enabled"}


def _endpoint(name: str, entry: Entry) -> Endpoint | None:
    values = _complete(entry, "url", "kind")
    if values is None:
        return None
    try:
        locality = locality_of(values)
    except Wrong as wrong:
        entry.place.key("locality").problem(str(wrong))
        return None
    return Endpoint(name=name, **{**values, "locality": locality})


def _model(name: str, entry: Entry, merged: Layer, endpoints: Mapping[str, Endpoint]) -> Model | None:
    _check_endpoint_of(entry, merged)
    values = _complete(entry, "id", "endpoint", "tier")
    endpoint = endpoints.get(values["endpoint"]) if values is not None else None
    if values is None or endpoint is None:
        return None
    model = Model(name=name, **{**_facts(values, endpoint), **values})
    _check_model(model, entry, endpoint)
    return model


def _check_endpoint_of(entry: Entry, merged: Layer) -> None:
    """Asks the tables as written, so that another mistake in the model or its endpoint does not hide this one."""
    named, written = entry.values.get("endpoint"), merged.tables["endpoints"]
    if named is None or named is UNREADABLE:
        return
    if named not in written:
        entry.place.key("endpoint").problem(f"no such endpoint: {shown(named)}", nearest_of(named, written))
        return
    there = written[named].values
    if there.get("retired") and not entry.values.get("retired"):
        entry.place.key("endpoint").problem(f"{named} ({there.get('url')}) is retired: {there['retired']}")


def _facts(values: Mapping[str, Any], endpoint: Endpoint) -> Mapping[str, int]:
    """What is not stated but known: nothing per token on our own machine, the table's figures in the cloud."""
    relayed = endpoint.kind is EndpointKind.OLLAMA and is_relay_tag(values["id"])
    derived = Locality.CLOUD if relayed else endpoint.locality
    if values.get("locality", derived) is Locality.LOCAL:
        return {"price_in": 0, "price_out": 0, "price_cached": 0}
    row = prices.known(endpoint, values["id"])
    return row.facts(values) if row is not None else {}


def _check_model(model: Model, entry: Entry, endpoint: Endpoint) -> None:
    if model.locality is Locality.LOCAL and endpoint.kind is EndpointKind.OLLAMA and is_relay_tag(model.id):
        entry.place.key("locality").problem(f"{model.id} is relayed to ollama.com: it is not local")
    if model.context is not None and model.max_output is not None and model.max_output > model.context:
        entry.place.key("max_output").problem("is larger than the context it has to fit into")
    if model.price_above is None and (model.price_in_above, model.price_out_above) != (None, None):
        entry.place.key("price_above").problem("is missing: from how many input tokens on do the higher prices apply?")
    if model.retired:
        return
    gone, row = prices.stale(endpoint, model.id), prices.known(endpoint, model.id)
    if gone is not None:
        entry.place.key("id").warning(str(gone), gone.successor)
    if row is not None and row.api == "responses":
        entry.place.key("id").warning(f"{model.id} is served by the Responses API only, not by chat completions")


def _role(name: str, entry: Entry) -> Role | None:
    values = _complete(entry)
    if values is None:
        return None
    if "primary" not in values and "handled_by" not in values:
        entry.place.key("primary").problem("is missing (or say in handled_by who does this without a model)")
        return None
    return Role(name=name, **values)


def _routes(merged: Layer) -> tuple[Route, ...]:
    made: list[Route] = []
    for entry in (*(merged.arrays["routes_before"] or ()), *(merged.arrays["routes"] or ())):
        values = _complete(entry, "role")
        if values is not None:
            name = values.get("name") or f"{describe(values.get('when', ()))} → {values['role']}"
            if any(route.name == name for route in made):
                entry.place.problem("the same rule stands here twice: give each its own name")
            made.append(Route(**{**values, "name": name}))
    return tuple(made)


def _keywords(merged: Layer) -> tuple[KeywordRule, ...]:
    made: list[KeywordRule] = []
    for entry in merged.arrays["keywords"] or ():
        values = _complete(entry, "facts")
        if values is not None:
            said = ", ".join(f"{fact} = {value}" for fact, value in values["facts"].items())
            made.append(KeywordRule(**{"name": said, **values}))
    return tuple(made)


def _bands(merged: Layer) -> tuple[Band, ...]:
    made: list[Band] = []
    for entry in merged.arrays["bands"] or ():
        values = _complete(entry, "at")
        if values is not None:
            if any(band.at == values["at"] for band in made):
                entry.place.key("at").problem("two bands begin here")
            made.append(Band(**{"name": f"from {values['at']} %", **values}))
    return tuple(sorted(made, key=lambda band: band.at))


def _budget(name: str, entry: Entry) -> Budget | None:
    values = _complete(entry, "limit", "window")
    if values is None:
        return None
    limit, unit = values["limit"]
    return Budget(name=name, limit=limit, unit=unit, window=values["window"], scope=values.get("scope", Scope()))


def _service(name: str, entry: Entry) -> Service | None:
    """A process of our own is named by its command and needs no unit; everything else has a unit and no command."""
    owned = entry.values.get("kind") == ServiceKind.PROCESS
    values = _complete(entry, "kind", "command" if owned else "unit")
    if values is None:
        return None
    if not owned and "command" in values:
        entry.place.key("command").problem(f"only a service of kind process has one; {values['kind']} knows its own")
        return None
    given = {"unit": name, **values, "kind": ServiceKind(values["kind"])}
    if "stop" in given:
        given["stop_s"] = given.pop("stop")
    return Service(name=name, **given)


def build_hosts(merged: Layer) -> Mapping[str, tuple[str, ...]]:
    """Machines elsewhere: name -> the addresses of their exporters."""
    return MappingProxyType(_built(merged, "hosts", _host))


def _host(name: str, entry: Entry) -> tuple[str, ...] | None:
    values = _complete(entry, "metrics_url")
    return None if values is None else values["metrics_url"]


def _gateway(merged: Layer, models: Mapping[str, Model]) -> Gateway | None:
    """The model it should name is looked up here, because how the other program calls it follows from the model."""
    place, written = merged.place.key("gateway"), merged.sections["gateway"]
    values = _complete(Entry(written, place), "kind", "path", "expect") if written else None
    if values is None:
        return None
    name = str(values["expect"]).lower()
    model = next((m for m in models.values() if name in (m.name.lower(), *(a.lower() for a in m.aliases))), None)
    if model is None:
        place.key("expect").problem(f"no such model: {shown(values['expect'])}", nearest_of(name, models))
        return None
    return Gateway(**{"ref": f"{model.endpoint}/{model.id}", **values, "expect": model.name})


# --- the revision --------------------------------------------------------------------------------------------------

_POLICY: tuple[str, ...] = ("models", "roles", "routes", "bands", "budgets", "default_role", "local_only")
_POLICY += ("queue_limit", "keywords", "similar_tasks")


def with_revision(fleet: Fleet) -> Fleet:
    return replace(fleet, revision=revision_of(fleet))


def revision_of(fleet: Fleet) -> str:
    """12 hexadecimal digits over everything that can change a decision; addresses and keys are no part of it."""
    policy = {name: _canonical(getattr(fleet, name)) for name in _POLICY}
    policy["places"] = {
        name: _canonical((place.kind, place.locality, place.group, place.service, place.retired))
        for name, place in fleet.endpoints.items()
    }
    text = json.dumps(policy, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _canonical(value: Any) -> Any:
    """Plain JSON values in one order, whatever order sets and tables had."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {f.name: _canonical(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _canonical(inner) for key, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(str(_canonical(item)) for item in value)
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
