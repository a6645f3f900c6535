"""Everything `decide` looked at, as plain JSON values and back, so that an audit line can be replayed. Pure.

Prompt text is not among it: the task's facts are, and of the text only its length and hash (in `core.narrate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pointsman.core.fleet import BudgetUnit, Fleet
from pointsman.core.health import Breaker, BreakerState, Health, HealthState
from pointsman.core.request import Evidence, Request, Task
from pointsman.core.similar import SimilarEvidence
from pointsman.core.snapshot import (
    EndpointStatus,
    Gpu,
    GroupStatus,
    HostSample,
    LoadedModel,
    Override,
    OverrideKind,
    ServiceState,
    ServiceStatus,
    Snapshot,
)
from pointsman.core.usage import Usage


def plain(value: object) -> Any:
    """Dataclasses, enums, tuples and sets as JSON values; fields that hold their default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = ((f, getattr(value, f.name)) for f in fields(value))
        return {f.name: plain(seen) for f, seen in changed if seen != f.default}
    if isinstance(value, Mapping):
        return {str(key): plain(seen) for key, seen in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(seen) for seen in value)
    if isinstance(value, tuple | list):
        return [plain(seen) for seen in value]
    return str(value) if isinstance(value, str) else value


def record(fleet: Fleet, request: Request, task: Task, snapshot: Snapshot) -> dict[str, Any]:
    """The inputs of one decision. What a server lists is cut down to the models the fleet knows."""
    known = {model.id for model in fleet.models.values()}
    return {
        "now": snapshot.now,
        "task": plain(task),
        "asked": {
            "pin": request.pin,
            "prefer": request.prefer,
            "fallbacks": plain(request.fallbacks),
            "allow_fallback": request.allow_fallback,
            "max_output": request.max_output,
        },
        "health": {name: _health(health) for name, health in snapshot.health.items()},
        "status": {name: _status(status, known) for name, status in snapshot.status.items()},
        "usage": plain(snapshot.usage),
        "overrides": plain(snapshot.overrides),
        "local_only": snapshot.local_only,
        "audit_writable": snapshot.audit_writable,
        **_machine(snapshot),
        **({} if snapshot.similar is None else {"similar": plain(snapshot.similar)}),
    }


def _machine(snapshot: Snapshot) -> dict[str, Any]:
    """What says whether a model could be loaded: free VRAM, services, groups, measured overheads."""
    gpus = snapshot.host.gpus if snapshot.host is not None else ()
    return {
        "vram_free": [gpu.vram_free for gpu in gpus],
        "services": {service.name: str(service.state) for service in snapshot.services},
        "groups": plain(snapshot.groups),
        "vram_overhead": dict(snapshot.vram_overhead),
    }


def _health(health: Health) -> dict[str, Any]:
    seen: dict[str, Any] = plain(health)
    seen.get("breaker", {}).pop("recent", None)
    seen.pop("last_seen", None)
    return seen


def _status(status: EndpointStatus, known: set[str]) -> dict[str, Any]:
    available = status.available
    return {
        "available": None if available is None else sorted(known & available) + ["..."] * bool(available - known),
        "relays": sorted(known & status.relays),
        "contexts": {name: size for name, size in status.contexts.items() if name in known},
        "waiting": status.waiting,
        "running": status.running,
        "slots": status.slots,
        "loaded": [{"id": each.id, "vram": each.vram, "state": each.state} for each in status.loaded],
    }


def restore(recorded: Mapping[str, Any], request_id: str) -> tuple[Request, Task, Snapshot]:
    """The arguments of `decide` from what `record` wrote. Raises KeyError or TypeError for a foreign shape."""
    asked = recorded["asked"]
    given = asked["fallbacks"]
    request = Request(
        id=request_id,
        messages=(),
        pin=asked["pin"],
        prefer=asked["prefer"],
        fallbacks=None if given is None else tuple(given),
        allow_fallback=asked["allow_fallback"],
        max_output=asked["max_output"],
    )
    snapshot = Snapshot(
        now=recorded["now"],
        health={name: _restored_health(seen) for name, seen in recorded["health"].items()},
        status={name: _restored_status(seen, recorded["now"]) for name, seen in recorded["status"].items()},
        usage={name: Usage(**seen) for name, seen in recorded["usage"].items()},
        overrides=tuple(_restored_override(seen) for seen in recorded["overrides"]),
        local_only=recorded["local_only"],
        audit_writable=recorded["audit_writable"],
        **_restored_machine(recorded),
        similar=SimilarEvidence(**recorded["similar"]) if recorded.get("similar") else None,
    )
    return request, _restored_task(recorded["task"]), snapshot


def _restored_machine(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Lines of earlier versions lack all of it."""
    free = recorded.get("vram_free", ())
    cards = tuple(Gpu(index=index, name="recorded", vram_free=size) for index, size in enumerate(free))
    groups = (dict(seen) for seen in recorded.get("groups", ()))
    return {
        "host": HostSample(taken_at=recorded["now"], gpus=cards) if cards else None,
        "services": tuple(
            ServiceStatus(name=name, unit=name, state=ServiceState(state))
            for name, state in recorded.get("services", {}).items()
        ),
        "groups": tuple(GroupStatus(**{**seen, "loaded": frozenset(seen.get("loaded", ()))}) for seen in groups),
        "vram_overhead": recorded.get("vram_overhead", {}),
    }


def _restored_task(seen: Mapping[str, Any]) -> Task:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in seen.items()}
    values["evidence"] = tuple(Evidence(**{"value": None, **one}) for one in seen.get("evidence", ()))
    return Task(**values)


def _restored_override(seen: Mapping[str, Any]) -> Override:
    unit = seen.get("unit")  # lines from before there were caps have none
    return Override(**{**seen, "kind": OverrideKind(seen["kind"]), "unit": unit and BudgetUnit(unit)})


def _restored_health(seen: Mapping[str, Any]) -> Health:
    breaker = dict(seen.get("breaker", {}))
    if "state" in breaker:
        breaker["state"] = BreakerState(breaker["state"])
    values = {**seen, "breaker": Breaker(**breaker)}
    if "state" in values:
        values["state"] = HealthState(values["state"])
    return Health(**values)


def _restored_status(seen: Mapping[str, Any], now: float) -> EndpointStatus:
    available = seen["available"]
    return EndpointStatus(
        checked_at=now,
        available=None if available is None else frozenset(available),
        relays=frozenset(seen["relays"]),
        contexts=seen["contexts"],
        waiting=seen["waiting"],
        running=seen.get("running"),  # lines of earlier versions lack these two
        slots=seen.get("slots"),
        loaded=tuple(LoadedModel(**one) for one in seen.get("loaded", ())),
    )
