"""Processes that Pointsman starts itself: one copy, adopted by the next screen, started again when they die."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.adapters.services.process import Backoff, ProcessServices
from pointsman.adapters.services.process_record import LOG_MOST, Record, ServiceFiles, is_alive, mark_of
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceState, ServiceStatus

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/home/me", "OPENAI_API_KEY": "sk-canary"}
QUICK = Backoff(first=0.0, most=0.0, deaths=3, within=600.0)


def service(*command: str, **more: object) -> Service:
    return Service(**{"name": "local/x", "kind": ServiceKind.PROCESS, "unit": "x", "command": command, **more})  # type: ignore[arg-type]


def shell(script: str, **more: object) -> Service:
    return service("sh", "-c", script, **more)


SLEEPER = shell("echo hello; exec sleep 1000")


@asynccontextmanager
async def manager(folder: Path, *owned: Service, backoff: Backoff = QUICK) -> AsyncIterator[ProcessServices]:
    """One screen's worth of supervision; what it started is stopped at the end."""
    services = ProcessServices(folder / "services", environ=ENVIRON, backoff=backoff)
    try:
        yield services
    finally:
        for each in owned:
            await services.act(each, "stop")
        await services.aclose()


async def until(services: ProcessServices, wanted: Service, holds: Callable[[ServiceStatus], bool]) -> ServiceStatus:
    """The processes' own timing, so this asks again."""
    async with asyncio.timeout(20):
        while True:
            (status,) = await services.status([wanted])
            if holds(status):
                return status


async def logged(services: ProcessServices, wanted: Service, text: str) -> tuple[str, ...]:
    async with asyncio.timeout(20):
        while True:
            lines = await services.logs(wanted, 50)
            if any(text in line for line in lines):
                return lines


async def test_it_starts_without_a_shell_or_our_keys_and_stops(tmp_path: Path) -> None:
    asked = service("sh", "-c", "env; echo '$HOME;ls'; exec sleep 1000", "*")
    async with manager(tmp_path, asked) as services:
        started = await services.act(asked, "start")
        assert started.ok and started.argv == asked.command
        (status,) = await services.status([asked])
        assert status.state is ServiceState.ACTIVE and status.pid is not None and status.invocation
        assert os.getsid(status.pid) == status.pid != os.getsid(0)
        lines = await logged(services, asked, "$HOME;ls")
        assert "HOME=/home/me" in lines and not any("canary" in line for line in lines)
        assert services.command(asked, "stop") == ("kill", "-TERM", f"-{status.pid}")
        assert (await services.act(asked, "stop")).ok
        (stopped,) = await services.status([asked])
    assert (stopped.state, stopped.pid, stopped.reason) == (ServiceState.INACTIVE, None, "")
    assert not is_alive(status.pid, mark_of(status.pid))


async def test_files_are_private(tmp_path: Path) -> None:
    async with manager(tmp_path, SLEEPER) as services:
        await services.act(SLEEPER, "start")
        modes = {oct(path.stat().st_mode & 0o077) for path in (tmp_path / "services").glob("*.[lr]*")}
    assert modes == {"0o0"} and (tmp_path / "services").stat().st_mode & 0o777 == 0o700


async def test_a_restart_is_another_life_and_a_second_start_is_refused(tmp_path: Path) -> None:
    async with manager(tmp_path, SLEEPER) as services:
        await services.act(SLEEPER, "start")
        (before,) = await services.status([SLEEPER])
        again = await services.act(SLEEPER, "start")
        assert (again.ok, again.text) == (False, f"already runs as pid {before.pid}")
        assert (await services.act(SLEEPER, "restart")).ok
        (after,) = await services.status([SLEEPER])
    assert after.pid != before.pid and after.invocation != before.invocation


async def test_never_two_copies_even_if_ten_screens_start_it_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "services"
    screens = [ProcessServices(folder, environ=ENVIRON, backoff=QUICK) for _ in range(10)]
    told = await asyncio.gather(*(screen.act(SLEEPER, "start") for screen in screens))
    assert sum(result.ok for result in told) == 1
    pids = {(await screen.status([SLEEPER]))[0].pid for screen in screens}
    assert len(pids) == 1
    await screens[3].act(SLEEPER, "stop")
    for screen in screens:
        await screen.aclose()


async def test_without_its_record_the_lock_still_keeps_a_second_copy_out(tmp_path: Path) -> None:
    async with manager(tmp_path, SLEEPER) as services:
        await services.act(SLEEPER, "start")
        (status,) = await services.status([SLEEPER])
        record = next((tmp_path / "services").glob("*.json"))
        kept = record.read_text()
        record.write_text("{broken")
        refused = await services.act(SLEEPER, "start")
        assert (refused.ok, refused.text) == (False, "something that it started still runs and holds its lock")
        (unknown,) = await services.status([SLEEPER])
        assert unknown.state is ServiceState.UNAVAILABLE
        record.write_text(kept)
    assert status.pid is not None and not is_alive(status.pid, mark_of(status.pid))


async def test_one_that_ignores_the_request_to_end_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = shell("trap '' TERM; sleep 1000 & echo child $!; wait; wait", stop_s=0.2)
    async with manager(tmp_path, stubborn) as services:
        await services.act(stubborn, "start")
        lines = await logged(services, stubborn, "child")
        child = int(next(line for line in lines if "child" in line).split()[-1])
        assert (await services.act(stubborn, "stop")).ok
        async with asyncio.timeout(10):
            while is_alive(child, mark_of(child)):
                await asyncio.sleep(0.001)
        assert not ServiceFiles(tmp_path / "services", stubborn.name).life_lock_held()


@pytest.mark.parametrize(
    ("keep", "script", "state", "reason"),
    [
        ("never", "exit 3", ServiceState.FAILED, "exited with code 3"),
        ("on-failure", "exit 0", ServiceState.INACTIVE, "ended by itself"),
        ("on-failure", "kill -9 $$", ServiceState.FAILED, "killed by signal 9; died 3 times, not started again"),
        ("always", "exit 0", ServiceState.INACTIVE, "ended by itself; died 3 times, not started again"),
    ],
)
async def test_the_policy_says_who_is_started_again_and_it_is_given_up(
    tmp_path: Path, keep: str, script: str, state: ServiceState, reason: str
) -> None:
    mortal = shell(script, keep=keep)
    async with manager(tmp_path, mortal) as services:
        assert (await services.act(mortal, "start")).ok
        status = await until(services, mortal, lambda seen: seen.reason == reason)
    assert status.restarts == (2 if "times" in reason else 0)
    assert status.state in (state, ServiceState.FAILED)


async def test_waiting_to_be_started_again_shows_and_a_stop_ends_it(tmp_path: Path) -> None:
    mortal = shell("exit 1")
    async with manager(tmp_path, mortal, backoff=Backoff(first=1000.0, most=1000.0)) as services:
        await services.act(mortal, "start")
        status = await until(services, mortal, lambda seen: "starts again in" in seen.reason)
        assert status.state is ServiceState.STARTING
        assert (await services.act(mortal, "stop")).ok
        (stopped,) = await services.status([mortal])
    assert stopped.state is ServiceState.INACTIVE


async def test_an_end_is_told_before_anybody_looks(tmp_path: Path) -> None:
    async with manager(tmp_path, SLEEPER) as services:
        ended = asyncio.Event()
        services.tell(ended.set)
        await services.act(SLEEPER, "start")
        (status,) = await services.status([SLEEPER])
        assert status.pid is not None
        os.kill(status.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            await ended.wait()


async def test_a_killed_supervisor_leaves_it_running_and_the_next_one_adopts_it(tmp_path: Path) -> None:
    """kill -9 of the screen: the service lives on, is adopted, watched, started again when it dies, and stopped."""
    supervisor = f"""
import asyncio, sys
from pathlib import Path
sys.path[:0] = {sys.path!r}
from pointsman.adapters.services.process import ProcessServices
from pointsman.core.fleet import Service, ServiceKind
async def main():
    services = ProcessServices(Path({str(tmp_path / "services")!r}))
    asked = Service(name="local/x", kind=ServiceKind.PROCESS, unit="x", command={SLEEPER.command!r})
    print((await services.act(asked, "start")).text, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", supervisor], stdout=subprocess.PIPE, text=True) as screen:
        assert screen.stdout is not None
        pid = int(screen.stdout.readline().split()[-1])
        screen.kill()
    async with manager(tmp_path, SLEEPER) as services:
        (adopted,) = await services.status([SLEEPER])
        assert (adopted.state, adopted.pid) == (ServiceState.ACTIVE, pid)
        assert not (await services.act(SLEEPER, "start")).ok
        os.kill(pid, signal.SIGKILL)
        reborn = await until(services, SLEEPER, lambda seen: seen.pid not in (None, pid))
        assert reborn.restarts == 1
        assert (await services.act(SLEEPER, "stop")).ok


async def test_one_that_died_while_nobody_watched_is_told_and_not_started_unasked(tmp_path: Path) -> None:
    async with manager(tmp_path) as first:
        await first.act(SLEEPER, "start")
        (status,) = await first.status([SLEEPER])
    assert status.pid is not None
    os.kill(status.pid, signal.SIGKILL)
    os.waitpid(status.pid, 0)
    async with manager(tmp_path, SLEEPER) as second:
        (seen,) = await second.status([SLEEPER])
        assert (seen.state, seen.reason) == (ServiceState.FAILED, "ended while nobody watched")


async def test_a_program_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    async with manager(tmp_path) as services:
        result = await services.act(service("/no/such/server"), "start")
        assert (result.ok, result.text) == (False, "/no/such/server: No such file or directory")
        assert (await services.act(SLEEPER, "reset-failed")).ok is False


async def test_a_state_directory_that_cannot_be_written_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "services").write_text("")
    services = ProcessServices(tmp_path / "services", environ=ENVIRON)
    assert (
        "File exists" in (await services.act(SLEEPER, "start")).text
        or "directory" in (await services.act(SLEEPER, "start")).text
    )
    (status,) = await services.status([SLEEPER])
    assert status.state is ServiceState.INACTIVE
    await services.aclose()


async def test_a_log_is_cut_under_a_process_that_goes_on_writing(tmp_path: Path) -> None:
    talker = shell("yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -c 4300000; while :; do echo tick; sleep 0.02; done")
    async with manager(tmp_path, talker) as services:
        await services.act(talker, "start")
        files = ServiceFiles(tmp_path / "services", talker.name)
        async with asyncio.timeout(20):
            while not files.older_log.exists():
                await services.status([talker])
        async with asyncio.timeout(20):
            while b"tick" not in files.log.read_bytes():
                await asyncio.sleep(0.001)
        assert files.log.stat().st_size < LOG_MOST
        assert (tmp_path / "services").stat().st_size < 2 * LOG_MOST


def test_a_pid_that_another_process_has_now_is_not_ours() -> None:
    here = Record(pid=os.getpid(), mark=mark_of(os.getpid()))
    assert here.alive and not replace(here, mark="another boot:17").alive and not Record().alive
