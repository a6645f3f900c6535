"""What a slow line, a small window or a quick hand may not do: lose a key, or end the program."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from textual import events
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.content import Content
from textual.widgets import Input, OptionList

from pointsman.tui.app import PointsmanApp
from pointsman.tui.caching import mend_styles
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.panes.rows import Rows
from pointsman.tui.screens.home import Home
from pointsman.tui.screens.modal import Search
from pointsman.tui.screens.reader import Reader
from support.screen import screen, until


async def test_a_key_that_follows_at_once_waits_for_the_screen_that_the_first_one_opened(console: Any) -> None:
    async with screen(console) as (app, pilot):
        reader = Reader("keys", Content("one line"))
        app.push_screen(reader)
        assert not reader.query("#reader")
        await app.on_event(events.Key("j", "j"))
        assert reader.query("#reader")
        await pilot.pause()


async def test_a_key_that_edits_the_prompt_leaves_what_is_typed_behind_it_at_once(console: Any) -> None:
    async with screen(console) as (app, pilot):
        app.chat.prompt.put("before")
        for key in ("ctrl+u", "a", "left", "b"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.chat.prompt.text == "ba")


def test_what_was_drawn_is_forgotten_with_the_widget_that_drew_it() -> None:
    mend_styles()
    drawn = StylesCache()
    drawn.get_inner_outer(Color(1, 2, 3), Color(4, 5, 6))
    gone = weakref.ref(drawn)
    del drawn
    assert gone() is None


async def test_what_was_still_opening_when_one_leaves_is_no_crash(console: Any) -> None:
    async with screen(console) as (app, _):
        app.exit()
        app.push_screen(Reader("keys", Content("one line")))
    assert app._exception is None and app.return_code == 0


async def test_a_click_beside_every_widget_takes_no_focus_and_ends_nothing(console: Any) -> None:
    """As one that was on its way while the window shrank; the palette of Textual would end the program."""
    beyond = {"widget": None, "x": 94, "y": 31, "delta_x": 0, "delta_y": 0, "button": 1}
    never = {"shift": False, "meta": False, "ctrl": False, "screen_x": 94, "screen_y": 31}
    async with screen(console, size=(40, 12)) as (app, pilot):
        focused = app.focused
        for kind in (events.MouseDown, events.MouseUp):
            await app.on_event(kind(**beyond, **never))
        assert app.focused is focused is not None
        app.action_command_palette()
        await until(pilot, lambda: isinstance(app.screen, Search))
        app.screen.post_message(events.Click(**beyond, **never))
        await pilot.pause()
        assert isinstance(app.screen, Search) and app._exception is None


async def test_a_screen_that_lost_its_focus_gets_it_back_with_the_next_pass(console: Any) -> None:
    async with screen(console) as (app, pilot):
        for on_top in (None, Reader("keys", Content("one line"))):
            if on_top is not None:
                await app.push_screen(on_top)
            app.screen.set_focus(None)
            app._pass()
            await pilot.pause()
            assert app.focused is not None


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


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("1/oqu", ("endpoints", "oqu")), ("1iqz:", ("chat", "qz:"))],
)
async def test_what_is_typed_at_once_is_written_where_its_first_key_leads(
    console: Any, typed: str, wanted: tuple[str, str]
) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape")
        for letter in typed:
            app.post_message(events.Key({"/": "slash", ":": "colon"}.get(letter, letter), letter))
        pane, text = wanted
        await until(pilot, lambda: written_in(app) == text)
        assert app.home.desk.active == pane and isinstance(app.screen, Home)


def written_in(app: PointsmanApp) -> str | None:
    match app.focused:
        case Input() as field:
            return field.value
        case Prompt() as prompt:
            return prompt.text
    return None
