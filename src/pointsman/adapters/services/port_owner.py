"""Who listens on a port of this machine, and does that process belong to a service? Blocking; called in threads.

A process belongs to a systemd unit by its control group, to anything else by descent from the service's main process.
Where the kernel hides sockets of others the answer is `None`: it cannot be told, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

from pointsman.adapters.lenient import one_line
from pointsman.core.fleet import Service, ServiceKind
from pointsman.ports import PortOwner

_SYSTEMD = frozenset({ServiceKind.SYSTEMD_USER, ServiceKind.SYSTEMD_SYSTEM})
_CONTAINERS = frozenset({ServiceKind.DOCKER, ServiceKind.PODMAN})
# They listen for a container whose own socket lies in a network of its own.
_FORWARDERS = re.compile(r"docker-proxy|rootlessport|slirp4netns|pasta|conmon|com\.docker|vpnkit|gvproxy")
_HERE = frozenset({"localhost", "::1", "0.0.0.0", "::"})


def find_owner(service: Service, unit: str, main_pid: int | None, url: str) -> PortOwner:
    """Does the service itself listen where `url` points?"""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    if port is None or not (host in _HERE or host.startswith("127.")):
        return PortOwner(ours=None, text=f"who listens at {one_line(parts.netloc, 80)} cannot be seen from here")
    pids = _listeners(port)
    if pids is None:
        return PortOwner(ours=None, text=f"who listens on port {port} cannot be seen by this user")
    if not pids:
        return PortOwner(ours=None, text=f"nobody is seen to listen on port {port}")
    if any(_belongs(pid, service, unit, main_pid) for pid in pids):
        return PortOwner(ours=True, text=f"port {port} is its own")
    return _foreign(service, port, pids)


def _foreign(service: Service, port: int, pids: Iterable[int]) -> PortOwner:
    names = {pid: _name(pid) for pid in pids}
    if service.kind in _CONTAINERS and any(_FORWARDERS.search(name) for name in names.values()):
        return PortOwner(ours=None, text=f"port {port} is forwarded into a container")
    who = ", ".join(f"pid {pid} ({name})" for pid, name in names.items())
    return PortOwner(ours=False, text=f"port {port} belongs to {who}, not to {service.name}")


def _listeners(port: int) -> tuple[int, ...] | None:
    """The processes that listen there; None if any of them is hidden from us."""
    try:
        found = [seen for seen in psutil.net_connections("tcp") if seen.status == psutil.CONN_LISTEN]
    except (psutil.Error, OSError):
        return None
    pids = {seen.pid for seen in found if seen.laddr and seen.laddr.port == port}
    return None if None in pids else tuple(sorted(pids))


def _belongs(pid: int, service: Service, unit: str, main_pid: int | None) -> bool:
    if service.kind in _SYSTEMD and unit in _cgroup(pid):
        return True
    return main_pid is not None and main_pid in _line_of(pid)


def _cgroup(pid: int) -> frozenset[str]:
    """The names on the process's path through the control groups; a unit's is among them."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as file:
            return frozenset(name for line in file for name in line.rstrip("\n").split("/"))
    except OSError:
        return frozenset()


def _line_of(pid: int) -> tuple[int, ...]:
    """The process and its ancestors."""
    try:
        process = psutil.Process(pid)
        return (pid, *(parent.pid for parent in process.parents()))
    except (psutil.Error, OSError):
        return (pid,)


def _name(pid: int) -> str:
    try:
        return one_line(psutil.Process(pid).name(), 40)
    except (psutil.Error, OSError):
        return "unknown"
