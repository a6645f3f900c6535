"""OpenClaw's file: what it claims, in both of its forms, and the reviewed way back through its own CLI."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pointsman.adapters.openclaw import OpenClawFile, read_claim
from pointsman.core.drift import Claim, Drift, drift_of
from pointsman.core.fleet import Gateway
from support.fleets import small_fleet

FILES = [
    ('{ agents: { defaults: { model: { primary: "a/b", fallbacks: ["c/d", 3] } } } } // ok', "a/b", ("c/d",), None),
    (
        "{ agents: { defaults: { model: 'openrouter/moonshotai/kimi-k2', }, }, }",
        "openrouter/moonshotai/kimi-k2",
        (),
        None,
    ),
    ('{"agents": {"defaults": {"model": {"fallbacks": []}}}}', None, (), None),
    ("{}", None, (), None),
    ("[]", None, (), None),
    ("{ agents: { list: [] } }", None, (), None),
    ("{ agents: { $include: './agents.json5' } }", None, (), "includes other files"),
    ("{ $include: 'x', agents: { defaults: { model: 'a/b' } } }", "a/b", (), None),
    ("{ agents: { defaults: { model: '${MODEL}' } } }", None, (), "environment variable"),
    ("{ agents: ", None, (), "is no JSON5: expected a value at line 1"),
]


@pytest.mark.parametrize(("text", "primary", "fallbacks", "problem"), FILES)
def test_the_default_model_is_read(
    text: str, primary: str | None, fallbacks: tuple[str, ...], problem: str | None, tmp_path: Path
) -> None:
    """A bare reference or `{ primary, fallbacks }`; what cannot be told is a problem, never a guess."""
    path = tmp_path / "openclaw.json"
    path.write_text(text, "utf-8")
    claim = read_claim(path)
    assert claim is not None
    assert (claim.primary, claim.fallbacks) == (primary, fallbacks)
    assert (problem is None) == (claim.problem is None) and (problem or "") in (claim.problem or "")


def test_no_file_claims_nothing(tmp_path: Path) -> None:
    """A machine without OpenClaw has no drift and no problem."""
    assert read_claim(tmp_path / "openclaw.json") is None


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """A directory in its place, or bytes that are no text."""
    assert "cannot be read" in ((read_claim(tmp_path) or Claim(path="")).problem or "")
    path = tmp_path / "openclaw.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert (read_claim(path) or Claim(path="")).problem == "is not UTF-8 text"


# --- the way back ----------------------------------------------------------------------------------------------------

GATEWAY = Gateway(kind="openclaw", path="", expect="opus", ref="anthropic/opus-id")
OPENCLAW = """#!/bin/sh
echo "$*" >> "$HOME/calls"
[ -z "$ANTHROPIC_API_KEY" ] || exit 9
[ "$3" = anthropic/opus-id ] || { echo "Unknown provider" >&2; exit 1; }
printf '{ agents: { defaults: { model: { primary: "%s" } } } }' "$3" > "$HOME/openclaw.json"
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A home with a small script that stands for OpenClaw's CLI."""
    script = tmp_path / "bin" / "openclaw"
    script.parent.mkdir()
    script.write_text(OPENCLAW, "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": "k"}


async def drifted(file: OpenClawFile, gateway: Gateway = GATEWAY) -> Drift:
    found = drift_of(small_fleet(gateway=gateway), await file.claim())
    assert found is not None
    return found


async def test_a_revert_runs_the_programs_own_command_and_looks_again(tmp_path: Path, environ: dict[str, str]) -> None:
    """argv only, without our keys; good only once the file says what the policy expects."""
    path = tmp_path / "openclaw.json"
    path.write_text("{ agents: { defaults: { model: 'ollama/kimi:cloud' } } }", "utf-8")
    file = OpenClawFile(path, tmp_path / "state", environ)
    result = await file.revert(await drifted(file))
    assert result.ok and result.argv == ("openclaw", "models", "set", "anthropic/opus-id")
    assert (tmp_path / "calls").read_text() == "models set anthropic/opus-id\n"
    assert await file.claim() == Claim(path=str(path), primary="anthropic/opus-id")


async def test_a_refused_revert_says_why(tmp_path: Path, environ: dict[str, str]) -> None:
    """The CLI's last line is the reason; the file stays as it was."""
    path = tmp_path / "openclaw.json"
    path.write_text("{ agents: { defaults: { model: 'x/y' } } }", "utf-8")
    file = OpenClawFile(path, tmp_path / "state", environ)
    result = await file.revert(await drifted(file, Gateway(kind="openclaw", path="", expect="sonnet", ref="nobody/x")))
    assert (result.ok, result.text) == (False, "Unknown provider")
    assert (await file.claim() or Claim(path="")).primary == "x/y"


async def test_without_the_program_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has the file but not the CLI."""
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "openclaw.json"
    path.write_text("{ agents: { defaults: { model: 'x/y' } } }", "utf-8")
    file = OpenClawFile(path, tmp_path / "state", {"PATH": str(tmp_path)})
    assert (await file.revert(await drifted(file))).text == "openclaw is not installed"


async def test_a_copy_is_exact_private_and_never_overwritten(tmp_path: Path) -> None:
    """The file may hold keys: the copy is its owner's alone."""
    path = tmp_path / "openclaw.json"
    path.write_bytes(b"{ // my comment\r\n apiKey: 'k' }")
    file = OpenClawFile(path, tmp_path / "state", {})
    first = Path(await file.back_up(1.0))
    assert first.read_bytes() == path.read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600 and stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        await file.back_up(1.0)
    assert Path(await file.back_up(2.0)) != first
