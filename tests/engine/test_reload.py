"""The configuration changes while requests are served (scenarios.md N6)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from pointsman.core.fleet import Endpoint, Fleet
from pointsman.core.health import Health
from pointsman.core.outcome import FailureKind
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.ports import ConfigurationWrong, Lineup
from support.fleets import ROLES, ask, endpoint, model, small_fleet
from support.worlds import ScriptedBackend, StillHost, World, fail, heard, say


@dataclass
class Paper:
    """A configuration as a test writes it: a fleet, or problems."""

    world: World
    written: Fleet | tuple[str, ...]
    source: str = "pointsman.toml"
    fresh: bool = False
    backends: dict[str, ScriptedBackend] = field(default_factory=dict)

    def write(self, text: Fleet | tuple[str, ...]) -> None:
        self.written, self.fresh = text, True

    async def changed(self) -> bool:
        fresh, self.fresh = self.fresh, False
        return fresh

    async def read(self) -> Lineup:
        if isinstance(self.written, tuple):
            raise ConfigurationWrong(self.written)
        self.backends = {name: ScriptedBackend([say("from the new one")]) for name in self.written.endpoints}
        return Lineup(fleet=self.written, backends=self.backends)


def opened(world: World, *, monitor: bool = False, forgotten: list[str] | None = None) -> tuple[Engine, Paper]:
    paper = Paper(world, world.fleet)

    async def forget(gone: Endpoint) -> None:
        if forgotten is not None:
            forgotten.append(gone.name)

    engine = Engine(
        fleet=world.fleet,
        backends=world.backends,
        store=world.store,
        prober=world.prober,
        host=StillHost(),
        services=world.services,
        clock=world.clock,
        monitor=monitor,
        configuration=paper,
        forget=forget,
    )
    world.engine = engine
    return engine, paper


def role(name: str, primary: str, *fallbacks: str) -> dict[str, object]:
    return {r.name: replace(r, primary=primary, fallbacks=fallbacks) if r.name == name else r for r in ROLES}


NEW = replace(
    small_fleet(roles=role("general", "next")),
    revision="new0new0new0",
    endpoints={"elsewhere": endpoint("elsewhere"), **{e: small_fleet().endpoints[e] for e in ("gpu", "deepseek")}},
    models={"next": model("next", "elsewhere"), "coder": small_fleet().models["coder"]},
)


async def test_what_is_asked_before_keeps_the_old_one_and_what_is_asked_after_gets_the_new() -> None:
    """The request under way even goes on to a fallback that the new configuration does not have."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await go_on.wait()

    world = World(
        fleet=small_fleet(roles=role("general", "sonnet", "big")),
        scripts={"anthropic": [(hold, *fail(FailureKind.REFUSED))], "cpu": [say("from the old one")]},
    )
    engine, paper = opened(world)
    async with engine:
        before = asyncio.create_task(heard(world, ask(id="before")))
        await reached.wait()
        paper.write(NEW)
        told = await engine.reload()
        after = await heard(world, ask(id="after"))
        go_on.set()
        old = (await before)[-1]
    assert isinstance(old, events.Answered) and old.text == "from the old one"
    assert isinstance(after[-1], events.Answered) and after[-1].text == "from the new one"
    assert after[-1].decision.policy_rev == "new0new0new0" and old.decision.policy_rev == "0123456789ab"
    assert "0123456789ab → test new0new0new0; endpoints added: elsewhere; endpoints removed: cpu, ollama" in told
    (line,) = [line for line in world.store.lines if line.type == "config"]
    assert line.data["from"]["policy_rev"] == "0123456789ab" and line.data["to"]["policy_rev"] == "new0new0new0"  # type: ignore[index]
    assert world.store.open == {}  # both settled


async def test_a_bad_edit_keeps_the_old_one_with_its_place_in_a_banner_until_it_is_mended() -> None:
    world = World()
    engine, paper = opened(world)
    async with engine:
        paper.write(("pointsman.toml:3 models.x.tier: expected T0 to T4",))
        await engine._reload.look()
        (banner,) = engine.banners
        assert (
            engine.fleet == world.fleet
            and "former configuration stays" in banner
            and "pointsman.toml:3 models.x.tier" in banner
        )
        assert world.audit("config") == []
        paper.write(world.fleet)
        assert "nothing that is used has changed" in await engine.reload()
        assert engine.banners == () and world.audit("config") == []


async def test_a_change_that_cannot_be_written_down_waits_until_it_can() -> None:
    world = World()
    engine, paper = opened(world)
    async with engine:
        world.store.full = "no space left"
        paper.write(NEW)
        await engine._reload.look()
        assert engine.fleet == world.fleet and any("the change waits" in banner for banner in engine.banners)
        world.store.full = None
        await engine._reload.look()
        assert engine.fleet == NEW and len(world.audit("config")) == 1
        assert not any("the change waits" in banner for banner in engine.banners)


async def test_local_only_closes_the_cloud_at_once_and_is_never_loosened_in_silence() -> None:
    reached = asyncio.Event()

    async def hold() -> None:
        reached.set()
        await asyncio.Event().wait()

    world = World(scripts={"anthropic": [(hold,)]})
    engine, paper = opened(world)
    async with engine:
        streaming = asyncio.create_task(heard(world, ask()))
        await reached.wait()
        paper.write(small_fleet(local_only=True))
        assert "local_only on" in await engine.reload()
        assert isinstance((await streaming)[-1], events.Answered | events.Blocked)
        assert world.backends["anthropic"].hung_up == 1 and len(world.backends["anthropic"].calls) == 1
        paper.write(small_fleet(local_only=False))
        assert "local_only off" in await engine.reload()
        assert any("local_only was switched off" in banner for banner in engine.banners)


async def test_endpoints_that_come_are_watched_and_those_that_go_are_let_go() -> None:
    world, forgotten = World(), []
    engine, paper = opened(world, monitor=True, forgotten=forgotten)
    async with engine:
        paper.write(NEW)
        await engine.reload()
        async for picture in engine.watch():
            if picture.status.get("elsewhere") is not None:
                break
        probing = set(engine._monitor._probing)
        world.prober.looked.clear()
        await engine.look_at_endpoints()
    assert probing == set(NEW.endpoints) == set(world.prober.looked)
    assert sorted(forgotten) == ["anthropic", "cpu", "ollama"]


async def test_a_name_that_means_another_server_starts_unknown_and_ignores_the_old_ones_failures() -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await go_on.wait()

    world = World(
        fleet=small_fleet(roles=role("general", "coder")), scripts={"gpu": [(hold, *fail(FailureKind.REFUSED))]}
    )
    engine, paper = opened(world)
    async with engine:
        before = asyncio.create_task(heard(world, ask()))
        await reached.wait()
        moved = {**world.fleet.endpoints, "gpu": endpoint("gpu", url="http://other.test")}
        paper.write(replace(world.fleet, endpoints=moved))
        await engine.reload()
        go_on.set()
        await before
        assert engine.snapshot.health["gpu"] == Health()
