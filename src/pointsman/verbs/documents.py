"""The JSON that scripts depend on: decisions, endpoints, models, budgets, services. Unknown is null, never 0.

Keys are only ever added. Money is nano-USD, sizes are bytes, times are Unix seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pointsman.core.decision import Decision
from pointsman.core.fleet import Fleet, Model
from pointsman.core.forecast import forecast
from pointsman.core.health import Health
from pointsman.core.measured import Measurement, compared, of_model
from pointsman.core.outcome import Attempt
from pointsman.core.request import Task
from pointsman.core.served import is_missing
from pointsman.core.snapshot import EndpointStatus, Override, Snapshot
from pointsman.core.usage import Usage, band_of
from pointsman.engine.events import Answered, Decided, EngineEvent

Document = dict[str, Any]


def values(value: object) -> Any:
    """A value of the core as JSON values, every field present."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: values(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): values(seen) for key, seen in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(values(seen) for seen in value)
    if isinstance(value, tuple | list):
        return [values(seen) for seen in value]
    return str(value) if isinstance(value, str) else value


def decision_document(decision: Decision, shown_id: object = None) -> Document:
    """`shown_id` is the caller's own id of the line, given back with its type."""
    return {
        "id": decision.request if shown_id is None else shown_id,
        "policy": decision.policy,
        "policy_rev": decision.policy_rev,
        "task": task_document(decision.task),
        "role": decision.role,
        "rule": decision.rule,
        "rule_why": decision.rule_why,
        "band": decision.band,
        "usage": None if decision.usage is None else usage_figures(decision.usage),
        "model": decision.model,
        "endpoint": decision.endpoint,
        "why": decision.why(),
        "ladder": [values(rung) for rung in decision.ladder],
        "rejected": [values(rejection) for rejection in decision.rejected],
        "notices": [values(told) for told in decision.notices],
        "default_model": decision.default_model,
        "escalated": decision.escalated,
        "blocked": decision.blocked,
        "retry_at": decision.retry_at,
        "workflow": decision.workflow,
        "judge_required": decision.judge_required,
    }


def task_document(task: Task) -> Document:
    return {**values(task.facts()), "evidence": [values(one) for one in task.evidence]}


def usage_figures(usage: Usage) -> Document:
    return {**values(usage), "used": usage.used, "percent": usage.percent}


def usage_documents(fleet: Fleet, usage: Mapping[str, Usage], now: float) -> list[Document]:
    """Every budget, with what it counts, the band it is in, and when the next one is reached at this rate; figures are
    null where nothing is known."""
    return [_budget_document(fleet, budget.name, usage.get(budget.name), now) for budget in fleet.budgets]


def _budget_document(fleet: Fleet, name: str, usage: Usage | None, now: float) -> Document:
    budget = next(budget for budget in fleet.budgets if budget.name == name)
    known = usage_figures(usage) if usage is not None else dict.fromkeys(_USAGE_KEYS)
    limit = budget.limit if usage is None else usage.limit
    stated = {"budget": name, "unit": str(budget.unit), "limit": limit, "configured_limit": budget.limit}
    more = {"window": values(budget.window), "scope": values(budget.scope), "band": band_of(usage, fleet.bands).name}
    ahead = None if usage is None else forecast(usage, fleet.bands, now)
    return {**known, **stated, **more, "forecast": None if ahead is None else values(ahead)}


_USAGE_KEYS = (*(f.name for f in fields(Usage)), "used", "percent")


def endpoint_documents(fleet: Fleet, snapshot: Snapshot) -> list[Document]:
    return [_endpoint_document(fleet, snapshot, name) for name in fleet.endpoints]


def _endpoint_document(fleet: Fleet, snapshot: Snapshot, name: str) -> Document:
    endpoint, health = fleet.endpoints[name], snapshot.health.get(name, Health())
    status = snapshot.status.get(name)
    return {
        "name": name,
        "url": endpoint.url,
        "kind": str(endpoint.kind),
        "locality": str(endpoint.locality),
        "simulated": endpoint.simulated,
        "service": endpoint.service,
        "group": endpoint.group,
        "state": str(health.state),
        "reason": health.reason,
        "since": health.since or None,
        "until": health.until,
        "breaker": str(health.breaker.state),
        "models": [model.name for model in fleet.models.values() if model.endpoint == name],
        "traffic": values(snapshot.traffic.get(name)),
        **(values(status) if status is not None else dict.fromkeys(_STATUS_KEYS)),
    }


_STATUS_KEYS = tuple(f.name for f in fields(EndpointStatus))


def model_documents(
    fleet: Fleet, snapshot: Snapshot, measured: tuple[Measurement, ...] | None = None
) -> list[Document]:
    """With `measured`, what bench and eval found stands beside what is stated."""
    told = [_model_document(fleet, snapshot, model) for model in fleet.models.values()]
    if measured is not None:
        for document, model in zip(told, fleet.models.values(), strict=True):
            document["measured"] = measured_document(model, measured)
    return told


def measured_document(model: Model, measured: tuple[Measurement, ...]) -> Document:
    speed, quality = of_model(measured, model)
    return {
        "speed": None if speed is None else values(speed),
        "quality": None if quality is None else values(quality),
        "compared": [values(each) for each in compared(model, speed)],
    }


def _model_document(fleet: Fleet, snapshot: Snapshot, model: Model) -> Document:
    health, status = snapshot.health.get(model.endpoint, Health()), snapshot.status.get(model.endpoint)
    relayed = status is not None and model.id in status.relays
    return {
        **values(model),
        "locality": "cloud" if relayed else str(fleet.locality_of(model)),
        **_standing(fleet, model, health, status),
        "loaded": None if status is None else _is_loaded(model, status),
        "simulated": fleet.endpoint_of(model).simulated,
        "roles": [role.name for role in fleet.roles.values() if _plays(model, role.primary, *role.fallbacks)],
        "overrides": [values(override) for override in overrides_of(fleet, snapshot.overrides, model.name)],
    }


def _standing(fleet: Fleet, model: Model, health: Health, status: EndpointStatus | None) -> Document:
    """The endpoint's state, unless the model itself is out of use or not there."""
    retired = model.retired or fleet.endpoint_of(model).retired
    if retired:
        return {"state": "retired", "reason": retired}
    if is_missing(fleet, model, status):
        return {"state": "missing", "reason": f"{model.endpoint} does not have {model.id}"}
    return {"state": str(health.state), "reason": health.reason}


def _is_loaded(model: Model, status: EndpointStatus) -> bool:
    return any(loaded.id in (model.id, f"{model.id}:latest") for loaded in status.loaded)


def _plays(model: Model, *names: str | None) -> bool:
    known = {written.lower() for written in (model.name, *model.aliases, model.id)}
    return any(name is not None and name.lower() in known for name in names)


def overrides_of(fleet: Fleet, overrides: Iterable[Override], model: str) -> list[Override]:
    """The overrides that name this model, by whichever of its names."""
    found = ((override, fleet.find(override.model)) for override in overrides if override.model is not None)
    return [override for override, named in found if named is not None and named.name == model]


def service_documents(fleet: Fleet, snapshot: Snapshot) -> list[Document]:
    """Every configured service; one that no manager told about has the state null."""
    seen = {status.name: status for status in snapshot.services}
    return [
        {
            **(values(seen[name]) if name in seen else {"name": name, "unit": service.unit, "state": None}),
            "kind": str(service.kind),
            "endpoints": [endpoint.name for endpoint in fleet.endpoints.values() if endpoint.service == name],
        }
        for name, service in fleet.services.items()
    ]


def attempt_document(attempt: Attempt) -> Document:
    """The outcome's own fields under `outcome`, with its type."""
    outcome = {"type": type(attempt.outcome).__name__.lower(), **values(attempt.outcome)}
    rest = {key: value for key, value in values(attempt).items() if key not in ("outcome", "cost")}
    return {**rest, "outcome": outcome, "cost_nano_usd": attempt.cost}


def event_document(event: EngineEvent) -> Document:
    """One engine event: `event` is its kind in kebab case; the decision is given in full once."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()
    told: Document = {"event": name}
    for f in fields(event):
        told[f.name] = _told(getattr(event, f.name))
    if isinstance(event, Answered):
        told["decision"] = event.decision.id
    elif isinstance(event, Decided):
        told["decision"] = decision_document(event.decision) | {"decision": event.decision.id}
    return told


def _told(value: object) -> Any:
    if isinstance(value, Attempt):
        return attempt_document(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Attempt):
        return [attempt_document(one) for one in value]
    return None if isinstance(value, Decision) else values(value)
