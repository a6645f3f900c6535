"""Writes the tables in docs/policy.md, between their markers, from the default policy's TOML and the core's lists.

Run it after changing `presets/default.toml`, the order of checks or the guardrails; a test holds the page to what this
would write: `python docs/build_policy_tables.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pointsman.config import load
from pointsman.core.conditions import describe
from pointsman.core.fleet import Band, Fleet, Role, Route
from pointsman.core.guardrails import GUARDRAILS
from pointsman.core.route import CHECKS

PAGE = Path(__file__).with_name("policy.md")
_MARKED = re.compile(r"(<!-- begin: (?P<name>[\w-]+) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)
# In words, by the check's name: a check that is new has none, and the tables cannot be built until it has.
CHECK_WORDS: Mapping[str, tuple[str, str]] = {
    "_retired": ("retired", "it or its endpoint is retired; the successor is named"),
    "_not_in_chain": (
        "role, pin, no-fallback, escalation-only, no-model",
        "the role does not use it, or another was pinned, or it waits for an escalation",
    ),
    "_role_locality": ("locality", "the role, or the user, wants the other side of the line between local and cloud"),
    "_local_only": ("GR-009", "`local_only` is on and it computes in the cloud"),
    "_high_risk": ("GR-002", "high-risk work is not left to a local model"),
    "_capability": ("capability", "it cannot do what is needed: see an image, make vectors"),
    "_context": ("context", "the prompt does not fit its window"),
    "_band": ("band", "its fullest budget has reached a band that closes it"),
    "_price": ("price-unknown", "its price is unknown, and unknown is not free"),
    "_budget": ("GR-011", "the worst case of this call does not fit a budget"),
    "_audit": ("GR-005", "the audit cannot be written, so nothing leaves the machine"),
    "_misconfigured": ("misconfigured, retired", "its endpoint answers that the key, address or model is wrong"),
    "_missing": ("model-missing", "its endpoint does not list it"),
    "_rate_limited": ("rate-limited", "its endpoint asked us to wait"),
    "_down": ("down, cooling", "its endpoint does not answer, or its breaker is open"),
    "_vram": ("vram", "it would have to be loaded, and cannot fit"),
    "_saturated": ("saturated", "its local endpoint has a full queue"),
}


def tables() -> dict[str, str]:
    """Marker name -> Markdown table."""
    fleet = load(policy="default").fleet
    return {
        "checks": _table(("#", "codes", "a model is out when"), map(_check, enumerate(CHECKS, start=1))),
        "routes": _table(("#", "rule", "when", "role", "why"), map(_route, enumerate(fleet.routes, start=1))),
        "roles": _table(("role", "order", "escalates", "constraints"), (_role(r) for r in fleet.roles.values())),
        "bands": _table(("from", "band", "closed", "exempt", "order"), (_band(b) for b in fleet.bands)),
        "guardrails": _table(("code", "demands", "held by"), ((g.code, g.demands, g.held_by) for g in GUARDRAILS)),
        "models": _table(("tier", "models"), _tiers(fleet)),
    }


def rendered(page: str) -> str:
    """The page with every table as it should be. Raises KeyError for a marker that no table belongs to."""
    made = tables()
    found = {match["name"] for match in _MARKED.finditer(page)}
    if found != made.keys():
        raise KeyError(f"markers {sorted(found)} are not the tables {sorted(made)}")
    return _MARKED.sub(lambda match: f"{match[1]}{made[match['name']]}{match[3]}", page)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _check(numbered: tuple[int, object]) -> tuple[str, ...]:
    number, check = numbered
    codes, words = CHECK_WORDS[getattr(check, "__name__", "")]
    return str(number), codes, words


def _route(numbered: tuple[int, Route]) -> tuple[str, ...]:
    number, route = numbered
    role = f"{route.role} (opens a {route.workflow})" if route.workflow else route.role
    return str(number), f"`{route.name}`", describe(route.when), role, route.why


def _role(role: Role) -> tuple[str, ...]:
    if role.handled_by is not None:
        return f"`{role.name}`", f"none: {role.handled_by}", "", ""
    order = " → ".join((role.primary or "", *role.fallbacks))
    up = f"to {' → '.join(role.escalate_to)} when " if role.escalate_to else ""
    return f"`{role.name}`", order, up + ", or ".join(map(describe, role.escalate_when)), _constraints(role)


def _constraints(role: Role) -> str:
    parts = (
        ("cloud only", role.cloud_only),
        ("local only", role.local_only),
        ("high risk in the cloud only", role.cloud_for_high_risk),
        ("may approve", role.judge),
        (f"emits {role.emits}", role.emits),
        (f"planned by {role.planned_by}", role.planned_by),
        (f"at most {role.max_output} tokens", role.max_output),
        (f"needs {' and '.join(sorted(role.needs))}", role.needs != {"chat"}),
    )
    return ", ".join(words for words, holds in parts if holds)


def _band(band: Band) -> tuple[str, ...]:
    closed = ", ".join(sorted(band.reject)) or (f"every {band.reject_locality} model" if band.reject_locality else "")
    order = "cheaper first" if band.prefer_cheaper else ""
    return f"{band.at} %", band.name, closed, describe(band.unless) if band.unless else "", order


def _tiers(fleet: Fleet) -> Iterable[tuple[str, ...]]:
    for tier in sorted({model.tier for model in fleet.models.values()}):
        there = (model for model in fleet.models.values() if model.tier is tier)
        yield tier, ", ".join(f"{model.name} ({fleet.locality_of(model)})" for model in there)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"written: {PAGE}\n")
