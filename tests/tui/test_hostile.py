"""Foreign text on every surface: nothing a terminal obeys gets out, nothing is parsed, nothing crashes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console as RichConsole
from textual.events import Paste
from textual.pilot import Pilot

from pointsman.core.audit import EventType
from pointsman.core.fleet import Fleet, Service, ServiceKind
from pointsman.core.outcome import Attempt, Completed, TokenUsage
from pointsman.core.request import Request
from pointsman.core.snapshot import Override, OverrideKind, ServiceState, ServiceStatus
from pointsman.engine.console import Fault
from pointsman.engine.events import Answered, ReasoningDelta
from pointsman.tui.app import PointsmanApp
from pointsman.tui.commands import commands
from pointsman.tui.messages import AuditOpened, LogsAsked, ServiceAsked, Told
from pointsman.tui.render import zones
from support.screen import TURN_S

SEED = (
    "\x1b]52;c;cHduZWQ=\x07 \x1b]0;owned\x07 \x1b[2J \x9b2J \x90q\x9c \x00 \x7f \u202egnp\u2066 \ufeff \u2028 \U000e0041"
    " \ud800 [@click=app.quit]quit[/] [/INST] [/ [bold [/] $success \n[link=x](javascript:y) \t"
)
# What hints of ours do when they are pressed.
OURS = (None, "app.log_of_trouble", "app.suggested", "app.override", "app.local_only", "app.why", "app.notices")
OURS = (*OURS, "app.help", "app.chats", "app.new_chat", "press('leave')", "press('select')")
SGR = re.compile(r"\x1b\[[0-9;]*m")
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def sent(app: PointsmanApp) -> str:
    """What would go to the terminal for the present frame, without our own colours."""
    terminal = RichConsole(color_system="truecolor", force_terminal=True)
    lines = app.screen._compositor.render_strips()
    return SGR.sub("", "\n".join(strip.render(terminal) for strip in lines))


def assert_tame(app: PointsmanApp) -> None:
    found = OBEYED.search(sent(app))
    assert found is None, repr(found)
    assert app.is_running and app._exception is None


@pytest.fixture
def hostile(console: Any, world: Any) -> Any:
    known: Fleet = console.fleet
    services = {SEED: Service(name=SEED, kind=ServiceKind.SIMULATED, unit=SEED)}
    budgets = tuple(replace(budget, name=SEED) for budget in known.budgets[:1])
    models = {**known.models, SEED: replace(known.models["opus"], name=SEED, id=SEED)}
    bands = tuple(replace(band, name=SEED) for band in known.bands)
    endpoints = {**known.endpoints, SEED: replace(known.endpoints["ollama"], name=SEED, service=SEED)}
    console.fleet = replace(
        known, services=services, budgets=budgets, models=models, bands=bands, endpoints=endpoints, policy=SEED
    )
    loaded = world.LoadedModel(id=SEED, vram=1, size=2)
    now = console.snapshot
    console.snapshot = replace(
        now,
        health={name: replace(health, reason=SEED) for name, health in now.health.items()},
        status={name: replace(status, version=SEED, loaded=(loaded, loaded)) for name, status in now.status.items()},
        usage={SEED: replace(now.usage["openai-day"], budget=SEED, spent=850_000)},
        host=replace(now.host, gpu_note=SEED),
        services=(ServiceStatus(name=SEED, unit=SEED, state=ServiceState.FAILED, reason=SEED),),
        overrides=(Override(id="o", kind=OverrideKind.PIN, scope=SEED, model=SEED, source=SEED, reason=SEED),),
    )
    console.rows = [world.row(1, EventType.OUTCOME, SEED, model=SEED, rule=SEED, from_model=SEED, request=SEED)]
    console.banners = (SEED,)
    console.faults = (Fault(name="kill", endpoint=SEED, title=SEED),)
    return console


def script_of(console: Any, world: Any) -> list[Any]:
    """A switch after a fragment, reasoning, and an answer: all of it hostile."""
    script = console.switched(SEED, text=SEED * 3)
    decision = world.decision_for(Request(id="?", messages=()))
    decision = replace(decision, role=SEED, rule=SEED, rule_why=SEED, escalated=SEED, band=SEED)
    done = Completed(finish_reason=SEED, usage=TokenUsage())
    attempt = Attempt(model=SEED, endpoint=SEED, outcome=done, notices=(SEED,))
    answered = Answered(
        request="?", attempt=attempt, decision=decision, text="# " + SEED + "\n\n```\n" + SEED + "\n```\n"
    )
    return [script[0], ReasoningDelta(request="?", text=SEED), *script[1:-1], answered]


async def settle(app: PointsmanApp, pilot: Pilot[None]) -> None:
    await pilot.pause()
    app.apply()
    await app.chat.flush()
    await pilot.pause()


async def started(app: PointsmanApp, pilot: Pilot[None]) -> None:
    while app.picture is None or not app.picture.audit_size:
        await asyncio.sleep(TURN_S)
    await settle(app, pilot)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_every_pane_is_tame(hostile: Any, size: tuple[int, int]) -> None:
    app = PointsmanApp(hostile, banners=(SEED,), theme=SEED)
    async with app.run_test(size=size, notifications=True) as pilot:
        await started(app, pilot)
        for name in zones.PANES:
            app.action_show_pane(name)
            await settle(app, pilot)
            assert_tame(app)
    await app.close()


async def test_a_hostile_reply_is_tame_while_it_streams_and_after(hostile: Any, world: Any) -> None:
    gate = asyncio.Event()
    script = script_of(hostile, world)
    hostile.scripts = [[*script[:-1], gate, script[-1]]]
    app = PointsmanApp(hostile)
    async with app.run_test(size=(120, 60), notifications=True) as pilot:
        await started(app, pilot)
        app.chat.ask(SEED)
        while app.chat.last is None or len(app.chat.last.text) < len(SEED):
            await asyncio.sleep(TURN_S)
        await settle(app, pilot)
        assert app.home.query("Reply")
        assert_tame(app)
        gate.set()
        while not app.chat.last.over:
            await asyncio.sleep(TURN_S)
        await settle(app, pilot)
        assert_tame(app)
        app.home.query_one(".fragment").focus()
        await pilot.press("enter")
        assert_tame(app)
        app.action_why()
        await pilot.pause()
        assert_tame(app)
    await app.close()


OPENS: tuple[Callable[[PointsmanApp], object], ...] = (
    lambda app: app.action_override(),
    lambda app: app.action_help(),
    lambda app: app.post_message(ServiceAsked(SEED, "restart")),
    lambda app: app.post_message(LogsAsked(SEED)),
    lambda app: app.post_message(AuditOpened(app.picture.newest[0])),  # type: ignore[union-attr]
    lambda app: app.post_message(Told(SEED, "error")),
    lambda app: app.chat.pin(SEED),
    lambda app: app.chat.pin(f"opus{SEED}"),
)


async def test_every_dialog_and_toast_is_tame(hostile: Any) -> None:
    app = PointsmanApp(hostile)
    async with app.run_test(size=(120, 60), notifications=True) as pilot:
        await started(app, pilot)
        for opens in OPENS:
            before = sent(app)
            opens(app)
            async with asyncio.timeout(20):
                while sent(app) == before:
                    await pilot.pause()
            assert_tame(app)
            if app.screen is not app.home:
                app.pop_screen()
                await pilot.pause()
    await app.close()


async def test_the_palette_and_a_paste_are_tame(hostile: Any) -> None:
    app = PointsmanApp(hostile)
    async with app.run_test(size=(120, 60), notifications=True) as pilot:
        await started(app, pilot)
        assert any("fault" in command.title for command in commands(app))
        await pilot.press("ctrl+p", *"fault")
        for _ in range(20):
            await pilot.pause()
        assert_tame(app)
        await pilot.press("escape")
        for keys in (), ("escape", "3", "slash"):  # the prompt; a filter
            await pilot.press(*keys)
            app.post_message(Paste("\u200d\u200d한" * 60 + SEED))
            await pilot.pause()
            assert "한한" in getattr(app.focused, "text", "") + getattr(app.focused, "value", "")
            assert_tame(app)
    await app.close()


async def test_markup_in_foreign_text_never_becomes_an_action(hostile: Any, world: Any) -> None:
    """No cell of the screen carries an action that our own code did not put there."""
    hostile.scripts = [script_of(hostile, world)]
    app = PointsmanApp(hostile)
    async with app.run_test(size=(200, 60), notifications=True) as pilot:
        await started(app, pilot)
        app.chat.ask("hi")
        while app.chat.last is None or not app.chat.last.over:
            await asyncio.sleep(TURN_S)
        await settle(app, pilot)
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                assert segment.style is None or segment.style.meta.get("@click") in OURS, segment
                assert segment.style is None or segment.style.link is None
    await app.close()
