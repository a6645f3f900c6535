"""Audit lines in words: one function per kind of event, each a value in and an `AuditEvent` out. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pointsman.core import caps
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.decision import Decision, Rung
from pointsman.core.fleet import Band, Fleet
from pointsman.core.health import Health, HealthState
from pointsman.core.outcome import Attempt, Cancelled, Completed, Failed
from pointsman.core.recorded import plain, record
from pointsman.core.request import Request
from pointsman.core.rules import Notice
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from pointsman.core.usage import Usage

# States whose reason may quote what a server said.
_QUOTED = frozenset({HealthState.DOWN, HealthState.MISCONFIGURED, HealthState.RATE_LIMITED, HealthState.WARMING})


def prompt_mark(text: str) -> dict[str, object]:
    """What is kept of a prompt: its length and hash, never its words."""
    raw = text.encode("utf-8", "surrogatepass")
    return {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def decided(decision: Decision, fleet: Fleet, request: Request, snapshot: Snapshot) -> AuditEvent:
    picked = f"{decision.model}: {decision.ladder[0].why}" if decision.ladder else decision.blocked or "blocked"
    kind = EventType.DECISION if decision.ladder else EventType.BLOCKED
    return AuditEvent(
        type=kind,
        at=snapshot.now,
        actor=request.actor,
        text=f"{decision.task.kind} → {decision.role} → {picked}",
        request=request.id,
        model=decision.model,
        rule=decision.rule,
        data={
            "policy": decision.policy,
            "policy_rev": decision.policy_rev,
            "role": decision.role,
            "band": decision.band,
            "usage": plain(decision.usage),
            "ladder": [{"model": r.model, "endpoint": r.endpoint, "why": r.why} for r in decision.ladder],
            "rejected": [{"model": r.model, "code": str(r.code), "why": r.why} for r in decision.rejected],
            "notices": [{"notice": str(t.notice), "text": t.text} for t in decision.notices],
            "workflow": decision.workflow,
            "judge_required": decision.judge_required,
            "prompt": prompt_mark(request.text),
            "inputs": record(fleet, request, decision.task, snapshot),
        },
        foreign={f"health.{name}": seen.reason for name, seen in snapshot.health.items() if seen.state in _QUOTED},
    )


def rerouted(decision: Decision, at: float) -> tuple[AuditEvent, ...]:
    """One line for a pick other than the role's own first choice (GR-005, GR-013); none if there was no change."""
    types = {Notice.STEP_DOWN: EventType.STEP_DOWN, Notice.STEP_UP: EventType.STEP_UP}
    told = [t for t in decision.notices if t.notice in types]
    if not told or decision.model == decision.default_model or not decision.ladder:
        return ()
    codes = {r.model: str(r.code) for r in decision.rejected}
    return (
        AuditEvent(
            type=types[told[0].notice],
            at=at,
            actor="router",
            text="; ".join(t.text for t in told),
            request=decision.request,
            model=decision.model,
            from_model=decision.default_model,
            rule=codes.get(decision.default_model or "") or str(told[0].notice),
            data={
                "role": decision.role,
                "evidence": [plain(e) for e in decision.task.evidence],
                "escalated": decision.escalated,
            },
        ),
    )


def intent(decision: Decision, rung: Rung, ticket: str, number: int, at: float, reserved: int | None) -> AuditEvent:
    return AuditEvent(
        type=EventType.INTENT,
        at=at,
        actor="router",
        text=f"attempt {number}: {rung.model} on {rung.endpoint} ({rung.locality})",
        request=decision.request,
        model=rung.model,
        rule=decision.rule,
        cost=reserved,
        data={
            "ticket": ticket,
            "decision": decision.id,
            "endpoint": rung.endpoint,
            "locality": str(rung.locality),
            "max_output": rung.max_output,
        },
    )


def ended(attempt: Attempt, request: str, ticket: str, at: float) -> AuditEvent:
    return AuditEvent(
        type=EventType.OUTCOME,
        at=at,
        actor="router",
        text=_ending(attempt),
        request=request,
        model=attempt.model,
        rule=str(attempt.outcome.kind) if isinstance(attempt.outcome, Failed) else None,
        cost=attempt.cost,
        data={"ticket": ticket, "endpoint": attempt.endpoint, "seconds": round(attempt.seconds, 3)}
        | {"outcome": type(attempt.outcome).__name__.lower(), **plain(attempt.outcome)},
        foreign={"detail": attempt.outcome.detail} if isinstance(attempt.outcome, Failed) else {},
    )


def _ending(attempt: Attempt) -> str:
    outcome, where = attempt.outcome, f"{attempt.model} on {attempt.endpoint}"
    if isinstance(outcome, Completed):
        return f"{where} answered in {attempt.seconds:.2f} s ({outcome.usage.output} tokens, {outcome.finish_reason})"
    if isinstance(outcome, Cancelled):
        return f"{where}: {outcome.reason} after {attempt.seconds:.2f} s"
    detail = f": {outcome.detail}" if outcome.detail else ""
    return f"{where} failed ({outcome.kind}){detail}"


def switched(decision: Decision, attempt: Attempt, to: Rung, failed: Failed, at: float) -> AuditEvent:
    """The next model takes over after a failure: never in silence."""
    return AuditEvent(
        type=EventType.STEP_DOWN,
        at=at,
        actor="router",
        text=f"{attempt.model} → {to.model}: {failed.kind} after {attempt.seconds * 1000:.0f} ms",
        request=decision.request,
        model=to.model,
        from_model=attempt.model,
        rule=str(failed.kind),
        data={
            "role": decision.role,
            "evidence": [{"status": failed.status, "seconds": round(attempt.seconds, 3), "shown": failed.shown}],
            "from_endpoint": attempt.endpoint,
            "to_endpoint": to.endpoint,
        },
    )


def stopped(request: str, code: str, why: str, at: float) -> AuditEvent:
    return AuditEvent(
        type=EventType.BLOCKED, at=at, actor="router", text=why, request=request, rule=code, foreign={"why": why}
    )


def capped(override: Override, before: int, after: int, at: float, *, cleared: bool = False) -> AuditEvent:
    """A cap, with the limit before and after: clearing one may raise the limit or lower it."""
    limits = " → ".join(caps.amount(override.unit, limit) for limit in (before, after))
    told = overridden(override, at, cleared=cleared)
    why = f" ({override.reason})" if override.reason else ""
    text = f"cap {override.scope} {limits}{', cleared' if cleared else ''}{why}"
    return replace(told, text=text, data={**told.data, "from": before, "to": after})


def overridden(override: Override, at: float, *, cleared: bool = False) -> AuditEvent:
    what = "local_only on" if override.kind is OverrideKind.LOCAL_ONLY else caps.what(override)
    text = f"override {'cleared' if cleared else 'set'}: {what} for {override.scope}"
    return AuditEvent(
        type=EventType.OVERRIDE,
        at=at,
        actor=override.source,
        text=text + (f" ({override.reason})" if override.reason else ""),
        model=override.model,
        rule=str(override.kind),
        data={"override": plain(override), "cleared": cleared},
        foreign={"reason": override.reason},
    )


def service_asked(name: str, verb: str, argv: tuple[str, ...], cut: int, at: float, actor: str = "user") -> AuditEvent:
    text = f"{verb} {name}" + (f", cutting {cut} of our streams" if cut else "")
    return AuditEvent(type=EventType.SERVICE, at=at, actor=actor, text=text, data={"argv": list(argv), "cut": cut})


def service_done(name: str, verb: str, ok: bool, text: str, at: float) -> AuditEvent:
    outcome = "accepted" if ok else "failed"
    return AuditEvent(
        type=EventType.SERVICE,
        at=at,
        actor="router",
        text=f"{verb} {name} {outcome}: {text}",
        data={"ok": ok},
        foreign={"output": text},
    )


def health_changed(endpoint: str, old: Health, new: Health, at: float) -> tuple[AuditEvent, ...]:
    """A line if the state changed; the first look at an endpoint is no change."""
    if old.state is new.state or old.state is HealthState.UNKNOWN:
        return ()
    line = AuditEvent(
        type=EventType.HEALTH,
        at=at,
        actor="monitor",
        text=f"{endpoint}: {old.state} → {new.state} ({new.reason})",
        rule=str(new.state),
        data={"endpoint": endpoint, "from": str(old.state), "to": str(new.state)},
        foreign={"reason": new.reason},
    )
    return (line,)


def erased(line: int, fields: tuple[str, ...], at: float) -> AuditEvent:
    return AuditEvent(
        type=EventType.ERASED,
        at=at,
        actor="user",
        text=f"erased the text of others in line {line}: {', '.join(fields)}",
        data={"line": line, "fields": list(fields)},
    )


def band_crossed(usage: Usage, old: Band, new: Band, at: float) -> AuditEvent:
    return AuditEvent(
        type=EventType.BAND,
        at=at,
        actor="monitor",
        text=f"budget {usage.budget} at {usage.percent} %: {old.name} → {new.name}",
        rule=new.name,
        data={"usage": plain(usage), "from": old.name, "to": new.name},
    )
