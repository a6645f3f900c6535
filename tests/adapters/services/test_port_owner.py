"""Who listens on a port, and whether that is the service: ours, a stranger's, or not to be told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from pointsman.adapters.services.port_owner import find_owner
from pointsman.core.fleet import Service, ServiceKind

PROCESS = Service(name="coder", kind=ServiceKind.PROCESS, unit="coder")
UNIT = Service(name="coder", kind=ServiceKind.SYSTEMD_USER, unit="coder")


def test_a_listener_in_the_processes_own_tree_is_ours_and_any_other_is_named() -> None:
    script = "import socket,sys; s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1],flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        url = f"http://127.0.0.1:{int(child.stdout.readline())}/v1"
        assert find_owner(PROCESS, "coder", child.pid, url).ours is True
        assert find_owner(PROCESS, "coder", os.getpid(), url).ours is True  # its child listens
        other = find_owner(PROCESS, "coder", 1 << 22, url)
        assert other.ours is False and f"pid {child.pid}" in other.text and "not to coder" in other.text
        assert find_owner(UNIT, "coder.service", None, url).ours is False
        child.terminate()


@pytest.mark.parametrize("url", ["http://192.168.1.9:8080", "http://gpu-box:8080", "ftp://127.0.0.1"])
def test_a_place_that_is_not_here_cannot_be_told(url: str) -> None:
    assert find_owner(PROCESS, "coder", 1, url).ours is None


def test_nobody_listening_is_no_stranger() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        seen = find_owner(PROCESS, "coder", 1, f"http://localhost:{held.getsockname()[1]}")
    assert seen.ours is None and "nobody" in seen.text
