"""Real logs replayed: every decision an engine wrote into a real store comes out the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.core.fleet import Fleet
from pointsman.core.health import HealthState, Probe
from pointsman.core.outcome import FailureKind
from pointsman.core.replay import Replayed, decision_of, replay
from pointsman.core.snapshot import EndpointStatus, Override, OverrideKind
from pointsman.engine import events
from pointsman.ports import AuditQuery, Probed
from support.checking import run, setting
from support.fleets import BANDS, BUDGET, ask, small_fleet
from support.worlds import AllUp, World, fail, heard

K = FailureKind
CODING = {"kind": "coding", "tokens": 100, "high_risk": False}


class Troubled(AllUp):
    """Endpoints in every condition that a probe can tell."""

    async def probe(self, endpoint: object) -> Probed:
        seen = await super().probe(endpoint)  # type: ignore[arg-type]
        name = endpoint.name  # type: ignore[attr-defined]
        if name == "ollama":
            status = EndpointStatus(
                checked_at=0.0, available=frozenset({"vl-id", "other"}), relays=frozenset({"vl-id"})
            )
            return Probed(health=seen.health, status=status)
        if name == "cpu":
            status = EndpointStatus(checked_at=0.0, waiting=9, running=4, slots=4, contexts={"big-id": 50_000})
            return Probed(health=seen.health, status=status)
        if name == "deepseek":
            return Probed(health=Probe(state=HealthState.DOWN, reason="connection refused by 10.0.0.7"))
        return seen


async def logged(tmp_path: Path, fleet: Fleet, prober: AllUp, *trouble: K) -> list[Replayed]:
    """Many requests over one engine and a real store; then every decision from the audit, made again."""
    # A limit that names no end is waited for: a quarter of a minute, twice.
    bad = [fail(kind, detail="it says no", status=500, retry_after=0.05) for kind in trouble]
    async with await SqliteStore.open(tmp_path / "state", SystemClock()) as store:
        world = World(
            {"gpu": bad} if bad else {},
            fleet=fleet,
            store=store,  # type: ignore[arg-type]
            prober=prober,
            checks=setting(run(1)),
        )
        async with world.engine:
            await world.engine.look()
            for number, (text, more) in enumerate(REQUESTS):
                await heard(world, ask(text, **{"id": f"r{number}", "conversation": f"c{number % 3}", **more}))
            await world.engine.set_override(
                Override(id="o1", kind=OverrideKind.PREFER, model="flash", scope="kind:coding")
            )
            await heard(world, ask("prefer", id="p1", facts=CODING))
            told = [
                e async for e in world.engine.submit_checked(ask("x", id="k1", conversation="k", facts=CODING), "make")
            ]
            assert isinstance(told[-1], events.CheckEnded)
            await world.engine.set_override(Override(id="o2", kind=OverrideKind.LOCAL_ONLY))
            await heard(world, ask("stay", id="l1", facts=CODING))
            await heard(world, ask("stay", id="l2", facts={"role": "judge"}))
        rows = await store.audit(AuditQuery(limit=10_000))
    lines = [found for row in rows if (found := decision_of(row.seq, json.loads(row.body))) is not None]
    assert len(lines) >= len(REQUESTS) + 6
    return [replay(line, fleet) for line in lines]


REQUESTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("hello", {}),
    ("write a parser", {"facts": CODING}),
    ("write a parser", {"facts": {**CODING, "failed_attempts": 2}}),
    ("rotate the auth secrets", {"facts": {"kind": "coding", "tokens": 5}}),
    ("think hard", {"facts": {"kind": "reasoning", "critical": True}}),
    ("think hard", {"facts": {"kind": "reasoning", "tokens": 95_000}}),
    ("look", {"facts": {"images": 1}}),
    ("pinned", {"pin": "flash"}),
    ("preferred", {"prefer": "opus", "fallbacks": ("sonnet", "big"), "max_output": 64}),
    ("alone", {"prefer": "coder", "allow_fallback": False}),
    ("camera", {"facts": {"role": "camera"}}),
    ("odd", {"facts": {"role": "odd"}}),
    ("안녕하세요, 파서를 고쳐 주세요", {}),
)


async def test_every_decision_of_a_healthy_engine_replays_identically(tmp_path: Path) -> None:
    replayed = await logged(tmp_path, small_fleet(), AllUp())
    assert [each.differences for each in replayed if each.differences] == []


async def test_so_do_those_made_in_trouble(tmp_path: Path) -> None:
    """Endpoints down, relaying, saturated, cooling down after failures; budgets nearly full."""
    fleet = small_fleet(queue_limit=4, budgets=(replace(BUDGET, limit=300_000_000),), bands=BANDS)
    replayed = await logged(tmp_path, fleet, Troubled(), K.OUT_OF_MEMORY, K.SERVER_ERROR, K.RATE_LIMITED, K.REFUSED)
    assert [each.differences for each in replayed if each.differences] == []
    codes = {code for each in replayed for _, code in each.line.rejected}
    assert {"down", "saturated", "GR-009", "context"} <= codes


async def test_another_policy_moves_some_of_them(tmp_path: Path) -> None:
    replayed = await logged(tmp_path, small_fleet(), AllUp())
    other = small_fleet(revision="ffffffffffff", default_role="thinker")
    again = [replay(each.line, other) for each in replayed]
    assert {(each.line.model, each.decision.model) for each in again if each.moved} == {("sonnet", "opus")}
    assert not any(each.known for each in again)
