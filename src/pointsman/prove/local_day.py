"""A day under local_only, as a process of its own that can be watched from outside.

The example's fleet: its local endpoints simulated on loopback, its cloud endpoints where they really are, keys and
proxies set. Prints what came of it.

`--lo-up` first raises the loopback interface of a new network namespace. `--leak` also resolves a public name, so that
whoever watches can show that a leak would be seen.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import struct
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pointsman import wiring
from pointsman.config import Settings, example_path, load
from pointsman.core.conditions import FactValue
from pointsman.core.fleet import Fleet, Locality
from pointsman.core.request import Message, Request
from pointsman.demo.fleet import SimulatedFleet
from pointsman.engine import events
from pointsman.engine.console import Fault
from pointsman.engine.engine import Engine

_SIOCSIFFLAGS, _UP = 0x8914, 0x1
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
DECOY = "http://192.0.2.7:3128"  # an address that belongs to nobody (RFC 5737)
PROMPTS: tuple[tuple[str, Mapping[str, FactValue]], ...] = (
    ("hello, who are you?", {}),
    ("Write a Python function that reverses a list.", {"kind": "coding"}),
    ("Summarise this: the train was late.", {"kind": "general"}),
    ("Review this authentication and billing migration.", {"high_risk": True}),
    ("What is in this picture?", {"images": 1}),
    ("Plan a distributed scheduler, think hard.", {"kind": "reasoning", "complexity": 9}),
)


def local_part(fleet: Fleet) -> Fleet:
    near = {n: e for n, e in fleet.endpoints.items() if e.locality is Locality.LOCAL and e.retired is None}
    return replace(fleet, endpoints=near, models={n: m for n, m in fleet.models.items() if m.endpoint in near})


def over(settings: Settings, simulated: Fleet) -> Settings:
    """The whole fleet, its local endpoints rebound; every second one by the name of this machine."""
    near = {
        name: replace(endpoint, url=endpoint.url.replace("127.0.0.1", "localhost") if number % 2 else endpoint.url)
        for number, (name, endpoint) in enumerate(simulated.endpoints.items())
    }
    fleet = replace(settings.fleet, endpoints={**settings.fleet.endpoints, **near}, services={}, local_only=True)
    return replace(settings, fleet=fleet)


async def ask(engine: Engine, text: str, facts: Mapping[str, FactValue], pin: str | None = None) -> str:
    """Where the answer came from, or `blocked`."""
    request = Request(id=engine.new_request_id(), messages=(Message(role="user", text=text),), facts=facts, pin=pin)
    async for event in engine.submit(request):
        if isinstance(event, events.Answered):
            return event.attempt.endpoint
    return "blocked"


async def day(home: Path) -> dict[str, list[str]]:
    settings = load(example_path())
    cloud = [name for name, model in settings.fleet.models.items() if not _near(settings.fleet, model.endpoint)]
    async with SimulatedFleet(local_part(settings.fleet), speed=1e6, inactive=frozenset()) as simulated:
        async with wiring.open_engine(over(settings, simulated.fleet), state_dir=home / "state") as engine:
            await engine.look()
            answered = [await ask(engine, text, facts) for text, facts in PROMPTS]
            pinned = [await ask(engine, "hello", {}, pin=name) for name in cloud]
            for fault in [f for f in simulated.faults if f.name == "kill"]:
                await simulated.play(Fault(name=fault.name, endpoint=fault.endpoint, title=fault.title))  # type: ignore[arg-type]
            dead = [await ask(engine, text, facts) for text, facts in PROMPTS]
    return {"answered": answered, "pinned": pinned, "all down": dead}


def _near(fleet: Fleet, endpoint: str) -> bool:
    return fleet.endpoints[endpoint].locality is Locality.LOCAL


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP))


def main() -> None:
    if "--lo-up" in sys.argv:
        raise_loopback()
    for name in PROXIES:
        os.environ[name] = DECOY
    for endpoint in load(example_path()).fleet.endpoints.values():
        if endpoint.key_env is not None:
            os.environ[endpoint.key_env] = "sk-no-such-key-000000"
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_DATA_HOME"] = home
        told = asyncio.run(day(Path(home)))
    if "--leak" in sys.argv:
        try:
            socket.getaddrinfo("api.example.org", 443)
        except OSError:
            told["leaked"] = ["a name was asked for"]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
