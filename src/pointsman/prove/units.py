"""The services' promises that need a service, V2 and V3: tried only when asked for (`prove --services`).

Over services of their own: processes that the program starts itself, and one transient unit of the user's systemd under
a name that nobody has. Must never name, list or reload anything of the user's; what was begun is ended.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pointsman import wiring
from pointsman.config import load
from pointsman.core.snapshot import RestartStage, ServiceState
from pointsman.engine.engine import Engine
from pointsman.prove.check import Check, CouldNotRun, Tried, expect
from pointsman.prove.stand_in import MUTE

_SERVICE = "stand-in"
_CONFIG = """
default_role = "r"
discover = false
[endpoints.box]
url = "http://127.0.0.1:{port}"
kind = "llama.cpp"
service = "stand-in"
deadlines = {{ load = "30 s", first_token = "3 s" }}
[models.m]
id = "m"
endpoint = "box"
tier = "T1"
[roles.r]
primary = "m"
[services.stand-in]
{service}
"""
_BURST = 3
_RESTARTS = 10


def _program(port: int, *how: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pointsman.prove.stand_in", str(port), *how)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _over(home: Path, port: int, service: str) -> AsyncIterator[Engine]:
    """An engine with that one service, which is stopped in the end, whatever came of it."""
    config = home / "config.toml"
    await asyncio.to_thread(config.write_text, _CONFIG.format(port=port, service=service))
    async with wiring.open_engine(load(config), state_dir=home / "state", monitor=False) as engine:
        try:
            yield engine
        finally:
            await engine.machines.act(_SERVICE, "stop")


# --- V2: healthy means that it answered ------------------------------------------------------------------------------


async def healthy_means_answered(home: Path) -> Tried:
    dies = (sys.executable, "-c", "import time; time.sleep(0.2); raise SystemExit(3)")  # lives long enough to be seen
    told = [
        await _started(home / "answers", RestartStage.HEALTHY),
        await _started(home / "slow", RestartStage.HEALTHY, how=("1.5",)),
        await _started(home / "dies", RestartStage.UNHEALTHY, command=dies),
        await _started(home / "mute", RestartStage.UNHEALTHY, how=(MUTE,)),
        await _started(home / "port", RestartStage.UNHEALTHY, stranger=True),
    ]
    tried = "starts of a process: one that answers, a slow one, one that dies, one that is green and mute, a taken port"
    return Tried(tried=tried, count=len(told), figure="0 falsely healthy; " + "; ".join(told[2:]))


async def _started(
    home: Path,
    wanted: RestartStage,
    *,
    how: tuple[str, ...] = (),
    command: tuple[str, ...] = (),
    stranger: bool = False,
) -> str:
    await asyncio.to_thread(home.mkdir)
    port = _port()
    if stranger:
        command = (sys.executable, "-c", "import time; time.sleep(600)")  # the stranger has the port
    argv = command or _program(port, *how)
    other = await asyncio.create_subprocess_exec(*_program(port)) if stranger else None
    try:
        async with _over(home, port, f'kind = "process"\ncommand = {json.dumps(argv)}') as engine:
            if stranger:
                await _answers(port)
            ended = await engine.machines.restart(_SERVICE, "start")
    finally:
        if other is not None:
            other.kill()
            await other.wait()
    expect(ended.stage is wanted, f"{home.name}: {ended.stage} ({ended.text}) instead of {wanted}")
    return ended.text


async def _answers(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


# --- V3: clicking cannot take a service down -------------------------------------------------------------------------


async def clicking_takes_nothing_down(home: Path) -> Tried:
    port, unit = _port(), f"pointsman-prove-{secrets.token_hex(6)}.service"
    await _begin(unit, port)
    try:
        async with _over(home, port, f'kind = "systemd-user"\nunit = "{unit}"') as engine:
            done = [await engine.machines.act(_SERVICE, "restart") for _ in range(_RESTARTS)]
            await engine.look_at_services()
            (status,) = engine.snapshot.services
            refused = [result.text for result in done if not result.ok]
            expect(status.state is ServiceState.ACTIVE, f"the unit is {status.state} after {_RESTARTS} restarts")
            expect(len(refused) >= _RESTARTS - _BURST, f"only {len(refused)} of {_RESTARTS} were refused")
    finally:
        for verb in ("stop", "reset-failed"):
            await _said("systemctl", "--user", verb, "--", unit)
    tried = f"restarts in a row of a transient unit of our own that systemd gives up after {_BURST}"
    return Tried(tried=tried, count=_RESTARTS, figure=f"still active; {len(refused)} refused: {refused[-1]}")


async def _begin(unit: str, port: int) -> None:
    if shutil.which("systemd-run") is None:
        raise CouldNotRun("systemd-run is not installed")
    limits = (f"--property=StartLimitBurst={_BURST}", "--property=StartLimitIntervalSec=600")
    rc, said = await _said("systemd-run", "--user", "--quiet", f"--unit={unit}", *limits, "--", *_program(port))
    if rc != 0:
        raise CouldNotRun(f"no unit can be begun for this user: {said.strip()[-120:]}")


async def _said(*argv: str) -> tuple[int, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    _, error = await process.communicate()
    return process.returncode or 0, error.decode("utf-8", "replace")


CHECKS = (
    Check(id="V2", promise="a service is called healthy only after it answered", run=healthy_means_answered),
    Check(id="V3", promise="no number of restarts takes a service down", run=clicking_takes_nothing_down),
)
