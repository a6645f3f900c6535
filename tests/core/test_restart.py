"""When a restarted service may be called healthy: every look that must not pass, and the one that does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman.core.health import HealthState
from pointsman.core.restart import Life, Look, Watch, advance, answered, too_soon
from pointsman.core.snapshot import RestartStage, ServiceState, ServiceStatus

UP = ((HealthState.UP, "ready"),)
BEFORE = Life(invocation="old", pid=1)
RUNNING = ServiceStatus(name="s", unit="s", state=ServiceState.ACTIVE, invocation="new", pid=2, restarts=0)


def watched(*looks: Look, **more: object) -> Watch:
    watch = Watch(asked_at=0.0, deadline_s=100.0, before=BEFORE, **more)  # type: ignore[arg-type]
    for look in looks:
        watch = advance(watch, look)
    return watch


def look(now: float, health: tuple = UP, **changed: object) -> Look:
    owner = {k: changed.pop(k) for k in ("owner_ours", "owner_text") if k in changed}
    return Look(now=now, status=replace(RUNNING, **changed), health=health, **owner)  # type: ignore[arg-type]


def test_only_a_new_life_that_stayed_with_a_good_probe_is_asked_for_an_answer() -> None:
    assert watched(look(1.0)).stage is RestartStage.LOADING
    assert watched(look(1.0), look(5.9)).stage is RestartStage.LOADING
    assert watched(look(1.0), look(6.0)).stage is RestartStage.ANSWERING


@pytest.mark.parametrize(
    ("last", "stage", "words"),
    [
        (look(9.0, invocation="old"), RestartStage.STOPPING, "the old process"),
        (look(9.0, invocation=None, pid=1), RestartStage.STOPPING, "the old process"),
        (look(9.0, state=ServiceState.STOPPING), RestartStage.STOPPING, ""),
        (look(9.0, state=ServiceState.STARTING), RestartStage.STARTING, ""),
        (look(9.0, state=ServiceState.INACTIVE), RestartStage.STARTING, ""),
        (look(9.0, state=ServiceState.CRASH_LOOP), RestartStage.UNHEALTHY, "keeps dying"),
        (look(9.0, state=ServiceState.FAILED, reason="oom-kill"), RestartStage.UNHEALTHY, "it failed: oom-kill"),
        (look(9.0, state=ServiceState.NOT_FOUND), RestartStage.UNHEALTHY, "no such service"),
        (look(9.0, owner_ours=False, owner_text="port 1 is pid 9's"), RestartStage.UNHEALTHY, "pid 9"),
        (look(9.0, ((HealthState.WARMING, "loading the model"),)), RestartStage.LOADING, "loading the model"),
        (look(9.0, ((HealthState.DOWN, "refused"),)), RestartStage.LOADING, "down: refused"),
        (look(9.0, restarts=1), RestartStage.LOADING, "watched for another 5 s"),
        (look(9.0, invocation="newer"), RestartStage.LOADING, "watched for another 5 s"),
        (look(9.0, (*UP, (HealthState.MISCONFIGURED, "401"))), RestartStage.LOADING, "401"),
        (look(100.0, ((HealthState.WARMING, "loading"),)), RestartStage.UNHEALTHY, "not well within 100 s: loading"),
    ],
)
def test_what_is_not_enough(last: Look, stage: RestartStage, words: str) -> None:
    seen = watched(look(1.0), last)
    assert seen.stage is stage and words in seen.text


def test_a_manager_without_invocations_is_told_apart_by_pid() -> None:
    one, two = (replace(RUNNING, invocation=None, pid=7) for _ in range(2))
    seen = watched(Look(now=1.0, status=one, health=UP), Look(now=7.0, status=two, health=UP))
    assert seen.stage is RestartStage.ANSWERING


def test_only_an_answer_makes_it_healthy_and_an_unknown_port_owner_is_said() -> None:
    ready = watched(look(1.0), look(7.0, owner_text="who owns the port cannot be seen"))
    good = answered(ready, True, "answered in 0.1 s")
    assert (good.stage, good.text) == (RestartStage.HEALTHY, "answered in 0.1 s; who owns the port cannot be seen")
    assert answered(ready, False, "no answer").stage is RestartStage.UNHEALTHY


@pytest.mark.parametrize(
    ("starts", "burst", "wait"),
    [
        ((), 3, None),
        ((95.0,), 3, None),
        ((90.0, 95.0), 3, 50.0),
        ((10.0, 95.0), 3, None),  # the first one is forgotten
        ((95.0,), 1, 55.0),  # a burst of one allows one
        ((80.0, 90.0, 95.0), 3, 50.0),
    ],
)
def test_the_start_that_would_exhaust_the_limit_has_to_wait(starts: tuple, burst: int, wait: float | None) -> None:
    assert too_soon(starts, burst, 60.0, 100.0) == wait if wait is None else too_soon(starts, burst, 60.0, 100.0)
