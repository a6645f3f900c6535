"""local_only's promises, L1 to L5: what leaves this machine is nothing, whatever asks for it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from pointsman import wiring
from pointsman.adapters.clients import Clients
from pointsman.adapters.guard import GuardRefused
from pointsman.config import ConfigError, example_path, load
from pointsman.core.audit import EventType
from pointsman.core.fleet import Endpoint, EndpointKind, Locality
from pointsman.core.request import Message, Request
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.engine import events
from pointsman.engine.engine import Engine
from pointsman.ports import AuditQuery
from pointsman.prove import local_day
from pointsman.prove.check import Check, CouldNotRun, Tried, expect
from pointsman.prove.fake_server import Answer, Asked, as_json, serving
from pointsman.prove.machine import crowding, slowness

_CALLS = "trace=connect,sendto,sendmsg,sendmmsg"
_TARGET = re.compile(r'sa_family=AF_INET6?, .*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"')


def outside(trace: str) -> list[str]:
    """The addresses beyond loopback in what strace saw of connects and datagrams."""
    return [address for address in targets(trace) if not (address.startswith("127.") or address == "::1")]


def targets(trace: str) -> list[str]:
    """Every address in it."""
    return _TARGET.findall(trace)


def watched_day(home: Path, *options: str) -> tuple[dict[str, list[str]], str]:
    """What a day under local_only came to, and the system calls that reached for a network. Raises CouldNotRun."""
    strace = shutil.which("strace")
    if strace is None:
        raise CouldNotRun("strace is not installed")
    trace = home / "trace"
    told = _day(strace, "-f", "-qq", "-e", _CALLS, "-o", str(trace), options=options)
    return told, trace.read_text(errors="replace")


def cut_off_day() -> dict[str, list[str]]:
    """The same day in a network namespace of its own, where there is nothing but loopback. Raises CouldNotRun."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise CouldNotRun("unshare is not installed")
    return _day(unshare, "--user", "--map-root-user", "--net", options=("--lo-up",))


def _day(*before: str, options: tuple[str, ...]) -> dict[str, list[str]]:
    argv = [*before, sys.executable, "-m", local_day.__name__, *options]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode != 0:
        raise CouldNotRun(f"{before[0]} does not work here: {ran.stderr.strip()[-120:]}")
    told: dict[str, list[str]] = json.loads(ran.stdout)
    return told


def nothing_leaves(home: Path) -> Tried:
    days, said, problems = 0, [], []
    try:
        told, trace = watched_day(home)
        expect(not outside(trace), f"reached for {outside(trace)[:3]}")
        _served(told)
        seen = len(targets(trace))
        days, said = days + 1, [f"0 of {seen} connects and datagrams beyond loopback, name servers included"]
    except CouldNotRun as why:
        problems.append(str(why))
    try:
        _served(cut_off_day())
        days, said = days + 1, [*said, "works without any network"]
    except CouldNotRun as why:
        problems.append(str(why))
    if not days:
        raise CouldNotRun("; ".join(problems))
    figure = "; ".join([*said, *(f"not watched otherwise: {why}" for why in problems)])
    return Tried(
        tried="a day under local_only with keys and proxies set, watched from outside", count=days, figure=figure
    )


def _served(told: dict[str, list[str]]) -> None:
    expect(len(set(told["answered"]) - {"blocked"}) >= 2, "local prompts were not served")
    expect(set(told["pinned"]) == {"blocked"}, "a cloud model answered")


# --- relays --------------------------------------------------------------------------------------------------------

_RELAYS = """
default_role = "general"
discover = false
local_only = true
[endpoints.box]
url = "{url}"
kind = "ollama"
[models.own]
id = "own:8b"
endpoint = "box"
tier = "T1"
[models.tagged]
id = "big:cloud"
endpoint = "box"
tier = "T1"
price_in = "$1/Mtok"
price_out = "$1/Mtok"
[models.sized]
id = "gpt-oss:120b-cloud"
endpoint = "box"
tier = "T1"
price_in = "$1/Mtok"
price_out = "$1/Mtok"
[models.alias]
id = "innocent"
endpoint = "box"
tier = "T1"
[models.sly]
id = "sly"
endpoint = "box"
tier = "T1"
[models.unlisted]
id = "unlisted"
endpoint = "box"
tier = "T1"
[roles.general]
primary = "own"
"""
_RELAYED = ("tagged", "sized", "alias", "sly", "unlisted")


def _ollama(version: str) -> object:
    """Ollama with an alias that its list gives away, and one that only its own page does."""
    listed = [{"model": "own:8b"}, {"model": "innocent", "remote_host": "https://ollama.com:443"}, {"model": "sly"}]

    def answer(asked: Asked) -> Answer:
        if asked.target == "/api/version":
            return as_json({"version": version})
        if asked.target in ("/api/tags", "/api/ps"):
            return as_json({"models": listed if asked.target == "/api/tags" else []})
        model = str(asked.json.get("model", ""))
        if asked.target == "/api/show":
            return as_json({} if model == "own:8b" else {"remote_host": "https://ollama.com:443"})
        if model.endswith(":local") and model.removesuffix(":local") != "own:8b":
            return as_json({"error": f"model '{model}' not found"}, 404)
        remote = {} if model.startswith("own:8b") else {"remote_host": "https://ollama.com:443", "remote_model": model}
        said = {"model": model, "message": {"role": "assistant", "content": "words from afar"}, **remote}
        lines = [{**said, "done": False}, {**said, "message": {"content": ""}, "done": True, "done_reason": "stop"}]
        return (
            200,
            {"content-type": "application/x-ndjson"},
            b"".join(json.dumps(line).encode() + b"\n" for line in lines),
        )

    return answer


async def relays_are_caught(home: Path) -> Tried:
    asked = 0
    for version in ("0.9.0", "0.17.8", "0.33.0"):
        async with serving(_ollama(version)) as box:  # type: ignore[arg-type]
            config = home / f"{version}.toml"
            config.write_text(_RELAYS.format(url=box.url))
            async with wiring.open_engine(load(config), state_dir=home / version, monitor=False) as engine:
                await engine.look_at_endpoints()
                text, _ = await _answer(engine, "own")
                expect(text == "words from afar", f"the local model was not served ({version})")
                for model in _RELAYED:
                    text, code = await _answer(engine, model)
                    expect(text is None, f"the answer of a relay was shown: {model} on Ollama {version}")
                    expect(code != "", f"{model} was refused without a reason")
                    asked += 1
                lines = await engine.audit(AuditQuery(type=str(EventType.BLOCKED)))
                expect(len(lines) >= len(_RELAYED), "a refusal without a line")
            names = [str(each.json.get("model")) for each in box.asked if each.target == "/api/chat"]
            relayed = [n for n in names if not n.startswith("own:8b") and not n.endswith(":local")]
            expect(not relayed, f"prompts went to relays: {relayed}")
    return Tried(
        tried="relay names, aliases and answers on three versions of Ollama",
        count=asked,
        figure="0 prompts relayed, each refused with a line",
    )


async def _answer(engine: Engine, pin: str) -> tuple[str | None, str]:
    request = Request(id=engine.new_request_id(), messages=(Message(role="user", text="hello"),), pin=pin)
    shown = ""
    async for event in engine.submit(request):
        if isinstance(event, events.TextDelta):
            shown += event.text
        elif isinstance(event, events.Answered):
            return event.text, ""
        elif isinstance(event, events.Blocked):
            return shown or None, event.code
    return shown or None, ""


# --- proxies, redirects, odd addresses -----------------------------------------------------------------------------

_PROXIES = (*local_day.PROXIES, "NO_PROXY", "FTP_PROXY")
_STATUSES = (301, 302, 303, 307, 308)
ODD_HOSTS = (
    "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "017700000001", "0.0.0.0", "[::]", "169.254.169.254",
    "[fe80::1]", "8.8.8.8", "[::ffff:8.8.8.8]", "[2001:4860:4860::8888]", "224.0.0.1", "255.255.255.255", "1.1",
    "[::ffff:808:808]", "0x8.8.8.8", "134744072", "127.0.0.1@8.8.8.8", "user:pw@1.1.1.1", "8.8.8.8.", "010.0.0.1",
    "240.0.0.1",
)  # fmt: skip


async def no_way_around(home: Path) -> Tried:
    async with serving(lambda _: as_json({})) as decoy:
        tried = 0

        def redirect(asked: Asked) -> Answer:
            return int(asked.target.rpartition("/")[2]), {"location": f"{decoy.url}/stolen"}, b""

        async with serving(redirect) as server:
            with _environment({name: decoy.url for name in _PROXIES if name != "NO_PROXY"}):
                clients = Clients(environ={})
                for status in _STATUSES:
                    reply = await clients.of(_local(server.url)).post(f"{server.url}/{status}", content=b"prompt")
                    expect(reply.status_code == status, "a redirect was followed")
                    tried += 1
                tried += await _odd_hosts(clients) + await _other_places(clients, server.url, decoy.url)
                await clients.aclose()
        expect(decoy.connections == 0, f"{decoy.connections} connections to the decoy")
    return Tried(
        tried=f"{len(_PROXIES)} proxy variables, {len(_STATUSES)} redirects, {len(ODD_HOSTS)} odd addresses",
        count=tried,
        figure="0 bytes to the decoy",
    )


async def _odd_hosts(clients: Clients) -> int:
    for host in ODD_HOSTS:
        endpoint = _local(f"http://{host}:9/")
        try:
            await clients.of(endpoint).post(endpoint.url, content=b"prompt")
        except GuardRefused:
            continue
        except httpx.InvalidURL:
            continue
        except httpx.HTTPError as error:
            expect(False, f"{host} got as far as {type(error).__name__}")
        expect(False, f"{host} was connected to")
    return len(ODD_HOSTS)


async def _other_places(clients: Clients, own: str, decoy: str) -> int:
    for url in (decoy, "http://api.example.org/", "https://127.0.0.1:1/", "http://localhost.example.org/"):
        try:
            await clients.of(_local(own)).post(url, content=b"prompt")
        except GuardRefused:
            continue
        expect(False, f"{url} was reached through another endpoint's client")
    return 4


def _local(url: str) -> Endpoint:
    return Endpoint(name="box", url=url, kind=EndpointKind.LLAMA_CPP, locality=Locality.LOCAL)


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# --- switching on, and configurations that cannot be read ----------------------------------------------------------

STREAMS = 20
_SOON_S = 0.25
_SWITCHES = 3  # at most


async def cloud_streams_end(home: Path) -> Tried:
    """Being late because others use the cores is no fault of ours: the quickest of a few tries counts."""
    best = None
    for number in range(_SWITCHES):
        wall, cpu = await _switched_on(home / str(number))
        best = min(wall / crowding(), best or wall)
        expect(cpu <= _SOON_S * slowness(), f"it took {cpu:.2f} s of CPU, more than {_SOON_S} s")
        if best <= _SOON_S:
            break
    expect(best is not None and best <= _SOON_S, f"it took {best or 0.0:.2f} s, more than {_SOON_S} s")
    return Tried(
        tried="cloud streams cut by switching local_only on",
        count=STREAMS,
        figure=f"all ended and on record after {wall * 1000:.0f} ms, {cpu * 1000:.0f} ms of CPU",
    )


async def _switched_on(home: Path) -> tuple[float, float]:
    """Seconds until every stream had ended and stood in the audit, by the clock and of CPU."""
    async with wiring.open_demo(load(example_path()), state_dir=home, monitor=False, speed=0.5) as engine:
        pin = next(
            n for n, m in engine.fleet.models.items() if engine.fleet.endpoint_of(m).kind is EndpointKind.ANTHROPIC
        )
        speaking = [asyncio.Event() for _ in range(STREAMS)]
        ended = [asyncio.create_task(_listen(engine, pin, begun)) for begun in speaking]
        async with asyncio.timeout(30):
            await asyncio.gather(*(begun.wait() for begun in speaking))
        began, spent = time.perf_counter(), time.process_time()
        await engine.set_override(Override(id="x", kind=OverrideKind.LOCAL_ONLY))
        outcomes = await asyncio.gather(*ended)
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        lines = await engine.audit(AuditQuery(type=str(EventType.OUTCOME), text="local_only was switched on"))
    expect(set(outcomes) == {"blocked"}, f"streams ended as {set(outcomes)}")
    expect(len(lines) == STREAMS, f"{len(lines)} lines for {STREAMS} streams")
    return wall, cpu


async def _listen(engine: Engine, pin: str, begun: asyncio.Event) -> str:
    request = Request(
        id=engine.new_request_id(), messages=(Message(role="user", text="A long story, please."),), pin=pin
    )
    async for event in engine.submit(request):
        if isinstance(event, events.TextDelta | events.ReasoningDelta):
            begun.set()
        elif isinstance(event, events.Answered):
            return "answered"
    return "blocked"


_BROKEN = (
    "this is no TOML [",
    'local_only = "yes"\nextends = "default"',
    'extends = "defualt"',
    'extends = "default"\n[endpoints.x]\nurl = "http://127.0.0.1:1"\nkind = "openai-compatible"',
    'extends = "default"\n[endpoints.x]\nurl = "https://api.example.org"\nkind = "anthropic"\nlocality = "local"',
    'extends = "default"\n[models.x]\nid = "a:cloud"\nendpoint = "ollama"\ntier = "T1"\nlocality = "local"',
    "\x00\xff",
    'extends = "default"\nlocal_onyl = true',
)


def broken_configurations(home: Path) -> Tried:
    for number, text in enumerate(_BROKEN):
        path = home / f"{number}.toml"
        path.write_text(text, encoding="latin-1")
        try:
            load(path)
        except ConfigError:
            continue
        expect(False, f"a broken configuration was accepted: {text!r}")
    return Tried(
        tried="configurations that are broken or ambiguous",
        count=len(_BROKEN),
        figure="0 accepted: no cloud lane is built from them",
    )


CHECKS = (
    Check(id="L1", promise="under local_only nothing leaves this machine, not even a name", run=nothing_leaves),
    Check(id="L2", promise="relays behind a local address are caught", run=relays_are_caught),
    Check(id="L3", promise="no proxy, redirect or odd address leads around the guard", run=no_way_around),
    Check(id="L4", promise="switching local_only on ends every cloud stream", run=cloud_streams_end),
    Check(id="L5", promise="a configuration in doubt gives no cloud lane", run=broken_configurations),
)
