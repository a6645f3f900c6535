from collections.abc import Callable
from pathlib import Path

import pytest

from pointsman.config import ConfigError, Problem, load

# The smallest configuration that says everything itself.
SMALL = """
[endpoints.box]
url = "http://127.0.0.1:8080"
kind = "llama.cpp"

[endpoints.sky]
url = "https://api.anthropic.com"
kind = "anthropic"
key_env = "ANTHROPIC_API_KEY"

[models.near]
id = "qwen3"
endpoint = "box"
tier = "T1"

[models.far]
id = "claude-opus-4-6"
endpoint = "sky"
tier = "T0"

[roles.general]
primary = "near"
fallbacks = ["far"]
"""


@pytest.fixture
def small() -> str:
    return SMALL


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def to_file(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        return path

    return to_file


@pytest.fixture
def problems_of(write: Callable[[str], Path]) -> Callable[[str], tuple[Problem, ...]]:
    """Every problem of a configuration text; none if it loads."""

    def read(text: str) -> tuple[Problem, ...]:
        try:
            load(write(text))
        except ConfigError as error:
            return error.problems
        return ()

    return read
