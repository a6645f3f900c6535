"""Whatever is done to the audit's files behind the program's back is found (promises.md A4), and every rule of the
verifier is needed for that (A5): with any one taken away, an attack goes unnoticed."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from pointsman.adapters.store import Anchor, Code, audit_log, inspect
from pointsman.adapters.store import export as exporting
from pointsman.adapters.store import inspection as checking
from pointsman.adapters.store.segments import rotate
from pointsman.prove.attacks import (
    ATTACKS,
    Attack,
    edit,
    edit_and_rehash,
    empty,
    rehash,
    tamper,
    truncate,
    write_ledger,
)
from support.soak import SOAK

SIZES = (3, 12, 40)


@dataclass(frozen=True)
class Ledger:
    """A ledger on the disk with its anchor beside it."""

    home: Path

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def file(self) -> Path:
        return self.state / "ledger.db"

    @property
    def anchor(self) -> Anchor:
        return Anchor(self.home / "audit.anchor")

    def copy(self, home: Path) -> Ledger:
        shutil.copytree(self.home, home)
        return Ledger(home)

    def inspected(self) -> checking.Verdict:
        return inspect(self.state, self.anchor)

    def attack(self, work: Callable[[sqlite3.Connection], object]) -> None:
        tamper(self.file, work)


def made(home: Path, size: int) -> Ledger:
    ledger = Ledger(home)
    write_ledger(ledger.state, ledger.anchor, size)
    return ledger


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


def renumbered_with_a_gap(ledger: Ledger) -> None:
    ledger.attack(lambda c: [c.execute("UPDATE audit SET seq = seq + 1 WHERE seq = ?", (n,)) for n in range(12, 5, -1)])
    ledger.attack(_renumber_kept)


def _renumber_kept(c: sqlite3.Connection) -> None:
    c.execute("DROP TRIGGER payload_no_update")
    for n in range(12, 5, -1):
        c.execute("UPDATE payload SET seq = ? WHERE seq = ?", (n + 1, n))


def begun_elsewhere(ledger: Ledger) -> None:
    def work(c: sqlite3.Connection) -> None:
        (body,) = c.execute("SELECT CAST(body AS BLOB) FROM audit WHERE seq = 6").fetchone()
        c.execute(
            "UPDATE audit SET prev = ?, hash = ? WHERE seq = 6", (b"x" * 32, audit_log.line_hash(b"x" * 32, body))
        )
        rehash(c, 7)

    ledger.attack(work)


def forged_index(ledger: Ledger) -> None:
    """The index of models says another one than the table does: `audit show --model opus` would hide the line."""
    raw = bytearray(ledger.file.read_bytes())
    with closing(sqlite3.connect(ledger.file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_model'").fetchone()
    at = raw.index(b"opus", (page - 1) * 4096)
    raw[at : at + 4] = b"hide"
    ledger.file.write_bytes(raw)


def on(attack: Attack, n: int = 6) -> Callable[[Ledger], None]:
    return lambda ledger: ledger.attack(lambda c: attack(c, n))


def sql(*statements: str) -> Callable[[Ledger], None]:
    return lambda ledger: ledger.attack(lambda c: [c.execute(statement) for statement in statements])


def lost_segment(ledger: Ledger) -> None:
    (ledger.state / "ledger-0001.db").unlink()


def touched_segment(ledger: Ledger) -> None:
    (ledger.state / "ledger-0001.db").chmod(0o600)
    with closing(sqlite3.connect(ledger.state / "ledger-0001.db")) as connection:
        connection.execute("PRAGMA user_version = 7")
        connection.commit()


CHANGED = "UPDATE payload SET value = 'accepted by host' WHERE seq = 6"
MUTANTS = [
    (checking.numbered, renumbered_with_a_gap, False),
    (checking.continues, begun_elsewhere, False),
    (checking.hashed, on(edit), False),
    (checking.copied, sql("UPDATE audit SET model = 'other' WHERE seq = 6"), True),
    (checking.anchored, on(edit_and_rehash), True),
    (checking.foreign_fits, sql("DROP TRIGGER payload_no_update", CHANGED), True),
    (checking.reaches_the_anchor, sql("DELETE FROM audit WHERE seq > 6", "DELETE FROM payload WHERE seq > 6"), True),
    (checking.erasures_are_recorded, sql("DELETE FROM payload WHERE seq = 6"), True),
    (checking.absences_are_recorded, lost_segment, True),
    (checking.nothing_strays, sql("INSERT INTO payload VALUES (6, 'more', zeroblob(16), 'words')"), True),
    (checking.check_file, forged_index, True),
    (checking.segment_fits, touched_segment, True),
]


def without(rule: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LINE_RULES", tuple(r for r in checking.LINE_RULES if r is not rule))
    monkeypatch.setattr(checking, "END_RULES", tuple(r for r in checking.END_RULES if r is not rule))
    if rule in (checking.check_file, checking.segment_fits, checking.nothing_strays):
        monkeypatch.setattr(checking, rule.__name__, lambda *_: None)


@pytest.mark.parametrize(("rule", "attack", "anchored"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_without_any_one_rule_an_attack_goes_unnoticed(ledgers, tmp_path, monkeypatch, rule, attack, anchored):
    ledger = ledgers[12].copy(tmp_path / "x")
    if attack in (lost_segment, touched_segment):
        rotate(ledger.state, ledger.anchor, 1.0)
    attack(ledger)
    anchor = ledger.anchor if anchored else None
    assert inspect(ledger.state, anchor).code in (Code.ALTERED, Code.SHORT)
    without(rule, monkeypatch)
    assert inspect(ledger.state, anchor).code in (Code.INTACT, Code.NO_ANCHOR)


def test_no_rule_is_left_out_of_the_mutants():
    rules = {rule for rule, _, _ in MUTANTS}
    assert rules >= {*checking.LINE_RULES, *checking.END_RULES}
