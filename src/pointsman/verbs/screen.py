"""Opens the screen, or the plain door: over the configured fleet, over the simulated one (with a banner where that was
not asked for), or over a recording."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure, Mistake
from pointsman.verbs.place import BadConfiguration, Place, Way, place_options, way_options

if TYPE_CHECKING:
    from pointsman.config import Settings
    from pointsman.engine.console import Console

_REPLAY = (
    click.option(
        "--replay", type=click.Path(path_type=Path), metavar="FILE", help="Show a recording; nothing is live."
    ),
    click.option("--speed", type=click.FloatRange(min=0), metavar="N", help="Of --replay; 0: all at once. Default: 1."),
)
F = TypeVar("F", bound=Callable[..., Any])
Open = Callable[[], "AbstractAsyncContextManager[Console]"]


def replay_options(command: F) -> F:
    """Adds --replay and its --speed."""
    for option in reversed(_REPLAY):
        command = option(command)
    return command


@click.command("demo")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@way_options
@place_options
@click.pass_obj
def demo(place: Place, /, *, speed: float) -> int:
    """Open the screen over a simulated fleet."""
    if place.policy is not None:
        place.demo_settings()  # a wrong name is said before the screen opens; the example itself is right
    return _show(place, _simulated(place, speed))


def open_screen(place: Place) -> int:
    """The screen over what is configured; over the simulated fleet when nothing is, or when that cannot be used."""
    if place.found() is None and place.policy is None:
        chosen = _first_run(place)
        if chosen == "quit":
            return DONE
        if chosen == "configuration":
            return open_screen(place)
        note = "no configuration found, so this is a simulated fleet; `pointsman init` writes a configuration"
        return _show(place, _simulated(place, banners=(note,)))
    return _show(place, _real(place))


def _first_run(place: Place) -> str:
    """What the user chose to begin with; the simulated fleet where nobody can be asked."""
    if place.first_run is None or place.way.plain or os.environ.get("TERM") == "dumb" or not _has_terminal():
        return "demo"
    from pointsman.config import theme_dir

    def write(text: str) -> str:
        from pointsman.verbs.init import write as write_new

        target = place.named_config()
        try:
            write_new(target, text)
        except Failure as problem:
            raise ValueError(problem.message) from None
        return str(target)

    def propose() -> Awaitable[tuple[str, tuple[str, ...]]]:
        from pointsman import wiring

        return wiring.propose()

    return place.first_run(propose, write, theme_dir=theme_dir())


async def _read(settings: Callable[[], Settings]) -> Settings:
    """In a thread: the screen goes on meanwhile."""
    import asyncio  # not for verbs that open no screen

    return await asyncio.to_thread(settings)


def _real(place: Place) -> Open:
    """The configuration is read when the console opens, which is after the first frame."""

    @asynccontextmanager
    async def open_console() -> AsyncIterator[Console]:
        from pointsman import wiring

        opening: AbstractAsyncContextManager[Console]
        try:
            settings = await _read(place.settings)
            opening = wiring.open_engine(settings, state_dir=place.state_dir())
        except BadConfiguration as wrong:
            opening = _instead(place, wrong)
        async with opening as console:
            yield console

    return open_console


def _instead(place: Place, wrong: BadConfiguration) -> AbstractAsyncContextManager[Console]:
    """The simulated fleet with the problems of the user's own above it."""
    from pointsman import wiring

    place.policy = None  # it may be what is wrong
    settings = place.demo_settings()
    # Whatever it meant to say about the cloud is unknown, so nothing leaves: in doubt local only (promises.md L5).
    settings = replace(settings, fleet=replace(settings.fleet, local_only=True))
    head = f"the configuration has {len(wrong.problems)} problem(s), so this is a simulated fleet, local only"
    problems = tuple(str(problem) for problem in wrong.problems)
    return wiring.open_demo(settings, state_dir=place.state_dir(), banners=(head, *problems))


def _simulated(place: Place, speed: float = 1.0, banners: tuple[str, ...] = ()) -> Open:
    @asynccontextmanager
    async def open_console() -> AsyncIterator[Console]:
        from pointsman import wiring

        settings = await _read(place.demo_settings)
        async with wiring.open_demo(settings, state_dir=place.state_dir(), speed=speed, banners=banners) as console:
            yield console

    return open_console


def open_recording(place: Place, recording: Path, speed: float | None) -> int:
    """Shows what `--record` wrote: no engine, no network."""
    if place.way.record is not None:
        raise Mistake("--record and --replay do not go together")

    def open_console() -> AbstractAsyncContextManager[Console]:
        return replay

    from pointsman import wiring

    try:
        replay = wiring.open_replay(recording, speed=1.0 if speed is None else speed or None)
    except ValueError as wrong:
        raise Mistake(str(wrong)) from None
    return _show(place, open_console)


_WAYS = "--plain, --color, --record, --record-text, --read-only, --ascii, --no-mouse and --no-state"


def check_way(place: Place, verb: str, replay: Path | None) -> None:
    """Options of the screen before the name of a verb that has none are a mistake, not ignored."""
    if replay is not None:
        raise Mistake("--replay shows a recording, and goes with no verb")
    own = {"demo": Way(), "web": replace(place.way, read_only=False, ascii_only=False)}.get(verb, place.way)
    if own != Way():
        raise Mistake(f"{_WAYS} go with the screen and with demo, not with {verb}")


def _show(place: Place, open_console: Open) -> int:
    way = place.way
    opening = open_console if way.record is None else _recorded(open_console, way.record, way.record_text)
    if _plainly(way):
        if place.plain is None:
            raise Mistake("there is no plain door here")
        return place.plain(opening, colour=way.colour, read_only=way.read_only)
    return _on_screen(place, opening)


def _recorded(open_console: Open, path: Path, words: bool) -> Open:
    if path.exists():
        raise Mistake(f"{path} is already there: a recording is a new file")

    def open_recorded() -> AbstractAsyncContextManager[Console]:
        from pointsman import wiring

        return wiring.recording(open_console(), path.absolute(), words=words)

    return open_recorded


def _plainly(way: Way) -> bool:
    """As asked, or because this terminal cannot move a cursor."""
    if way.plain:
        return True
    if os.environ.get("TERM") != "dumb" or not sys.stdout.isatty():
        return False
    say.tell("TERM=dumb cannot show the screen, so these are sentences; /help lists what can be said to them")
    return True


def _on_screen(place: Place, open_console: Open) -> int:
    from pointsman.config import theme_dir

    if place.screen is None or not _has_terminal():
        raise Mistake("the screen needs a terminal; --plain does not, nor do the verbs that `pointsman --help` lists")
    ui = place.ui()
    return place.screen(
        open_console,
        theme=ui.theme,
        keymap=ui.keymap,
        theme_dirs=(theme_dir(), place.named_config().parent / "themes"),
        read_only=place.way.read_only,
        ascii_only=place.way.ascii_only or None,
        notify=ui.notify,
        refresh_hz=ui.refresh_hz,
        mouse=ui.mouse and not place.way.no_mouse,
        keeps=not place.way.no_state,
    )


def _has_terminal() -> bool:
    """In a browser the terminal is at the other end of a socket, and textual-serve says so in this variable."""
    return "TEXTUAL_DRIVER" in os.environ or (sys.stdin.isatty() and sys.stdout.isatty())
