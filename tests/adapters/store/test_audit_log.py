"""The audit chain: what is stored is what was said, in order, findable, and never rewritten (promises.md §1.3, A4, A6)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace

import pytest

from pointsman.adapters.store import verify
from pointsman.adapters.store.audit_log import GENESIS, line_hash, select
from pointsman.adapters.store.schema import open_writer
from pointsman.ports import AuditQuery


async def fill(store, make):
    await store.append(
        [
            make.line("100% local", "decision", request="r1", model="coder", rule="route:coding"),
            make.line("calling opus", "intent", request="r1", model="opus"),
            make.line("opus answered", "outcome", request="r1", model="opus", cost=7),
            replace(make.line("user pinned it", "override"), actor="user", at=1060.0),
            make.line("next one", "decision", request="r2", model="opus", rule="route:general"),
        ]
    )


async def test_a_line_comes_back_as_it_was_written(store, make):
    line = make.line(
        "Köln → ok", "step-down", request="r", model="b", from_model="a", rule="x", cost=5, data={"k": [1]}
    )
    await store.append([line])
    (row,) = await store.audit(AuditQuery())
    assert row.body == line.body()
    assert (row.seq, row.at, row.type, row.actor, row.text) == (1, 1000.0, "step-down", "router", "Köln → ok")
    assert (row.request, row.model, row.from_model, row.rule, row.cost) == ("r", "b", "a", "x", 5)


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        (AuditQuery(), [5, 4, 3, 2, 1]),
        (AuditQuery(limit=2), [5, 4]),
        (AuditQuery(limit=0), []),
        (AuditQuery(limit=-1), []),
        (AuditQuery(before=3), [2, 1]),
        (AuditQuery(after=3), [5, 4]),
        (AuditQuery(after=1, before=4, limit=1), [3]),
        (AuditQuery(type="decision"), [5, 1]),
        (AuditQuery(request="r1"), [3, 2, 1]),
        (AuditQuery(model="opus"), [5, 3, 2]),
        (AuditQuery(model="opus", type="outcome"), [3]),
        (AuditQuery(rule="route:general"), [5]),
        (AuditQuery(actor="user"), [4]),
        (AuditQuery(since=1000.5), [4]),
        (AuditQuery(until=1000.5, after=3), [5]),
        (AuditQuery(text="OPUS"), [3, 2]),
        (AuditQuery(text="0%"), [1]),
        (AuditQuery(text="_"), []),
        (AuditQuery(request="' OR 1=1 --"), []),
    ],
)
async def test_a_query_finds_the_lines_that_match_every_stated_part_newest_first(store, make, query, seqs):
    await fill(store, make)
    assert [row.seq for row in await store.audit(query)] == seqs
    assert await store.audit_size() == 5


@pytest.mark.parametrize("field", ["type", "actor", "request", "model", "rule"])
async def test_filters_use_an_index_and_need_no_sorting(store, field):
    sql, values = select(AuditQuery(**{field: "x"}))
    connection = sqlite3.connect(store.path)
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))
    connection.close()
    assert f"audit_{field}" in plan and "TEMP B-TREE" not in plan


async def test_foreign_text_of_any_kind_is_stored_and_read_back(store, make):
    nasty = "\x1b]52;c;x\x07 \x00 \u2028 \u202e [/b] ' \" \\ %"
    await store.append([make.line(nasty), make.line("half \ud800 pair", model="m\udfff")])
    second, first = await store.audit(AuditQuery())
    assert (first.text, second.text, second.model) == (nasty, "half ? pair", "m?")
    assert verify(store.path).intact


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf")])
async def test_figures_that_json_does_not_know_are_refused_before_anything_is_written(store, make, figure):
    with pytest.raises(ValueError, match="cannot hold"):
        await store.append([make.line("fine"), make.line("not", data={"x": figure})])
    assert await store.audit_size() == 0


async def test_each_line_hashes_the_one_before_it_and_the_stored_bytes(store, make):
    await fill(store, make)
    connection = sqlite3.connect(store.path)
    rows = connection.execute("SELECT prev, body, hash FROM audit ORDER BY seq").fetchall()
    connection.close()
    head = GENESIS
    for prev, body, digest in rows:
        assert (prev, digest) == (head, line_hash(head, body.encode()))
        head = digest
    found = verify(store.path)
    assert (found.intact, found.lines, found.head) == (True, 5, head)


async def test_many_writers_at_once_make_one_chain_without_gaps(store, open_store, make):
    async with await open_store() as other:
        stores = (store, other)
        await asyncio.gather(*(stores[n % 2].append([make.line(f"{n}"), make.line(f"{n}")]) for n in range(60)))
    found = verify(store.path)
    assert (found.intact, found.lines, await store.audit_size()) == (True, 120, 120)


# --- tampering by someone who has the file -----------------------------------------------------------------------

FREE = "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_only_append;"
BODY = json.dumps({"type": "intent", "actor": "x", "text": "forged"})


@pytest.mark.parametrize(
    ("sql", "bad"),
    [
        ("UPDATE audit SET body = replace(body, 'opus', 'evil') WHERE seq = 2", 2),
        ("UPDATE audit SET hash = randomblob(32) WHERE seq = 2", 2),
        ("UPDATE audit SET prev = randomblob(32) WHERE seq = 3", 3),
        ("UPDATE audit SET model = 'evil' WHERE seq = 3", 3),
        ("UPDATE audit SET type = 'health' WHERE seq = 5", 5),
        ("UPDATE audit SET body = CAST(x'ff' AS TEXT) WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 1", 2),
        ("DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3", 3),
        ("UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 99", 2),
        ("UPDATE audit SET seq = 6 WHERE seq = 5", 5),
    ],
)  # fmt: skip
async def test_verify_names_the_first_line_that_was_tampered_with(store, make, sql, bad):
    await fill(store, make)
    connection = sqlite3.connect(store.path)
    connection.executescript(FREE + sql)
    connection.close()
    found = verify(store.path)
    assert (found.intact, found.bad) == (False, bad)
    assert found.why


# --- what SQL may do ---------------------------------------------------------------------------------------------

INSERT = "INTO audit (seq, prev, body, hash, type, actor)"


def row(seq: int, after: int = 1) -> str:
    """A forged line of that number which claims to continue line `after`."""
    return f"SELECT {seq}, hash, '{BODY}', hash, type, actor FROM audit WHERE seq = {after}"


REWRITES = [
    "UPDATE audit SET body = 'x' WHERE seq = 2",
    "UPDATE OR REPLACE audit SET seq = 3 WHERE seq = 2",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 5",
    f"INSERT OR REPLACE {INSERT} {row(2)}",
    f"REPLACE {INSERT} {row(5)}",
    f"INSERT {INSERT} {row(2)} AND TRUE ON CONFLICT (seq) DO UPDATE SET body = 'x'",
    f"INSERT OR REPLACE {INSERT} {row(9)}",
    f"INSERT {INSERT} {row(0)}",
    f"INSERT OR REPLACE {INSERT} {row(2, after=5)}",
    f"INSERT {INSERT} {row(9, after=5)}",
    f"INSERT {INSERT} {row(6)}",
]
GUARDED = [
    "DROP TABLE audit",
    "DROP TRIGGER audit_no_update",
    "DROP INDEX audit_type",
    "ALTER TABLE audit RENAME TO old",
    "ALTER TABLE audit ADD COLUMN more TEXT",
    "ALTER TABLE audit DROP COLUMN rule",
    "CREATE TEMP TABLE audit (seq)",
    "CREATE TRIGGER sly AFTER INSERT ON audit BEGIN DELETE FROM instance; END",
    "ATTACH ':memory:' AS other",
    "PRAGMA writable_schema = ON",
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA user_version = 0",
    "DELETE FROM sqlite_schema",
    "VACUUM",
    "REINDEX",
]


@pytest.mark.parametrize("sql", REWRITES + GUARDED)
async def test_the_programs_own_connection_cannot_rewrite_the_audit(store, make, sql):
    await fill(store, make)
    connection = open_writer(store.path)
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute(sql)
    connection.close()
    assert verify(store.path).lines == 5 and verify(store.path).intact
    await store.append([make.line("still works")])


@pytest.mark.parametrize("sql", REWRITES)
async def test_triggers_stop_rewriting_by_any_other_connection(store, make, sql):
    await fill(store, make)
    connection = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError, match="audit lines are"):
        connection.execute(sql)
    connection.close()
    assert verify(store.path).lines == 5
