"""Opens the screen: over the configured fleet, over the simulated one, or over the simulated one with a banner."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click

from pointsman.verbs.mistakes import Mistake
from pointsman.verbs.place import BadConfiguration, Place, place_options

if TYPE_CHECKING:
    from pointsman.config import Settings
    from pointsman.engine.console import Console

Open = Callable[[], "AbstractAsyncContextManager[Console]"]


@click.command("demo")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@place_options
@click.pass_obj
def demo(place: Place, /, *, speed: float) -> int:
    """Open the screen over a simulated fleet."""
    settings = place.demo_settings()
    return _show(place, settings, _simulated(place, settings, speed))


def open_screen(place: Place) -> int:
    """The screen over what is configured; over the simulated fleet when nothing is, or when that cannot be used."""
    if place.found() is None and place.policy is None:
        settings = place.demo_settings()
        note = "no configuration found, so this is a simulated fleet; `pointsman init` writes a configuration"
        return _show(place, settings, _simulated(place, settings, banners=(note,)))
    try:
        settings = place.settings()
    except BadConfiguration as wrong:
        return _show_with_problems(place, wrong)
    return _show(place, settings, _real(place, settings))


def _show_with_problems(place: Place, wrong: BadConfiguration) -> int:
    place.policy = None  # it may be what is wrong
    settings = place.demo_settings()
    head = f"the configuration has {len(wrong.problems)} problem(s), so this is a simulated fleet"
    problems = tuple(str(problem) for problem in wrong.problems)
    return _show(place, settings, _simulated(place, settings, banners=(head, *problems)))


def _real(place: Place, settings: Settings) -> Open:
    def open_console() -> AbstractAsyncContextManager[Console]:
        from pointsman import wiring

        return wiring.open_engine(settings, state_dir=place.state_dir())

    return open_console


def _simulated(place: Place, settings: Settings, speed: float = 1.0, banners: tuple[str, ...] = ()) -> Open:
    def open_console() -> AbstractAsyncContextManager[Console]:
        from pointsman import wiring

        return wiring.open_demo(settings, state_dir=place.state_dir(), speed=speed, banners=banners)

    return open_console


def _show(place: Place, settings: Settings, open_console: Open) -> int:
    from pointsman.config import theme_dir

    if place.screen is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Mistake("the screen needs a terminal; `pointsman --help` lists the verbs that do not")
    ui = settings.ui
    return place.screen(open_console, theme=ui.theme, keymap=ui.keymap, theme_dir=theme_dir())
