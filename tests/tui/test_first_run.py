"""The guided start and the tour: nothing is written unasked, foreign names are harmless, and every sentence fits."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.keymap import all_keys
from pointsman.tui.app import PointsmanApp
from pointsman.tui.screens.first_run import FirstRun
from pointsman.tui.screens.tour import SENTENCES, Tour, begin, sentence

HOSTILE = "ollama: [/x] [bold]evil\x1b]0;owned\x07"


async def propose():
    return 'extends = "default"\n# [red]no markup[/]', ("ollama at http://127.0.0.1:11434: qwen", HOSTILE)


async def looked(pilot, read) -> str:
    """The screen once the proposal is on it."""
    while "Looking at" in (shown := read(pilot.app)):
        await pilot.pause()
    return shown


def refuse(text: str) -> str:
    raise ValueError("config.toml cannot be written: Read-only file system")


@pytest.mark.parametrize(("key", "choice", "writes"), [("c", "configuration", 1), ("d", "demo", 0), ("q", "quit", 0)])
async def test_each_way_on_writes_only_what_it_says(key, choice, writes, read):
    written: list[str] = []
    app = FirstRun(propose, lambda text: written.append(text) or "path")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = await looked(pilot, read)
        assert "[red]no markup[/]" in shown and "[/x] [bold]evil" in shown and "\x1b" not in shown
        assert written == []
        await pilot.press(key)
    assert (app.return_value, len(written)) == (choice, writes)


async def test_before_anything_was_found_nothing_can_be_written(read):
    written: list[str] = []
    looking = asyncio.Event()

    async def slowly():
        await looking.wait()
        return await propose()

    app = FirstRun(slowly, lambda text: written.append(text) or "path")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert "still looking" in read(app) and written == []
        looking.set()
        await looked(pilot, read)


async def test_a_file_that_cannot_be_written_is_said_and_the_other_ways_stay_open(read):
    app = FirstRun(propose, refuse)
    async with app.run_test(size=(80, 24)) as pilot:
        await looked(pilot, read)
        await pilot.press("c")
        await pilot.pause()
        assert "Read-only file system" in read(app)
        await pilot.press("d")
    assert app.return_value == "demo"


@pytest.mark.parametrize("size", [(1, 1), (40, 12), (200, 60)])
async def test_it_survives_every_size(size):
    app = FirstRun(propose, refuse)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("d")
    assert app.return_value == "demo"


def test_the_tour_has_ten_sentences_and_names_keys_as_they_are_bound():
    assert len(SENTENCES) == 10
    told = [sentence(number, {"why": "f7"}) for number in range(10)]
    assert not any("{" in text for text in told), "a key of an id that does not exist"
    assert "f7 reads out why" in told[1]
    assert {binding.id for binding in all_keys()} >= {"why", "help", "undo"}


async def test_the_tour_walks_the_panes_and_can_be_left_at_any_sentence(console, read):
    app = PointsmanApp(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        begin(app)
        await pilot.pause()
        for number, (pane, _) in enumerate(SENTENCES, 1):
            assert f"{number} of 10" in read(app)
            assert app.home.desk.active == pane
            await pilot.press("enter")
            await pilot.pause()
        assert not isinstance(app.screen, Tour)
        begin(app)
        await pilot.pause()
        await pilot.press("left", "right", "left")
        assert "1 of 10" in read(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, Tour)


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
async def test_every_sentence_can_be_read_in_full_on_a_small_screen(console, read, size):
    app = PointsmanApp(console)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        begin(app)
        for number in range(10):
            await pilot.pause()
            shown = " ".join(read(app).replace("│", " ").split())
            assert sentence(number, {}).split()[-1] in shown
            await pilot.press("enter")
