"""A real `systemd --user` and a real journal, in mount and process namespaces of their own that vanish with the test.

The manager runs as an unprivileged user without an entry in the user database. `systemctl` and `journalctl` on the
PATH given to the adapter are two-line scripts that enter those namespaces; everything behind them is systemd's own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pointsman.adapters.services.systemd import SystemdServices
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceState, ServiceStatus

pytestmark = pytest.mark.real_systemd

USER = 54321
MANAGER = "/lib/systemd/systemd"
JOURNALD = "/lib/systemd/systemd-journald"
CGROUPS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# systemd refuses to start a user manager unless /run/systemd/system exists; the cgroup's name lets the journal know
# whose unit a line is of.
START = f"""#!/bin/sh
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/system /run/systemd/journald.conf.d /run/systemd/journal /var/log/journal /run/user/{USER}
touch /run/systemd/journal/flushed
printf '[Journal]\\nStorage=persistent\\nReadKMsg=no\\nAudit=no\\nForwardToSyslog=no\\nForwardToWall=no\\n' \\
  > /run/systemd/journald.conf.d/test.conf
chmod 700 /run/user/{USER}
chown {USER}:{USER} /run/user/{USER}
{JOURNALD} &
(
  for top in {" ".join(CGROUPS)}; do
    [ -e $top/cgroup.procs ] || continue
    mkdir -p $top/$1/user@{USER}.service
    chown -R {USER}:{USER} $top/$1
    echo 0 > $top/$1/user@{USER}.service/cgroup.procs
  done
  exec setpriv --reuid={USER} --regid={USER} --clear-groups env -i PATH={PATH} HOME=$2 \\
    XDG_RUNTIME_DIR=/run/user/{USER} {MANAGER} --user
) &
wait
"""
ENTER = """#!/bin/sh
exec nsenter -t {pid} -m -p setpriv --reuid={user} --regid={user} --clear-groups env -i PATH={path} HOME={home} \\
  XDG_RUNTIME_DIR=/run/user/{user} {program} "$@"
"""

UNITS = {
    "good": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c \"printf 'hello \\\\033[31mred\\\\033[0m\\\\n'; exec sleep 1000\"\n",
    "dies": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c 'exit 3'\nRestart=always\nRestartSec=600\n",
    "fails": "[Service]\nExecStart=/bin/sh -c 'exit 4'\n",
    "broken": "[Service]\nType=nonsense\n",
    "limited": "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=600\n[Service]\nExecStart=/bin/sleep 1000\n",
}


@dataclass
class Session:
    services: SystemdServices
    bin: Path

    def unit(self, name: str) -> Service:
        return Service(name=name, kind=ServiceKind.SYSTEMD_USER, unit=name)

    async def status(self, name: str) -> ServiceStatus:
        (status,) = await self.services.status([self.unit(name)])
        return status

    async def until(self, name: str, wanted: Callable[[ServiceStatus], bool]) -> ServiceStatus:
        """The status once systemd has got there; its own timing, so this asks again."""
        async with asyncio.timeout(20):
            while not wanted(status := await self.status(name)):
                await asyncio.sleep(0.02)
        return status


def why_not() -> str | None:
    if os.geteuid() != 0:
        return "needs root, to make the namespaces in which systemd --user runs"
    missing = [tool for tool in ("unshare", "nsenter", "setpriv", "systemctl", "journalctl") if not shutil.which(tool)]
    missing += [path for path in (MANAGER, JOURNALD) if not os.path.exists(path)]
    if missing:
        return f"needs {', '.join(missing)}"
    return None if any(os.path.exists(f"{top}/cgroup.procs") for top in CGROUPS) else "needs cgroups"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    # Not pytest's own temporary folder, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="pointsman-systemd-"))
    slice_name = f"pointsmantest{os.getpid()}.slice"
    process = _start(folder, slice_name)
    try:
        yield _wait_for(process, folder)
    finally:
        process.kill()  # --kill-child takes the whole process namespace along
        process.wait()
        _remove_cgroups(slice_name)
        shutil.rmtree(folder)


def _start(folder: Path, slice_name: str) -> subprocess.Popen[bytes]:
    folder.chmod(0o755)
    units = folder / "home/.config/systemd/user"
    units.mkdir(parents=True)
    for name, text in UNITS.items():
        (units / f"{name}.service").write_text(text)
    for path in (folder / "home").rglob("*"):
        os.chown(path, USER, USER)
    os.chown(folder / "home", USER, USER)
    script = folder / "start"
    script.write_text(START)
    script.chmod(0o755)
    spaces = ("unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen((*spaces, str(script), slice_name, str(folder / "home")), stdout=log, stderr=log)


def _wait_for(process: subprocess.Popen[bytes], folder: Path) -> Session:
    """The session once systemd says that it runs; a skip with its own words if it does not get there."""
    wrappers = folder / "bin"
    wrappers.mkdir()
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up and process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            for program in ("systemctl", "journalctl"):
                text = ENTER.format(pid=children[0], user=USER, path=PATH, home=folder / "home", program=program)
                (wrappers / program).write_text(text)
                (wrappers / program).chmod(0o755)
            asked = subprocess.run(
                (wrappers / "systemctl", "--user", "is-system-running", "--wait"), capture_output=True, text=True
            )
            if asked.stdout.strip() in ("running", "degraded"):
                return Session(SystemdServices(user=True, environ={"PATH": f"{wrappers}:{PATH}"}), wrappers)
        time.sleep(0.05)
    process.kill()
    process.wait()
    pytest.skip(f"systemd --user does not start here: {(folder / 'log').read_text(errors='replace')[-300:]}")


def _remove_cgroups(slice_name: str) -> None:
    for top in CGROUPS:
        for folder, _, _ in os.walk(f"{top}/{slice_name}", topdown=False):
            _remove_when_empty(folder)


def _remove_when_empty(folder: str) -> None:
    """The kernel takes a moment to let go of killed processes."""
    for _ in range(200):
        try:
            os.rmdir(folder)
        except OSError:
            time.sleep(0.01)
        else:
            return


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
