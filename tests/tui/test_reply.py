"""The widget that draws a reply: it grows, is selected with the mouse, and follows the theme and the width."""

from __future__ import annotations

import pytest
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from pointsman.tui.panes.growing import Column
from pointsman.tui.panes.reply import Reply
from support.screen import until

TEXT = "first words\n\n```python\nreturn 'nothing'\n```\n\nand then the last words of it"


class Page(App[None]):
    CSS = "Reply, Column { height: auto; }"

    def compose(self) -> ComposeResult:
        with Column():
            yield Reply()

    @property
    def reply(self) -> Reply:
        return self.query_one(Reply)


async def shown(app: Page, pilot: Pilot[None], text: str) -> None:
    app.reply.show(text)
    await until(pilot, lambda: app.reply.size.height > 0)
    await pilot.pause()


async def test_the_screen_is_laid_out_once_each_time_a_reply_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    app, layouts = Page(), []
    real = Compositor.reflow
    async with app.run_test(size=(40, 20)) as pilot:
        await shown(app, pilot, TEXT)
        before = app.reply.size.height
        monkeypatch.setattr(Compositor, "reflow", lambda *given: (layouts.append(1), real(*given))[1])
        app.reply.show(TEXT + "\n\nmore")
        await until(pilot, lambda: app.reply.size.height == before + 2)
        await pilot.pause()
        assert layouts == [1]


async def test_what_the_mouse_selects_in_a_reply_is_marked_and_can_be_copied() -> None:
    app = Page()
    async with app.run_test(size=(40, 20)) as pilot:
        await shown(app, pilot, TEXT)
        plain = app.reply.render_lines(app.reply.size.region)
        await pilot.mouse_down(offset=(6, 1))
        await pilot.hover(offset=(9, 5))
        await pilot.mouse_up(offset=(9, 5))
        copied = app.screen.get_selected_text() or ""
        assert copied.split() == ["words", "return", "'nothing'", "and", "then", "t"]
        marked = app.reply.render_lines(app.reply.size.region)
        assert [row.text for row in marked] == [row.text for row in plain]
        chosen = app.screen.get_component_rich_style("screen--selection").bgcolor
        parts = ["".join(part.text for part in row if part.style and part.style.bgcolor == chosen) for row in marked]
        assert "\n".join(part.strip() for part in parts).split() == copied.split()


async def test_the_code_in_a_reply_takes_the_colours_of_the_theme_and_its_rows_the_width() -> None:
    app = Page()
    async with app.run_test(size=(40, 20)) as pilot:
        await shown(app, pilot, TEXT)
        dark = app.reply.render_line(3)
        app.theme = "textual-light"
        await pilot.pause()
        light = app.reply.render_line(3)
        assert dark.text == light.text and list(dark) != list(light)
        before = app.reply.size.height
        await pilot.resize_terminal(12, 20)
        await until(pilot, lambda: app.reply.size.height > before)
