"""launchd as far as its manual goes: what is understood, and that the rest is unknown rather than guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pointsman.adapters.services.commands import Ran
from pointsman.adapters.services.launchd import LaunchdServices, read_print
from pointsman.core.fleet import Service, ServiceKind

AGENT = Service(name="ollama", kind=ServiceKind.LAUNCHD, unit="com.ollama.ollama")
RUNNING = "com.ollama.ollama = {\n\tactive count = 1\n\tstate = running\n\truns = 3\n\tpid = 512\n\tspawn = {\n\t\tstate = x\n\t}\n}\n"


@pytest.mark.parametrize(
    ("ran", "state", "reason", "pid"),
    [
        (Ran(code=0, out=RUNNING), "active", "running", 512),
        (Ran(code=0, out="\tstate = not running\n\tlast exit code = 0\n"), "inactive", "not running", None),
        (Ran(code=0, out="\tstate = waiting\n\tlast exit code = 78: EX_CONFIG\n"), "failed", "exited with code 78: EX_CONFIG", None),
        (Ran(code=0, out="a new format"), "unavailable", "what launchctl says of it is not understood", None),
        (Ran(code=113, err='Could not find service "x" in domain'), "not-found", "launchd does not know it (is it bootstrapped?)", None),
        (Ran(code=None, err="launchctl is not installed"), "unavailable", "launchctl is not installed", None),
    ],
)  # fmt: skip
def test_its_words_are_read_with_doubt(ran: Ran, state: str, reason: str, pid: int | None) -> None:
    seen = read_print(AGENT, ran)
    assert (str(seen.state), seen.reason, seen.pid) == (state, reason, pid)
    assert seen.invocation == ("run 3" if pid else None)


async def test_argv_and_the_log_that_launchd_does_not_keep(tmp_path: Path) -> None:
    launchd = LaunchdServices(environ={"PATH": str(tmp_path)}, user=501)
    assert launchd.command(AGENT, "restart") == ("launchctl", "kickstart", "-k", "gui/501/com.ollama.ollama")
    assert launchd.command(AGENT, "stop") == ("launchctl", "kill", "SIGTERM", "gui/501/com.ollama.ollama")
    assert launchd.command(AGENT, "bootout") == ()
    assert launchd.command(Service(name="x", kind=ServiceKind.LAUNCHD, unit="-k x"), "start") == ()
    assert "StandardOutPath" in (await launchd.logs(AGENT, 5))[0]
    (tmp_path / "log").write_bytes(b"one\ntw\x1b[1mo\n")
    logged = Service(name="x", kind=ServiceKind.LAUNCHD, unit="x", log=str(tmp_path / "log"))
    assert await launchd.logs(logged, 1) == ("tw\ufffd[1mo",)
    assert (await launchd.act(AGENT, "start")).text == "launchctl is not installed"
