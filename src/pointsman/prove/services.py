"""The services' promises: V1, names are never commands; V4, unloading a model never erases it."""

from __future__ import annotations

import json
from pathlib import Path

from pointsman.adapters.clients import Clients
from pointsman.adapters.residency import HttpResidency
from pointsman.config import ConfigError, load
from pointsman.core.fleet import Endpoint, EndpointKind, Locality, Model, Tier
from pointsman.prove.check import Check, Tried, expect
from pointsman.prove.fake_server import Answer, Asked, as_json, serving

HOSTILE = (
    "*", "a*", "?", "[a]", "--force", "-H", "a;reboot", "a b", "a\nb", "$(x)", "`x`", "a|b", "a&b", "a>b", "", " ",
    "a'b", 'a"b', "a\x00b", "a\x1b[2J", "*.service", "{a,b}", "a$IFS", "\u202ea", "é", "a" * 300, "a,b", "a#b", "~",
    "!", "%n", "a=b", "a(b)", "a\tb", "a\rb", "a;", ";a", "||a", "&&a", "<a", "a\\ b c", "-", "--", "--now", "-M x",
)  # fmt: skip
_SERVICE = 'extends = "default"\n[services.x]\nkind = "systemd-user"\nunit = {unit}\n'


def no_injection(home: Path) -> Tried:
    for number, name in enumerate(HOSTILE):
        path = home / f"{number}.toml"
        path.write_text(_SERVICE.format(unit=json.dumps(name)))
        try:
            load(path)
        except ConfigError:
            continue
        expect(False, f"a unit may be called {name!r}")
    tried = "hostile names of units"
    figure = "0 accepted, so 0 processes started"
    return Tried(tried=tried, count=len(HOSTILE), figure=figure)


class _Ollama:
    """Models in memory and on the disk; a model can be unloaded, or erased by who asks for that."""

    def __init__(self) -> None:
        self.kept, self.loaded = {f"m{n}:8b" for n in range(5)}, set[str]()
        self.erased = 0

    def __call__(self, asked: Asked) -> Answer:
        model = str(asked.json.get("model", ""))
        if asked.target == "/api/delete" or asked.method == "DELETE":
            self.erased += 1
            self.kept.discard(model)
        if asked.target in ("/api/generate", "/api/chat"):
            (self.loaded.discard if asked.json.get("keep_alive") == 0 else self.loaded.add)(model)
            return as_json({"model": model, "done": True, "done_reason": "load"})
        listed = self.loaded if asked.target == "/api/ps" else self.kept
        return as_json({"version": "0.33.0", "models": [{"name": name, "model": name} for name in sorted(listed)]})


async def unloading_erases_nothing(home: Path) -> Tried:
    ollama, rounds = _Ollama(), 20
    async with serving(ollama) as server:
        box = Endpoint(name="box", url=server.url, kind=EndpointKind.OLLAMA, locality=Locality.LOCAL)
        clients = Clients(environ={})
        residency = HttpResidency(clients)
        try:
            for number in range(rounds):
                model = Model(name="m", id=f"m{number % 5}:8b", endpoint="box", tier=Tier.T1)
                expect((await residency.load(box, model)).ok and model.id in ollama.loaded, "a model was not loaded")
                expect((await residency.unload(box, model.id)).ok, "a model was not unloaded")
                expect(model.id not in ollama.loaded, "a model stayed in memory")
        finally:
            await clients.aclose()
    expect(ollama.erased == 0 and len(ollama.kept) == 5, f"{ollama.erased} requests would erase a model")
    tried = "models loaded and unloaded on an Ollama that counts what would erase them"
    return Tried(tried=tried, count=rounds, figure="0 requests to erase; 5 of 5 models still there")


CHECKS = (
    Check(id="V1", promise="no name of a service is a command, an option or a pattern", run=no_injection),
    Check(id="V4", promise="unloading a model never erases it", run=unloading_erases_nothing),
)
