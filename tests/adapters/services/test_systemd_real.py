"""systemd's adapter against a real `systemd --user` and a real journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from pointsman.adapters.services.systemd import SystemdServices
from pointsman.adapters.services.unit_bus import UnitBus
from pointsman.core.snapshot import ServiceState
from pointsman.ports import StartLimit
from support.systemd_session import Session, systemd_session

pytestmark = pytest.mark.real_systemd

UNITS = {
    "good": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c \"printf 'hello \\\\033[31mred\\\\033[0m\\\\n'; exec sleep 1000\"\n",
    "dies": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c 'exit 3'\nRestart=always\nRestartSec=600\n",
    "fails": "[Service]\nExecStart=/bin/sh -c 'exit 4'\n",
    "broken": "[Service]\nType=nonsense\n",
    "limited": "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=600\n[Service]\nExecStart=/bin/sleep 1000\n",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with systemd_session(UNITS) as session:
        yield session


async def test_a_unit_starts_and_a_restart_changes_its_invocation(session: Session) -> None:
    started = await session.services.act(session.unit("good"), "start")
    assert started.ok, started.text
    before = await session.until("good", lambda status: status.state is ServiceState.ACTIVE)
    assert before.pid is not None and before.restarts == 0 and before.invocation is not None
    assert before.since is not None and abs(before.since - time.time()) < 30
    assert (await session.services.act(session.unit("good"), "restart")).ok
    after = await session.until("good", lambda status: status.state is ServiceState.ACTIVE)
    assert after.invocation not in (None, before.invocation)
    assert after.pid != before.pid


async def test_the_journal_gives_a_units_lines_without_their_colours(session: Session) -> None:
    await session.services.act(session.unit("good"), "start")
    lines: tuple[str, ...] = ()
    async with asyncio.timeout(20):
        while not any("hello" in line for line in lines):
            lines = await session.services.logs(session.unit("good"), 20)
    assert all(line.isprintable() for line in lines)
    assert any(line.endswith("hello \ufffd[31mred\ufffd[0m") for line in lines)


async def test_a_start_that_dies_at_once_is_accepted_by_systemd_and_seen_as_a_crash_loop(session: Session) -> None:
    result = await session.services.act(session.unit("dies"), "start")
    assert result.ok  # systemd's word only: a simple service counts as started once it was executed
    status = await session.until("dies", lambda seen: seen.state is ServiceState.CRASH_LOOP)
    assert status.reason.startswith("keeps dying (exit-code, status 3)")


async def test_a_unit_that_failed_says_how(session: Session) -> None:
    await session.services.act(session.unit("fails"), "start")
    status = await session.until("fails", lambda seen: seen.state is ServiceState.FAILED)
    assert status.reason == "exit-code, status 4"


async def test_a_unit_that_does_not_exist_is_not_found_and_cannot_be_restarted(session: Session) -> None:
    assert (await session.status("nobody")).state is ServiceState.NOT_FOUND
    result = await session.services.act(session.unit("nobody"), "restart")
    assert (result.ok, result.text) == (False, "Failed to restart nobody.service: Unit nobody.service not found.")


async def test_one_odd_unit_does_not_hide_the_others(session: Session) -> None:
    await session.services.act(session.unit("good"), "start")
    units = [session.unit(name) for name in ("template@", "good", "nobody", "broken")]
    states = {status.name: status.state for status in await session.services.status(units)}
    assert states == {
        "template@": ServiceState.UNAVAILABLE,
        "good": ServiceState.ACTIVE,
        "nobody": ServiceState.NOT_FOUND,
        "broken": ServiceState.FAILED,
    }


async def test_stopping_stops(session: Session) -> None:
    await session.services.act(session.unit("good"), "start")
    assert (await session.services.act(session.unit("good"), "stop")).ok
    status = await session.status("good")
    assert (status.state, status.pid) == (ServiceState.INACTIVE, None)


async def test_ten_quick_restarts_do_not_take_a_unit_down(session: Session) -> None:
    """Promise V3: with a burst of 3, at least 7 of 10 are refused with a reason and the unit is still active."""
    assert (await session.services.act(session.unit("limited"), "start")).ok
    results = [await session.services.act(session.unit("limited"), "restart") for _ in range(10)]
    refused = [result for result in results if not result.ok]
    assert len(refused) >= 7
    assert all("systemd allows 3 starts in 600 s" in result.text for result in refused)
    assert (await session.status("limited")).state is ServiceState.ACTIVE


async def test_without_the_guard_systemd_would_have_given_the_unit_up(session: Session) -> None:
    """The counterpart of the test above: the same clicks, straight to systemctl, and the unit is down."""
    for _ in range(4):
        argv = (str(session.bin / "systemctl"), "--user", "restart", "limited.service")
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.DEVNULL)
        await process.wait()
    status = await session.status("limited")
    assert status.state is ServiceState.FAILED


async def test_the_bus_tells_what_systemctl_tells_and_a_change_the_moment_it_comes(session: Session) -> None:
    bus = UnitBus(user=True, environ={"DBUS_SESSION_BUS_ADDRESS": await session.bus()})
    heard = asyncio.Event()
    by_bus = SystemdServices(user=True, environ={"PATH": "/nowhere"}, bus=bus)
    by_bus.tell(heard.set)
    await session.services.act(session.unit("good"), "start")
    await session.until("good", lambda status: status.state is ServiceState.ACTIVE)
    units = [session.unit(name) for name in ("good", "fails", "broken", "gone")]
    try:
        told, shown = await by_bus.status(units), await session.services.status(units)
        assert [(s.state, s.reason, s.pid, s.invocation, s.restarts) for s in told] == [
            (s.state, s.reason, s.pid, s.invocation, s.restarts) for s in shown
        ]
        assert await by_bus.start_limit(session.unit("limited")) == StartLimit(burst=3, seconds=600)
        heard.clear()
        await session.services.act(session.unit("good"), "stop")
        async with asyncio.timeout(20):
            await heard.wait()
        async with asyncio.timeout(20):
            while (await by_bus.status(units))[0].state is not ServiceState.INACTIVE:
                await heard.wait()
        # A bus that goes away is no failure: systemctl is asked, which is not there in this test.
        stop = (str(session.bin / "systemctl"), "--user", "stop", "dbus.socket", "dbus.service")
        process = await asyncio.create_subprocess_exec(*stop)
        await process.wait()
        async with asyncio.timeout(20):
            while (await by_bus.status(units))[0].reason != "systemctl is not installed":
                continue
    finally:
        await by_bus.aclose()
