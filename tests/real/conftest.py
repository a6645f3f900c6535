"""Real llama.cpp servers on tiny models."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="the xllamacpp wheel is not installed")

from support.tiny_gguf import build_heavy_gguf, build_tiny_gguf

LAUNCHER = Path(__file__).parents[1] / "support" / "llama_process.py"


class LlamaProcess:
    """One server process. `kill` is kill -9."""

    def __init__(self, model: Path, port: int, *settings: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, str(LAUNCHER), str(model), str(port), *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def wait_ready(self) -> LlamaProcess:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == b"ready\n", f"the server did not start: {line!r}, exit {self.process.poll()}"
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="session")
def heavy_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_heavy_gguf(tmp_path_factory.mktemp("gguf") / "heavy.gguf")


@pytest.fixture
def llama(tiny_gguf: Path) -> Iterator[Callable[..., LlamaProcess]]:
    """Starts servers: `llama("alias=...", model=path, ready=False)`."""
    started: list[LlamaProcess] = []

    def start(*settings: str, model: Path = tiny_gguf, ready: bool = True) -> LlamaProcess:
        server = LlamaProcess(model, free_port(), *settings)
        started.append(server)
        return server.wait_ready() if ready else server

    yield start
    for server in started:
        server.close()
