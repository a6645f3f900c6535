"""Who may read the files, when opening is refused, and what happens while the disk cannot be written (A7, K10)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore, verify
from pointsman.adapters.store.files import LiveLocks, WriteLock
from pointsman.adapters.store.overrides import put
from pointsman.adapters.store.schema import apply, open_reader, open_writer, read_back, settings
from pointsman.adapters.store.writer import Writer
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.ports import AuditQuery, StoreUnavailable


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o7777 for path in (directory, *directory.rglob("*"))}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_files_are_private_whatever_the_umask(state_dir, make, umask):
    before = os.umask(umask)
    try:
        async with await SqliteStore.open(state_dir, SystemClock()) as store:
            await store.append([make.line()])
            await store.audit_size()
            found = modes(state_dir)
    finally:
        os.umask(before)
    assert {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"} <= found.keys()
    assert {found.pop("state"), found.pop("live")} == {0o700}
    assert set(found.values()) == {0o600}


async def test_a_ledger_left_open_to_others_is_closed_to_them(store, state_dir, open_store):
    await store.aclose()
    state_dir.chmod(0o755)
    store.path.chmod(0o644)
    async with await open_store():
        assert (modes(state_dir)["state"], modes(state_dir)["ledger.db"]) == (0o700, 0o600)


async def test_a_shared_directory_with_other_files_is_refused_and_left_as_it_is(state_dir, open_store):
    state_dir.mkdir()
    state_dir.chmod(0o755)
    (state_dir / "thesis.txt").touch()
    with pytest.raises(StoreUnavailable, match="chmod 700"):
        await open_store()
    assert modes(state_dir) == {"state": 0o755, "thesis.txt": modes(state_dir)["thesis.txt"]}


async def test_a_symbolic_link_in_place_of_the_ledger_is_refused(state_dir, open_store, tmp_path):
    state_dir.mkdir(mode=0o700)
    (state_dir / "ledger.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailable):
        await open_store()
    assert not (tmp_path / "elsewhere.db").exists()


async def test_a_ledger_of_a_newer_program_is_refused_with_what_to_do(store, open_store):
    await store.aclose()
    connection = sqlite3.connect(store.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreUnavailable, match="format 99.*use a newer Pointsman"):
        await open_store()


@pytest.mark.parametrize(
    ("content", "words"),
    [("CREATE TABLE recipes (x)", "belongs to another program"), (None, "not a SQLite database")],
)
async def test_a_file_that_is_not_ours_is_refused_untouched(state_dir, open_store, content, words):
    state_dir.mkdir(mode=0o700)
    path = state_dir / "ledger.db"
    if content is None:
        path.write_bytes(b"dear diary, " * 100)
    else:
        connection = sqlite3.connect(path)
        connection.execute(content)
        connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable, match=words):
        await open_store()
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["synchronous", "secure_delete", "foreign_keys", "trusted_schema", "fullfsync"])
def test_a_setting_that_did_not_take_refuses_the_ledger(tmp_path, name):
    wanted = dict(settings("darwin"))
    others = {key: value for key, value in wanted.items() if key != name}
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    connection.execute(f"PRAGMA {name} = {'ON' if name == 'trusted_schema' else 'OFF'}")
    apply(connection, others)
    with pytest.raises(StoreUnavailable, match=f"{name}="):
        read_back(connection, wanted)
    apply(connection, wanted)
    read_back(connection, wanted)
    connection.close()


def test_only_macos_needs_the_full_flush():
    assert "fullfsync" not in settings("linux")
    assert settings("darwin")["checkpoint_fullfsync"] == ("ON", 1)


async def test_a_reader_connection_cannot_write(store):
    connection = open_reader(store.path)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM override")
    connection.close()


async def test_after_closing_every_call_says_so_and_closing_again_is_fine(store, make, state_dir):
    await store.aclose()
    await store.aclose()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.append([make.line()])
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.audit_size()
    assert list((state_dir / "live").iterdir()) == []


async def test_a_deleted_ledger_is_an_error_and_not_a_new_empty_one(store, make):
    await store.append([make.line()])
    for path in store.path.parent.glob("ledger.db*"):
        path.unlink()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.append([make.line()])
    assert await store.writable() is not None
    assert not store.path.exists()


async def test_a_ledger_put_back_from_a_backup_is_written_to_and_not_its_ghost(store, make):
    await store.append([make.line("kept")])
    backup = store.path.with_name("backup.db")
    source, target = sqlite3.connect(store.path), sqlite3.connect(backup)
    source.backup(target)
    source.close()
    target.close()
    await store.append([make.line("lost with the old file")])
    assert await store.audit_size() == 2
    for path in store.path.parent.glob("ledger.db*"):
        path.unlink()
    backup.rename(store.path)
    await store.append([make.line("written")])
    found = verify(store.path)
    assert (found.intact, found.lines) == (True, 2)
    assert [row.text for row in await store.audit(AuditQuery())] == ["written", "kept"]


async def test_while_a_foreign_tool_holds_the_ledger_writes_say_so_and_then_work_again(store, state_dir):
    def impatient(path: Path) -> sqlite3.Connection:
        connection = open_writer(path)
        connection.set_authorizer(None)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    writer = Writer(store.path, WriteLock(state_dir), impatient)
    assert writer.submit(lambda c: 1).result() == 1
    foreign = sqlite3.connect(store.path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another process holds the ledger"):
        writer.submit(lambda c: 2).result()
    foreign.execute("ROLLBACK")
    foreign.close()
    assert writer.submit(lambda c: 3).result() == 3
    writer.close()


async def test_whatever_goes_wrong_in_the_writer_nobody_waits_for_ever(store, state_dir):
    def broken(path: Path) -> sqlite3.Connection:
        raise MemoryError

    writer = Writer(store.path, WriteLock(state_dir), broken)
    with pytest.raises(MemoryError):
        writer.submit(lambda c: 1).result(30)
    writer.close()


async def test_work_that_fails_is_undone_alone_and_its_neighbours_in_the_commit_stand(store, state_dir, make):
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM override")
        raise ValueError("no")

    writer = Writer(store.path, WriteLock(state_dir))
    with WriteLock(state_dir).held():  # keeps the first commit waiting, so that all three share the second
        kept = Override(id="1", kind=OverrideKind.PREFER, model="opus")
        answers = [writer.submit(work) for work in (lambda c: None, lambda c: put(c, kept, ()), half, lambda c: 4)]
    assert answers[3].result() == 4
    assert isinstance(answers[2].exception(), ValueError)
    assert await store.overrides(0.0) == (kept,)
    writer.close()


def test_the_write_lock_gives_up_after_its_patience(state_dir):
    state_dir.mkdir()
    with WriteLock(state_dir).held(), pytest.raises(StoreUnavailable, match="held the ledger"):
        with WriteLock(state_dir, patience=0.0).held():
            raise AssertionError("two writers at once")


def test_an_instance_counts_as_alive_exactly_while_it_holds_its_lock(state_dir):
    (state_dir / "live").mkdir(parents=True)
    ours, others = LiveLocks(state_dir), LiveLocks(state_dir)
    assert not others.alive("a")
    ours.hold("a")
    ours.hold("a")
    assert others.alive("a")
    with pytest.raises(StoreUnavailable):
        others.hold("a")
    ours.release()
    assert not others.alive("a")


def test_files_of_dead_instances_are_swept_and_those_of_living_ones_stay(state_dir):
    directory = state_dir / "live"
    directory.mkdir(parents=True)
    (directory / "dead.lock").touch()
    locks = LiveLocks(state_dir)
    locks.hold("living")
    LiveLocks(state_dir).sweep()
    assert [path.name for path in directory.iterdir()] == ["living.lock"]
    locks.release()


# --- a disk that is full, or read-only ---------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=640k,mode=700", "pointsman-test", str(directory)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small tmpfs here (needs root on Linux)")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


async def test_a_full_disk_refuses_writes_loses_nothing_and_recovers_when_space_returns(small_disk, make):
    ballast = small_disk / "ballast"
    async with await SqliteStore.open(small_disk / "state", SystemClock()) as store:
        ballast.write_bytes(bytes(250_000))
        written = 0
        with pytest.raises(StoreUnavailable, match="full|space"):
            while True:
                await store.append([make.line("x" * 4000)])
                written += 1
        with pytest.raises(StoreUnavailable, match="full|space"):
            await store.reserve(make.reservation("a"), [make.budget()], [make.line("y" * 4000)])
        assert (await store.usage([make.budget()], 1000.0))["day"].used == 0
        assert await store.audit_size() == written > 0
        ballast.unlink()
        assert await store.writable() is None
        assert await store.reserve(make.reservation("a"), [make.budget()], [make.line("y" * 4000)]) is None
        found = verify(store.path)
        assert (found.intact, found.lines) == (True, written + 1)


async def test_a_directory_on_a_read_only_disk_is_refused_with_the_reason(small_disk, make):
    async with await SqliteStore.open(small_disk / "state", SystemClock()) as store:
        await store.append([make.line()])
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreUnavailable, match="[Rr]ead-only"):
        await SqliteStore.open(small_disk / "state", SystemClock())


# --- overrides ---------------------------------------------------------------------------------------------------


async def test_overrides_last_until_they_expire_or_are_dropped_and_each_change_has_its_line(store, open_store, make):
    pin = Override(id="1", kind=OverrideKind.PIN, model="opus", scope="role:judge", created_at=5.0, reason="because")
    brief = Override(id="2", kind=OverrideKind.LOCAL_ONLY, created_at=6.0, expires_at=50.0)
    await store.put_override(pin, make.line("pinned", "override"))
    await store.put_override(brief, make.line("local only", "override"))
    async with await open_store() as other:
        assert await other.overrides(49.9) == (pin, brief)
        assert await other.overrides(50.0) == (pin,)
    await store.drop_override("1", make.line("dropped", "override"))
    await store.drop_override("1", make.line("dropped again", "override"))
    assert await store.overrides(50.0) == ()
    assert await store.audit_size() == 3


async def test_an_override_of_the_same_id_replaces_the_former(store, make):
    for model in ("opus", "sonnet"):
        await store.put_override(Override(id="1", kind=OverrideKind.PREFER, model=model), make.line(model, "override"))
    (override,) = await store.overrides(0.0)
    assert override.model == "sonnet"
