"""The secrets' promises, S1 and S2: fifty keys go through everything that writes or shows, and none comes out."""

from __future__ import annotations

import asyncio
import copy
import html
import io
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

from pointsman import wiring
from pointsman.adapters.screen_files import LocalScreenFiles
from pointsman.adapters.secrets import Secret, Secrets, SecretsRefused
from pointsman.adapters.services.commands import child_environment
from pointsman.adapters.store.export import export
from pointsman.config import load
from pointsman.core.chats import ChatHead, ChatTurn
from pointsman.core.request import Message, Request
from pointsman.ports import Chats
from pointsman.prove.check import Check, CouldNotRun, Tried, expect
from pointsman.prove.fake_server import Answer, Asked, serving

CANARIES = 50
_KINDS = ("anthropic", "openai", "deepseek", "openrouter", "gemini")


def canaries() -> dict[str, str]:
    """Environment variable -> a key that looks like none of the known shapes, so that only its value gives it away."""
    return {f"CANARY_{number}_KEY": f"zq{number:02d}Canary+{number * 7919:06d}/xyz" for number in range(CANARIES)}


def _config(url: str) -> str:
    lines = ['default_role = "general"', "discover = false"]
    for number, name in enumerate(canaries()):
        kind = _KINDS[number % len(_KINDS)]
        lines += [f"[endpoints.e{number}]", f'url = "{url}"', f'kind = "{kind}"', f'key_env = "{name}"']
        lines += [f"[models.m{number}]", f'id = "m{number}"', f'endpoint = "e{number}"', 'tier = "T1"']
        lines += ['price_in = "$1/Mtok"', 'price_out = "$1/Mtok"', "context = 100_000"]
    return "\n".join([*lines, "[roles.general]", 'primary = "m0"'])


def _echo(asked: Asked) -> Answer:
    """The worst of servers: quotes all keys it was ever given, in header, body and error, cut and encoded."""
    given = asked.headers.get("authorization", "") + " " + asked.headers.get("x-api-key", "")
    everything = " ".join(canaries().values())
    body = json.dumps({"error": {"message": f"bad key {given} of {everything}", "type": "authentication_error"}})
    return 401, {"content-type": "application/json", "x-echo": given.strip() or "none"}, body.encode()


async def no_key_in_any_sink(home: Path) -> Tried:
    keys = canaries()
    before = {name: os.environ.get(name) for name in keys}
    os.environ.update(keys)
    heard, out = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(out), redirect_stderr(out):
            sinks = await _serve_all(home)
            sinks |= {"a picture of the screen": await _picture(home)}
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
    sinks |= {"log at DEBUG": heard.getvalue(), "stdout and stderr": out.getvalue()}
    sinks |= {"child's environment": str(child_environment({**os.environ, **keys}))}
    sinks |= {"process arguments": " ".join(sys.argv), **_of_a_secret()}
    for sink, text in sinks.items():
        leaked = [key for key in keys.values() if _in(key, text)]
        expect(not leaked, f"{len(leaked)} keys in: {sink}")
    tried = f"{CANARIES} keys through {len(sinks)} sinks: {', '.join(sinks)}"
    return Tried(tried=tried, count=CANARIES * len(sinks), figure="0 found")


def _in(key: str, text: str) -> bool:
    from base64 import b64encode
    from urllib.parse import quote

    encoded = b64encode(key.encode()).decode()
    return any(written in text for written in (key, encoded, encoded.rstrip("="), quote(key, safe="")))


async def _serve_all(home: Path) -> dict[str, str]:
    """Asks every model, each of which fails in the server's loudest way; everything that was written and told."""
    told: list[str] = []
    async with serving(_echo) as server:
        path = home / "config.toml"
        await asyncio.to_thread(path.write_text, _config(server.url))
        settings = load(path)
        settings = replace(settings, fleet=replace(settings.fleet, budgets=()))
        async with wiring.open_engine(settings, state_dir=home / "state", monitor=False) as engine:
            await engine.look_at_endpoints()
            told.append(str(engine.snapshot))
            for name in settings.fleet.models:
                message = Message(role="user", text="hello")
                request = Request(id=engine.new_request_id(), messages=(message,), pin=name)
                told += [repr(event) async for event in engine.submit(request)]
            await _keep_a_conversation(engine.chats)
            for key in canaries().values():
                logging.getLogger("anybody").debug("sent %s to %s", key, server.url)
            told.append(_crash())
        expect(len(server.asked) >= CANARIES, "the keys were not used")
    return {
        "what the screen is told": "\n".join(told),
        "ledger, conversations, log and anchor": await asyncio.to_thread(_files, home),
        "audit export": "\n".join(export(home / "state", foreign=True)),
    }


async def _keep_a_conversation(chats: Chats | None) -> None:
    """In which somebody pasted every key, with a quote that JSON escapes beside it."""
    expect(chats is not None, "no conversation is kept by default")
    if chats is not None:
        pasted = '", "'.join(canaries().values())
        turn = ChatTurn(request="r", prompt=pasted, answer=pasted, detail={"why": pasted})
        await chats.keep(ChatHead(id="c", title=pasted), 0, turn)


async def _picture(home: Path) -> str:
    """Of an answer that is nothing but keys, broken over lines: what stands in the file, put together again."""
    answer = ",".join(canaries().values())
    draws = [sys.executable, "-m", "pointsman.tui.proof", "--picture"]
    drawn = await asyncio.to_thread(
        subprocess.run, draws, input=answer, capture_output=True, text=True, timeout=60, check=False
    )
    if drawn.returncode != 0:
        raise CouldNotRun(f"the screen cannot be drawn: {drawn.stderr.strip()[-120:]}")
    expect(all(_in(key, _said(drawn.stdout)) for key in canaries().values()), "the keys were not on the screen")
    secrets = Secrets(tuple(canaries()), environ=os.environ, file=None, keyring=lambda: None)
    kept = await LocalScreenFiles(home / "state", secrets.redact).picture(drawn.stdout)
    return _said(await asyncio.to_thread(Path(kept).read_text))


def _said(svg: str) -> str:
    """The words of a picture without the breaks and borders between them."""
    texts = re.findall(r"<text\b[^>]*>([^<]*)</text>", svg)
    return re.sub(r"[^A-Za-z0-9+/=%]", "", "".join(html.unescape(text) for text in texts))


def _crash() -> str:
    """A traceback as the crash screen shows it: without locals."""
    try:
        raise RuntimeError("crashed while it held a key")
    except RuntimeError:
        return traceback.format_exc()


def _files(home: Path) -> str:
    return "\n".join(path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file())


def _of_a_secret() -> dict[str, str]:
    """Whatever Python makes of a Secret without being asked to reveal it."""
    secret = Secret(canaries()["CANARY_0_KEY"])
    refused = 0
    for write in (pickle.dumps, copy.copy, json.dumps):
        try:
            write(secret)
        except TypeError:
            refused += 1
    expect(refused == 3, "a secret could be written")
    return {"a Secret printed": f"{secret!r} {secret} {secret:>9} {[secret]} {secret.__class__.__slots__}"}


async def files_are_private(home: Path) -> Tried:
    before = os.umask(0)
    try:
        config = home / "config.toml"
        await asyncio.to_thread(config.write_text, 'extends = "default"\ndiscover = false')
        async with wiring.open_engine(load(config), state_dir=home / "state", monitor=False):
            modes = await asyncio.to_thread(_modes, home / "state")
            anchor = (home / "state.anchor").stat().st_mode & 0o777
    finally:
        os.umask(before)
    expect(anchor == 0o600, f"the anchor has mode {anchor:o}")
    loose = {name: f"{mode:o}" for name, (mode, wanted) in modes.items() if mode != wanted}
    expect(not loose, f"not private: {loose}")
    refused = _loose_secrets_file(home)
    tried, count = "files under umask 000, and a secrets file others can read", len(modes) + 1 + refused
    return Tried(tried=tried, count=count, figure="all 0600 and 0700; the file refused")


def _modes(state: Path) -> dict[str, tuple[int, int]]:
    found = (state, *state.rglob("*"))
    return {path.name: (path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600) for path in found}


def _loose_secrets_file(home: Path) -> int:
    file = home / "secrets.toml"
    file.write_text('SOME_KEY = "abc123"')
    secrets = Secrets(("SOME_KEY",), environ={}, file=file, keyring=lambda: None)
    for mode in (0o644, 0o640, 0o604, 0o660):
        file.chmod(mode)
        try:
            secrets.find("SOME_KEY")
        except SecretsRefused:
            continue
        expect(False, f"a secrets file with mode {mode:o} was read")
    file.chmod(0o600)
    found = secrets.find("SOME_KEY")
    expect(found is not None and found.reveal() == "abc123", "a private secrets file was not read")
    return 5


CHECKS = (
    Check(id="S1", promise="no key comes out of anything that writes or shows", run=no_key_in_any_sink),
    Check(id="S2", promise="files are yours alone; a key file open to others is refused", run=files_are_private),
)
