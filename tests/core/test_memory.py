"""Memory arithmetic: what is refused with which figures, what sleeps, and document 003's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman.core.fleet import EndpointKind, Service, ServiceKind
from pointsman.core.health import Breaker, BreakerState, Health, HealthState
from pointsman.core.memory import asleep, cannot_fit, holds, need_of, occupied, what_fits, word_for
from pointsman.core.recorded import record, restore
from pointsman.core.request import Task
from pointsman.core.route import decide
from pointsman.core.rules import Code
from pointsman.core.snapshot import (
    EndpointStatus,
    Gpu,
    GroupStatus,
    HostSample,
    LoadedModel,
    ServiceState,
    ServiceStatus,
    Snapshot,
)
from support.fleets import ask, endpoint, model, small_fleet

GIB = 1 << 30
UP, DOWN = Health(state=HealthState.UP), Health(state=HealthState.DOWN, reason="connection refused")
A = endpoint("a", url="http://127.0.0.1:1", service="sa", group="gpu0")
B = endpoint("b", url="http://localhost:2/v1", service="sb", group="gpu0")
FREE = endpoint("free", EndpointKind.OLLAMA, url="http://127.0.0.1:11434")
FLEET = replace(
    small_fleet(),
    endpoints={e.name: e for e in (A, B, FREE)},
    models={
        "big": model("big", "a", vram=57 * GIB, kv_cache=24 * GIB, price_in=0, price_out=0),
        "mid": model("mid", "b", vram=23 * GIB, price_in=0, price_out=0),
        "vl": model("vl", "free", id="vl:8b", vram=10 * GIB, price_in=0, price_out=0),
        "dark": model("dark", "free", price_in=0, price_out=0),
    },
    services={n: Service(name=n, kind=ServiceKind.SYSTEMD_USER, unit=n) for n in ("sa", "sb")},
    roles={"general": replace(small_fleet().roles["general"], primary="big", fallbacks=("mid", "vl"))},
    routes=(),
    budgets=(),
    bands=(),
)


def picture(
    *,
    free: int | None = 30,
    health: dict | None = None,
    loaded: tuple = (),
    services: dict | None = None,
    **more: object,
) -> Snapshot:
    states = services or {"sa": ServiceState.INACTIVE, "sb": ServiceState.ACTIVE}
    gpu = Gpu(index=0, name="card", vram_total=96 * GIB, vram_free=None if free is None else free * GIB)
    return Snapshot(
        now=100.0,
        health=health or {"a": DOWN, "b": UP, "free": UP},
        status={"free": EndpointStatus(checked_at=1.0, loaded=loaded)},
        host=HostSample(taken_at=1.0, ram_total=128 * GIB, gpus=(gpu,)),
        services=tuple(ServiceStatus(name=n, unit=n, state=s) for n, s in states.items()),
        **more,  # type: ignore[arg-type]
    )


def refusal(name: str, seen: Snapshot) -> str | None:
    return cannot_fit(FLEET, seen, FLEET.models[name])


def test_the_arithmetic_counts_weights_cache_and_overhead_against_free_plus_what_a_swap_gives_back() -> None:
    assert refusal("big", picture(free=30, vram_overhead={"big": GIB})) == (
        "big needs 57.0 GiB weights + 24.0 GiB cache + 1.0 GiB measured overhead = 82.0 GiB; "
        "free are 30.0 GiB + 23.0 GiB given back by b = 53.0 GiB"
    )
    assert refusal("big", picture(free=59, vram_overhead={"big": GIB})) is None


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("mid", picture(free=0)),  # loaded already
        ("vl", picture(free=0, loaded=(LoadedModel(id="vl:8b"),))),
        ("dark", picture(free=0)),  # unknown VRAM
        ("big", picture(free=None)),  # unknown free
        ("big", picture(free=0, health={"b": UP})),  # not probed: unknown, not absent
        ("big", picture(free=0, groups=(GroupStatus(name="gpu0", loading="a"),))),  # on its way
    ],
)
def test_nothing_is_refused_that_is_loaded_or_not_known(name: str, seen: Snapshot) -> None:
    assert refusal(name, seen) is None


def test_a_manager_evicts_its_own_models_to_make_room() -> None:
    assert "free are 4.0 GiB" in (refusal("vl", picture(free=4)) or "")
    assert refusal("vl", picture(free=4, loaded=(LoadedModel(id="other", vram=6 * GIB),))) is None


def test_decide_rejects_with_the_code_and_replays() -> None:
    seen = picture(free=10)
    decision = decide(FLEET, ask(), Task(), seen)
    codes = {r.model: r.code for r in decision.rejected}
    assert codes["big"] is Code.VRAM and decision.model == "mid"
    request, task, again = restore(record(FLEET, ask(), Task(), seen), "r1")
    assert decide(FLEET, request, task, again) == decision


def test_a_sleeping_member_is_on_the_ladder_and_a_failed_or_cooling_one_is_not() -> None:
    assert decide(FLEET, ask(), Task(), picture(free=70)).model == "big"
    broken = picture(free=70, services={"sa": ServiceState.FAILED, "sb": ServiceState.ACTIVE})
    assert decide(FLEET, ask(), Task(), broken).model == "mid"
    cooling = replace(DOWN, breaker=Breaker(state=BreakerState.OPEN, retry_at=200.0))
    assert not asleep(FLEET, picture(health={"a": cooling, "b": UP, "free": UP}), "a")
    assert not asleep(FLEET, picture(), "free")


@pytest.mark.parametrize(("name", "expected"), [("big", False), ("mid", True), ("vl", False), ("dark", False)])
def test_alive_means_loaded_only_where_the_server_has_one_model(name: str, expected: bool) -> None:
    assert holds(FLEET, picture(), FLEET.models[name]) is expected
    assert holds(FLEET, replace(picture(), health={}), FLEET.models[name]) is None


def test_a_router_that_sleeps_occupies_nothing() -> None:
    router = replace(picture(), status={"b": EndpointStatus(checked_at=1.0, available=frozenset({"x", "y"}))})
    assert not occupied(FLEET, router, "b")
    assert occupied(FLEET, picture(), "b") and not occupied(FLEET, picture(), "free")


@pytest.mark.parametrize(
    ("need", "word"), [(5, "comfortable"), (18, "comfortable"), (20, "OK"), (24, "OK"), (25, "tight"), (36, "tight"), (37, "does not fit")]
)  # fmt: skip
def test_the_words_of_document_003_on_its_machine(need: int, word: str) -> None:
    """36 GB: 8B (5 GB) comfortable, 34B (20 GB) OK, both (25 GB) tight."""
    assert word_for(need * GIB, 36 * GIB) == word


def test_what_fits_tells_every_model_alone_and_in_pairs() -> None:
    fits = {fit.models: fit for fit in what_fits(FLEET, picture())}
    assert len(fits) == 4 + 6
    assert fits[("big",)].word == "tight" and fits[("big",)].why == "81.0 GiB of 96.0 GiB VRAM (84 %)"
    assert fits[("big", "mid")].word == "does not fit"
    assert fits[("big", "mid")].why.endswith("never both: group gpu0 holds one at a time")
    assert fits[("mid", "vl")].word == "comfortable"
    assert fits[("dark",)].word == "unknown"


def test_a_model_of_the_cpu_is_counted_against_ram() -> None:
    cpu = replace(
        FLEET, models={"slow": model("slow", "b", ram=42 * GIB, kv_cache=60 * GIB), "mid": FLEET.models["mid"]}
    )
    fits = {fit.models: fit for fit in what_fits(cpu, picture())}
    assert fits[("slow",)].why == "102.0 GiB of 128.0 GiB RAM (79 %)"
    assert fits[("slow", "mid")].word == "tight"


def test_a_need_without_weights_is_unknown() -> None:
    assert need_of(FLEET.models["dark"]) is None


def test_another_machines_memory_is_not_measured_with_ours() -> None:
    """A server in the local network is local, but the GPU that is sampled is not the one it uses."""
    elsewhere = replace(FLEET, endpoints={**FLEET.endpoints, "a": replace(A, url="http://192.168.1.9:8080")})
    assert cannot_fit(elsewhere, picture(free=0), FLEET.models["big"]) is None
    assert not any("big" in fit.models for fit in what_fits(elsewhere, picture()))
