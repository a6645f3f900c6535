"""Names that must exist, and parts that must agree. Looks at the whole document and reports; changes only names.

Reports are made against what the document *declares*: a table with a mistake in it is still a known name, so that one
mistake does not set off a row of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pointsman.config.build import enabled
from pointsman.config.layers import Entry, Layer
from pointsman.config.problems import Place, nearest_of
from pointsman.config.shapes import UNREADABLE
from pointsman.config.units import shown
from pointsman.core.fleet import Budget, Fleet, Locality, Model, Role, Scope


def check_references(merged: Layer, fleet: Fleet) -> Fleet:
    """Reports every name that leads nowhere and every contradiction; returns the fleet with names resolved."""
    _check_endpoints(merged)
    names = model_names(merged)
    _check_aliases(merged)
    _check_routes(merged)
    _check_scopes(merged, fleet, names)
    roles = {name: _resolved(role, merged, fleet, names) for name, role in fleet.roles.items()}
    for name, role in roles.items():
        _check_role(role, merged.tables["roles"][name].place, fleet)
    for name in enabled(merged, "roles").keys() - roles.keys():
        _check_names(merged.tables["roles"][name], names)
    return replace(fleet, roles=MappingProxyType(roles), budgets=_resolved_budgets(fleet, names))


# --- endpoints -----------------------------------------------------------------------------------------------------


def _check_endpoints(merged: Layer) -> None:
    seen: dict[tuple[str | None, int | None, str], tuple[str, Entry]] = {}
    for name, entry in enabled(merged, "endpoints").items():
        _check_known(entry, "service", merged.tables["services"])
        address = _address(entry.values.get("url"))
        if address is None:
            continue
        if address in seen:
            _report_shared(name, entry, *seen[address])
        seen.setdefault(address, (name, entry))


def _address(url: object) -> tuple[str | None, int | None, str] | None:
    if not isinstance(url, str):
        return None
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname in ("localhost", "::1") else parts.hostname
    return host, parts.port or {"http": 80, "https": 443}.get(parts.scheme), parts.path.rstrip("/").removesuffix("/v1")


def _report_shared(name: str, entry: Entry, other: str, first: Entry) -> None:
    old, new = first.values.get("retired"), entry.values.get("retired")
    if old and not new:
        entry.place.key("url").problem(f"this address is retired ({other}): {old}")
    elif new and not old:
        first.place.key("url").problem(f"this address is retired ({name}): {new}")
    elif not old:
        entry.place.key("url").warning(f"endpoints {other} and {name} have the same address")


def _check_known(entry: Entry, key: str, known: Iterable[str]) -> None:
    value = entry.values.get(key)
    if isinstance(value, str) and value not in known:
        entry.place.key(key).problem(f"no such {key}: {shown(value)}", nearest_of(value, known))


# --- models --------------------------------------------------------------------------------------------------------


def model_names(merged: Layer) -> Mapping[str, tuple[str, ...]]:
    """Everything a model may be called, in lower case -> the models it may mean. Aliases win over ids."""
    aliases: dict[str, tuple[str, ...]] = {}
    ids: dict[str, tuple[str, ...]] = {}
    for name, entry in merged.tables["models"].items():
        for alias in (name, *_texts(entry.values.get("aliases"))):
            _add(aliases, alias, name)
        model_id, endpoint = entry.values.get("id"), entry.values.get("endpoint")
        if isinstance(model_id, str):
            _add(ids, model_id, name)
            _add(ids, f"{endpoint}/{model_id}", name)
    return {**ids, **aliases}


def _add(names: dict[str, tuple[str, ...]], written: str, model: str) -> None:
    known = names.get(written.lower(), ())
    names[written.lower()] = known if model in known else (*known, model)


def _texts(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _check_aliases(merged: Layer) -> None:
    """A name is one model's only: not another's alias, and not two models' alias."""
    models = merged.tables["models"]
    taken: dict[str, str] = {}
    for name, entry in models.items():
        if name.lower() in taken:
            entry.place.problem(f"differs from {taken[name.lower()]} in letter case only")
        taken.setdefault(name.lower(), name)
    for name, entry in models.items():
        place = entry.place.key("aliases")
        for index, alias in enumerate(_texts(entry.values.get("aliases"))):
            if alias.lower() in taken:
                place.item(index).problem(f"{alias} already names {taken[alias.lower()]}")
            taken.setdefault(alias.lower(), name)


# --- roles ---------------------------------------------------------------------------------------------------------


def _resolved(role: Role, merged: Layer, fleet: Fleet, names: Mapping[str, tuple[str, ...]]) -> Role:
    """The role with every model under its own name; what is switched off is left out with a warning (A9)."""
    place = merged.tables["roles"][role.name].place

    def resolve(written: str, at: Place) -> str | None:
        found = _lookup(written, at, names, "model")
        if found is not None and _usable(found, at, merged, fleet):
            return found
        return None

    def chain(key: str, listed: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for index, written in enumerate(listed):
            at = place.key(key).item(index)
            name = resolve(written, at)
            if name is not None and not _repeats(name, primary, found, at):
                found.append(name)
        return tuple(found)

    primary = resolve(role.primary, place.key("primary")) if role.primary is not None else None
    fallbacks, escalate_to = chain("fallbacks", role.fallbacks), chain("escalate_to", role.escalate_to)
    return replace(role, primary=primary, fallbacks=fallbacks, escalate_to=escalate_to)


def _check_names(entry: Entry, names: Mapping[str, tuple[str, ...]]) -> None:
    """The names in a role that has another mistake: that one must not hide these."""
    primary = entry.values.get("primary")
    if isinstance(primary, str):
        _lookup(primary, entry.place.key("primary"), names, "model")
    for key in ("fallbacks", "escalate_to"):
        for index, written in enumerate(_texts(entry.values.get(key))):
            _lookup(written, entry.place.key(key).item(index), names, "model")


def _repeats(name: str, primary: str | None, before: list[str], at: Place) -> bool:
    """A chain that comes back to a model it has tried already is a cycle."""
    if name == primary:
        at.problem(f"the chain comes back to {name}, which is the primary")
    elif name in before:
        at.problem(f"the chain names {name} twice")
    return name == primary or name in before


def _lookup(written: str, at: Place, names: Mapping[str, tuple[str, ...]], what: str) -> str | None:
    found = names.get(written.lower(), ())
    if not found:
        at.problem(f"no such {what}: {shown(written)}", nearest_of(written, names))
    elif len(found) > 1:
        at.problem(f"{written} may mean {' or '.join(found)}: use the alias")
    return found[0] if len(found) == 1 else None


def _usable(name: str, at: Place, merged: Layer, fleet: Fleet) -> bool:
    if name not in enabled(merged, "models"):
        at.warning(f"{name} is switched off and is skipped")
        return False
    model = fleet.models.get(name)
    gone = model.retired if model is not None else None
    if gone:
        at.warning(f"{name} is retired and will never be asked: {gone}")
    return model is not None


def _check_role(role: Role, place: Place, fleet: Fleet) -> None:
    if role.cloud_only and role.local_only:
        place.key("local_only").problem("a role cannot be cloud-only and local-only at once")
    if role.escalate_when and not role.escalate_to:
        place.key("escalate_to").problem("is missing: escalate_when says when, not to whom")
    for key, name in _members(role):
        model = fleet.models.get(name)
        if model is not None:
            _check_fit(role, model, place.key(key), fleet)


def _members(role: Role) -> tuple[tuple[str, str], ...]:
    primary = (("primary", role.primary),) if role.primary is not None else ()
    return (*primary, *(("fallbacks", n) for n in role.fallbacks), *(("escalate_to", n) for n in role.escalate_to))


def _check_fit(role: Role, model: Model, at: Place, fleet: Fleet) -> None:
    """A model that this role could never use: a mistake for the primary, a dead entry elsewhere."""
    report = at.problem if model.name == role.primary else at.warning
    where = fleet.locality_of(model)
    if role.cloud_only and where is Locality.LOCAL:
        report(f"the role is cloud-only and {model.name} is local")
    if role.local_only and where is Locality.CLOUD:
        report(f"the role is local-only and {model.name} is in the cloud")
    missing = sorted(role.needs - model.capabilities)
    if missing:
        report(f"the role needs {' and '.join(missing)}, which {model.name} cannot do")


# --- routes, budgets -----------------------------------------------------------------------------------------------


def _check_routes(merged: Layer) -> None:
    roles = merged.tables["roles"]
    for entry in (*(merged.arrays["routes_before"] or ()), *(merged.arrays["routes"] or ())):
        _check_known(entry, "role", roles)
        _check_plan(entry, roles)
    for entry in roles.values():
        _check_known_role(entry, "planned_by", roles)
    default = merged.top.get("default_role", "general")
    if default is not UNREADABLE and default not in roles:
        nearest = nearest_of(str(default), roles)
        merged.place.key("default_role").problem(f"no such role: {shown(default)}", nearest)


def _check_plan(entry: Entry, roles: Mapping[str, Entry]) -> None:
    """A route that opens a plan needs somebody who plans for its role."""
    worker = roles.get(str(entry.values.get("role")))
    if entry.values.get("workflow") is not None and worker is not None and "planned_by" not in worker.values:
        entry.place.key("workflow").problem(f"role {entry.values['role']} does not say who plans for it (planned_by)")


def _check_known_role(entry: Entry, key: str, roles: Mapping[str, Entry]) -> None:
    value = entry.values.get(key)
    if isinstance(value, str) and value not in roles:
        entry.place.key(key).problem(f"no such role: {shown(value)}", nearest_of(value, roles))


def _check_scopes(merged: Layer, fleet: Fleet, names: Mapping[str, tuple[str, ...]]) -> None:
    for entry in merged.tables["budgets"].values():
        scope, place = entry.values.get("scope"), entry.place.key("scope")
        if not isinstance(scope, Scope):
            continue
        if scope.endpoint is not None and scope.endpoint not in merged.tables["endpoints"]:
            nearest = nearest_of(scope.endpoint, merged.tables["endpoints"])
            place.key("endpoint").problem(f"no such endpoint: {shown(scope.endpoint)}", nearest)
        if scope.model is not None:
            _lookup(scope.model, place.key("model"), names, "model")


def _resolved_budgets(fleet: Fleet, names: Mapping[str, tuple[str, ...]]) -> tuple[Budget, ...]:
    def resolved(scope: Scope) -> Scope:
        found = names.get(scope.model.lower(), ()) if scope.model is not None else ()
        return replace(scope, model=found[0]) if found else scope

    return tuple(replace(budget, scope=resolved(budget.scope)) for budget in fleet.budgets)
