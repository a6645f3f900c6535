"""A preset in a situation: the decision for stated facts, or for a text read by the real classifier. Shared by tables."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.config import load
from pointsman.core.decision import Decision
from pointsman.core.fleet import Fleet, Locality
from pointsman.core.health import Health, HealthState
from pointsman.core.keywords import task_for
from pointsman.core.request import Message, Request, Task
from pointsman.core.route import decide
from pointsman.core.snapshot import Snapshot
from pointsman.core.usage import Usage

# How much a tier can do, not its number: T2 does bulk work, T3 stands in for T0 and T1 (document 001).
STRENGTH = {"T0": 4, "T1": 3, "T3": 2, "T2": 1, "T4": 0}


@dataclass(frozen=True, slots=True)
class Policy:
    fleet: Fleet

    def situation(self, *, usage: int = 0, permille: int | None = None, local_only: bool = False, down: tuple = ()):
        """Every budget at `usage` percent (or `permille`), these endpoints down, the rest well."""
        share = usage * 10 if permille is None else permille
        seen = {b.name: Usage(budget=b.name, spent=b.limit * share // 1000, limit=b.limit) for b in self.fleet.budgets}
        gone = Health(state=HealthState.DOWN, reason="connection refused", since=1.0)
        return Snapshot(now=100.0, usage=seen, local_only=local_only, health=dict.fromkeys(down, gone))

    def decided(
        self, *, asked: dict | None = None, usage=0, permille=None, local_only=False, down=(), **facts
    ) -> Decision:
        request = Request(id="r", messages=(Message(role="user", text="do it"),), **(asked or {}))
        where = self.situation(usage=usage, permille=permille, local_only=local_only, down=down)
        return decide(self.fleet, request, Task(**facts), where)

    def read(self, text: str, **situation) -> Decision:
        request = Request(id="r", messages=(Message(role="user", text=text),))
        return decide(self.fleet, request, task_for(self.fleet, request), self.situation(**situation))

    def local(self, decision: Decision) -> bool:
        return decision.ladder[0].locality is Locality.LOCAL

    def strength(self, model: str) -> tuple[bool, int]:
        """Cloud over local, then by tier."""
        found = self.fleet.models[model]
        return self.fleet.locality_of(found) is Locality.CLOUD, STRENGTH[found.tier]


def preset(name: str) -> Policy:
    return Policy(load(policy=name).fleet)
