"""Yesterday's decisions once more: recorded inputs through `decide`, and what would be otherwise. Pure.

Under the same revision every decision must come out the same; under another policy the differences are counted: who
would get the work, what it would have cost with the tokens that were used, and which high-risk work would sink. Facts
are taken as recorded: prompts are not kept, so nothing is classified anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.core.decision import Decision
from pointsman.core.fleet import Fleet, Locality, Tier
from pointsman.core.outcome import TokenUsage
from pointsman.core.prices import cost_of
from pointsman.core.recorded import restore
from pointsman.core.route import decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One decision as an audit line tells it."""

    seq: int
    at: float
    request: str
    policy_rev: str
    role: str
    rule: str
    band: str
    ladder: tuple[tuple[str, str], ...]  # model, endpoint
    rejected: tuple[tuple[str, str], ...]  # model, code
    inputs: Mapping[str, Any]

    @property
    def model(self) -> str | None:
        return self.ladder[0][0] if self.ladder else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the call that answered a request used."""

    model: str
    used: TokenUsage
    cost: int | None  # nano-USD


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """`differences` names the parts that came out otherwise. `known`: replayed under its own revision."""

    line: Recorded
    decision: Decision
    known: bool
    differences: tuple[str, ...]

    @property
    def moved(self) -> bool:
        return self.line.model != self.decision.model


# --- reading audit lines -----------------------------------------------------------------------------------------


def decision_of(seq: int, body: Mapping[str, Any]) -> Recorded | None:
    """The decision that a line's decoded body tells of; None if it tells of something else."""
    data = body.get("data", {})
    if body.get("type") not in ("decision", "blocked") or "inputs" not in data:
        return None
    return Recorded(
        seq=seq,
        at=body["at"],
        request=body.get("request", ""),
        policy_rev=data["policy_rev"],
        role=data["role"],
        rule=body.get("rule", ""),
        band=data["band"],
        ladder=tuple((rung["model"], rung["endpoint"]) for rung in data["ladder"]),
        rejected=tuple((each["model"], each["code"]) for each in data["rejected"]),
        inputs=data["inputs"],
    )


def spent_of(body: Mapping[str, Any]) -> tuple[str, Spent] | None:
    """(request, what it used), if the line tells of a call that answered."""
    data = body.get("data", {})
    if body.get("type") != "outcome" or data.get("outcome") != "completed":
        return None
    told = data.get("usage", {})
    used = TokenUsage(**{name: told.get(name, 0) for name in ("input", "output", "cached", "cache_write", "reasoning")})
    return body.get("request", ""), Spent(model=body.get("model", ""), used=used, cost=body.get("cost"))


# --- deciding again ----------------------------------------------------------------------------------------------


def replay(line: Recorded, fleet: Fleet) -> Replayed:
    """Raises KeyError, TypeError or ValueError for inputs of a shape that cannot be read."""
    request, task, snapshot = restore(line.inputs, line.request)
    decision = decide(fleet, request, task, snapshot)
    known = line.policy_rev == fleet.revision
    # Servers found on the machine stand beside the fleet for a while, and are no part of its revision.
    rejected = tuple(each for each in line.rejected if each[0] in fleet.models or not known)
    seen = (
        ("role", line.role, decision.role),
        ("rule", line.rule, decision.rule),
        ("band", line.band, decision.band),
        ("ladder", line.ladder, tuple((rung.model, rung.endpoint) for rung in decision.ladder)),
        ("rejected", rejected, tuple((each.model, str(each.code)) for each in decision.rejected)),
    )
    differences = tuple(name for name, then, now in seen if then != now)
    return Replayed(line=line, decision=decision, known=known, differences=differences)


# --- what would be otherwise -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Requests that would go from one model to another; None: to nobody. `cost` is the difference in nano-USD over
    those whose tokens and prices are known, `unpriced` how many are not."""

    from_model: str | None
    to_model: str | None
    requests: int = 0
    cost: int = 0
    unpriced: int = 0
    high_risk: int = 0  # of them, high-risk work that would sink to a lower tier or to a local model


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinking:
    """A high-risk request that would be left to a lower tier or to a local model."""

    seq: int
    request: str
    from_model: str
    to_model: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    decisions: int
    same: int  # in every part
    moved: int  # another model would be asked first
    foreign: int  # recorded under a revision that is not known now, replayed all the same
    moves: tuple[Move, ...]  # most requests first
    sinking: tuple[Sinking, ...]

    @property
    def cost(self) -> int:
        return sum(move.cost for move in self.moves)

    @property
    def unpriced(self) -> int:
        return sum(move.unpriced for move in self.moves)


def report(replayed: Iterable[Replayed], spent: Mapping[str, Spent], before: Fleet, after: Fleet) -> Report:
    """`before` is where the recorded models' tiers are looked up, `after` has the prices of those they would go to."""
    seen = tuple(replayed)
    moved = [each for each in seen if each.moved]
    sinking = tuple(found for each in moved if (found := _sinking(each, before, after)) is not None)
    risky = {each.seq for each in sinking}
    moves: dict[tuple[str | None, str | None], Move] = {}
    for each in moved:
        key = (each.line.model, each.decision.model)
        moves[key] = _with(moves.get(key) or Move(from_model=key[0], to_model=key[1]), each, spent, after, risky)
    return Report(
        decisions=len(seen),
        same=sum(not each.differences for each in seen),
        moved=len(moved),
        foreign=sum(not each.known for each in seen),
        moves=tuple(sorted(moves.values(), key=lambda m: (-m.requests, m.from_model or "", m.to_model or ""))),
        sinking=sinking,
    )


def _with(move: Move, each: Replayed, spent: Mapping[str, Spent], after: Fleet, risky: set[int]) -> Move:
    difference = _cost_difference(each, spent.get(each.line.request), after)
    return Move(
        from_model=move.from_model,
        to_model=move.to_model,
        requests=move.requests + 1,
        cost=move.cost + (difference or 0),
        unpriced=move.unpriced + (difference is None),
        high_risk=move.high_risk + (each.line.seq in risky),
    )


def _cost_difference(each: Replayed, used: Spent | None, after: Fleet) -> int | None:
    """nano-USD; None where the tokens or a price are not known. Work that nobody would do costs nothing."""
    if used is None:
        return None if each.line.ladder else 0
    model = after.models.get(each.decision.model or "")
    would = 0 if model is None else cost_of(model, used.used)
    return None if would is None or used.cost is None else would - used.cost


def _sinking(each: Replayed, before: Fleet, after: Fleet) -> Sinking | None:
    rung = each.decision.ladder[0] if each.decision.ladder else None
    was = each.line.model
    if rung is None or was is None or not each.decision.task.high_risk:
        return None
    old = before.models.get(was) or after.models.get(was)
    why = None
    if rung.locality is Locality.LOCAL and (old is None or _locality(old.name, before, after) is Locality.CLOUD):
        why = "from the cloud to a local model"
    elif old is not None and _rank(after.models[rung.model].tier) > _rank(old.tier):
        why = f"from {old.tier} to {after.models[rung.model].tier}"
    if why is None:
        return None
    return Sinking(seq=each.line.seq, request=each.line.request, from_model=was, to_model=rung.model, why=why)


def _locality(model: str, before: Fleet, after: Fleet) -> Locality:
    fleet = before if model in before.models else after
    return fleet.locality_of(fleet.models[model])


def _rank(tier: Tier) -> int:
    """0 for the highest."""
    return list(Tier).index(tier)
