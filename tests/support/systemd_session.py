"""A real `systemd --user` and a real journal, in mount and process namespaces of their own that vanish with the test.

`systemctl` and `journalctl` on the PATH given to the adapter are two-line scripts that enter those namespaces;
everything behind them is systemd's own. Control groups and the network are shared with the test.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pointsman.adapters.services.systemd import SystemdServices
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceStatus

USER = 54321  # without an entry in the user database
MANAGER = "/lib/systemd/systemd"
JOURNALD = "/lib/systemd/systemd-journald"
CGROUPS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# systemd refuses to start a user manager unless /run/systemd/system exists; the cgroup's name lets the journal know
# whose unit a line is of.
START = """#!/bin/sh
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/system /run/systemd/journald.conf.d /run/systemd/journal /var/log/journal /run/user/{user}
touch /run/systemd/journal/flushed
printf '[Journal]\\nStorage=persistent\\nReadKMsg=no\\nAudit=no\\nForwardToSyslog=no\\nForwardToWall=no\\n' \\
  > /run/systemd/journald.conf.d/test.conf
(cat /etc/passwd; echo 'pointsman:x:{user}:{user}::/:/bin/sh') > /run/passwd
mount --bind /run/passwd /etc/passwd
chmod 700 /run/user/{user}
chown {user}:{user} /run/user/{user}
{journald} &
(
  for top in {cgroups}; do
    [ -e $top/cgroup.procs ] || continue
    mkdir -p $top/$1/user@{user}.service
    chown -R {user}:{user} $top/$1
    echo 0 > $top/$1/user@{user}.service/cgroup.procs
  done
  exec setpriv --reuid={user} --regid={user} --clear-groups env -i PATH={path} HOME=$2 \\
    XDG_RUNTIME_DIR=/run/user/{user} {manager} --user
) &
wait
"""
ENTER = """#!/bin/sh
exec nsenter -t {pid} -m -p setpriv --reuid={user} --regid={user} --clear-groups env -i PATH={path} HOME={home} \\
  XDG_RUNTIME_DIR=/run/user/{user} {program} "$@"
"""


# A bus of the session's own, which lets this test in although it is another user.
BUS_UNIT = """[Unit]
Requires=dbus.socket
[Service]
Type=notify
ExecStart=/usr/bin/dbus-daemon --config-file=%h/bus.conf --address=systemd: --nofork --nopidfile --systemd-activation
"""
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><include>/usr/share/dbus-1/session.conf</include>
<policy context="mandatory"><allow user="root"/></policy></busconfig>
"""


@dataclass
class Session:
    services: SystemdServices
    bin: Path
    units: Path  # the folder of unit files
    pid: str = ""  # of its first process
    user: int = USER

    async def bus(self) -> str:
        """The address of its bus; skips the test where there can be none."""
        if not os.path.exists("/usr/bin/dbus-daemon"):
            pytest.skip("needs dbus-daemon")
        (self.units.parents[2] / "bus.conf").write_text(BUS_CONFIG)
        await self.write("dbus", BUS_UNIT)
        start = (str(self.bin / "systemctl"), "--user", "start", "dbus.socket", "dbus.service")
        process = await asyncio.create_subprocess_exec(*start)
        assert await process.wait() == 0
        return f"unix:path=/proc/{self.pid}/root/run/user/{self.user}/bus"

    async def write(self, name: str, text: str) -> None:
        """Makes or replaces a unit."""
        (self.units / f"{name}.service").write_text(text)
        process = await asyncio.create_subprocess_exec(str(self.bin / "systemctl"), "--user", "daemon-reload")
        assert await process.wait() == 0

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


@contextmanager
def systemd_session(units: Mapping[str, str], user: int = USER) -> Iterator[Session]:
    """The session with those units, by name; skips the test where it cannot be had."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    # Not pytest's own temporary folder, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="pointsman-systemd-"))
    slice_name = f"pointsmantest{os.getpid()}-{user}.slice"
    process = _start(folder, slice_name, units, user)
    try:
        yield _wait_for(process, folder, user)
    finally:
        process.kill()  # --kill-child takes the whole process namespace along
        process.wait()
        _remove_cgroups(slice_name)
        shutil.rmtree(folder)


def _start(folder: Path, slice_name: str, units_text: Mapping[str, str], user: int) -> subprocess.Popen[bytes]:
    folder.chmod(0o755)
    units = folder / "home/.config/systemd/user"
    units.mkdir(parents=True)
    for name, text in units_text.items():
        (units / f"{name}.service").write_text(text)
    for path in (folder / "home").rglob("*"):
        os.chown(path, user, user)
    os.chown(folder / "home", user, user)
    script = folder / "start"
    values = {"user": user, "journald": JOURNALD, "cgroups": " ".join(CGROUPS), "path": PATH, "manager": MANAGER}
    script.write_text(START.format(**values))
    script.chmod(0o755)
    spaces = ("unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen((*spaces, str(script), slice_name, str(folder / "home")), stdout=log, stderr=log)


def _wait_for(process: subprocess.Popen[bytes], folder: Path, user: int) -> Session:
    """The session once systemd says that it runs; a skip with its own words if it does not get there."""
    wrappers = folder / "bin"
    wrappers.mkdir()
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up and process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            for program in ("systemctl", "journalctl", "systemd-run"):
                text = ENTER.format(pid=children[0], user=user, path=PATH, home=folder / "home", program=program)
                (wrappers / program).write_text(text)
                (wrappers / program).chmod(0o755)
            asked = subprocess.run(
                (wrappers / "systemctl", "--user", "is-system-running", "--wait"), capture_output=True, text=True
            )
            if asked.stdout.strip() in ("running", "degraded"):
                services = SystemdServices(user=True, environ={"PATH": f"{wrappers}:{PATH}"})
                return Session(services, wrappers, folder / "home/.config/systemd/user", children[0], user)
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
