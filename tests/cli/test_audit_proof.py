"""`audit verify|export|rotate|erase` and `prove`, with the exit codes that scripts rest on (promises.md §1.3)."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman import wiring
from pointsman.adapters.store import Anchor
from pointsman.prove import attacks
from pointsman.prove.check import Check, Tried

PROMPT = "Write a Python function that reverses a list."
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_export.py"


@pytest.fixture
def ledger(home: Path) -> Path:
    """Six lines with texts of others, and their anchor, as an earlier run left them."""
    return attacks.write_ledger(home / "state", Anchor(home / "state.anchor"), 6)


def test_the_calls_of_a_run_are_anchored_and_verify(pointsman, served, home):
    pointsman("ask", PROMPT)
    ran = pointsman("audit", "verify", "--json")
    assert (ran.code, ran.document["verdict"], ran.document["code"]) == (0, "intact", 0)
    assert ran.document["anchored"] == ran.document["lines"] > 0
    assert (home / "state.anchor").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("attack", "code", "word"),
    [
        (lambda c: attacks.edit(c, 3), 2, "ALTERED at line 3"),
        (lambda c: attacks.edit_and_rehash(c, 3), 2, "not the line that was anchored"),
        (lambda c: attacks.truncate(c, 5), 3, "SHORTENED at line 5"),
        (lambda c: attacks.empty(c, 1), 3, "the anchor knows line 6"),
    ],
)
def test_verify_says_what_was_done(pointsman, ledger, attack, code, word):
    attacks.tamper(ledger, attack)
    ran = pointsman("audit", "verify")
    assert ran.code == code and word in ran.out


def test_verify_without_anchor_without_ledger_and_with_neither(pointsman, ledger, home):
    assert pointsman("audit", "verify", "--anchor", str(home / "none")).code == 4
    ledger.unlink()
    assert pointsman("audit", "verify").code == 3
    (home / "state.anchor").unlink()
    ran = pointsman("audit", "verify")
    assert ran.code == 5 and "no audit yet" in ran.out


def test_verify_works_with_a_configuration_that_does_not(pointsman, ledger, config, home):
    ran = pointsman("--config", str(config("not [ toml")), "audit", "verify")
    assert ran.code == 0 and "intact: 6 lines" in ran.out


def test_the_anchor_is_where_the_configuration_says(pointsman, fleet, home):
    elsewhere = home / "elsewhere" / "x.anchor"
    fleet.write_text(fleet.read_text() + f'[audit]\nanchor = "{elsewhere}"\n')
    assert pointsman("models", "set", "small", "--reason", "because").code == 0
    assert elsewhere.read_text().startswith("pointsman-audit-v1 1 ")
    assert pointsman("audit", "verify", "--json").document["anchored"] == 1


def test_an_anchor_beside_the_ledger_is_refused(pointsman, fleet, home, monkeypatch):
    monkeypatch.setenv("POINTSMAN_ANCHOR", str(home / "state" / "x.anchor"))
    ran = pointsman("models", "set", "small")
    assert ran.code == 1 and "beside the ledger" in ran.err


# --- export --------------------------------------------------------------------------------------------------------


def plain_python(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(VERIFIER), *map(str, args)], capture_output=True, text=True)


def test_the_verifier_in_the_docs_is_forty_lines_of_plain_python():
    source = VERIFIER.read_text()
    assert len(source.splitlines()) <= 40 and "pointsman" not in {
        line.split()[1] for line in source.splitlines() if line.startswith(("import", "from"))
    }


@pytest.mark.parametrize("foreign", [(), ("--foreign",)])
def test_an_export_verifies_with_and_without_pointsman(pointsman, ledger, home, foreign):
    file = home / "audit.jsonl"
    assert pointsman("audit", "export", str(file), *foreign).code == 0
    assert pointsman("audit", "export", *foreign).out == file.read_text()
    assert ("refused by host 3" in file.read_text()) is bool(foreign)
    assert pointsman("audit", "verify", "--from-export", str(file)).code == 0
    ran = plain_python(file, home / "state.anchor")
    assert ran.returncode == 0 and ran.stdout.startswith("intact: up to line 6")
    assert "not held against an anchor" in plain_python(file).stdout
    assert pointsman("audit", "export", str(file)).code == 2


def test_the_verifier_in_the_docs_finds_flipped_bytes_and_missing_lines(pointsman, ledger, home, capsys):
    import runpy

    main = runpy.run_path(str(VERIFIER))["main"]
    file, anchor = home / "audit.jsonl", str(home / "state.anchor")
    pointsman("audit", "export", str(file), "--foreign")
    raw, chance = file.read_bytes(), random.Random(5)
    for _ in range(400):
        flipped = bytearray(raw)
        flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        file.write_bytes(flipped)
        try:
            told = main(str(file), anchor)
        except (ValueError, KeyError, TypeError, AttributeError):
            told = "a traceback, which exits with 1 as well"
        assert told
    lines = raw.decode().splitlines(keepends=True)
    for kept in (lines[:4], [*lines[:4], lines[-1]], lines[1:], [*lines[:2], *lines[3:]]):
        file.write_text("".join(kept))
        try:
            told = main(str(file), anchor)
        except ValueError:
            told = "a traceback"
        assert told
        assert pointsman("audit", "verify", "--from-export", str(file)).code in (2, 3)


def test_an_export_that_cannot_be_read_could_not_be_checked(pointsman, ledger, home):
    assert pointsman("audit", "verify", "--from-export", str(home / "none")).code == 5


# --- rotate, erase -------------------------------------------------------------------------------------------------


def test_rotating_and_retiring_is_on_record(pointsman, ledger, home):
    assert pointsman("audit", "rotate", "--json").document == {"closed": "ledger-0001.db", "deleted": []}
    assert pointsman("audit", "verify").code == 0
    attacks.write_ledger(home / "state", Anchor(home / "state.anchor"), 2)
    ran = pointsman("audit", "rotate", "--keep", "1")
    assert "closed ledger-0002.db" in ran.out and "deleted ledger-0001.db" in ran.out
    ran = pointsman("audit", "verify")
    assert ran.code == 6 and "ledger-0001.db, deleted on purpose" in ran.out
    assert pointsman("audit", "rotate").code == 0
    ran = pointsman("audit", "rotate")
    assert ran.code == 1 and "nothing to close" in ran.err


def test_erasing_the_text_of_others(pointsman, ledger):
    assert "refused by host 1" in pointsman("audit", "show").out
    ran = pointsman("audit", "erase", "2")
    assert (ran.code, ran.out) == (0, "erased in line 2: detail\n")
    shown = pointsman("audit", "show").out
    assert "refused by host 1" not in shown and "calling opus: [erased]" in shown
    assert pointsman("audit", "verify").code == 0
    again = pointsman("audit", "erase", "2")
    assert again.code == 2 and "has no such text" in again.err
    assert "it has: detail" in pointsman("audit", "erase", "3", "reason").err


def test_the_screen_is_told_how_the_audit_stands(fleet, home, ledger):
    async def look() -> tuple[str, tuple[str, ...]]:
        from pointsman.config import load

        async with wiring.open_engine(load(fleet), state_dir=home / "state", monitor=False) as engine:
            assert str(engine.audit_state) == "not checked yet"
            await engine._monitor.see_chain()
            return str(engine.audit_state), engine.banners

    told, _ = asyncio.run(look())
    assert told.startswith("verified 6 lines, head ")
    attacks.tamper(ledger, lambda c: attacks.edit(c, 2))
    told, banners = asyncio.run(look())
    assert "was altered at line 2" in told and told in banners


# --- prove ---------------------------------------------------------------------------------------------------------


def test_prove_says_what_was_tried_and_the_figure(pointsman):
    ran = pointsman("prove", "b6", "C5")
    assert ran.code == 0 and ran.err == ""
    assert "B6  held" in ran.out and "2 held, 0 broken, 0 could not run here" in ran.out


def test_a_broken_promise_is_exit_1_and_named(pointsman, monkeypatch):
    from pointsman.prove import run
    from pointsman.prove.check import Broken

    def breaks(home: Path) -> Tried:
        raise Broken("line 7\x1b[31m")

    monkeypatch.setattr(run, "CHECKS", (Check(id="X1", promise="it holds", run=breaks),))
    ran = pointsman("prove")
    assert ran.code == 1 and "X1  BROKEN        it holds" in ran.out and "\x1b" not in ran.out
    ran = pointsman("prove", "--json")
    assert ran.code == 1 and ran.document["checks"][0]["why"] == "line 7\x1b[31m" and json.loads(ran.out)["broken"] == 1


def test_an_unknown_promise_is_a_mistake(pointsman):
    assert pointsman("prove", "Z9").code == 2
