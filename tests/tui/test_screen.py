"""The screen driven by keys, read as a person reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input, Select

from pointsman import keymap
from pointsman.core.audit import EventType
from pointsman.core.outcome import FailureKind
from pointsman.core.snapshot import OverrideKind
from pointsman.ports import LogLine
from pointsman.tui import keys
from pointsman.tui.app import PointsmanApp
from pointsman.tui.commands import commands
from pointsman.tui.conversation import Phase
from pointsman.tui.panes.reply import Reply
from pointsman.tui.panes.rows import Rows
from pointsman.tui.panes.turn import TurnView
from pointsman.tui.render import zones
from pointsman.tui.screens.confirm import Confirm
from pointsman.tui.screens.reader import Reader
from support.screen import ask, say, screen, settle, until

SIZES = [(80, 24), (120, 40), (200, 60)]
Read = Callable[[PointsmanApp], str]


# --- starting ---


async def test_the_first_frame_is_painted_before_the_console_is_opened(console: Any, read: Read) -> None:
    seen: list[str] = []
    closed = asyncio.Event()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Any]:
        seen.append(read(app))
        yield console
        closed.set()

    app = PointsmanApp(open_console=opening)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        assert "starting…" in seen[0] and "1 Fleet" in seen[0] and "2 Chat" in seen[0]
        await settle(app, pilot)
        assert "coder-gpu" in read(app) and "starting…" not in read(app)
    await app.close()
    assert closed.is_set()


async def test_a_console_that_cannot_be_opened_is_a_banner_and_not_a_crash(read: Read) -> None:
    @asynccontextmanager
    async def opening() -> AsyncIterator[Any]:
        raise OSError("the state directory is [/] gone")
        yield

    app = PointsmanApp(open_console=opening)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.failed)
        await pilot.pause()
        assert "the engine stopped: OSError: the state directory is [/] gone" in read(app)
        await pilot.press("ctrl+q")
    await app.close()
    assert app.return_code == 1


async def test_configuration_problems_and_the_consoles_banners_stand_at_the_top(console: Any, read: Read) -> None:
    console.banners = ("drift: coder-gpu serves another model",)
    async with screen(console, banners=("config.toml: models.x: unknown key",), theme="none such") as (app, pilot):
        text = read(app)
        assert "drift: coder-gpu" in text and "unknown key" in text and "no theme is called 'none such'" in text
        console.publish(audit_writable=False)
        await until(pilot, lambda: not app.picture.snapshot.audit_writable)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert "the audit cannot be written" in read(app) or "3 alerts" in read(app)


# --- what is seen ---


async def test_the_policy_strip_is_seen_at_every_size_and_in_every_pane(console: Any, read: Read) -> None:
    async with screen(console, SIZES[0]) as (app, pilot):
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for name in ("endpoints", "usage", "chat"):
                app.action_show_pane(name)
                await settle(app, pilot)
                first = read(app).split("\n")[0]
                assert "PREFER-CHEAP 84%" in first and "2 alerts" in first
                assert app.home.desk.pane(name).display


async def test_the_widest_screen_shows_every_pane_with_its_figures(console: Any, read: Read) -> None:
    async with screen(console, (200, 60)) as (app, _):
        text = read(app)
    for shown in (
        "● UP", "✖ DOWN", "◐ LOADING", "? STALE", "412", "coder-gpu sim", "ERR%", "implementer", "connection refused", "429, retry in 41 s",  # endpoints
        "112.0G/140.0G", "61°C", "qwen3-vl:8b 10.0G +ram 2.0G", "38.0G/128.0G",  # memory
        "1.7M of 2.0M tok", "PREFER-CHEAP", "resets in 2d 04h", "$3.12 of $10.00", "deepseek-chat",  # usage
        "✖ failed", "exit 137", "routing auto", "▼ step-down", "coder-next → deep", "next cheap-only at 90%",
    ):  # fmt: skip
        assert shown in text, shown


async def test_what_is_unknown_is_not_shown_as_zero(console: Any, read: Read, world: Any) -> None:
    unknown = world.Gpu(index=0, name="?")
    console.snapshot = world.replace(
        console.snapshot, host=world.HostSample(taken_at=world.NOW, gpus=(unknown,)), usage={}, status={}
    )
    async with screen(console, (200, 60)) as (app, pilot):
        text = read(app)
        assert "n/a/n/a" in text and "0%" not in text and "no budget" in text
        console.publish(host=world.HostSample(taken_at=world.NOW, gpu_note="the driver is not loaded"))
        await until(pilot, lambda: app.picture.snapshot.host.gpu_note is not None)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert "n/a: the driver is not loaded" in read(app)


async def test_a_pass_without_news_touches_nothing(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with screen(console) as (app, pilot):
        drawn: list[object] = []
        monkeypatch.setattr(type(app.home), "apply", lambda *given: drawn.append(given))
        app.apply()
        assert drawn == []
        console.publish(now=console.snapshot.now + 1)
        await until(pilot, lambda: app.picture.now > console.snapshot.now - 0.5)  # type: ignore[union-attr]
        app.apply()
        assert len(drawn) == 1


async def test_the_cursor_stays_on_its_row_while_rows_change(console: Any, world: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "1", "j", "j")
        rows = app.home.desk.pane("endpoints").query_one(Rows)
        assert rows.current == "ext-context"
        console.publish(health={**console.snapshot.health, "coder-gpu": world.Health(state=world.HealthState.DOWN)})
        await until(pilot, lambda: app.picture.snapshot is console.snapshot)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert rows.current == "ext-context"


async def test_pause_holds_the_display_and_loses_nothing(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "p")
        console.publish(host=None)
        await until(pilot, lambda: app.held_back == 1)
        await settle(app, pilot)
        assert "PAUSED, 1 held back" in read(app) and "61°C" in read(app)
        await pilot.press("p")
        await settle(app, pilot)
        assert "PAUSED" not in read(app) and "61°C" not in read(app)


# --- chat ---


@pytest.mark.parametrize("size", [SIZES[0], SIZES[-1]])
async def test_a_reply_streams_and_is_headed_by_who_answered_how_fast_at_what_cost_and_why(
    console: Any, read: Read, size: tuple[int, int]
) -> None:
    gate = asyncio.Event()
    script = console.answer()
    console.scripts = [[*script[:5], gate, *script[5:]]]
    async with screen(console, size) as (app, pilot):
        await say(app, pilot, "refactor it")
        await until(pilot, lambda: app.chat.last is not None and len(app.chat.last.text) == 60)
        await settle(app, pilot)
        assert "The retry loop" in read(app) and "streaming, 60 characters" in read(app)
        gate.set()
        await until(pilot, lambda: app.chat.last.phase is Phase.ANSWERED)  # type: ignore[union-attr]
        await settle(app, pilot)
        text = " ".join(read(app).split())
        assert "coder-next · coder-gpu · TTFT 0.31s · 61 tok/s · $0.0021" in text
        assert "coding → implementer" in text and "covers the 429" in text
        assert console.asked[0].text == "refactor it"


async def test_a_reply_that_ends_while_its_middle_is_being_drawn_is_still_drawn_to_its_end(
    console: Any, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, drawing, hold = asyncio.Event(), asyncio.Event(), asyncio.Event()
    script = console.answer()
    loading = console.lost(FailureKind.LOADING)
    console.scripts = [[script[0], script[1], loading, console.waiting(), script[1], *script[2:4], gate, *script[4:]]]
    real = TurnView._append

    async def slow(view: TurnView) -> None:
        await real(view)
        drawing.set()
        await hold.wait()

    monkeypatch.setattr(TurnView, "_append", slow)
    async with screen(console) as (app, pilot):
        await say(app, pilot, "hi")
        await drawing.wait()
        gate.set()
        await until(pilot, lambda: app.chat.last.over)  # type: ignore[union-attr]
        hold.set()
        await until(pilot, lambda: "61 tok/s" in read(app) and "covers the 429" in read(app))


async def test_the_next_question_carries_the_conversation_in_frozen_turns(console: Any) -> None:
    console.scripts = [console.answer("first answer"), console.answer("second answer")]
    async with screen(console) as (app, pilot):
        await ask(app, pilot, "one")
        await ask(app, pilot, "two")
        assert [reply.over for reply in app.home.query(Reply)] == [True, True]
    assert [(message.role, message.text) for message in console.asked[1].messages] == [
        ("user", "one"),
        ("assistant", "first answer"),
        ("user", "two"),
    ]


async def test_a_switch_is_a_divider_and_the_cut_answer_is_collapsed(console: Any, read: Read) -> None:
    console.scripts = [console.switched("Half an answer")]
    async with screen(console, (99, 50)) as (app, pilot):
        await ask(app, pilot)
        text = read(app)
        assert "coder-next → deepseek-chat" in text and "stream_cut: connection" in text
        assert "14 characters of coder-next" in text and "Half an answer" not in text
        assert "deepseek-chat answered instead" in text.replace("\n", "")
        app.home.query_one(".fragment").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "Half an answer" in read(app))


async def test_esc_stops_the_reply_and_hangs_up(console: Any, read: Read) -> None:
    console.scripts = [[*console.answer()[:4], asyncio.Event()]]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "hi")
        await until(pilot, lambda: app.chat.last is not None and app.chat.last.phase is Phase.STREAMING)
        await pilot.press("escape")
        await until(pilot, lambda: bool(console.hung_up))
        await until(pilot, lambda: app.chat.last.phase is Phase.STOPPED)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert "○ stopped" in read(app)
        await pilot.press("ctrl+c")
    assert app.return_code == 0


async def test_waiting_is_shown_with_its_reason(console: Any, read: Read) -> None:
    console.scripts = [[*console.answer()[:2], console.waiting(), asyncio.Event()]]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "hi")
        await until(pilot, lambda: app.chat.last is not None and app.chat.last.phase is Phase.WAITING)
        await settle(app, pilot)
        assert "waiting 12s: the model is loading, 40% done" in read(app)


async def test_a_blocked_reply_says_why_and_offers_the_next_model_on_one_key(console: Any, read: Read) -> None:
    console.scripts = [console.blocked(), console.answer(model="codex")]
    async with screen(console) as (app, pilot):
        await ask(app, pilot)
        text = " ".join(read(app).split())
        assert "BLOCKED by policy [pin] opus is pinned" in text and "ctrl+n asks codex instead" in text
        await pilot.press("ctrl+n")
        await until(pilot, lambda: len(console.asked) == 2 and app.chat.last.over)  # type: ignore[union-attr]
        assert console.asked[1].pin == "codex" and console.asked[1].text == "hi"


async def test_a_request_that_breaks_the_engine_is_a_line_and_not_a_crash(console: Any, read: Read) -> None:
    console.scripts = [[RuntimeError("[/] boom \x1b[2J")]]
    async with screen(console, (99, 30)) as (app, pilot):
        await ask(app, pilot)
        assert "failed inside Pointsman: RuntimeError: [/] boom ␛[2J" in read(app)


async def test_slash_commands_pin_release_help_and_clear(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await say(app, pilot, "/model OPUS")
        await ask(app, pilot, "hi")
        assert console.asked[0].pin == "opus" and "only opus" in read(app)
        await say(app, pilot, "/model nobody")
        await settle(app, pilot)
        assert "no model is called 'nobody'" in read(app)
        await say(app, pilot, "/model auto")
        await say(app, pilot, "/clear")
        await ask(app, pilot, "again")
        assert console.asked[1].pin is None and len(console.asked[1].messages) == 1
        await say(app, pilot, "/nonsense")
        await settle(app, pilot)
        assert "no such command" in read(app)


async def test_why_explains_facts_rule_ladder_and_every_rejection(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await ask(app, pilot)
        await pilot.press("escape", "w")
        text = read(app)
        for shown in (
            "confidence 0.92",
            "the words “refactor”",
            "code is written by",
            "1. coder-next",
            "2. deepseek-chat",
            "prefer-cheap rejects T0",
        ):
            assert shown in text, shown


# --- acting ---


async def test_a_restart_runs_only_after_a_dialog_with_the_exact_command_and_its_consequences(
    console: Any, read: Read
) -> None:
    async with screen(console) as (app, pilot):

        async def restart(*then: str) -> str:
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            shown = read(app)
            await pilot.press(*then)
            return shown

        await pilot.press("escape", "4")
        text = await restart("n")
        assert "systemctl --user restart llama-coder.service" in text
        assert "cuts 2 running replies" in text and "implementer → codex" in text
        assert "2h ago · typical load time 41s" in text
        await restart("enter")
        assert console.acted == [], "the focus is on cancel"
        await restart("y")
        await until(pilot, lambda: console.acted == [("llama-coder", "restart")])
        await restart("w")
        await until(pilot, lambda: console.acted[-1] == ("llama-coder", "restart when idle"))
        console.machines.refusal = "its manager would give it up: wait 9 s"
        await pilot.press("r")
        await until(pilot, lambda: "llama-coder not now:" in read(app))


def written(*texts: str) -> tuple[LogLine, ...]:
    return tuple(LogLine(text=text, at=1_790_000_000.0) for text in texts)


def place_of(app: PointsmanApp, read: Read, text: str) -> tuple[int, int]:
    """Where that text stands on the screen, for the mouse."""
    return next((line.index(text), y) for y, line in enumerate(read(app).splitlines()) if text in line)


async def test_a_wide_screen_shows_the_end_of_a_failed_services_log_read_once_for_each_change(
    console: Any, read: Read
) -> None:
    console.tail = written("out of memory \x1b[2J [red]")
    async with screen(console, size=(200, 60)) as (app, pilot):
        await until(pilot, lambda: "out of memory" in read(app))
        assert "\u241b[2J [red]" in read(app) and "llama-qwen log, last 1 line" in read(app)
        console.publish(now=console.snapshot.now + 1)
        await settle(app, pilot)
        assert console.tails == ["llama-qwen"]
        console.tail = (LogLine(text="the journal cannot be read by this user", note=True),)
        again = tuple(replace(each, restarts=4) if each.restarts == 3 else each for each in console.snapshot.services)
        console.publish(services=again)
        await settle(app, pilot)
        await until(pilot, lambda: "the journal cannot be read by this user" in read(app))
        assert console.tails == ["llama-qwen"] * 2
        await pilot.click(offset=place_of(app, read, "whole log"))
        await until(pilot, lambda: "log of llama-qwen" in read(app))


async def test_a_hint_in_a_pane_does_by_a_click_what_its_key_does(console: Any, read: Read) -> None:
    console.scripts = [console.answer("short"), console.answer("shorter")]
    async with screen(console, size=(200, 60)) as (app, pilot):
        await ask(app, pilot, "one")
        await ask(app, pilot, "two")
        await pilot.click(offset=place_of(app, read, "w why"))
        await until(pilot, lambda: "why this model" in read(app))
        assert app.chat.chosen is app.chat.conversation.turns[0], "the turn that was pressed is explained"
        await pilot.press("q")
        await pilot.click(offset=place_of(app, read, "o pins or prefers"))
        await until(pilot, lambda: "how long" in read(app))
        await pilot.press("escape")
        await until(pilot, lambda: "how long" not in read(app))
        app.action_show_pane("endpoints")
        await pilot.press("slash", *"nonsense", "enter")
        await until(pilot, lambda: "nothing passes the filter" in read(app))
        await pilot.click(offset=place_of(app, read, "esc clears it"))
        await until(pilot, lambda: "coder-gpu" in read(app))
        await pilot.press("L")
        await until(pilot, lambda: "u undoes" in read(app))
        await pilot.click(offset=place_of(app, read, "u undoes"))
        await until(pilot, lambda: console.snapshot.overrides == ())


async def test_a_log_is_followed_filtered_searched_and_left_with_nothing_running(console: Any, read: Read) -> None:
    console.log.put_nowait(written(*(f"line {number} [red]" for number in range(100)), "model loaded"))
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "4", "j", "l")
        await until(pilot, lambda: "model loaded" in read(app))
        assert "log of llama-qwen" in read(app) and "line 99 [red]" in read(app) and "line 0 " not in read(app)
        await pilot.press("g")
        await until(pilot, lambda: "line 0 [red]" in read(app))
        console.log.put_nowait(written("out of memory", "\x1b]0;title\x07 is tame"))
        await until(pilot, lambda: "2 new" in read(app))
        assert "out of memory" not in read(app), "who reads above is left there"
        await pilot.click(offset=place_of(app, read, "f follows"))
        await until(pilot, lambda: "following" in read(app) and "is tame" in read(app))
        await pilot.press("slash", *"memory")
        await until(pilot, lambda: "/memory (1 of 103)" in read(app) and "line 99" not in read(app))
        await pilot.press("enter", "T", "slash", *["backspace"] * 6, "enter", "s", *"line 7", "enter")
        await until(pilot, lambda: "11 of 11" in read(app) and "line 79 [red]" in read(app))
        await pilot.press("N", "N")
        await until(pilot, lambda: "9 of 11" in read(app) and "line 77 [red]" in read(app))
        console.log.put_nowait(written(*(f"flood {number}" for number in range(7_000))))
        await until(pilot, lambda: "5,000 lines" in read(app))
        assert console.followed == 1
        await pilot.press("escape")
        await until(pilot, lambda: console.followed == 0)
        assert "model loaded" not in read(app)


async def test_an_override_is_set_by_the_form_and_cleared_on_its_row(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "o")
        assert "this model and no other" in read(app)
        app.screen.query_one("#yes").focus()
        await pilot.press("enter")
        await until(pilot, lambda: len(console.snapshot.overrides) == 1)
        (override,) = console.snapshot.overrides
        assert (override.kind, override.model, override.scope) == (OverrideKind.PIN, "coder-next", "global")
        await settle(app, pilot)
        assert "◆ pin coder-next" in read(app).split("\n")[
            0
        ] and "pin coder-next   local_only off   u undoes (" in read(app)
        await pilot.press("5", "d")
        await until(pilot, lambda: console.snapshot.overrides == ())
        await settle(app, pilot)
        assert "pin none   local_only off   u undoes (" in read(app)


async def test_a_limit_that_cannot_be_keeps_the_form_open_with_what_was_typed(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "o")
        await until(pilot, lambda: bool(app.screen.query("#kind")))
        app.screen.query_one("#kind", Select).value = OverrideKind.CAP
        await until(pilot, lambda: app.screen.has_class("-cap"))
        app.screen.query_one("#limit").focus()
        await pilot.press(*"4 dollars", "enter")
        await until(pilot, lambda: "budget anthropic-week counts tokens" in read(app))
        assert app.screen.query_one("#limit", Input).value == "4 dollars" and console.snapshot.overrides == ()
        await pilot.press("ctrl+u", *"200k", "enter")
        await until(pilot, lambda: [order.cap for order in console.snapshot.overrides] == [200_000])
        await settle(app, pilot)
        rows = [" ".join(line.split()) for line in read(app).splitlines()[1:]]
        assert any("cap 200,000 tokens" in row for row in rows) and any("OVERRIDE TO " in row for row in rows)


async def test_local_only_is_toggled_on_one_key_and_by_slash_command(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "L")
        await until(pilot, lambda: console.snapshot.cloud_forbidden)
        await settle(app, pilot)
        assert "■ LOCAL ONLY" in read(app).split("\n")[0]
        await say(app, pilot, "/local on")
        await say(app, pilot, "/local off")
        await until(pilot, lambda: "prompts may leave this machine again" in read(app))
        await pilot.press("y")
        await until(pilot, lambda: not console.snapshot.cloud_forbidden)
        await until(pilot, lambda: app.undo is not None and "cleared" in app.undo.what)
        await pilot.press("escape", "u")
        await until(pilot, lambda: console.snapshot.cloud_forbidden)


async def test_a_refused_override_says_why(console: Any, read: Read, world: Any) -> None:
    from pointsman.tui.messages import SetOverride

    async with screen(console) as (app, pilot):
        app.post_message(SetOverride(world.Override(id="x", kind=OverrideKind.PIN, model="[/] gone")))
        await until(pilot, lambda: "no model is called '[/] gone'" in read(app))


# --- audit ---


async def test_the_audit_is_live_and_filtered_by_the_store(console: Any, read: Read, world: Any) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        await pilot.press("escape", "3", "slash", *"type=step-down", "enter")
        await until(pilot, lambda: console.queries[-1].type == "step-down")
        await settle(app, pilot)
        assert "2 failed loops" not in read(app) and "usage at 84" in read(app)
        await pilot.press("escape")
        await until(pilot, lambda: "coding goes to" in read(app))
        console.rows.append(world.row(5, EventType.OUTCOME, "a fresh line"))
        console.publish(now=console.snapshot.now + 1)
        await until(pilot, lambda: app.picture.audit_size == 5)  # type: ignore[union-attr]
        await settle(app, pilot)
        await until(pilot, lambda: "a fresh line" in read(app))


@pytest.mark.parametrize(
    ("keys", "stays"), [(["escape", "1"], False), (["escape", "3"], True), (["escape", "3", "j", "1"], True)]
)
async def test_the_cursor_follows_the_newest_line_until_it_is_moved_or_keys_act_on_it(
    console: Any, read: Read, world: Any, keys: list[str], stays: bool
) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        await pilot.press(*keys)
        rows = app.home.desk.pane("audit").query_one(Rows)
        before = rows.current
        console.rows.append(world.row(5, EventType.OUTCOME, "a fresh line"))
        console.publish(now=console.snapshot.now + 1)
        await until(pilot, lambda: "a fresh line" in read(app))
        assert rows.current == (before if stays else "5")


async def test_enter_opens_the_whole_audit_line(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "3", "j", "enter")
        assert '"text": "coder-next → deepseek-chat: 2 failed loops"' in read(app)


async def test_the_audit_reads_on_when_the_cursor_reaches_the_end(console: Any, world: Any) -> None:
    console.rows = [world.row(seq, EventType.OUTCOME, f"line {seq}") for seq in range(1, 301)]
    async with screen(console) as (app, pilot):
        rows = app.home.desk.pane("audit").query_one(Rows)
        await until(pilot, lambda: rows.option_count == 200)
        await pilot.press("escape", "3", "G")
        await until(pilot, lambda: rows.option_count == 300)
        assert console.queries[-1].before == 101
        await pilot.press("slash", *"type=outcome", "enter")
        await until(pilot, lambda: rows.option_count == 200)
        await settle(app, pilot)
        assert rows.current == "300" and rows.scroll_offset.y == 0  # of what was found the newest


# --- finding one's way ---


async def test_the_palette_lists_every_action_theme_and_fault(console: Any) -> None:
    async with screen(console) as (app, _):
        titles = [command.title for command in commands(app)]
    assert {
        "fault: kill coder-gpu",
        "fault: 429 from openai",
        "restart llama-qwen",
        "model opus",
        "theme: textual-dark",
    } <= set(titles)
    listed = {binding.tooltip for binding in keys.APP} - {
        "palette",
        "palette, also while writing",
        "stop, then quit",
        "quit, also while writing",
    }
    assert listed <= set(titles)


async def test_a_fault_is_played_from_the_palette(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("ctrl+p", *"fault:kill")
        await until(pilot, lambda: "fault: kill coder-gpu" in read(app))
        await pilot.press("enter")
        await until(pilot, lambda: [fault.name for fault in console.played] == ["kill"])
        await until(pilot, lambda: "kill coder-gpu: playing" in read(app))


async def test_help_lists_every_binding_with_its_present_key(console: Any, read: Read) -> None:
    async with screen(console, (80, 24), keymap={"why": "ctrl+y"}) as (app, pilot):
        await pilot.press("escape", "question_mark")
        assert isinstance(app.screen, Reader)
        text = app.screen.text
        for entry in keymap.all_keys():
            assert entry.id in text, entry.id
        assert "^y" in text
        await pilot.press("escape", "ctrl+y")
        await until(pilot, lambda: "no reply yet" in read(app))


async def test_the_prompt_keeps_printable_keys_and_takes_several_lines(console: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press(*"q?", "ctrl+j", *"z1", "enter")
        await until(pilot, lambda: bool(console.asked))
        assert console.asked[0].text == "q?\nz1" and app.is_running


async def test_zoom_shows_one_pane_alone_and_back(console: Any) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "1", "z")
        assert [pane.id for pane in app.home.desk.standing()] == ["endpoints"]
        await pilot.press("z")
        assert len(app.home.desk.standing()) > 3


# --- sizes ---


async def test_a_storm_of_resizes_down_to_one_cell_crashes_nothing_and_keeps_the_focus(
    console: Any, read: Read
) -> None:
    async with screen(console) as (app, pilot):
        await ask(app, pilot)
        focused = app.focused
        for size in [
            (1, 1),
            (200, 60),
            (40, 10),
            (2, 50),
            (99, 30),
            (100, 12),
            (160, 26),
            (60, 16),
            (159, 40),
            (300, 5),
        ]:
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
        await pilot.resize_terminal(120, 40)
        await settle(app, pilot)
        assert app.focused is focused and "coder-gpu" in read(app)


async def test_every_pane_is_usable_at_60x16(console: Any, read: Read) -> None:
    async with screen(console, (60, 16)) as (app, pilot):
        for name in zones.PANES:
            app.action_show_pane(name)
            await pilot.pause()
            pane = app.home.desk.pane(name)
            assert app.focused is not None and pane in app.focused.ancestors_with_self
            assert str(pane.border_title) in read(app) and pane.size.height >= 8


async def test_below_40x10_the_head_line_says_from_which_size_on_there_is_room(console: Any, read: Read) -> None:
    async with screen(console, (40, 10)) as (app, pilot):
        assert "there is room" not in read(app)
        for size, told in (
            ((39, 9), "CHEAP 84%  39x9: from 40x10"),
            ((60, 9), "60x9: from 40x10 on there is room"),
            ((16, 4), "16x4: from 40x"),
        ):
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
            assert told in read(app).splitlines()[0]


async def test_ascii_only_draws_nothing_but_ascii(console: Any, read: Read) -> None:
    console.scripts = [console.switched("cut")]
    async with screen(console, (200, 60), ascii_only=True) as (app, pilot):
        await ask(app, pilot)
        shown = read(app)
    assert {character for character in shown if ord(character) > 126} == set()
