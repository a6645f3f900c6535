"""What a service action would break, and what takes over meanwhile: the engine is asked, no model is called."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from pointsman.core.drift import Drift
from pointsman.core.fleet import Fleet, Locality, Role
from pointsman.core.health import HealthState
from pointsman.core.memory import admission
from pointsman.core.pressure import for_load
from pointsman.core.request import Message, Request
from pointsman.engine.console import Console
from pointsman.engine.plans import RestartPlan
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.paint import Part
from pointsman.tui.untrusted import label, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    role: str
    model: str | None  # None: nobody
    why: str
    cost: str = ""  # where it would run, and for how much


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    service: str
    verb: str
    argv: tuple[str, ...]
    streams: int  # of our own calls that would be cut
    endpoints: tuple[str, ...]
    takeovers: tuple[Takeover, ...]
    last_local: bool = False  # no other local endpoint answers


def of_action(console: Console, service: str, verb: str) -> Consequences:
    """Raises KeyError for an unknown service."""
    endpoints = tuple(entry.name for entry in console.fleet.endpoints.values() if entry.service == service)
    takeovers = () if verb == "start" else tuple(_takeovers(console, endpoints))
    return Consequences(
        service=service,
        verb=verb,
        argv=console.service_command(service, verb),
        streams=console.streams_on(service),
        endpoints=endpoints,
        takeovers=takeovers,
        last_local=verb == "stop" and _last_local(console, endpoints),
    )


def _last_local(console: Console, endpoints: tuple[str, ...]) -> bool:
    """Would nothing on this machine answer any more?"""
    answering = [
        entry.name
        for entry in console.fleet.endpoints.values()
        if entry.locality is Locality.LOCAL and _answers(console, entry.name)
    ]
    return bool(set(answering) & set(endpoints)) and set(answering) <= set(endpoints)


def _answers(console: Console, endpoint: str) -> bool:
    health = console.snapshot.health.get(endpoint)
    return health is not None and health.state in (HealthState.UP, HealthState.BUSY, HealthState.WARMING)


def _takeovers(console: Console, endpoints: tuple[str, ...]) -> Iterator[Takeover]:
    for role in console.fleet.roles.values():
        for endpoint in endpoints:
            if _led_by(role, endpoint, console.fleet):
                yield _without(console, role.name, endpoint)


def _led_by(role: Role, endpoint: str, fleet: Fleet) -> bool:
    model = fleet.find(role.primary) if role.primary else None
    return model is not None and model.endpoint == endpoint


def _without(console: Console, role: str, endpoint: str) -> Takeover:
    request = Request(id="what-if", messages=(Message(role="user", text=""),), facts={"role": role})
    try:
        decision = console.explain(request, {"down": endpoint})
    except ValueError as problem:
        return Takeover(role=role, model=None, why=str(problem))
    cost = "" if decision.model is None else _cost(console, decision.model)
    return Takeover(role=role, model=decision.model, why=decision.blocked or decision.why(), cost=cost)


def _cost(console: Console, name: str) -> str:
    """By the minute where a speed of its own was seen, else by the million tokens."""
    model = console.fleet.models[name]
    if console.fleet.locality_of(model) is Locality.LOCAL:
        return "local, free of charge"
    traffic = console.snapshot.traffic.get(model.endpoint)
    if model.price_out is None:
        return "cloud, at an unknown price"
    if traffic is not None and traffic.tokens_per_s_p50 is not None:
        return f"cloud, est. {figures.money(int(model.price_out * traffic.tokens_per_s_p50 * 60))}/min while it writes"
    return f"cloud, {figures.money(model.price_out * 1_000_000)} per million tokens written"


def lines(found: Consequences, oldest_s: float | None = None) -> tuple[tuple[Part, ...], ...]:
    """The dialog's text."""
    oldest = "" if oldest_s is None else f", the oldest for {figures.span(oldest_s)}"
    cut = (
        "none of our replies is running on it"
        if not found.streams
        else f"cuts {found.streams} running repl{'y' if found.streams == 1 else 'ies'}{oldest}"
    )
    serves = ", ".join(label(name) for name in found.endpoints) or "no endpoint of this configuration"
    return (
        (("runs       ", "head"), (" ".join(found.argv), "strong")),
        (("serves     ", "head"), (serves, "")),
        (("in flight  ", "head"), (cut, "warn" if found.streams else "")),
        *(_meanwhile(takeover) for takeover in found.takeovers),
        *(
            ((("nothing else on this machine answers: ", "bad"), ("without it local_only work stops", "")),)
            if found.last_local
            else ()
        ),
    )


def history(plan: RestartPlan, now: float) -> tuple[tuple[Part, ...], ...]:
    """When it was last done from here, and how long it usually takes to be healthy."""
    last = "never from here" if plan.last_at is None else f"{figures.age(now - plan.last_at)} ago"
    typical = "" if plan.typical_s is None else f" · typical load time {figures.span(plan.typical_s)}"
    told: tuple[tuple[Part, ...], ...] = ((("last time  ", "head"), (last + typical, "")),)
    if plan.limit is None:
        return told
    used = f"{plan.recent} of {plan.limit.burst} starts in {figures.span(plan.limit.seconds)} are used"
    return (*told, (("limit      ", "head"), (f"{used}; systemd gives up what is started more often", "")))


def of_load(picture: Picture, name: str) -> tuple[tuple[Part, ...], ...]:
    """The arithmetic: what it needs against what is free and what making room gives back."""
    model = picture.fleet.find(name)
    found = None if model is None else admission(picture.fleet, picture.snapshot, model)
    if found is None:
        return ((("memory     ", "head"), ("it is in memory already, or a figure is not known", "dim")),)
    word = for_load(found.need.total, found.have)
    verdict: Part = (f": {word}", "good" if found.fits else "bad")
    return ((("memory     ", "head"), (str(found), ""), verdict),)


def of_revert(drift: Drift) -> tuple[tuple[Part, ...], ...]:
    return (
        ((one_line(drift.text), ""),),
        (("runs       ", "head"), (shlex.join(drift.command), "strong")),
        (("changes    ", "head"), (f"{drift.path}, copied first; the copy's path is told", "")),
    )


def _meanwhile(takeover: Takeover) -> tuple[Part, ...]:
    head: Part = ("meanwhile  ", "head")
    if takeover.model is None:
        return (head, (f"nobody does {label(takeover.role)}: ", "bad"), (takeover.why, "dim"))
    cost = f"   {takeover.cost}" if takeover.cost else ""
    return (head, (f"{label(takeover.role)} → {label(takeover.model)}", ""), (cost, "dim"))
