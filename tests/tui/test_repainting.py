"""What a layout moves reaches the terminal (see `tui.repainting`)."""

from __future__ import annotations

import asyncio

import pyte
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from pointsman.tui.app import PointsmanApp
from pointsman.tui.repainting import mend_repaints


class Written(HeadlessDriver):
    is_headless = False  # so that what is painted is written
    text = ""

    def write(self, data: str) -> None:
        self.text += data


class Told(Static):
    resized = 0

    def on_resize(self, event: Resize) -> None:
        self.resized += 1


class Small(App[None]):
    CSS = "#hidden { display: none; }"

    def compose(self) -> ComposeResult:
        yield Static("clock", id="clock")
        yield Told("starting", id="grows")
        yield Static("below")
        with Vertical(id="hidden"):
            yield Static("never seen", id="unseen")


async def test_what_a_layout_moves_is_painted_though_the_map_was_renewed_between_the_change_and_the_layout() -> None:
    mend_repaints()
    app = Small(driver_class=Written)
    async with app.run_test(headless=False, size=(20, 6)) as pilot:
        while "below" not in app._driver.text or app.screen._compositor._dirty_regions:
            await pilot.pause()
        await pilot.pause()
        grows, driver = app.query_one(Told), app._driver
        told = grows.resized
        grows.update("one\ntwo\nthree")
        while grows._layout_required:  # until the layout is asked for; the screen has not heard of it yet
            await asyncio.sleep(0)
        for name in ("#clock", "#unseen"):
            app.query_one(name).refresh()
            app.screen._dirty_widgets.add(app.query_one(name))
        app.screen._on_timer_update()  # as it may: a timer is a task of its own
        while "three" not in driver.text:
            await pilot.pause()
        await pilot.pause()
        terminal = pyte.Screen(20, 6)
        pyte.Stream(terminal).feed(driver.text)
        assert [line.rstrip() for line in terminal.display] == ["clock", "one", "two", "three", "below", ""]
        assert grows.resized == told + 1


async def test_a_terminal_that_was_smaller_for_a_moment_is_painted_whole(console) -> None:
    app = PointsmanApp(console)
    app.driver_class = Written
    async with app.run_test(headless=False, size=(80, 24)) as pilot:
        while app.picture is None or "Chat" not in app._driver.text:
            await pilot.pause()
        app._driver.text = ""
        for size in (Size(60, 20), Size(80, 24)):
            app.post_message(Resize(size, size))
        while "2 Chat" not in app._driver.text:
            await pilot.pause()
    await app.close()
