"""Document 000 as a page: who does which work, what runs now, and by which probe that was verified. Markdown; pure.

The page is written from the configuration and one look at the fleet, so it can only be right or old. What changes from
look to look (dates, latencies, measured figures) never counts as drift.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pointsman.core import caps
from pointsman.core.conditions import describe
from pointsman.core.fleet import Band, Budget, BudgetUnit, Endpoint, Fleet, Locality, Model, Role, Route
from pointsman.core.health import Health, HealthState
from pointsman.core.measured import Measurement, of_model
from pointsman.core.plain_text import one_line
from pointsman.core.snapshot import Override, Snapshot

_GIB = 1 << 30
_ACTIVE = frozenset({HealthState.UP, HealthState.BUSY, HealthState.RATE_LIMITED})
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the page is written from. `commands` has the line that starts each service; `drift` is the gateway's."""

    fleet: Fleet
    snapshot: Snapshot
    measured: tuple[Measurement, ...] = ()
    commands: Mapping[str, str] | None = None
    drift: str | None = None


def page(live: Live) -> str:
    parts = (_head(live), _runtime(live), _policy(live), _endpoint_map(live), _governance(live), _MAINTENANCE)
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# --- parts -------------------------------------------------------------------------------------------------------


def _head(live: Live) -> list[str]:
    fleet = live.fleet
    version = f", version {text(fleet.version)}" if fleet.version else ""
    return [
        "# Model Hierarchy (Source of Truth)",
        "",
        "Purpose: define model routing by workload, including current runtime reality.",
        "",
        f"Last reviewed: {moment(live.snapshot.now)}",
        "",
        f"Policy: {code(fleet.policy)}{version}, revision {code(fleet.revision)}. Written by `pointsman hierarchy` from"
        " the configuration and one look at every endpoint: change those, not this page.",
    ]


def _runtime(live: Live) -> list[str]:
    fleet, snapshot = live.fleet, live.snapshot
    default = fleet.roles.get(fleet.default_role)
    lines = ["## Runtime Snapshot (verified)"]
    if default is not None:
        lines.append(f"- Default role: {code(default.name)}, served by {_named(fleet, default.primary)}")
    if fleet.gateway is not None:
        lines.append(f"- Gateway default expected in {code(fleet.gateway.path)}: {code(fleet.gateway.ref)}")
        lines.append(f"- Drift: {text(live.drift)}" if live.drift else "- Drift: none seen")
    forbidden = "no cloud call is made (local_only)" if snapshot.cloud_forbidden else "allowed"
    lines.append(f"- Cloud: {forbidden}")
    overrides = [override for override in snapshot.overrides if override.active(snapshot.now)]
    lines += [f"- Override: {_override(override)}" for override in overrides] or ["- Overrides in force: none"]
    counted = [name for name, endpoint in fleet.endpoints.items() if endpoint.retired is None]
    active = sum(_health(live, name).state in _ACTIVE for name in counted)
    return [*lines, f"- Endpoints: {active} of {len(counted)} active"]


def _override(override: Override) -> str:
    until = "" if override.expires_at is None else f" until {moment(override.expires_at)}"
    why = f" ({text(override.reason)})" if override.reason else ""
    return f"{code(caps.what(override))} for {code(override.scope)}{until}{why}"


def _policy(live: Live) -> list[str]:
    lines = ["## Primary Routing Policy"]
    for number, role in enumerate(live.fleet.roles.values(), start=1):
        lines += ["", f"### {number}. {_title(role)}", *_role(live, role)]
    return lines


def _title(role: Role) -> str:
    words = text(role.name.replace("-", " ").replace("_", " ")).title()
    kinds = (("cloud only", role.cloud_only), ("local only", role.local_only), ("judge", role.judge))
    marks = ", ".join(word for word, holds in kinds if holds)
    return f"{words} ({marks})" if marks else words


def _role(live: Live, role: Role) -> Iterable[str]:
    fleet = live.fleet
    model = fleet.find(role.primary) if role.primary is not None else None
    if model is None:
        yield f"- **Model:** none: {text(role.handled_by or 'not configured')}"
    else:
        yield from _model(live, model)
    use = role.description or (", ".join(model.strengths) if model is not None else "")
    if use:
        yield f"- **Use:** {text(use)}"
    asked = [text(_rule(route)) for route in fleet.routes if route.role == role.name]
    if asked:
        yield f"- **Asked when:** {'; '.join(asked)}"
    if role.fallbacks:
        yield f"- **Fallbacks:** {', '.join(_named(fleet, name) for name in role.fallbacks)}"
    if role.escalate_to:
        when = " or ".join(describe(conditions) for conditions in role.escalate_when)
        to = ", ".join(_named(fleet, name) for name in role.escalate_to)
        yield f"- **Escalates to:** {to}" + (f", when {text(when)}" if when else "")
    if model is not None:
        yield f"- **Status:** {_status(live, fleet.endpoint_of(model))}"


def _rule(route: Route) -> str:
    return route.name if not route.when else f"{route.name} ({describe(route.when)})"


def _model(live: Live, model: Model) -> Iterable[str]:
    endpoint = live.fleet.endpoint_of(model)
    alias = "" if model.name == model.id else f" (alias: {code(model.name)})"
    yield f"- **Model:** {code(f'{endpoint.name}/{model.id}')}{alias}"
    speed = _speed(live, model)
    place = _place(endpoint) if endpoint.locality is Locality.LOCAL else f"{text(str(endpoint.kind))} (cloud)"
    if endpoint.locality is Locality.LOCAL and live.fleet.locality_of(model) is Locality.CLOUD:
        place += ", computed in a cloud"
    yield f"- **Port:** {place}{f' ({speed})' if speed else ''}"
    if model.context is not None:
        yield f"- **Context:** {model.context:,} tokens{_live_context(live, model)}"
    cache = "" if model.kv_cache is None else f" + {_gib(model.kv_cache)} KV cache"
    if model.vram is not None:
        yield f"- **VRAM:** {_gib(model.vram)}{cache}"
    elif model.ram is not None:
        yield f"- **RAM:** {_gib(model.ram)}{cache}"
    if model.retired:
        yield f"- **Retired:** {text(model.retired)}"


def _speed(live: Live, model: Model) -> str:
    told = []
    if model.speed is not None:
        low, high = model.speed
        told.append(f"stated {low if low == high else f'{low}-{high}'} tok/s")
    speed, _ = of_model(live.measured, model)
    point = None if speed is None else speed.headline
    if speed is not None and point is not None and point.generation_per_s is not None:
        told.append(f"measured {point.generation_per_s.median:.0f} tok/s on {moment(speed.at)}")
    return "; ".join(told)


def _live_context(live: Live, model: Model) -> str:
    status = live.snapshot.status.get(model.endpoint)
    loaded = None if status is None else status.contexts.get(model.id)
    return "" if loaded is None or loaded == model.context else f", loaded with {loaded:,}"


def _endpoint_map(live: Live) -> list[str]:
    lines = [
        "## Active Endpoint Map",
        "| Port | Endpoint | Models | Roles | Status | Verified by |",
        "|------|----------|--------|-------|--------|-------------|",
    ]
    for endpoint in sorted(live.fleet.endpoints.values(), key=_order):
        models = [model.name for model in live.fleet.models.values() if model.endpoint == endpoint.name]
        roles = [role.name for role in live.fleet.roles.values() if _serves(live.fleet, role, models)]
        cells = (_place(endpoint), code(endpoint.name), _listed(models), _listed(roles), _status(live, endpoint))
        lines.append(f"| {' | '.join((*cells, _verified(live, endpoint)))} |")
    return lines


def _order(endpoint: Endpoint) -> tuple[bool, int, str]:
    return endpoint.locality is Locality.CLOUD, urlsplit(endpoint.url).port or 0, endpoint.name


def _serves(fleet: Fleet, role: Role, models: Sequence[str]) -> bool:
    found = fleet.find(role.primary) if role.primary is not None else None
    return found is not None and found.name in models


def _governance(live: Live) -> list[str]:
    fleet = live.fleet
    lines = ["## Governance Notes"]
    if fleet.gateway is not None:
        lines.append(f"- The gateway's default is set in {code(fleet.gateway.path)}; `pointsman drift` compares it")
    lines.append("- A job may name its own model (`job_model`); such an override is visible and audited")
    lines += [f"- Budget {code(budget.name)}: {_limit(budget)}" for budget in fleet.budgets]
    lines += [f"- From {band.at} % of a budget ({text(band.name)}): {_effect(band)}" for band in fleet.bands]
    return lines


_MAINTENANCE = [
    "## Maintenance Rule",
    "`pointsman hierarchy --check FILE` exits 1 with the difference whenever:",
    "- the gateway's default model changes",
    "- a model endpoint is added or retired",
    "- the workload routing policy changes",
    "- a service's status changes",
]


def _limit(budget: Budget) -> str:
    window = budget.window.calendar or _rolling(budget.window.seconds or 0)
    figure = f"${budget.limit / 1e9:,.2f}" if budget.unit is BudgetUnit.NANO_USD else f"{budget.limit:,} {budget.unit}"
    return f"{figure} per {window}"


def _rolling(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}, rolling"
    return f"{seconds} s, rolling"


def _effect(band: Band) -> str:
    told = []
    if band.reject:
        told.append(f"no {', '.join(sorted(str(tier) for tier in band.reject))}")
    if band.reject_locality is not None:
        told.append(f"no {band.reject_locality} model")
    if band.prefer_cheaper:
        told.append("cheaper models first")
    unless = f", unless {text(describe(band.unless))}" if band.unless else ""
    return (", ".join(told) or "announced only") + unless


# --- states ------------------------------------------------------------------------------------------------------


def _health(live: Live, endpoint: str) -> Health:
    return live.snapshot.health.get(endpoint, Health())


def _status(live: Live, endpoint: Endpoint) -> str:
    health = _health(live, endpoint.name)
    if endpoint.retired is not None:
        return f"⛔ Retired: {text(endpoint.retired)}"
    if health.state in _ACTIVE:
        return "✅ Active, simulated" if endpoint.simulated else "✅ Active"
    if health.state is HealthState.UNKNOWN:
        return "❔ Not verified"
    start = (live.commands or {}).get(endpoint.service or "")
    hint = f"; to start it: {code(start)}" if start and health.state is HealthState.DOWN else ""
    return f"⚠️ Inactive ({text(str(health.state))}: {text(health.reason)}{hint})"


def _verified(live: Live, endpoint: Endpoint) -> str:
    status, health = live.snapshot.status.get(endpoint.name), _health(live, endpoint.name)
    if endpoint.retired is not None or health.state is HealthState.UNKNOWN:
        return "not looked at"
    asked = status.probe if status is not None and status.probe else ""
    if not asked:
        return "a probe that got no answer" if health.state is HealthState.DOWN else "a probe"
    latency = "" if status is None or status.latency_ms is None else f", {status.latency_ms:.1f} ms"
    return f"{code(asked)}{latency}"


# --- words -------------------------------------------------------------------------------------------------------


def text(raw: str) -> str:
    """Foreign or configured text as Markdown that says just that."""
    return _SPECIAL.sub(r"\\\1", one_line(raw))


def code(raw: str) -> str:
    """A name as a code span, which has no escapes: what would end it, or a table's cell, is replaced."""
    return f"`{one_line(raw).replace('`', chr(0x2BC)).replace('|', chr(0xA6))}`"


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _named(fleet: Fleet, name: str | None) -> str:
    model = fleet.find(name) if name is not None else None
    return code(model.name if model is not None else name or "nobody")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(code(name) for name in names) or "none"


def _place(endpoint: Endpoint) -> str:
    """The port on this machine; elsewhere the host, too."""
    parts = urlsplit(endpoint.url)
    host = parts.hostname or ""
    if host in ("127.0.0.1", "localhost", "::1"):
        return str(parts.port or (443 if parts.scheme == "https" else 80))
    return text(host if parts.port is None else f"{host}:{parts.port}")


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"


# --- drift -------------------------------------------------------------------------------------------------------

_VOLATILE = (
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2})? (?:UTC|[A-Z]{2,5})"), "(date)"),
    (re.compile(r"\b\d+(?:\.\d+)? ms\b"), "(latency)"),
    (re.compile(r"measured \d+ tok/s"), "measured (speed)"),
)


def normalised(written: str) -> list[str]:
    """The lines with what may change from look to look replaced by what it is."""
    for pattern, word in _VOLATILE:
        written = pattern.sub(word, written)
    return [line.rstrip() for line in written.strip().splitlines()]


def difference(committed: str, live: str, name: str) -> str:
    """How the committed page differs from the live one, as a unified diff; empty if it does not."""
    lines = difflib.unified_diff(normalised(committed), normalised(live), name, "live", lineterm="")
    return "".join(f"{line}\n" for line in lines)
