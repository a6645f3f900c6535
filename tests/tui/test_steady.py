"""What a slow line, a small window or a quick hand may not do: lose a key, or end the program."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from textual import events
from textual.widgets import OptionList

from pointsman.tui.panes.rows import Rows
from pointsman.tui.screens.home import Home
from support.screen import screen, until


def key(name: str) -> events.Key:
    return events.Key(name, name if len(name) == 1 else None)


async def test_keys_that_follow_at_once_are_for_the_screen_that_the_first_one_opened(console: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape")
        for name in ("question_mark", "j", "G", "escape", "colon", "escape", "1"):
            app.post_message(key(name))
        await until(pilot, lambda: app.home.desk.active == "endpoints")
        assert isinstance(app.screen, Home)


async def test_leaving_at_once_after_a_key_is_no_crash(console: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape")
        for name in ("question_mark", "ctrl+q", "question_mark", "w"):
            app.post_message(key(name))
        await pilot.pause()
    assert app._exception is None and app.return_code == 0


async def test_page_keys_and_clicks_hold_where_a_list_has_no_room_or_fewer_rows(console: Any) -> None:
    async with screen(console, size=(20, 3)) as (app, pilot):
        rows = app.home.query_one(Rows)
        rows.highlighted = 0
        rows.action_page_down()
        await OptionList._on_click(rows, SimpleNamespace(style=SimpleNamespace(meta={"option": 999})))
        assert app._exception is None


async def test_a_picture_of_the_screen_is_written_and_loads_nothing_from_elsewhere(console: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "I")
        await until(pilot, lambda: bool(console.files.written))
        (name, svg), *_ = console.files.written.items()
        assert name == "screen.svg" and "Fleet" in svg and "url(" not in svg.replace("url(#", "")
