"""`init --gguf` and the verbs around it: from a model file and nothing else to an answer, headless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("gguf")
    from support.tiny_gguf import build_tiny_gguf

    return build_tiny_gguf(tmp_path_factory.mktemp("models") / 'a file\'s "name".gguf')


def test_it_describes_the_file_and_the_configuration_is_good(pointsman, home, gguf):
    ran = pointsman("init", "--gguf", str(gguf))
    assert ran.code == 0 and "pointsman services start tiny-random --wait" in ran.err
    written = home / "home" / "pointsman" / "config.toml"
    assert written.stat().st_mode & 0o777 == 0o600
    config = tomllib.loads(written.read_text())
    service, model = config["services"]["tiny-random"], config["models"]["tiny-random"]
    assert service["command"][1:4] == ["-m", "pointsman.adapters.embedded", str(gguf)]
    assert (service["kind"], model["context"], model["ram"]) == ("process", 8192, "1 MiB")
    assert pointsman("check").code == 0
    assert pointsman("init", "--gguf", str(gguf)).code == 1  # never over another
    printed = pointsman("init", "--gguf", str(gguf), "--print")
    assert tomllib.loads(printed.out)["services"] == config["services"]


@pytest.mark.parametrize(("content", "words"), [(b"PK\3\4zip", "does not begin like a GGUF"), (None, "No such file")])
def test_what_cannot_be_served_is_one_line(pointsman, home, content, words):
    file = home / "x.gguf"
    if content is not None:
        file.write_bytes(content)
    ran = pointsman("init", "--gguf", str(file))
    assert ran.code == 2 and words in ran.err and ran.err.count("\n") == 1
    assert not (home / "home").exists()


def test_a_files_own_name_is_foreign_text():
    from pointsman.verbs.gguf import _alias

    assert _alias('Qwen3 "Coder"\n[x]') == "qwen3-coder-x"
    assert _alias("모델") == "local" and len(_alias("a" * 300)) == 40


@pytest.fixture
def program(home: Path) -> Iterator[object]:
    """The real program in processes of its own, as a script would call it."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "POINTSMAN_CONFIG": str(home / "config.toml"),
        "POINTSMAN_STATE": str(home / "state"),
        "PYTHONPATH": ":".join((str(SOURCES), *sys.path)),
    }

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = (sys.executable, "-m", "pointsman", *args)
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )

    yield run
    run("services", "stop", "tiny-random")


@pytest.mark.real_llama
def test_from_a_file_to_an_answer_and_back(program, home, gguf):
    """The service outlives the verb that started it, is found by the next, answers, and is stopped by a third."""
    pytest.importorskip("xllamacpp")
    assert program("init", "--gguf", str(gguf), "--config", str(home / "config.toml")).returncode == 0
    started = program("services", "start", "tiny-random", "--wait", "--json")
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["stage"] == "healthy"
    assert "runs: " in started.stderr and "pointsman.adapters.embedded" in started.stderr
    listed = json.loads(program("services", "list", "--json").stdout)["services"][0]
    assert listed["state"] == "active" and listed["pid"]
    asked = program("ask", "Tell me a story.", "--max-output", "20")
    assert asked.returncode == 0 and asked.stdout.strip(), asked.stderr
    fits = json.loads(program("models", "fits", "--json").stdout)["fits"]
    assert [(fit["models"], fit["word"]) for fit in fits] == [(["tiny-random"], "comfortable")]
    unloaded = program("models", "unload", "tiny-random")
    assert unloaded.returncode == 1 and "services stop tiny-random" in unloaded.stdout
    again = program("services", "start", "tiny-random")
    assert again.returncode == 1 and f"already runs as pid {listed['pid']}" in again.stdout
    assert "serving" in program("services", "logs", "tiny-random").stdout
    assert program("services", "stop", "tiny-random").returncode == 0
    assert json.loads(program("services", "list", "--json").stdout)["services"][0]["state"] == "inactive"
