"""The order in which a role's models would be asked if all were free and well, and who said so. Pure.

Precedence: pin > per-request fallbacks > preference (request, then job, then override) > what did well on
similar tasks > escalation > the role's order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pointsman.core.conditions import FactValue, all_hold, describe
from pointsman.core.decision import Told
from pointsman.core.fleet import Fleet, Role
from pointsman.core.request import Request, Task
from pointsman.core.rules import Code, Notice
from pointsman.core.snapshot import Override, OverrideKind, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """`order` maps model name to why it stands there, first choice first. `exclusive`: why no other may answer."""

    order: Mapping[str, str]
    exclusive: tuple[Code, str] | None = None
    escalated: str | None = None
    notices: tuple[Told, ...] = ()


def plan_chain(
    fleet: Fleet, request: Request, task: Task, facts: Mapping[str, FactValue], role: Role, snapshot: Snapshot
) -> Chain:
    pinned = _pinned(fleet, request, task, role, snapshot)
    if pinned is not None:
        return pinned
    trigger = next((when for when in role.escalate_when if all_hold(when, facts)), None)
    order: dict[str, str] = {}
    notices: list[Told] = []
    _add_preference(fleet, request, task, role, snapshot, order, notices)
    _add_similar(fleet, snapshot, order, notices)
    escalated = describe(trigger) if trigger is not None and role.escalate_to else None
    if escalated is not None:
        text = f"{role.name} escalates to {role.escalate_to[0]}: {escalated}"
        notices.append(Told(notice=Notice.STEP_UP, text=text))
        _extend(fleet, order, role.escalate_to, f"escalated: {escalated}")
    _add_role_order(fleet, request, role, order)
    unknown = [name for name in request.fallbacks or () if fleet.find(name) is None]
    notices += [
        Told(notice=Notice.OVERRIDE, text=f"{name}, given as fallback, is no model of this fleet: skipped")
        for name in unknown
    ]
    exclusive = None
    if not request.allow_fallback:
        order = dict(list(order.items())[:1])
        exclusive = (Code.NO_FALLBACK, "the caller allows no fallback")
    return Chain(order=order, exclusive=exclusive, escalated=escalated, notices=tuple(notices))


def _extend(fleet: Fleet, order: dict[str, str], names: tuple[str, ...], why: str) -> None:
    """Each model stands once, where it was named first (scenarios.md A5)."""
    for name in names:
        model = fleet.find(name)
        if model is not None:
            order.setdefault(model.name, why)


def _add_role_order(fleet: Fleet, request: Request, role: Role, order: dict[str, str]) -> None:
    if role.primary is not None:
        _extend(fleet, order, (role.primary,), f"primary of role {role.name}")
    if request.fallbacks is not None:
        _extend(fleet, order, request.fallbacks, "fallback given with the request")
        return
    for number, name in enumerate(role.fallbacks, start=1):
        _extend(fleet, order, (name,), f"fallback {number} of role {role.name}")


def _pinned(fleet: Fleet, request: Request, task: Task, role: Role, snapshot: Snapshot) -> Chain | None:
    override = standing(snapshot, OverrideKind.PIN, task, role)
    name = request.pin or (override.model if override else None)
    model = fleet.find(name) if name else None
    if name and model is None:
        # Strict as it is, it must not turn into "any model" when its name is wrong (scenarios.md A11, A12).
        near = get_close_matches(name.lower(), fleet.models, n=3)
        hint = f"; near: {', '.join(near)}" if near else ""
        return Chain(order={}, exclusive=(Code.PIN, f"{name} is pinned and is no model of this fleet{hint}"))
    if model is None:
        return None
    who = "this request" if request.pin else f"an override for {override.scope if override else ''}"
    told = Told(notice=Notice.OVERRIDE, text=f"{model.name} is pinned by {who}; role {role.name} is not asked")
    why = f"pinned by {who}"
    return Chain(order={model.name: why}, exclusive=(Code.PIN, f"{model.name} is pinned by {who}"), notices=(told,))


def _add_preference(
    fleet: Fleet,
    request: Request,
    task: Task,
    role: Role,
    snapshot: Snapshot,
    order: dict[str, str],
    notices: list[Told],
) -> None:
    override = standing(snapshot, OverrideKind.PREFER, task, role)
    wishes = (
        (request.prefer, "preferred by this request"),
        (task.job_model, f"the job's own model (default: {role.primary})"),
        (override.model if override else None, f"preferred by an override for {override.scope if override else ''}"),
    )
    for name, why in wishes:
        model = fleet.find(name) if name else None
        if model is not None and model.name not in order:
            order[model.name] = why
            notices.append(Told(notice=Notice.OVERRIDE, text=f"{model.name}: {why}"))
        elif name and model is None:
            notices.append(Told(notice=Notice.OVERRIDE, text=f"{name}, {why}, is no model of this fleet: skipped"))


def _add_similar(fleet: Fleet, snapshot: Snapshot, order: dict[str, str], notices: list[Told]) -> None:
    """What did well on similar tasks, where the policy wants it; whoever stated a wish comes before it (004)."""
    seen = snapshot.similar if fleet.similar_tasks else None
    model = fleet.find(seen.model) if seen is not None else None
    if seen is not None and model is not None and model.name not in order:
        order[model.name] = seen.why
        notices.append(Told(notice=Notice.SIMILAR, text=f"{model.name}: {seen.why}"))


def standing(snapshot: Snapshot, kind: OverrideKind, task: Task, role: Role) -> Override | None:
    """The override of that kind in force here. A role's beats a kind's beats a global one; the newest wins a tie."""
    rank = {f"role:{role.name}": 2, f"kind:{task.kind}": 1, "global": 0}
    active = [o for o in snapshot.overrides if o.kind is kind and o.active(snapshot.now) and o.scope in rank]
    return max(active, key=lambda o: (rank[o.scope], o.created_at), default=None)
