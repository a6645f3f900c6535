"""What is known, and what changed, as complete sentences. Pure. Text of others is made harmless where it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pointsman.core import caps
from pointsman.core.audit import EventType
from pointsman.core.decision import Decision
from pointsman.core.fleet import Band, BudgetUnit, Fleet
from pointsman.core.health import Health, HealthState
from pointsman.core.outcome import Attempt, Completed, Failed
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from pointsman.core.usage import Usage, announced_band, band_of
from pointsman.engine import events
from pointsman.engine.events import EngineEvent

_WELL = (HealthState.UP, HealthState.BUSY)
# Lines of the audit that nothing else here has told already.
AUDIT_WORTHY = frozenset(
    str(kind)
    for kind in (
        *(EventType.STEP_DOWN, EventType.STEP_UP, EventType.BLOCKED, EventType.RECOVERED, EventType.CONFIG),
        *(EventType.SERVICE, EventType.ERASED, EventType.ROTATED, EventType.RETIRED, EventType.ANCHOR),
    )
)


def clock(at: float) -> str:
    """UTC, as on the screen."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


# --- what changed -------------------------------------------------------------------------------------------------


class Changes:
    """Tells what is new in each picture. The first one is a summary."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._seen: Snapshot | None = None
        self._bands: dict[str, Band] = {}

    def of(self, new: Snapshot) -> list[str]:
        old, self._seen = self._seen, new
        if old is None:
            self._bands = {name: band_of(usage, self._fleet.bands) for name, usage in new.usage.items()}
            return [summary(self._fleet, new)]
        told = (_health(old, new), _services(old, new), _restarts(old, new), _standing(old, new), self._in_bands(new))
        return [sentence for part in told for sentence in part]

    def _in_bands(self, new: Snapshot) -> Iterator[str]:
        for name, usage in new.usage.items():
            old = self._bands.get(name)
            band = self._bands[name] = announced_band(old, usage, self._fleet.bands)
            if old is not None and band.at != old.at:
                yield f"Budget {name} is at {usage.percent} percent: the band is now {band.name}, it was {old.name}."


def summary(fleet: Fleet, seen: Snapshot) -> str:
    well = sum(1 for name in fleet.endpoints if seen.health.get(name, Health()).state in _WELL)
    simulated = " of a simulated fleet" if any(each.simulated for each in fleet.endpoints.values()) else ""
    return f"{len(fleet.models)} models at {len(fleet.endpoints)} endpoints{simulated}; {well} of these are up."


def endpoint(name: str, health: Health) -> str:
    until = "" if health.until is None else f" until {clock(health.until)}"
    reason = f": {health.reason}" if health.reason else ""
    return f"Endpoint {name} is {health.state}{until}{reason}."


def _health(old: Snapshot, new: Snapshot) -> Iterator[str]:
    for name, health in new.health.items():
        before = old.health.get(name, Health())
        if before.state is not health.state:
            yield endpoint(name, health)


def _services(old: Snapshot, new: Snapshot) -> Iterator[str]:
    before = {service.name: service.state for service in old.services}
    for service in new.services:
        if service.name in before and before[service.name] is not service.state:
            reason = f": {service.reason}" if service.reason else ""
            yield f"Service {service.name} is {service.state}{reason}."


def _restarts(old: Snapshot, new: Snapshot) -> Iterator[str]:
    before = {each.service: each.stage for each in old.restarts}
    for each in new.restarts:
        if before.get(each.service) is not each.stage:
            text = f", {each.text}" if each.text else ""
            yield f"The {each.verb} of {each.service}: {each.stage}{text}."
            yield from (f"  Its log says: {line}" for line in each.tail if each.over)


def _standing(old: Snapshot, new: Snapshot) -> Iterator[str]:
    if old.cloud_forbidden != new.cloud_forbidden:
        closed = "is closed: every prompt stays on this machine" if new.cloud_forbidden else "is open again"
        yield f"The cloud {closed}."
    if old.audit_writable != new.audit_writable:
        yield (
            "The audit can be written again."
            if new.audit_writable
            else ("The audit cannot be written: no cloud call, no restart.")
        )
    known = {order.id for order in old.overrides}
    yield from (override(order) for order in new.overrides if order.id not in known and _not_local_only(order))
    left = {order.id for order in new.overrides}
    for order in old.overrides:
        if order.id not in left and _not_local_only(order):
            yield f"No longer: {caps.what(order)} for {order.scope}."


def _not_local_only(order: Override) -> bool:
    return order.kind is not OverrideKind.LOCAL_ONLY


def override(order: Override) -> str:
    until = "until it is cleared" if order.expires_at is None else f"until {clock(order.expires_at)}"
    what = "local only" if order.kind is OverrideKind.LOCAL_ONLY else caps.what(order)
    return f"In force for {order.scope}: {what}, {until}."


# --- what is ------------------------------------------------------------------------------------------------------


def status(fleet: Fleet, seen: Snapshot) -> Iterator[str]:
    yield summary(fleet, seen)
    for name, each in fleet.endpoints.items():
        if each.retired is None:
            yield endpoint(name, seen.health.get(name, Health()))
    yield from (budget(fleet, usage) for usage in seen.usage.values())
    yield from (override(order) for order in seen.overrides if order.active(seen.now))
    yield from services(seen)
    yield from _machine(seen)
    yield "The cloud is closed." if seen.cloud_forbidden else "The cloud is open."


def services(seen: Snapshot) -> Iterator[str]:
    for service in seen.services:
        reason = f": {service.reason}" if service.reason else ""
        yield f"Service {service.name} ({service.unit}) is {service.state}{reason}."


def budget(fleet: Fleet, usage: Usage) -> str:
    stated = next((each for each in fleet.budgets if each.name == usage.budget), None)
    in_money = stated is not None and stated.unit is BudgetUnit.NANO_USD
    used, limit = (f"${figure / 1e9:.2f}" if in_money else f"{figure:,}" for figure in (usage.used, usage.limit))
    unit = "" if in_money or stated is None else f" {stated.unit}"
    band = band_of(usage, fleet.bands).name
    return f"Budget {usage.budget}: {used} of {limit}{unit}, {usage.percent} percent, band {band}."


def _machine(seen: Snapshot) -> Iterator[str]:
    host = seen.host
    if host is None:
        return
    for gpu in host.gpus:
        yield f"GPU {gpu.index}, {gpu.name}: {_size(gpu.vram_used)} of {_size(gpu.vram_total)} of its memory is used."
    yield f"Main memory: {_size(host.ram_used)} of {_size(host.ram_total)} is used."


def _size(figure: int | None) -> str:
    return "an unknown amount" if figure is None else f"{figure / 1024**3:.1f} GiB"


# --- a reply ------------------------------------------------------------------------------------------------------


def event(told: EngineEvent) -> list[str]:
    """The sentences about an event; its text, where it is an answer, is not among them."""
    tell = _EVENTS.get(type(told))
    return [] if tell is None else list(tell(told))


def _decided(told: events.Decided) -> Iterator[str]:
    decision = told.decision
    yield from (f"Note: {notice.text}." for notice in decision.notices)
    if decision.ladder:
        rung = decision.ladder[0]
        yield f"{rung.model} on {rung.endpoint} ({rung.locality}) is asked. Why: {decision.why()}."


def _attempting(told: events.Attempting) -> Iterator[str]:
    if told.number > 1:
        yield f"{told.rung.model} on {told.rung.endpoint} ({told.rung.locality}) is asked. Why: {told.rung.why}."


def _waiting(told: events.Waiting) -> Iterator[str]:
    place = "" if told.position is None else f", place {told.position} in the queue"
    yield f"Waiting: {told.why}{place}."


def _switched(told: events.Switched) -> Iterator[str]:
    cut = f" What it had said above is a fragment, and {told.to_model} begins anew." if told.fragment else ""
    yield f"{told.from_model} failed after {told.seconds:.1f} seconds: {told.why}. {told.to_model} takes over.{cut}"


def _answered(told: events.Answered) -> Iterator[str]:
    yield figures(told.attempt)


def _cancelled(told: events.Cancelled) -> Iterator[str]:
    yield "Cancelled."


def _blocked(told: events.Blocked) -> Iterator[str]:
    for attempt in told.attempts:
        outcome = attempt.outcome
        if isinstance(outcome, Failed):
            yield f"{attempt.model} on {attempt.endpoint} failed: {outcome.detail or outcome.kind}."
    yield f"No answer: {told.why} ({told.code})."
    if told.offer is not None:
        yield f"Another model may be asked: /model {told.offer}."
    if told.retry_at is not None:
        yield f"It may work again at {clock(told.retry_at)}."


def _stage(told: events.StageBegan) -> Iterator[str]:
    yield f"Step {told.number} of {told.of}: {told.text}."


def _plan(told: events.PlanReady) -> Iterator[str]:
    yield f"{told.planner} has a plan:"
    yield from told.text.splitlines()
    if told.opinion:
        yield f"{told.opinion_by} adds: {told.opinion}"
    yield "Nothing is done yet: /approve lets it be worked on, /reject drops it."


def _check(told: events.CheckEnded) -> Iterator[str]:
    run = told.checked.run
    yield f"The check {'passed' if run.passed else 'failed'}: {run.ending()}."


def _judged(told: events.Judged) -> Iterator[str]:
    verdict = "approves" if told.ruling.approved else "does not approve"
    yield f"The judge {told.judge or '(nobody)'} {verdict}: {told.ruling.why}."


def _annotated(told: events.Annotated) -> Iterator[str]:
    if told.problem is None:
        yield f"{told.by or 'The critic'} notes on the answer:"
        yield from told.text.splitlines()


_EVENTS: Mapping[type, Callable[[Any], Iterator[str]]] = {
    events.Decided: _decided,
    events.Attempting: _attempting,
    events.Waiting: _waiting,
    events.Switched: _switched,
    events.Answered: _answered,
    events.Cancelled: _cancelled,
    events.Blocked: _blocked,
    events.StageBegan: _stage,
    events.PlanReady: _plan,
    events.CheckEnded: _check,
    events.Judged: _judged,
    events.Annotated: _annotated,
}


def figures(attempt: Attempt) -> str:
    outcome = attempt.outcome
    if not isinstance(outcome, Completed):
        return f"That was {attempt.model} on {attempt.endpoint}."
    about = "about " if outcome.usage.estimated else ""
    parts = [f"{about}{outcome.usage.total:,} tokens"]
    if outcome.first_token_s is not None:
        parts.append(f"first one after {outcome.first_token_s:.1f} seconds")
    if outcome.tokens_per_s is not None:
        parts.append(f"{outcome.tokens_per_s:.0f} a second")
    parts.append("cost unknown" if attempt.cost is None else f"${attempt.cost / 1e9:.4f}")
    ended = "" if outcome.finish_reason == "stop" else f" It ended by {outcome.finish_reason}."
    return f"That was {attempt.model} on {attempt.endpoint}: {', '.join(parts)}.{ended}"


# --- why ----------------------------------------------------------------------------------------------------------


def why(decision: Decision) -> Iterator[str]:
    """The same facts as the screen's Why panel."""
    yield f"Policy {decision.policy}, rule {decision.rule}: {decision.rule_why}."
    yield f"The task is {decision.task.kind}, complexity {decision.task.complexity} of 10; the role is {decision.role}."
    yield from (f"{entry.fact} is {entry.value}: {entry.why}." for entry in decision.task.evidence)
    for place, rung in enumerate(decision.ladder, 1):
        yield f"Choice {place}: {rung.model} on {rung.endpoint} ({rung.locality}): {rung.why}."
    yield from (f"Not {each.model}: {each.why} ({each.code})." for each in decision.rejected)
    if decision.blocked:
        yield f"Blocked: {decision.blocked}."
