"""Whatever is done to the audit's files behind the program's back is found (promises.md A4), and every rule of the
verifier is needed for that (A5): with any one taken away, an attack goes unnoticed."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pointsman.adapters.store import Anchor, Code, inspect
from pointsman.adapters.store import export as exporting
from pointsman.adapters.store import inspection as checking
from pointsman.prove.attacks import (
    ATTACKS,
    edit,
    edit_and_rehash,
    empty,
    truncate,
)
from pointsman.prove.verifier import MUTANTS, Ledger, killed, made
from support.soak import SOAK

SIZES = (3, 12, 40)


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory) -> dict[int, Ledger]:
    return {size: made(tmp_path_factory.mktemp("made") / str(size), size) for size in SIZES}


# --- eight classes of attack ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_on_every_line_is_found(ledgers, tmp_path, attack, size):
    step = 6 if size == 40 and SOAK == 1 else 1
    for n in range(1, size + 1, step):
        ledger = ledgers[size].copy(tmp_path / str(n))
        assert ledger.inspected().code is Code.INTACT
        ledger.attack(lambda c, n=n: attack(c, n))
        found = ledger.inspected()
        assert found.code in (Code.ALTERED, Code.SHORT), (n, found)
        assert found.why
        shutil.rmtree(ledger.home)


@pytest.mark.parametrize(("attack", "code"), [(truncate, Code.SHORT), (empty, Code.SHORT), (edit, Code.ALTERED)])
def test_what_was_done_is_told_apart(ledgers, tmp_path, attack, code):
    ledger = ledgers[12].copy(tmp_path / "x")
    ledger.attack(lambda c: attack(c, 8))
    assert ledger.inspected().code is code


@pytest.mark.parametrize("attack", [truncate, empty, edit_and_rehash])
def test_what_a_chain_alone_cannot_tell_is_said_to_be_unanchored(ledgers, tmp_path, attack):
    """Without an anchor the verdict never is a plain intact (promises.md §1.2)."""
    ledger = ledgers[12].copy(tmp_path / "x")
    ledger.attack(lambda c: attack(c, 8))
    if attack is not edit_and_rehash:
        ledger.attack(lambda c: c.execute("DELETE FROM payload WHERE seq >= 8"))
    assert inspect(ledger.state, Anchor(tmp_path / "none")).code is Code.NO_ANCHOR


# --- single bytes --------------------------------------------------------------------------------------------------


def content(file: Path) -> list[tuple]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        return connection.execute("SELECT * FROM audit ORDER BY seq").fetchall()


def test_a_flipped_byte_is_found_or_changes_no_line(ledgers, tmp_path):
    """In the ledger: 500 random bytes. What a flip leaves unnoticed is free space or another table."""
    ledger = ledgers[12].copy(tmp_path / "x")
    raw, lines = ledger.file.read_bytes(), content(ledger.file)
    chance, found = random.Random(7), 0
    for _ in range(500 * SOAK):
        at = chance.randrange(len(raw))
        flipped = bytearray(raw)
        flipped[at] ^= 1 << chance.randrange(8)
        ledger.file.write_bytes(flipped)
        if ledger.inspected().code in (Code.ALTERED, Code.SHORT):
            found += 1
        else:
            assert content(ledger.file) == lines, at
    assert found > 25 * SOAK


def test_a_flipped_byte_in_a_line_itself_is_always_found(ledgers, tmp_path):
    """200 bytes of the stored bodies, hashes and foreign texts."""
    ledger = ledgers[12].copy(tmp_path / "x")
    raw = ledger.file.read_bytes()
    marks = [mark for row in content(ledger.file) for mark in (row[2], row[3])]
    spans = [(at, len(mark)) for mark in marks if (at := raw.find(mark)) >= 0]
    assert len(spans) == 24
    chance = random.Random(11)
    for _ in range(200 * SOAK):
        at, length = chance.choice(spans)
        flipped = bytearray(raw)
        flipped[at + chance.randrange(length)] ^= 1 << chance.randrange(8)
        ledger.file.write_bytes(flipped)
        assert ledger.inspected().code is Code.ALTERED


def test_a_flipped_byte_in_an_export_is_always_found(ledgers, tmp_path):
    ledger = ledgers[12]
    raw = "".join(f"{line}\n" for line in exporting.export(ledger.state, foreign=True)).encode()
    path, chance = tmp_path / "export.jsonl", random.Random(13)
    path.write_bytes(raw)
    assert exporting.inspect_file(path, ledger.anchor).code is Code.INTACT
    for _ in range(500 * SOAK):
        flipped = bytearray(raw)
        flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        assert exporting.inspect_file(path, ledger.anchor).code in (Code.ALTERED, Code.SHORT)


def test_a_flipped_byte_in_the_anchor_is_always_found(ledgers, tmp_path):
    ledger = ledgers[12].copy(tmp_path / "x")
    raw = ledger.anchor.path.read_bytes()
    for at in range(len(raw) - 1):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << (at % 8)
        ledger.anchor.path.write_bytes(flipped)
        assert ledger.inspected().code in (Code.ALTERED, Code.SHORT), at


# --- the verifier itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant[0].__name__)
def test_without_any_one_rule_an_attack_goes_unnoticed(ledgers, tmp_path, mutant):
    assert killed(ledgers[12].copy(tmp_path / "x"), mutant) is None


def test_no_rule_is_left_out_of_the_mutants():
    rules = {rule for rule, _, _ in MUTANTS}
    assert rules >= {*checking.LINE_RULES, *checking.END_RULES}
