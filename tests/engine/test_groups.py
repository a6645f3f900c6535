"""Exclusive groups over a scripted machine: one GPU whose memory follows what is loaded, services that start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest

from pointsman.core.fleet import Deadlines, Endpoint, EndpointKind, Fleet, Role, Service, ServiceKind
from pointsman.core.groups import GroupLimits
from pointsman.core.health import HealthState, Probe
from pointsman.core.outcome import FailureKind
from pointsman.core.snapshot import EndpointStatus, Gpu, HostSample, LoadedModel, ServiceState, ServiceStatus
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.engine.groups import SwapTimes
from pointsman.engine.machines import MachineTimes
from pointsman.ports import PortOwner, Probed, ServiceResult, StartLimit
from support.fleets import ask, endpoint, model
from support.worlds import MemoryStore, ScriptedBackend, TestClock, say

GIB = 1 << 30
CARD = 32 * GIB


@dataclass
class Machine:
    """Services a, b and c with a model each, an Ollama, and a GPU. Is prober, host and services at once."""

    loaded: dict[str, int] = field(default_factory=dict)  # bytes by endpoint
    need: dict[str, int] = field(default_factory=lambda: {"a": 20 * GIB, "b": 21 * GIB, "c": 5 * GIB})
    broken: set[str] = field(default_factory=set)  # services whose start fails at once
    leak: int = 0  # bytes that are never given back
    most: int = 0  # how many were ever in memory together
    done: list[str] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)  # streams of other programs
    ollama: set[str] = field(default_factory=set)

    async def probe(self, endpoint: Endpoint) -> Probed:
        if endpoint.kind is EndpointKind.OLLAMA:
            held = tuple(LoadedModel(id=name, vram=4 * GIB) for name in sorted(self.ollama))
            status = EndpointStatus(checked_at=0.0, loaded=held)
            return Probed(health=Probe(state=HealthState.UP, reason="ready"), status=status)
        if endpoint.name in "abc" and endpoint.name not in self.loaded:
            return Probed(health=Probe(state=HealthState.DOWN, reason="connection refused"))
        status = EndpointStatus(checked_at=0.0, running=self.running.get(endpoint.name, 0))
        return Probed(health=Probe(state=HealthState.UP, reason="ready"), status=status)

    async def sample(self) -> HostSample:
        used = sum(self.loaded.values()) + 4 * GIB * len(self.ollama) + self.leak
        gpu = Gpu(index=0, name="card", vram_total=CARD, vram_used=used, vram_free=CARD - used)
        return HostSample(taken_at=0.0, gpus=(gpu,))

    async def status(self) -> tuple[ServiceStatus, ...]:
        return tuple(self._status(name) for name in "abc")

    def _status(self, name: str) -> ServiceStatus:
        state = ServiceState.ACTIVE if name in self.loaded else ServiceState.INACTIVE
        return ServiceStatus(name=name, unit=name, state=ServiceState.FAILED if name in self.broken else state)

    def command(self, name: str, verb: str) -> tuple[str, ...]:
        return (verb, name)

    async def act(self, name: str, verb: str) -> ServiceResult:
        self.done.append(f"{verb} {name}")
        if verb == "stop":
            self.loaded.pop(name, None)
        elif name not in self.broken:
            self.loaded[name] = self.need[name]
        self.most = max(self.most, len(self.loaded) + bool(self.ollama))
        return ServiceResult(ok=True, text="done")

    async def start_limit(self, name: str) -> StartLimit | None:
        return None

    async def port_owner(self, name: str, url: str) -> PortOwner:
        return PortOwner(ours=True, text="")

    async def logs(self, name: str, lines: int) -> tuple[str, ...]:
        return ("cudaMalloc failed: out of memory",)

    # ports.Residency
    def describe(self, endpoint: Endpoint, model: object, verb: str, seconds: float | None = None) -> str:
        return f"POST {verb}"

    async def keep(self, endpoint: Endpoint, model: object, seconds: float | None) -> ServiceResult:
        self.done.append(f"keep {model.id} {seconds}")  # type: ignore[attr-defined]
        return await self.load(endpoint, model)

    async def load(self, endpoint: Endpoint, model: object) -> ServiceResult:
        name = model.id  # type: ignore[attr-defined]
        self.done.append(f"load {name}")
        self.ollama.add(name)
        self.most = max(self.most, len(self.loaded) + 1)
        return ServiceResult(ok=True, text="loaded")

    async def unload(self, endpoint: Endpoint, model_id: str) -> ServiceResult:
        self.done.append(f"unload {model_id}")
        self.ollama.discard(model_id)
        return ServiceResult(ok=True, text="unloaded")

    async def aclose(self) -> None: ...


def fleet(**sizes: int) -> Fleet:
    places = [
        endpoint(n, url=f"http://127.0.0.1:{ord(n)}", service=n, group="gpu0", deadlines=Deadlines(load=0.2))
        for n in "abc"
    ]
    places += [endpoint("box", EndpointKind.OLLAMA, url="http://127.0.0.1:11434", group="gpu0"), endpoint("cpu")]
    vram = {"a": 20 * GIB, "b": 20 * GIB, "c": 5 * GIB, "vl": 4 * GIB, **sizes}
    models = [model(n, n, vram=vram[n], price_in=0, price_out=0) for n in "abc"]
    models += [model("vl", "box", id="vl", vram=vram["vl"], price_in=0, price_out=0), model("spare", "cpu", price_in=0, price_out=0)]  # fmt: skip
    return Fleet(
        policy="test",
        revision="0",
        endpoints={e.name: e for e in places},
        models={m.name: m for m in models},
        roles={f"use-{m.name}": Role(name=f"use-{m.name}", primary=m.name, fallbacks=("spare",)) for m in models},
        routes=(),
        services={n: Service(name=n, kind=ServiceKind.SYSTEMD_USER, unit=n) for n in "abc"},
        default_role="use-a",
    )


class Gate:
    """A stream that stands open until it is let go, and says when it began."""

    def __init__(self) -> None:
        self.began, self.let_go = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.began.set()
        await self.let_go.wait()


@dataclass
class Room:
    machine: Machine
    fleet: Fleet = field(default_factory=fleet)
    limits: GroupLimits = field(default_factory=lambda: GroupLimits(residency_s=0.0))
    others: float = 5.0

    async def __aenter__(self) -> Room:
        self.backends = {name: ScriptedBackend([say("hello")]) for name in self.fleet.endpoints}
        swap = SwapTimes(poll=0.0, release=0.05, others=self.others)
        self.store = MemoryStore()
        self.engine = Engine(
            fleet=self.fleet, backends=self.backends, store=self.store, prober=self.machine, host=self.machine,
            services=self.machine, clock=TestClock(), monitor=False, residency=self.machine,
            times=MachineTimes(swap=swap, groups=self.limits),
        )  # fmt: skip
        await self.engine.__aenter__()
        await self.engine.look()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.__aexit__(None, None, None)

    def ask(self, name: str, number: int = 0) -> asyncio.Task[list[events.EngineEvent]]:
        request = ask("hi", id=f"{name}{number}", facts={"role": f"use-{name}", "kind": "general"})

        async def heard() -> list[events.EngineEvent]:
            return [event async for event in self.engine.submit(request)]

        return asyncio.create_task(heard())

    def hold(self, name: str) -> Gate:
        gate = Gate()
        self.backends[name].scripts[:] = [(gate, *say("hello"))]
        return gate

    async def waiting(self, count: int) -> None:
        async for snapshot in self.engine.watch():
            if any(group.waiting == count for group in snapshot.groups):
                return


def who(heard: list[events.EngineEvent]) -> str:
    assert isinstance(heard[-1], events.Answered), heard[-1]
    return heard[-1].attempt.model


async def test_a_sleeping_member_is_loaded_and_the_wait_is_told() -> None:
    async with Room(Machine({"a": 20 * GIB})) as room:
        heard = await room.ask("b")
        told = [event for event in heard if isinstance(event, events.Waiting)]
    assert who(heard) == "b" and room.machine.done == ["stop a", "start b"]
    assert told[0].position == 1 and "loading b" in told[0].why
    assert [line.actor for line in room.store.lines if line.text in ("stop a", "start b")] == ["router", "router"]


async def test_nobodys_stream_is_cut_and_later_requests_for_the_loaded_one_do_not_overtake() -> None:
    async with Room(Machine({"a": 20 * GIB})) as room:
        gate = room.hold("a")
        first = room.ask("a")
        await gate.began.wait()
        second = room.ask("b")
        await room.waiting(1)
        third = room.ask("a", 1)
        await room.waiting(2)
        assert room.machine.done == []
        gate.let_go.set()
        assert [who(await each) for each in (first, second, third)] == ["a", "b", "a"]
    assert room.machine.done == ["stop a", "start b", "stop b", "start a"] and room.machine.most == 1


async def test_a_just_loaded_model_stays_and_takes_its_own_requests_along() -> None:
    async with Room(Machine(), limits=GroupLimits(residency_s=0.2)) as room:
        assert who(await room.ask("a")) == "a"
        other = room.ask("b")
        await room.waiting(1)
        assert who(await room.ask("a", 1)) == "a"  # rides along while b waits
        assert who(await other) == "b"
    assert room.machine.done == ["start a", "stop a", "start b"]


async def test_requests_for_one_model_join_one_load() -> None:
    async with Room(Machine({"b": 20 * GIB})) as room:
        answers = await asyncio.gather(*(room.ask("a", number) for number in range(5)))
    assert [who(heard) for heard in answers] == ["a"] * 5
    assert room.machine.done == ["stop b", "start a"]


async def test_a_load_that_fails_sends_everybody_to_their_fallback_with_the_servers_own_words() -> None:
    async with Room(Machine({"b": 20 * GIB})) as room:
        gate = room.hold("b")
        holding = room.ask("b")
        await gate.began.wait()
        waiting = [room.ask("a", number) for number in range(3)]
        await room.waiting(3)
        room.machine.broken.add("a")
        gate.let_go.set()
        answers = await asyncio.gather(*waiting)
        await holding
    assert [who(heard) for heard in answers] == ["spare"] * 3
    switch = next(event for event in answers[0] if isinstance(event, events.Switched))
    assert switch.kind is FailureKind.LOAD_FAILED and "out of memory" in switch.why
    assert room.machine.done == ["stop b", "start a"]
    assert not any(line.type == "intent" and line.model == "a" for line in room.store.lines)


async def test_a_load_that_never_gets_ready_is_given_up_at_its_deadline() -> None:
    async with Room(Machine()) as room:
        room.machine.need["a"] = 0
        normal = room.machine.probe

        async def never(place: Endpoint) -> Probed:
            warming = Probed(health=Probe(state=HealthState.WARMING, reason="loading"))
            return warming if place.name == "a" and "a" in room.machine.loaded else await normal(place)

        room.machine.probe = never  # type: ignore[method-assign]
        heard = await room.ask("a")
    assert who(heard) == "spare"
    assert any(isinstance(e, events.Switched) and "did not load within 0.2 s" in e.why for e in heard)


async def test_the_vram_must_really_have_fallen() -> None:
    """What was stopped still holds its memory (a zombie, another program): the load is refused with the arithmetic."""
    async with Room(Machine({"a": 20 * GIB}, leak=12 * GIB + 1)) as room:
        heard = await room.ask("b")
    assert who(heard) == "spare" and room.machine.done == []  # `decide` saw it before anything was stopped
    async with Room(Machine({"a": 20 * GIB})) as room:
        original = room.machine.act

        async def leaking(name: str, verb: str) -> ServiceResult:
            room.machine.leak = 20 * GIB if verb == "stop" else 0
            return await original(name, verb)

        room.machine.act = leaking  # type: ignore[method-assign]
        heard = await room.ask("b")
    assert who(heard) == "spare" and room.machine.done == ["stop a"]
    told = next(event for event in heard if isinstance(event, events.Switched)).why
    assert told == "b needs 20.0 GiB weights; free are 12.0 GiB, 0.05 s after others were stopped"


async def test_what_a_load_took_beyond_its_card_is_measured_and_counted_next_time() -> None:
    async with Room(Machine()) as room:
        await room.ask("b")
        assert room.engine.snapshot.vram_overhead == {"b": GIB}


async def test_the_queue_has_an_end_and_says_so_at_once() -> None:
    async with Room(Machine({"a": 20 * GIB}), limits=GroupLimits(residency_s=0.0, queue=2)) as room:
        gate = room.hold("a")
        first = room.ask("a")
        await gate.began.wait()
        waiting = [room.ask("b", number) for number in range(2)]
        await room.waiting(2)
        heard = await room.ask("b", 9)
        gate.let_go.set()
        await asyncio.gather(first, *waiting)
    assert who(heard) == "spare"
    switch = next(event for event in heard if isinstance(event, events.Switched))
    assert switch.kind is FailureKind.BUSY and "number 3 of at most 2" in switch.why


async def test_who_gives_up_leaves_the_queue_and_the_others_move_up() -> None:
    async with Room(Machine({"a": 20 * GIB})) as room:
        gate = room.hold("a")
        first = room.ask("a")
        await gate.began.wait()
        leaving, staying = room.ask("b"), room.ask("c")
        await room.waiting(2)
        leaving.cancel()
        await room.waiting(1)
        gate.let_go.set()
        told = [event.position for event in await staying if isinstance(event, events.Waiting)]
        await asyncio.gather(first, leaving, return_exceptions=True)
    assert told[:2] == [2, 1] and room.machine.done == ["stop a", "start c"]


async def test_streams_of_other_programs_are_waited_for_too() -> None:
    async with Room(Machine({"a": 20 * GIB}, running={"a": 1})) as room:
        waiting = room.ask("b")
        await room.waiting(1)
        looked = room.machine.probe
        calls = 0

        async def ends_later(place: Endpoint) -> Probed:
            nonlocal calls
            calls += 1
            if calls == 5:
                assert room.machine.done == []
                room.machine.running.clear()
            return await looked(place)

        room.machine.probe = ends_later  # type: ignore[method-assign]
        assert who(await waiting) == "b"
    async with Room(Machine({"a": 20 * GIB}, running={"a": 1}), others=0.05) as room:
        assert who(await room.ask("b")) == "spare" and room.machine.done == []


async def test_an_ollama_in_the_group_is_unloaded_and_loaded_and_never_stopped() -> None:
    async with Room(Machine(ollama={"vl", "other"})) as room:
        assert who(await room.ask("a")) == "a"
        assert who(await room.ask("vl")) == "vl"
    assert room.machine.done == ["unload other", "unload vl", "start a", "stop a", "load vl"]
    assert room.machine.most == 1


async def test_without_an_audit_nothing_is_stopped_and_local_work_goes_on_elsewhere() -> None:
    async with Room(Machine({"a": 20 * GIB})) as room:
        room.store.full = "disk full"
        heard = await room.ask("b")
    assert room.machine.done == []
    assert isinstance(heard[-1], events.Blocked | events.Answered)


async def test_closing_the_engine_begins_no_swap_for_those_who_leave() -> None:
    machine = Machine({"a": 20 * GIB})
    async with Room(machine) as room:
        gate = room.hold("a")
        talking = room.ask("a")
        await gate.began.wait()
        waiting = [room.ask(name) for name in ("b", "c")]
        await room.waiting(2)
    await asyncio.gather(talking, *waiting, return_exceptions=True)
    assert machine.done == []


async def test_closing_the_engine_ends_the_waiting_and_the_swap() -> None:
    machine = Machine({"a": 20 * GIB}, running={"a": 1})
    async with Room(machine) as room:
        waiting = room.ask("b")
        await room.waiting(1)
    await asyncio.gather(waiting, return_exceptions=True)
    assert machine.done == []


# --- models in memory because somebody asked ---------------------------------------------------------------------


async def test_loading_and_unloading_by_hand_is_audited_and_admitted_by_its_size() -> None:
    async with Room(Machine({"c": 5 * GIB}), fleet=fleet(vl=33 * GIB)) as room:
        desk = room.engine.machines
        refused = await desk.load_model("vl")
        assert not refused.ok and refused.text.startswith(
            "vl needs 33.0 GiB weights; free are 27.0 GiB + 5.0 GiB given"
        )
    async with Room(Machine({"c": 5 * GIB})) as room:
        desk = room.engine.machines
        assert desk.model_request("vl", "load") == "POST load" and desk.model_request("a", "load") == "start service a"
        assert (await desk.load_model("vl")).ok and room.machine.ollama == {"vl"}
        assert (await desk.unload_model("vl")).ok and room.machine.ollama == set()
        assert (await desk.keep_model("vl", None)).ok and room.machine.done[-2] == "keep vl None"
        kept = await desk.keep_model("a", 60)
        assert not kept.ok and "serves one model as long as it runs" in kept.text
        told = await desk.unload_model("a")
        assert not told.ok and "pointsman services stop a" in told.text
        with pytest.raises(ValueError, match="unknown model"):
            await desk.load_model("nobody")
        texts = [line.text for line in room.store.lines if line.type == "service"]
    assert texts[0] == "load vl on box" and texts[-1].startswith("unload a failed")


async def test_a_model_is_not_unloaded_under_our_own_stream() -> None:
    async with Room(Machine(ollama={"vl"})) as room:
        gate = room.hold("box")
        talking = room.ask("vl")
        await gate.began.wait()
        refused = await room.engine.machines.unload_model("vl")
        gate.let_go.set()
        await talking
    assert not refused.ok and "1 of our own streams use vl" in refused.text
    assert room.machine.done == []


async def test_an_open_breaker_does_not_hide_what_is_in_memory() -> None:
    """A server that answers probes but failed calls holds its memory all the same, and is swapped out like any."""
    from pointsman.core.outcome import Failed

    async with Room(Machine({"a": 20 * GIB})) as room:
        for _ in range(3):
            room.engine._board.saw("a", Failed(kind=FailureKind.STREAM_CUT))
        assert who(await room.ask("b")) == "b"
    assert room.machine.done == ["stop a", "start b"] and room.machine.most == 1


async def first_event(stream: AsyncIterator[events.EngineEvent]) -> events.EngineEvent:
    async with aclosing(stream) as heard:  # type: ignore[type-var]
        return await anext(heard)


async def test_what_cannot_be_woken_from_here_is_served_as_it_stands() -> None:
    alone = replace(fleet(), services={})
    async with Room(Machine({"a": 20 * GIB}), fleet=alone) as room:
        assert who(await room.ask("a")) == "a"
        assert isinstance(await first_event(room.engine.submit(ask("hi", facts={"role": "use-b"}))), events.Decided)
    assert room.machine.done == []
