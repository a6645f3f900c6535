"""Docker and Podman by their command lines, against a script that says what the real ones were seen to say."""

from __future__ import annotations

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from pointsman.adapters.services.containers import ContainerServices, read_container, read_stamp
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceState


def container(unit: str = "vllm", **more: Any) -> Service:
    return Service(**{"name": unit, "kind": ServiceKind.DOCKER, "unit": unit, **more})


def entry(unit: str = "vllm", restarts: int = 0, **state: object) -> dict[str, object]:
    told = {
        "Status": "running",
        "Running": True,
        "Pid": 812,
        "ExitCode": 0,
        "StartedAt": "2026-11-21T09:00:00.123456789Z",
    }
    return {"Id": "a" * 64, "Name": f"/{unit}", "RestartCount": restarts, "State": {**told, **state}}


class Fake:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def says(self, out: str = "", err: str = "", code: int = 0) -> ContainerServices:
        (self.folder / "out").write_text(out)
        (self.folder / "err").write_text(err)
        path = self.folder / "docker"
        path.write_text(
            f"#!/bin/sh\nprintf '%s ' \"$@\" >> {self.folder}/calls; echo >> {self.folder}/calls\n"
            f"cat {self.folder}/out; cat {self.folder}/err >&2; exit {code}\n"
        )
        path.chmod(0o755)
        return ContainerServices("docker", environ={"PATH": f"{self.folder}:/usr/bin:/bin"})

    @property
    def calls(self) -> list[str]:
        return [line.strip() for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


@pytest.mark.parametrize(
    ("state", "expected", "reason"),
    [
        ({}, "active", "running"),
        ({"Status": "paused", "Paused": True}, "inactive", "paused: its processes are frozen; a restart ends that"),
        ({"Status": "running", "Paused": True}, "inactive", "paused: its processes are frozen; a restart ends that"),
        ({"Status": "restarting", "Restarting": True, "ExitCode": 1}, "crash-loop", "keeps dying (exited with code 1)"),
        ({"Health": {"Status": "starting"}}, "starting", "its health check has not passed yet"),
        ({"Health": {"Status": "unhealthy"}}, "active", "running, but its health check fails"),
        ({"Health": {"Status": "none"}}, "active", "running"),
        ({"Status": "created", "Running": False}, "inactive", "never started"),
        ({"Status": "exited", "Running": False}, "inactive", "stopped"),
        ({"Status": "exited", "ExitCode": 143}, "inactive", "stopped"),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, "failed", "killed for want of memory"),
        ({"Status": "exited", "ExitCode": 1, "Error": "x\x1b[31m"}, "failed", "exited with code 1: x�[31m"),
        ({"Status": "dead", "Dead": True}, "failed", "exited with code 0"),
        ({"Status": "removing"}, "stopping", "removing"),
        ({"Status": "levitating"}, "unavailable", "in a state of its own: levitating"),
        ({"Status": None}, "unavailable", "in a state of its own: none"),
    ],
)  # fmt: skip
def test_states_are_read_without_believing_running(state: dict, expected: str, reason: str) -> None:
    seen = read_container(container(), entry(**state))
    assert (str(seen.state), seen.reason) == (expected, reason)


def test_figures_and_a_life_of_its_own_for_each_start() -> None:
    first, second = (
        read_container(container(), entry(restarts=4)),
        read_container(container(), entry(restarts=4, StartedAt="2026-11-21T09:01:00Z")),
    )
    assert (first.pid, first.restarts, first.since) == (812, 4, 1795251600.123456)
    assert first.invocation != second.invocation
    assert read_container(container(), entry(Status="exited")).invocation is None


@pytest.mark.parametrize("stamp", ["", "0001-01-01T00:00:00Z", "yesterday", "2026-11-21"])
def test_a_time_that_never_was_is_unknown(stamp: str) -> None:
    assert read_stamp(stamp) is None


async def test_one_that_is_missing_does_not_hide_the_others(fake: Fake) -> None:
    docker = fake.says(json.dumps([entry("a")]), "Error: No such container: b\n", 1)
    told = await docker.status([container("a"), container("b"), container("--all")])
    assert [str(status.state) for status in told] == ["active", "not-found", "unavailable"]
    assert fake.calls == ["inspect --type container a b"]


@pytest.mark.parametrize(
    ("err", "reason"),
    [
        (
            "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "this user may not use docker's socket (whoever may is as good as root)",
        ),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "the Docker daemon does not run"),
        ("", "docker ended with code 1"),
    ],
)
async def test_without_a_daemon_or_the_right_to_use_it_the_reason_is_told(fake: Fake, err: str, reason: str) -> None:
    docker = fake.says("[]", err, 1)
    (status,) = await docker.status([container()])
    assert (status.state, status.reason) == (ServiceState.UNAVAILABLE, reason)
    assert (await docker.act(container(), "restart")).text == reason
    assert await docker.logs(container(), 5) == (reason,)


async def test_without_the_program_it_is_unavailable(tmp_path: Path) -> None:
    podman = ContainerServices("podman", environ={"PATH": str(tmp_path)})
    (status,) = await podman.status([container()])
    assert (status.state, status.reason) == (ServiceState.UNAVAILABLE, "podman is not installed")


@pytest.mark.parametrize(
    ("verb", "argv"),
    [("start", "start vllm"), ("stop", "stop -t 30 vllm"), ("restart", "restart -t 30 vllm")],
)
async def test_what_is_shown_is_what_runs(fake: Fake, verb: str, argv: str) -> None:
    docker = fake.says()
    asked = container(stop_s=30.0)
    assert docker.command(asked, verb) == ("docker", *argv.split())
    assert (await docker.act(asked, verb)).ok
    assert fake.calls == [argv]


@pytest.mark.parametrize("unit", ["-f", "a b", "$(x)", "*", "", "a\n", "../a", "a;b", "x" * 200])
@pytest.mark.parametrize("verb", ["restart", "rm", "reset-failed"])
async def test_hostile_names_and_other_verbs_start_nothing(fake: Fake, unit: str, verb: str) -> None:
    docker = fake.says()
    assert docker.command(container(unit), verb) == ()
    assert not (await docker.act(container(unit), verb)).ok
    assert not (await docker.act(container("fine"), "rm")).ok
    assert not (fake.folder / "calls").exists()


async def test_both_streams_are_one_log_in_order_and_tame(fake: Fake) -> None:
    out = "2026-11-21T09:00:01Z one\n2026-11-21T09:00:03Z three\n"
    docker = fake.says(out, "2026-11-21T09:00:02Z t\x1b[31mwo\n")
    lines = await docker.logs(container(), 50)
    assert [line.split(" ", 1)[1] for line in lines] == ["one", "t�[31mwo", "three"]
    assert fake.calls == ["logs --timestamps --tail 50 vllm"]


async def test_a_followed_container_tells_no_line_twice(fake: Fake) -> None:
    docker = fake.says("2026-11-21T09:00:01Z one\n")
    more = "2026-11-21T09:00:01Z one\\n2026-11-21T09:00:01Z   two\\n"
    script = (fake.folder / "docker").read_text()
    stays = f"case \"$*\" in *--follow*) printf '{more}'; exec sleep 60;; esac\ncat"
    (fake.folder / "docker").write_text(script.replace("cat", stays, 1))
    async with aclosing(docker.follow(container(), 50)) as pieces:
        assert [line.text for line in await anext(pieces)] == ["one"]
        assert [line.text for line in await anext(pieces)] == ["  two"]
    assert fake.calls[1] == "logs --follow --timestamps --since 2026-11-21T09:00:01Z vllm"
