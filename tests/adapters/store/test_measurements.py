"""What was measured, kept with its date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from pointsman.adapters import ledger_reader
from pointsman.adapters.clock import SystemClock
from pointsman.adapters.store import SqliteStore
from pointsman.core.measured import Quality, Score, Speed


def speed(at: float, model: str = "coder", endpoint: str = "gpu") -> Speed:
    return Speed(model=model, model_id="x", endpoint=endpoint, at=at, points=())


async def test_the_newest_of_each_sort_model_and_endpoint_is_given_and_none_is_lost(store: SqliteStore) -> None:
    graded = Quality(model="coder", model_id="x", endpoint="gpu", at=5.0, suite="s", scores=(Score(kind="k", right=1, items=2),))  # fmt: skip
    for each in (speed(1.0), speed(2.0), graded, speed(1.0, "other"), speed(1.5, endpoint="cpu")):
        await store.put_measurement(each)
    assert set(await store.measurements()) == {speed(2.0), graded, speed(1.0, "other"), speed(1.5, endpoint="cpu")}
    with closing(sqlite3.connect(store.path)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM measurement").fetchone() == (5,)


async def test_they_can_be_read_without_an_engine(store: SqliteStore, state_dir: Path, tmp_path: Path) -> None:
    await store.put_measurement(speed(2.0))
    assert ledger_reader.measured(state_dir) == (speed(2.0),)
    assert ledger_reader.measured(tmp_path / "nothing") == ()


async def test_a_row_of_a_later_version_is_unknown_and_no_reason_to_fail(store: SqliteStore, state_dir: Path) -> None:
    await store.put_measurement(speed(2.0))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(
            "INSERT INTO measurement (sort, model, endpoint, at, body) VALUES ('smell', 'm', 'e', 1, '{}')"
        )
        connection.execute(
            "INSERT INTO measurement (sort, model, endpoint, at, body) VALUES ('speed', 'n', 'e', 1, '[]')"
        )
    connection.close()
    async with await SqliteStore.open(state_dir, SystemClock()) as again:
        assert await again.measurements() == (speed(2.0),)
