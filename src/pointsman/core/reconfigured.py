"""What another configuration changes while the program runs (scenarios.md N6). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Endpoint, Fleet

RELOADED = "config-reloaded"


def same_place(one: Endpoint, other: Endpoint) -> bool:
    """Do both mean one server? What is known of its health then holds for both."""
    return (one.url, one.kind, one.locality, one.retired) == (other.url, other.kind, other.locality, other.retired)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigured:
    """The endpoints that came, went, or are reached differently, and whether the cloud is open."""

    before: Fleet
    after: Fleet

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(name for name in self.after.endpoints if name not in self.before.endpoints)

    @property
    def gone(self) -> tuple[Endpoint, ...]:
        """Nothing new will be sent there: its clients can be closed."""
        kept = set(self.after.endpoints.values())
        return tuple(endpoint for endpoint in self.before.endpoints.values() if endpoint not in kept)

    @property
    def removed(self) -> tuple[str, ...]:
        return tuple(name for name in self.before.endpoints if name not in self.after.endpoints)

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def __str__(self) -> str:
        parts = [f"policy {_policy(self.before)} → {_policy(self.after)}" if self._policy_changed else "same policy"]
        parts += _listed("endpoints added", self.added) + _listed("endpoints removed", self.removed)
        if self.before.local_only is not self.after.local_only:
            parts.append(f"local_only {'on' if self.after.local_only else 'off'}")
        return "; ".join(parts)

    @property
    def _policy_changed(self) -> bool:
        return self.before.revision != self.after.revision

    def told(self, source: str, at: float, actor: str) -> AuditEvent:
        """The line that must be on the disk before it is in force."""
        data = {
            "source": source,
            "from": {"policy": self.before.policy, "policy_rev": self.before.revision},
            "to": {"policy": self.after.policy, "policy_rev": self.after.revision},
            "added": list(self.added),
            "removed": list(self.removed),
            "local_only": {"from": self.before.local_only, "to": self.after.local_only},
        }
        return AuditEvent(
            type=EventType.CONFIG,
            at=at,
            actor=actor,
            text=f"configuration read again: {self}",
            rule=RELOADED,
            data=data,
        )


def _policy(fleet: Fleet) -> str:
    return f"{fleet.policy} {fleet.revision[:12]}"


def _listed(title: str, names: Iterable[str]) -> list[str]:
    listed = ", ".join(names)
    return [f"{title}: {listed}"] if listed else []
