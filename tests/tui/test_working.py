"""Lists, what-if, undo, read-only, arrangement: what a person does all day, driven by keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pointsman.core.measured import Speed, SpeedPoint, Spread
from pointsman.core.snapshot import OverrideKind, RestartProgress, RestartStage
from pointsman.tui import messages
from pointsman.tui.app import PointsmanApp
from pointsman.tui.conversation import Conversation
from pointsman.tui.panes.listing import Listing
from pointsman.tui.panes.rows import Rows
from pointsman.tui.screens.confirm import Confirm
from pointsman.tui.screens.what_if import WhatIf
from support.screen import ask, screen, settle, until

Read = Callable[[PointsmanApp], str]


def names(app: PointsmanApp, pane: str) -> list[str]:
    return [row.key for row in app.home.query_one(f"#{pane}", Listing)._shown]


async def test_a_list_is_filtered_sorted_opened_copied_and_exported(console: Any, read: Read) -> None:
    async with screen(console, (160, 50)) as (app, pilot):
        await pilot.press("escape", "1", "slash", *"state=up vram>80")
        await until(pilot, lambda: names(app, "endpoints") == ["coder-gpu"])
        await pilot.press("enter")
        assert "/state=up vram>80 (1 of 8)" in read(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app, "endpoints")) == 8)

        await pilot.press("greater_than_sign")
        assert names(app, "endpoints")[:2] == ["anthropic", "coder-gpu"] and "ENDPOINT ▲" in read(app)
        await pilot.press("equals_sign")
        assert names(app, "endpoints")[0] == "qwen-review" and "by name" in read(app)
        await pilot.press("less_than_sign")
        assert names(app, "endpoints")[0] == "coder-gpu"

        await pilot.press("g", "enter")
        await until(pilot, lambda: "MODELS THAT CAN BE ASKED HERE" in read(app))
        assert "qwen3-coder-next-q5k" in read(app) and "breaker" in read(app)
        await pilot.press("escape")
        await until(pilot, lambda: "MODELS THAT CAN" not in read(app))
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("coder-gpu sim\t● UP\t"))
        await pilot.press("e", "2")
        await until(pilot, lambda: "endpoints.csv" in console.files.written)
        assert console.files.written["endpoints.csv"].startswith("name,state,role,model")
        await until(pilot, lambda: "/state/exports/endpoints.csv" in read(app))
        console.files.clipboard = ""
        app.post_message(messages.Copied("x" * 80_000, "too much"))
        await until(pilot, lambda: "copied.txt" in console.files.written)


async def test_an_endpoint_in_depth_stays_current_and_its_models_are_held_from_there(console: Any, read: Read) -> None:
    console.fleet.models["coder-next"] = replace(console.fleet.models["coder-next"], speed=(500, 500))
    point = SpeedPoint(
        prompt_tokens=128, concurrency=1, calls=3, generation_per_s=Spread(median=412, low=400, high=420, count=3)
    )
    console.measured = (
        Speed(
            model="coder-next",
            model_id="coder-next-q5k",
            endpoint="coder-gpu",
            at=console.snapshot.now,
            points=(point,),
        ),
    )
    async with screen(console, (120, 60)) as (app, pilot):
        await pilot.press("escape", "1", "g", "enter")
        await until(pilot, lambda: "measured 412 tok/s · stated 500 tok/s · below" in read(app))
        shown = read(app)
        for told in (
            "2+1 (running", "12, 1 failed (8.3 %)", "0.31s median, 1.2s at the 95th", "81.0G in VRAM", "on GPU 0  80.0G by process 812 (llama-server)",
            "up ×3 since", "connection refused", "500  out of memory ␛[31m  r-7", "llama-coder  ● active",
        ):  # fmt: skip
            assert told in shown, told
        status = {**console.snapshot.status, "coder-gpu": replace(console.snapshot.status["coder-gpu"], running=7)}
        console.publish(status=status)
        await until(pilot, lambda: app.picture.snapshot is console.snapshot)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert "7+1 (running" in read(app)
        await pilot.press("h", "4", "y")
        await until(pilot, lambda: console.machines.held == [("coder-next", "keep None")])
        await pilot.press("l")
        await until(pilot, lambda: "log of llama-coder" in read(app))


async def test_the_machine_is_plotted_over_minutes_or_hours_and_tells_what_fits(console: Any, read: Read) -> None:
    console.metrics = ("cpu", "gpu0.vram")
    async with screen(console, (120, 60)) as (app, pilot):
        await pilot.press("escape", "7", "enter")
        await until(pilot, lambda: "GPU 0 VRAM:" in read(app) and "-15m" in read(app))
        for told in ("NVIDIA H200", "540 W of 700 W", "112.0G of 140.0G", "the last 15 minutes", "WHICH MODELS FIT"):
            assert told in read(app), told
        await pilot.press("h")
        await until(pilot, lambda: "-6h" in read(app) and "the last 6 hours" in read(app))
        await pilot.press("escape")
        await until(pilot, lambda: "the last 6 hours" not in read(app))


async def test_a_sorted_list_does_not_move_rows_under_a_moving_cursor(console: Any, world: Any) -> None:
    async with screen(console, (160, 50)) as (app, pilot):
        pane = app.home.query_one("#endpoints", Listing)
        await pilot.press("escape", "1", *["greater_than_sign"] * 2, "j")
        before = names(app, "endpoints")
        console.publish(health={**console.snapshot.health, "kimi": world.Health(state=world.HealthState.BUSY)})
        await until(pilot, lambda: app.picture.snapshot is console.snapshot)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert names(app, "endpoints") == before and pane.order.column == "state"
        console.publish(now=console.snapshot.now + 4)
        await until(pilot, lambda: app.picture.snapshot is console.snapshot)  # type: ignore[union-attr]
        await settle(app, pilot)
        assert names(app, "endpoints") != before


async def test_the_panes_of_figures_are_copied_and_exported_and_usage_is_filtered(console: Any, read: Read) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        await pilot.press("escape", "7", "y")
        await until(pilot, lambda: "112.0G/140.0G" in console.files.copied)
        await pilot.press("Y")
        await until(pilot, lambda: "112.0G/140.0G" in console.files.written.get("memory.txt", ""))
        await pilot.press("e", "2")
        await until(pilot, lambda: "GPU0 power,540W,700W" in console.files.written.get("memory.csv", ""))
        await pilot.press("6", "slash", *"cost>2", "enter")
        await until(pilot, lambda: "/cost>2" in read(app) and "801k" not in read(app))
        await pilot.press("e", "2")
        await until(pilot, lambda: "usage.csv" in console.files.written)
        assert [line.split(",")[1] for line in console.files.written["usage.csv"].splitlines()] == ["name", "opus"]
        await pilot.press("escape", "y")
        await until(pilot, lambda: "deepseek-chat " in console.files.copied and "cloud-day" in console.files.copied)


async def test_the_audit_exports_every_line_its_filter_selects_as_it_is_stored(console: Any, world: Any) -> None:
    console.rows = [world.row(seq, world.EventType.OUTCOME, f"line {seq}") for seq in range(1, 2_301)]
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "3", "e", "1")
        await until(pilot, lambda: "audit.jsonl" in console.files.written)
        lines = console.files.written["audit.jsonl"].splitlines()
        assert len(lines) == 2_300 and lines[0] == console.rows[0].body


async def test_what_if_asks_the_pure_call_and_shows_both_decisions(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await ask(app, pilot, "refactor it")
        await pilot.press("escape", "W")
        text = read(app)
        assert (
            "what if: “refactor it”" in text and "NOW" in text and "WHAT IF" in text and "usage, every budget" in text
        )
        await pilot.press("right")
        await until(pilot, lambda: console.supposed[-1] == (None, {"usage": "85"}))
        await until(pilot, lambda: "84% → 85%" in read(app) and "codex" in read(app))
        await pilot.press("x", "j", "j", "j", "j", "space")
        await until(pilot, lambda: console.supposed[-1] == (None, {"local_only": "on"}))
        await pilot.press("j", "l")
        await until(pilot, lambda: console.supposed[-1] == ("tiers", {"local_only": "on"}))
        await until(pilot, lambda: "1. sonnet" in read(app))
        await pilot.press("j", *["l"] * 2, "j", *["l"] * 2)
        await until(pilot, lambda: console.supposed[-1][1] == {"local_only": "on", "down": "coder-gpu,qwen-review"})
        await pilot.press("X")
        await until(pilot, lambda: console.supposed[-1] == (None, {}))
        assert isinstance(app.screen, WhatIf)
        app.screen.knobs[0] = app.screen.knobs[0].turned(1)
        app.post_message(messages.WhatIfAsked({"usage": "110"}, None))
        await until(pilot, lambda: "that is more than there is" in read(app))
        await pilot.resize_terminal(60, 16)
        await pilot.press("escape")
        assert not isinstance(app.screen, WhatIf)


async def test_an_override_is_undone_within_half_a_minute_and_not_later(console: Any, read: Read) -> None:
    async with screen(console, (200, 60)) as (app, pilot):
        await pilot.press("escape", "1", "P")
        app.screen.query_one("#yes").focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.undo is not None)
        await settle(app, pilot)
        assert "u undoes (30 s left)" in read(app)
        await pilot.press("u")
        await until(pilot, lambda: console.snapshot.overrides == ())
        await until(pilot, lambda: app.undo is not None and "cleared" in app.undo.what)
        console.publish(now=console.snapshot.now + 31)
        await until(pilot, lambda: app.picture.now == console.snapshot.now)  # type: ignore[union-attr]
        await pilot.press("u")
        await until(pilot, lambda: "nothing to undo" in read(app))
        assert console.snapshot.overrides == ()


async def test_a_raised_cap_is_asked_about_and_undone_to_the_cap_before(console: Any, read: Read) -> None:
    def limit() -> float:
        return console.snapshot.usage["cloud-day"].limit / 1e9

    async with screen(console, (200, 60)) as (app, pilot):
        app.cap_by("cloud-day $8")
        await until(pilot, lambda: limit() == 8)
        app.cap_by("cloud-day $12.50")
        await until(pilot, lambda: "lets up to $4.50 more leave today" in read(app))
        assert limit() == 8
        await pilot.press("y")
        await until(pilot, lambda: limit() == 12.5 and app.undo is not None and "12.50" in app.undo.what)
        await pilot.press("escape", "1", "u")
        await until(pilot, lambda: limit() == 8 and "of $8.00, capped" in read(app))
        app.cap_by("cloud-day default")
        await until(pilot, lambda: "lets up to $2.00 more leave today" in read(app))
        await pilot.press("n")
        app.cap_by("cloud-day 5 requests")
        await until(pilot, lambda: "counts dollars, such as $10" in read(app))
        assert limit() == 8


async def test_read_only_refuses_every_message_that_changes_something_until_it_is_lifted(
    console: Any, read: Read, world: Any
) -> None:
    pin = world.Override(id="x", kind=OverrideKind.PIN, model="opus")
    asked: dict[type[messages.Changes], messages.Changes] = {
        messages.Ask: messages.Ask(Conversation(), "hi"),
        messages.SetOverride: messages.SetOverride(pin),
        messages.ClearOverride: messages.ClearOverride("x"),
        messages.CapAsked: messages.CapAsked("cloud-day", "$1"),
        messages.LocalOnlyAsked: messages.LocalOnlyAsked(True),
        messages.OverrideAsked: messages.OverrideAsked("opus"),
        messages.ServiceAsked: messages.ServiceAsked("ollama", "restart"),
        messages.FaultAsked: messages.FaultAsked(console.faults[0]),
        messages.PlanRuled: messages.PlanRuled(Conversation(), "p1", "hi", True),
        messages.ModelAsked: messages.ModelAsked("coder-next", "load"),
        messages.VerdictAsked: messages.VerdictAsked("r1", True),
        messages.CheckAsked: messages.CheckAsked("r1", "true", "/"),
        messages.JudgeAsked: messages.JudgeAsked("r1"),
        messages.ChatRenamed: messages.ChatRenamed("c1", "mine"),
        messages.ChatDeleteAsked: messages.ChatDeleteAsked("c1", "mine", 1),
    }
    assert set(asked) >= set(messages.Changes.__subclasses__()), "every message that changes something is tried here"
    before = console.snapshot
    async with screen(console, read_only=True) as (app, pilot):
        await settle(app, pilot)
        assert "READ-ONLY" in read(app).split("\n")[0]
        for message in asked.values():
            app.post_message(message)
        await pilot.press("escape", "o")
        await pilot.pause()
        assert len(app.screen_stack) == 1 and console.asked == [] and console.played == [] and console.acted == []
        assert console.snapshot is before
        await app.run_action("read_only(False)")
        await pilot.press("L")
        await until(pilot, lambda: console.snapshot.cloud_forbidden)
        assert "READ-ONLY" not in read(app).split("\n")[0]


async def test_stopping_the_last_local_endpoint_wants_its_name_typed(console: Any, read: Read, world: Any) -> None:
    down = {name: world.Health(state=world.HealthState.DOWN) for name in ("qwen-review", "ext-context", "ollama")}
    console.snapshot = world.replace(console.snapshot, health={**console.snapshot.health, **down})
    async with screen(console) as (app, pilot):
        app.post_message(messages.ServiceAsked("llama-coder", "stop"))
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter", *"llama")
        assert console.acted == [] and "nothing else on this machine answers" in read(app)
        await pilot.press(*"-coder", "enter")
        await until(pilot, lambda: console.acted == [("llama-coder", "stop")])


async def test_drift_is_reverted_after_its_exact_command_was_shown(console: Any, read: Read, world: Any) -> None:
    async with screen(console) as (app, pilot):
        await app.run_action("revert_drift")
        await until(pilot, lambda: "no drift" in read(app))
        console.drift = world.drift()
        await app.run_action("revert_drift")
        await until(pilot, lambda: "openclaw models set" in read(app))
        await pilot.press("y")
        await until(pilot, lambda: console.reverted == 1)


async def test_the_suggested_action_and_models_in_memory_ask_before_they_act(
    console: Any, read: Read, world: Any
) -> None:
    why = "llama-qwen is failed; reviewer need it"
    suggested = world.SuggestedAction(service="llama-qwen", verb="start", argv=("systemctl",), why=why)
    console.machines.suggested_action = suggested
    async with screen(console, (200, 60)) as (app, pilot):
        assert "S starts llama-qwen: llama-qwen is failed" in read(app)
        await pilot.press("escape", "S")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: console.acted == [("llama-qwen", "start")])
        app.post_message(messages.ModelAsked("coder-next", "unload"))
        await until(pilot, lambda: "POST /api/unload coder-next" in read(app))
        await pilot.press("y")
        await until(pilot, lambda: console.machines.held == [("coder-next", "unload")])
        app.post_message(messages.ModelAsked("opus", "load"))
        await until(pilot, lambda: "cannot be told to load it" in read(app))


async def test_the_stages_of_a_restart_are_shown_live_where_the_service_stands(console: Any, read: Read) -> None:
    going = RestartProgress(
        service="ollama", verb="restart", stage=RestartStage.LOADING, started=console.snapshot.now, seconds=12.0, done=0.4, typical_s=41.0, text="loading"
    )  # fmt: skip
    async with screen(console, (200, 60)) as (app, pilot):
        console.publish(restarts=(going,))
        await until(pilot, lambda: bool(app.picture.snapshot.restarts))  # type: ignore[union-attr]
        await settle(app, pilot)
        assert "◐ loading" in read(app) and "12s/41s 40%" in read(app)


async def test_the_arrangement_of_a_size_comes_back_with_that_size(console: Any, read: Read) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press("escape", "4", "H")
        assert "services" not in [pane.id for pane in app.home.desk.standing()]
        await pilot.press("1", "greater_than_sign", "z")
        await until(pilot, lambda: console.files.kept.get("sizes", {}).get("120x40", {}).get("zoomed") is True)  # type: ignore[union-attr,attr-defined]
        app.theme = "textual-light"
        await until(pilot, lambda: console.files.kept.get("theme") == "textual-light")
    async with screen(console) as (app, pilot):
        await until(pilot, lambda: app.theme == "textual-light")
        desk = app.home.desk
        assert (desk.active, desk.zoomed, desk.hidden) == ("endpoints", True, frozenset({"services"}))
        assert app.home.query_one("#endpoints", Listing).order.column == "name"
        assert isinstance(app.focused, Rows)
        await pilot.press("z", "0")
        assert desk.hidden == frozenset() and desk.pane("services").display
        for name in ("endpoints", "memory", "services", "overrides", "usage", "audit", "chat"):
            app.home.show_pane(name)
            await pilot.pause()
            app.action_hide_pane()
        await until(pilot, lambda: "one pane always stays" in read(app))
        assert len(desk.standing()) == 1


@pytest.mark.parametrize("size", [(100, 12), (120, 40), (160, 26), (200, 60)])
def test_hidden_panes_leave_their_room_to_the_others(size: tuple[int, int]) -> None:
    from itertools import combinations

    from pointsman.tui.render import zones

    wants = dict.fromkeys(zones.PANES, 6)
    for count in range(len(zones.PANES)):
        for hidden in combinations([name for name in zones.PANES if name != "chat"], min(count, 6)):
            placed = zones.arrange(*size, active="chat", wants=wants, hidden=frozenset(hidden))
            assert not set(placed) & set(hidden) and "chat" in placed
            assert sum(rect.width * rect.height for rect in placed.values()) == size[0] * size[1]
