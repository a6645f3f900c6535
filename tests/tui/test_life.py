"""Beginning and end of the screen: what is imported, what is closed, what a crash tells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from pointsman.tui import app as module
from pointsman.tui.app import PointsmanApp, run
from support.screen import until


def test_nothing_heavy_is_imported_with_the_screen() -> None:
    """httpx, NVML, Markdown and highlighters come after the first frame; so do the core's types and what draws them."""
    heavy = (
        "httpx pydantic psutil pynvml markdown_it pygments rich.markdown rich.traceback tree_sitter plotext "
        "pointsman.core.fleet pointsman.core.snapshot pointsman.ports pointsman.engine pointsman.tui.panes.chat"
    )
    code = f"import sys, pointsman.tui.app; print([m for m in {heavy.split()!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


async def test_what_is_typed_before_the_panes_are_there_is_not_lost_and_presses_no_key_of_the_app(console: Any) -> None:
    app = PointsmanApp(console)
    async with app.run_test(size=(100, 30)) as pilot:
        assert app.home.desk.bare
        await pilot.press(*"quick")
        await until(pilot, lambda: not app.home.desk.bare)
        await until(pilot, lambda: app.chat.draft == "quick")
    await app.close()


def headless(monkeypatch: pytest.MonkeyPatch, does: Any) -> None:
    """`run` with a terminal that is not there; `does` is called once the console is open."""
    real = App.run_async

    async def run_async(self: App[Any], **_: Any) -> Any:
        async def pilot(pilot: Any) -> None:
            while self.picture is None and not self.failed:  # type: ignore[attr-defined]
                await pilot.pause()
            await does(self, pilot)

        return await real(self, headless=True, size=(100, 30), auto_pilot=pilot)

    monkeypatch.setattr(module.PointsmanApp, "run_async", run_async)


def test_run_loads_themes_and_reports_bad_ones_and_closes_the_console(
    console: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    story: list[str] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[Any]:
        story.append("opened")
        yield console
        story.append("closed")

    async def leave(app: PointsmanApp, pilot: Any) -> None:
        story.append(app.theme)
        story.extend(app.home._own_banners)
        await pilot.press("ctrl+q")

    (tmp_path / "paper.toml").write_text('primary = "#336699"\ndark = false\n')
    (tmp_path / "bad.toml").write_text("primary")
    headless(monkeypatch, leave)
    assert run(opening, theme="paper", keymap={"help": "f2"}, theme_dirs=[tmp_path]) == 0
    assert story[0] == "opened" and story[1] == "paper" and "bad.toml" in story[2] and story[3:] == ["closed"]


def test_a_crash_closes_the_console_exits_with_one_and_shows_no_local_variables(
    console: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story: list[str] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[Any]:
        yield console
        story.append("closed")

    async def crash(app: PointsmanApp, pilot: Any) -> None:
        def broken() -> None:
            key = "sk-secret" + "-value"
            raise RuntimeError(f"length {len(key)}")

        app.call_later(broken)
        await pilot.pause()

    headless(monkeypatch, crash)
    assert run(opening, theme_dirs=[tmp_path]) == 1
    shown = capsys.readouterr()
    assert story == ["closed"]
    assert "length 15" in shown.err + shown.out and "sk-secret-value" not in shown.err + shown.out


def test_a_screen_needs_a_console_or_a_way_to_open_one() -> None:
    with pytest.raises(ValueError, match="console"):
        PointsmanApp()
