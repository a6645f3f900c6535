"""What the palette reaches, what copies offer, and how panes are made larger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App

from pointsman import keymap
from pointsman.tui import clipboard
from pointsman.tui.app import PointsmanApp
from pointsman.tui.commands import commands
from pointsman.tui.screens.choice import Choice
from pointsman.tui.screens.reader import Reader
from support.screen import screen, until

Read = Callable[[App[Any]], str]

# Keys of dialogs: they are live, and in the footer, as long as the dialog is.
OF_DIALOGS = {
    *("Reading", "What if", "Confirming", "Forms", "The tour", "The first start"),
    *("A log", "An endpoint", "The machine", "Kept conversations", "Writing a filter"),
}


async def test_every_action_is_in_the_palette_and_leads_to_its_pane_whatever_has_the_focus(console: Any) -> None:
    wanted = {
        (title, entry.action)
        for title, group in keymap.GROUPS.items()
        for entry in group
        if title not in OF_DIALOGS | {"Everywhere", "A cut answer"}
    }
    async with screen(console) as (app, _):
        found = {command.title for command in commands(app)}
        assert {entry.title for entry in keymap.APP if "also while" not in entry.title} - found == {
            "palette",
            "stop, then quit",
        }
        assert {f"{title.lower()}: " for title, _ in wanted} <= {f"{name.partition(': ')[0]}: " for name in found}
        for title, action in wanted:
            owners = app._owners(title)
            name = action.removeprefix("app.").partition("(")[0]
            assert any(hasattr(owner, f"action_{name}") for owner in owners), (title, action)


async def test_the_palette_takes_words_with_an_argument(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("ctrl+p", *"explain Plan it", "enter")
        await until(pilot, lambda: isinstance(app.screen, Reader))
        assert "nothing was sent" in read(app) and not console.asked
        await pilot.press("escape", "ctrl+p", *"model opus", "enter")
        await until(pilot, lambda: app.chat.conversation.pin == "opus")
        await pilot.press("ctrl+p", *"restart llama-qwen", "enter")
        await until(pilot, lambda: "restart llama-qwen?" in read(app))


async def test_rw_in_the_palette_lifts_read_only(console: Any, read: Read) -> None:
    async with screen(console, read_only=True) as (app, pilot):
        assert "READ-ONLY" in read(app)
        await pilot.press("escape", "colon", *"rw", "enter")
        await until(pilot, lambda: not app.read_only)
        assert "READ-ONLY" not in read(app)


async def test_the_copy_menu_offers_cells_commands_and_a_file(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "4", "Y")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        assert "restart command: systemctl --user restart llama-coder.service" in read(app)
        await pilot.press("2")
        await until(pilot, lambda: console.files.copied == "llama-coder")
        await until(pilot, lambda: "copied service" in read(app) and "the terminal and xclip" in read(app))


async def test_panes_grow_and_shrink_and_it_is_kept_for_that_size(console: Any) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        pane = app.home.desk.pane("services")
        await pilot.press("escape", "4")
        before = pane.size.height
        await pilot.press("plus", "plus")
        await until(pilot, lambda: pane.size.height == before + 4)
        await until(pilot, lambda: console.files.kept["sizes"]["200x60"]["grown"] == {"services": 2})
        await pilot.press("minus", "minus", "minus")
        await until(pilot, lambda: pane.size.height < before + 1)
        chat = app.home.desk.pane("chat")
        wide = chat.size.width
        await pilot.press("2", "escape", "plus")
        await until(pilot, lambda: chat.size.width > wide)


async def test_a_view_shows_some_panes_and_the_next_others(console: Any) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        await pilot.press("escape", "v")
        await until(pilot, lambda: not app.home.desk.pane("chat").display)
        assert app.home.desk.pane("services").display
        await pilot.press("v", "v", "v")
        await until(pilot, lambda: app.home.desk.pane("chat").display and app.home.desk.pane("audit").display)


async def test_what_comes_into_sight_while_paused_is_drawn(console: Any, read: Read) -> None:
    async with screen(console, (80, 24)) as (app, pilot):
        await pilot.press("escape", "p")
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: "llama-qwen" in read(app) and "opus: local_only" in read(app))
        assert "starting…" not in read(app)


@pytest.mark.parametrize(
    ("environ", "sent"),
    [
        ({}, "\x1b]52;c;aGk=\a"),
        ({"TMUX": "/tmp/x"}, "\x1b]52;c;aGk=\a\x1bPtmux;\x1b\x1b]52;c;aGk=\a\x1b\\"),
        ({"STY": "1.x"}, "\x1bP\x1b]52;c;aGk=\a\x1b\\"),
    ],
)
def test_a_copy_reaches_the_terminal_through_a_multiplexer(environ: dict[str, str], sent: str) -> None:
    assert clipboard.osc52("hi", environ) == sent


def test_a_long_copy_goes_through_screen_in_pieces() -> None:
    pieces = clipboard.osc52("x" * 1_000, {"STY": "1.x"}).split("\x1b\\")
    assert all(len(piece) < 256 for piece in pieces)
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == clipboard.osc52("x" * 1_000, {})


async def test_the_head_line_names_the_worst_endpoint_and_the_audit_and_goes_on_while_paused(
    console: Any, read: Read
) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        head = read(app).splitlines()[0]
        assert "✖ qwen-review DOWN 1h" in head and "audit unchecked" in head and "refreshed 0.0 s ago" in head
        await pilot.press("escape", "p")
        console.publish(now=console.snapshot.now + 7)
        await until(pilot, lambda: app.held_back == 1)
        app.apply()
        await until(pilot, lambda: "PAUSED, 1 held back" in read(app).splitlines()[0])
        assert "14:13:27" in read(app).splitlines()[0] and "refreshed 7.0 s ago" in read(app).splitlines()[0]


async def test_a_crossed_band_is_one_line_that_stands_and_no_toast(console: Any, read: Read) -> None:
    async with screen(console, (120, 40)) as (app, pilot):
        full = replace(console.snapshot.usage["anthropic-week"], spent=1_900_000)
        console.publish(now=console.snapshot.now + 1, usage={**console.snapshot.usage, "anthropic-week": full})
        await until(pilot, lambda: "! LOCAL-ONLY: budget use reached 95%" in read(app).splitlines()[2])
        assert not any("budget use" in str(toast.message) for toast in app._notifications)
        console.publish(now=console.snapshot.now + 200)
        await until(pilot, lambda: "budget use" not in read(app).splitlines()[2])


async def test_a_filter_comes_back_in_any_list_and_is_kept(console: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "1", "slash", *"state=down", "enter")
        await until(pilot, lambda: console.files.kept.get("filters") == ["state=down"])
        await pilot.press("4", "slash", "up")
        field = app.home.desk.pane("services").filter_input
        assert field is not None and field.value == "state=down"
        await pilot.press("down")
        assert field.value == ""


async def test_without_state_nothing_of_the_screen_is_recalled_or_kept(console: Any) -> None:
    app = PointsmanApp(console)
    app.keeps = False
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.picture is not None and app.picture.audit_size > 0)
        await pilot.press("escape", "z")
        await pilot.pause()
        assert console.files.kept == {}
    await app.close()


async def test_a_low_machine_pane_says_it_in_a_line_for_each_card_and_one_for_the_machine(
    console: Any, read: Read
) -> None:
    async with screen(console, (120, 40)) as (app, _):
        card = next(line for line in read(app).splitlines() if "GPU0" in line)
    assert "112.0G/140.0G" in card and "73%" in card and "61°C" in card
