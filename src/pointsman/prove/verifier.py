"""The verifier itself is tried (promises.md A5): each of its rules is taken away in turn, and an attack that was found
before must then go unnoticed. A rule without such an attack would be no rule."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pointsman.adapters.store import Anchor, Code, audit_log, inspect
from pointsman.adapters.store import inspection as checking
from pointsman.adapters.store.segments import rotate
from pointsman.prove.attacks import Attack, edit, edit_and_rehash, rehash, tamper, write_ledger
from pointsman.prove.check import Check, Tried, expect

LINES = 12


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

    def code(self, *, anchored: bool) -> Code:
        return inspect(self.state, self.anchor if anchored else None).code


def made(home: Path, size: int = LINES) -> Ledger:
    ledger = Ledger(home)
    write_ledger(ledger.state, ledger.anchor, size)
    return ledger


# --- attacks that one rule alone finds -----------------------------------------------------------------------------


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
Mutant = tuple[Callable[..., None], Callable[[Ledger], None], bool]  # rule, attack, held against the anchor?
MUTANTS: tuple[Mutant, ...] = (
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
)
LONE_RULES = (checking.check_file, checking.segment_fits, checking.nothing_strays)


@contextmanager
def without(rule: Callable[..., None]) -> Iterator[None]:
    """The verifier with that rule taken away."""
    kept = checking.LINE_RULES, checking.END_RULES, getattr(checking, rule.__name__)
    checking.LINE_RULES = tuple(each for each in checking.LINE_RULES if each is not rule)
    checking.END_RULES = tuple(each for each in checking.END_RULES if each is not rule)
    if rule in LONE_RULES:
        setattr(checking, rule.__name__, lambda *_: None)
    try:
        yield
    finally:
        checking.LINE_RULES, checking.END_RULES = kept[:2]
        setattr(checking, rule.__name__, kept[2])


def killed(ledger: Ledger, mutant: Mutant) -> str | None:
    """None if the attack is found with the rule and unnoticed without it; else what is wrong. Spoils the ledger."""
    rule, attack, anchored = mutant
    if attack in (lost_segment, touched_segment):
        rotate(ledger.state, ledger.anchor, 1.0)
    attack(ledger)
    if ledger.code(anchored=anchored) not in (Code.ALTERED, Code.SHORT):
        return f"{rule.__name__}: its attack is not found at all"
    with without(rule):
        if ledger.code(anchored=anchored) not in (Code.INTACT, Code.NO_ANCHOR):
            return f"{rule.__name__} may be left out: another rule finds its attack"
    return None


def every_rule_is_needed(home: Path) -> Tried:
    sound = made(home / "sound")
    rules = {rule for rule, _, _ in MUTANTS}
    expect(rules >= {*checking.LINE_RULES, *checking.END_RULES}, "a rule has no attack that needs it")
    for number, mutant in enumerate(MUTANTS):
        problem = killed(sound.copy(home / str(number)), mutant)
        expect(problem is None, str(problem))
    tried = "the verifier without each of its rules in turn"
    return Tried(tried=tried, count=len(MUTANTS), figure=f"{len(MUTANTS)} of {len(MUTANTS)} mutants killed")


CHECKS = (Check(id="A5", promise="the verifier needs every one of its rules", run=every_rule_is_needed),)
