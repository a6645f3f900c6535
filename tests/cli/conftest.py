"""The command line in this process, in a home of its own, and a configuration over simulated servers."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pointsman.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Pointsman = Callable[..., Ran]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration, no ledger, no keys but those a test makes."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("POINTSMAN_CONFIG", raising=False)
    monkeypatch.setenv("POINTSMAN_STATE", str(tmp_path / "state"))
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def pointsman(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Pointsman:
    def run(*args: str, stdin: bytes = b"", **given: Any) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main(list(args), **given)
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return run


@pytest.fixture
def config(home: Path) -> Callable[[str], Path]:
    """Writes the configuration of this run."""

    def write(text: str) -> Path:
        path = home / "config.toml"
        path.write_text(text)
        return path

    return write


FLEET = """
default_role = "general"
discover = false

[endpoints.gpu]
url = "{gpu}"
kind = "llama.cpp"
service = "coder"

[endpoints.box]
url = "{box}"
kind = "ollama"

[models.coder]
id = "coder-1"
endpoint = "gpu"
tier = "T1"
context = 32_000

[models.small]
id = "small:1b"
endpoint = "box"
tier = "T4"
context = 8_000
aliases = ["tiny"]

[roles.general]
primary = "coder"
fallbacks = ["small"]

[roles.writer]
primary = "small"

[[routes]]
name = "coding"
when = {{ kind = "coding" }}
role = "general"

[budgets.box-day]
scope = {{ endpoint = "box" }}
limit = "100_000 tokens"
window = "day"

[services.coder]
kind = "systemd-user"
unit = "coder.service"
"""


@pytest.fixture
def fleet(config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of two local endpoints where nothing listens, found by its environment variable."""
    path = config(FLEET.format(gpu="http://127.0.0.1:9", box="http://127.0.0.1:19"))
    monkeypatch.setenv("POINTSMAN_CONFIG", str(path))
    return path


@pytest.fixture
def served(fleet: Path) -> Iterator[Any]:
    """The same configuration with simulated servers behind both endpoints; gives the simulated fleet."""
    from pointsman.config import load
    from pointsman.demo.fleet import SimulatedFleet

    simulated = SimulatedFleet(load(fleet).fleet, speed=1e6)
    asyncio.run(simulated.__aenter__())
    urls = {name: endpoint.url for name, endpoint in simulated.fleet.endpoints.items()}
    fleet.write_text(FLEET.format(**urls))
    yield simulated
    asyncio.run(simulated.__aexit__())
