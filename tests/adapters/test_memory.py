"""The memory of similar tasks on disk: what is found, what is kept, and that it never holds a prompt."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pointsman.adapters.memory import MEMORY, SqliteMemory, recall_now
from pointsman.core.request import Task
from pointsman.ports import StoreUnavailable

CODE = Task(kind="coding", complexity=4)
DAY = 86_400.0


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[SqliteMemory]:
    opened = SqliteMemory(tmp_path)
    yield opened
    await opened.aclose()


async def learn(memory: SqliteMemory, text: str, model: str, good: int, bad: int = 0, task: Task = CODE) -> None:
    for number in range(good + bad):
        request = f"{model}-{text[:12]}-{number}"
        await memory.remember(request, task, f"{text} number{number}", 0.0)
        assert await memory.record(request, model, number < good, 1.0)


async def test_the_model_that_did_well_on_similar_tasks_is_found(memory: SqliteMemory) -> None:
    """By its terms, whatever else is remembered, with the figures."""
    await learn(memory, "write a parser for nginx log files in python", "glm", 18)
    await learn(memory, "write a parser for nginx log files in python", "haiku", 9, 9)
    await learn(memory, "fix the css layout of the shop's front page", "sonnet", 30)
    found = await memory.recall(CODE, "a python parser: nginx log files, please write it")
    assert found is not None and (found.model, found.good, found.total) == ("glm", 18, 18)
    assert await memory.recall(CODE, "explain how volcanoes erupt and why magma rises") is None


async def test_another_kind_or_language_is_not_similar(memory: SqliteMemory) -> None:
    """The same words asked for something else."""
    await learn(memory, "parser for nginx log files", "glm", 20)
    assert await memory.recall(Task(kind="reasoning", complexity=4), "parser for nginx log files") is None
    assert await memory.recall(Task(kind="coding", complexity=4, language="ko"), "parser for nginx log files") is None


async def test_a_later_verdict_replaces_an_earlier_one(memory: SqliteMemory) -> None:
    """A reply found good and then bad failed once, and is not counted twice."""
    await learn(memory, "parser for nginx log files", "glm", 17)
    for number in range(17):
        await memory.record(f"glm-parser for n-{number}", "glm", False, 2.0)
    assert await memory.recall(CODE, "parser for nginx log files") is None


async def test_a_verdict_on_an_unknown_request_is_refused(memory: SqliteMemory) -> None:
    """Nothing is learned about what was never asked."""
    assert not await memory.record("nobody", "glm", True, 0.0)


async def test_a_prompt_without_words_is_not_remembered(memory: SqliteMemory) -> None:
    """Emoji and figures are like nothing, and searching for them is no error."""
    await memory.remember("r", CODE, "1234 !!! 😀", 0.0)
    assert not await memory.record("r", "glm", True, 0.0)
    assert await memory.recall(CODE, "1234 !!! 😀") is None


async def test_what_nobody_rated_is_forgotten(memory: SqliteMemory, tmp_path: Path) -> None:
    """After thirty days; what was rated stays."""
    await memory.remember("old", CODE, "parser for nginx log files", 0.0)
    await learn(memory, "parser for nginx log files", "glm", 16)
    await memory.remember("new", CODE, "something entirely different", 31 * DAY)
    assert not await memory.record("old", "glm", True, 31 * DAY)
    found = await memory.recall(CODE, "parser for nginx log files")
    assert found is not None and found.total == 16


async def test_the_file_is_private_and_holds_no_word_of_any_prompt(memory: SqliteMemory, tmp_path: Path) -> None:
    """Every byte of the database and its log is searched for every word."""
    await learn(memory, "parser for nginx confidential merger documents", "glm", 2)
    files = sorted(tmp_path.glob(f"{MEMORY}*"))
    assert files and all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in files)
    raw = b"".join(path.read_bytes() for path in files).lower()
    assert not [word for word in (b"nginx", b"confiden", b"merger", b"documen") if word in raw]


async def test_it_can_be_read_without_an_engine(memory: SqliteMemory, tmp_path: Path) -> None:
    """`route` looks while another process has it open; without a file it creates none."""
    await learn(memory, "parser for nginx log files", "glm", 16)
    found = recall_now(tmp_path, CODE, "parser for nginx log files")
    assert found is not None and found.model == "glm"
    elsewhere = tmp_path / "elsewhere"
    assert recall_now(elsewhere, CODE, "parser") is None and not elsewhere.exists()


async def test_what_was_learned_outlives_the_process(tmp_path: Path) -> None:
    """Closed and opened again, with the same key."""
    first = SqliteMemory(tmp_path)
    await learn(first, "parser for nginx log files", "glm", 16)
    await first.aclose()
    second = SqliteMemory(tmp_path)
    found = await second.recall(CODE, "parser for nginx log files")
    await second.aclose()
    assert found is not None and found.good == 16


async def test_a_broken_file_is_said_and_nothing_else(tmp_path: Path) -> None:
    """A preference is lost, with a reason; `route` goes on without it."""
    (tmp_path / MEMORY).write_bytes(b"this is no database" * 100)
    memory = SqliteMemory(tmp_path)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await memory.recall(CODE, "parser")
    await memory.aclose()
    assert recall_now(tmp_path, CODE, "parser") is None


async def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Nobody else's file becomes ours."""
    other = tmp_path / "other.db"
    sqlite3.connect(other).close()
    os.symlink(other, tmp_path / MEMORY)
    memory = SqliteMemory(tmp_path)
    with pytest.raises(StoreUnavailable):
        await memory.remember("r", CODE, "parser", 0.0)
    await memory.aclose()
