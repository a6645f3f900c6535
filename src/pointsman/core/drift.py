"""Drift: the default model that another program's configuration claims, against the one this policy expects. Pure.

Document 000: "gateway config owns the default"; it drifted once (Kimi as default) and nobody was told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Fleet, Gateway
from pointsman.core.plain_text import one_line
from pointsman.core.rules import Notice

_LONGEST_REF = 200  # characters of a claimed reference that are worth showing


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a gateway's file says. `primary` None with no problem: it names no default model."""

    path: str
    primary: str | None = None  # untrusted text
    fallbacks: tuple[str, ...] = ()
    problem: str | None = None  # why its default cannot be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A default that is not the policy's. `command` is the exact argv that would revert it."""

    gateway: Gateway
    path: str
    claimed: str
    known: str | None  # the model of this fleet that the claim means, if it is one
    command: tuple[str, ...]

    @property
    def text(self) -> str:
        """The banner, and the sentence of the audit line."""
        means = f" ({self.known})" if self.known not in (None, self.claimed) else ""
        wanted = f"{self.gateway.expect} ({self.gateway.ref})"
        return f"drift: {self.gateway.kind}'s default model is {self.claimed}{means}, the policy's is {wanted}"


_PROGRAMS = {"openclaw": ("openclaw", "models", "set")}


def drift_of(fleet: Fleet, claim: Claim | None) -> Drift | None:
    """None if the two agree, if nothing is claimed, or if this policy expects nothing."""
    gateway = fleet.gateway
    if gateway is None or claim is None or claim.primary is None:
        return None
    model = fleet.find(claim.primary)
    if claim.primary == gateway.ref or (model is not None and model.name == gateway.expect):
        return None
    return Drift(
        gateway=gateway,
        path=claim.path,
        claimed=one_line(claim.primary[:_LONGEST_REF]),
        known=model.name if model is not None else None,
        command=(*_PROGRAMS[gateway.kind], gateway.ref),
    )


def changed(before: str | None, drift: Drift | None, claim: Claim | None, at: float) -> tuple[AuditEvent, ...]:
    """A line when the claim drifted, drifted elsewhere, or came back. `before`: the claim of the last line, if any."""
    if drift is not None and drift.claimed != before:
        return (_line(drift.text, at, claimed=drift.claimed, expected=drift.gateway.expect, path=drift.path),)
    agrees = drift is None and claim is not None and claim.primary is not None
    if agrees and before is not None:
        return (_line(f"the default model is {claim.primary if claim else ''} again: no drift", at, claimed=None),)
    return ()


def last_claim(bodies: Iterable[str]) -> str | None:
    """What the newest audit line about a claim says; newest first. None: none yet, or it agreed."""
    for body in bodies:
        data = json.loads(body).get("data", {})
        if "claimed" in data:
            found: str | None = data["claimed"]
            return found
    return None


def asked(drift: Drift, backup: str, at: float) -> AuditEvent:
    """The line before a revert: what will run, and where the copy of the file is."""
    text = f"revert {drift.gateway.kind}'s default model to {drift.gateway.ref}: {' '.join(drift.command)}"
    return _line(text, at, actor="user", argv=list(drift.command), backup=backup, from_claim=drift.claimed)


def done(drift: Drift, ok: bool, text: str, at: float) -> AuditEvent:
    outcome = "reverted" if ok else "not reverted"
    return _line(f"{drift.gateway.kind}'s default model {outcome}: {text}", at, ok=ok)


def _line(text: str, at: float, *, actor: str = "monitor", **data: object) -> AuditEvent:
    return AuditEvent(type=EventType.CONFIG, at=at, actor=actor, text=text, rule=str(Notice.DRIFT), data=data)
