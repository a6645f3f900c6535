"""What if: the same snapshot with some facts of the world changed, by the keys of `route --set`. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pointsman.core.fleet import Fleet
from pointsman.core.health import Health, HealthState
from pointsman.core.snapshot import EndpointStatus, OverrideKind, Snapshot
from pointsman.core.usage import Usage

KEYS = ("usage", "usage.BUDGET", "down", "up", "busy", "local_only", "vram_free", "now")
_GIB = 1024**3


def suppose(snapshot: Snapshot, fleet: Fleet, settings: Mapping[str, str]) -> Snapshot:
    """The snapshot with every setting applied, in order. A value may name several, separated by commas.

    Raises ValueError that names the key and what would be right.
    """
    for key, value in settings.items():
        name, _, rest = key.partition(".")
        change = _CHANGES.get(name)
        if change is None or (rest and name != "usage"):
            raise ValueError(f"unknown what-if key {key!r}{_instead(key, KEYS)}")
        snapshot = change(snapshot, fleet, rest, value)
    return snapshot


def _usage(snapshot: Snapshot, fleet: Fleet, budget: str, value: str) -> Snapshot:
    percent = _number(value, "a percentage such as 92")
    names = [b.name for b in fleet.budgets]
    if budget and budget not in names:
        raise ValueError(f"unknown budget {budget!r}; there are: {', '.join(names) or 'none'}")
    changed = dict(snapshot.usage)
    for b in fleet.budgets:
        if budget in ("", b.name):
            old = changed.get(b.name) or Usage(budget=b.name, spent=0, limit=b.limit)
            changed[b.name] = replace(old, spent=round(old.limit * percent / 100), reserved=0)
    return replace(snapshot, usage=changed)


def _with_state(state: HealthState) -> Callable[[Snapshot, Fleet, str, str], Snapshot]:
    def change(snapshot: Snapshot, fleet: Fleet, _: str, value: str) -> Snapshot:
        health = dict(snapshot.health)
        for name in _endpoints(fleet, value):
            health[name] = Health(state=state, reason="what if", since=snapshot.now)
        return replace(snapshot, health=health)

    return change


def _busy(snapshot: Snapshot, fleet: Fleet, _: str, value: str) -> Snapshot:
    """A queue at the configured limit (or 1 where none is configured)."""
    status = dict(snapshot.status)
    for name in _endpoints(fleet, value):
        old = status.get(name) or EndpointStatus(checked_at=snapshot.now)
        status[name] = replace(old, waiting=max(fleet.queue_limit or 1, 1))
    return replace(snapshot, status=status)


def _local_only(snapshot: Snapshot, fleet: Fleet, _: str, value: str) -> Snapshot:
    words = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
    if value.lower() not in words:
        raise ValueError(f"local_only is true or false, not {value!r}")
    on = words[value.lower()]
    others = tuple(o for o in snapshot.overrides if o.kind is not OverrideKind.LOCAL_ONLY)
    return replace(snapshot, local_only=on, overrides=snapshot.overrides if on else others)


def _vram_free(snapshot: Snapshot, fleet: Fleet, _: str, value: str) -> Snapshot:
    free = int(_number(value, "a figure in GiB") * _GIB)
    if snapshot.host is None:
        raise ValueError("vram_free: no machine figures are known here")
    gpus = tuple(replace(gpu, vram_free=free) for gpu in snapshot.host.gpus)
    return replace(snapshot, host=replace(snapshot.host, gpus=gpus))


def _now(snapshot: Snapshot, fleet: Fleet, _: str, value: str) -> Snapshot:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"now is a time in ISO 8601, such as 2026-11-21T09:00:00Z, not {value!r}") from None
    return replace(snapshot, now=(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _endpoints(fleet: Fleet, value: str) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if name not in fleet.endpoints:
            raise ValueError(f"unknown endpoint {name!r}{_instead(name, fleet.endpoints)}")
    return names


def _instead(written: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(written, names, 1)
    return f", did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names)}"


def _number(value: str, expected: str) -> float:
    try:
        number = float(value.rstrip("%"))
    except ValueError:
        raise ValueError(f"expected {expected}, not {value!r}") from None
    if not 0 <= number < 1e12:
        raise ValueError(f"expected {expected}, not {value!r}")
    return number


_CHANGES: Mapping[str, Callable[[Snapshot, Fleet, str, str], Snapshot]] = {
    "usage": _usage,
    "down": _with_state(HealthState.DOWN),
    "up": _with_state(HealthState.UP),
    "busy": _busy,
    "local_only": _local_only,
    "vram_free": _vram_free,
    "now": _now,
}
