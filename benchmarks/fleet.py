"""Twelve simulated servers in a process of their own, and the configuration that names them: so a benchmark measures
the screen as a user has it, without the servers it looks at.

    python benchmarks/fleet.py FILE     serves until its input closes; FILE becomes the configuration
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from measured import PYTHON

KEY = "BENCHMARK_KEY"  # the servers take any
ENDPOINTS = 12


@contextmanager
def served() -> Iterator[tuple[list[str], dict[str, str]]]:
    """Arguments and environment with which pointsman shows these servers."""
    with tempfile.TemporaryDirectory() as home:
        file = f"{home}/config.toml"
        servers = subprocess.Popen([PYTHON, __file__, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert servers.stdin is not None and servers.stdout is not None
        try:
            servers.stdout.readline()
            yield ["--config", file], {KEY: "none"}
        finally:
            servers.stdin.close()
            servers.wait()
            servers.stdout.close()


async def serve(write: Callable[[str], object]) -> None:
    from pointsman.config import example_path, load
    from pointsman.demo.fleet import SimulatedFleet

    fleet = load(example_path()).fleet
    async with SimulatedFleet(fleet, inactive=frozenset()) as simulated:
        lines = ['extends = "default"', "discover = false"]
        running = [each for each in simulated.fleet.endpoints.values() if each.retired is None]
        twice = [(f"{each.name}-2", each) for each in running[: ENDPOINTS - len(running)]]
        for name, each in [*((each.name, each) for each in running), *twice]:
            lines += [f"[endpoints.{name}]", f'url = "{each.url}"', f'kind = "{each.kind}"']
            lines += [f'locality = "{each.locality}"', *([f'key_env = "{KEY}"'] if each.locality == "cloud" else [])]
        write("\n".join(lines) + "\n")
        print(f"{len(running) + len(twice)} servers", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).write_text))
