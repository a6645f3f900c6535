"""Makes the pictures in the README: the real screen over the simulated fleet, at three sizes.

python docs/build_screenshots.py        # writes docs/screen-*.svg
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from pointsman import wiring
from pointsman.config import example_path, load, theme_dir
from pointsman.tui.app import PointsmanApp
from pointsman.tui.render.svg import self_contained
from pointsman.tui.theme import Shelf

HERE = Path(__file__).parent
SIZES = {"screen": (200, 60), "screen-120x40": (120, 40), "screen-80x24": (80, 24)}
PROMPTS = {
    "Write a Python function that parses a CSV file": "coder-next on",
    "Plan the migration of our users table": "opus on",
}


async def picture(name: str, size: tuple[int, int], state: Path) -> None:
    app = PointsmanApp(
        open_console=lambda: wiring.open_demo(load(example_path()), state_dir=state),
        theme="pointsman-dark",
        shelf=Shelf(theme_dir()),
    )
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "NORMAL" in text_of(app))
        for prompt, answered in PROMPTS.items():
            await pilot.press(*[{" ": "space"}.get(letter, letter) for letter in prompt], "enter")
            await until(pilot, lambda words=answered: outcome_shown(app, words))
        await pilot.pause(2)  # one apply pass more: the figures of the last answer
        (HERE / f"{name}.svg").write_text(self_contained(app.export_screenshot(title="pointsman demo")), encoding="utf-8")


def outcome_shown(app: PointsmanApp, words: str) -> bool:
    return any("outcome" in line and words in line for line in text_of(app).splitlines())


def text_of(app: PointsmanApp) -> str:
    lines = (strip.text for strip in app.screen._compositor.render_strips())
    return "\n".join(lines)


async def until(pilot: Pilot[int], reached: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not reached():
            await pilot.pause(0.1)


async def main() -> None:
    for name, size in SIZES.items():
        with tempfile.TemporaryDirectory() as state:
            await picture(name, size, Path(state))


if __name__ == "__main__":
    asyncio.run(main())
