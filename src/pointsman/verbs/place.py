"""Which configuration, state and policy a run uses: the options that every verb shares, before or after its name."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import click

from pointsman.verbs import say
from pointsman.verbs.mistakes import USAGE, Mistake

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from pointsman.config import ConfigError, Settings, Ui
    from pointsman.engine.console import Console

Kind = Literal["off", "bell", "osc9", "osc777"]
F = TypeVar("F", bound=Callable[..., Any])


class Screen(Protocol):
    """The screen. Given by `__main__`, because the verbs may not import it."""

    def __call__(
        self,
        open_console: Callable[[], AbstractAsyncContextManager[Console]],
        *,
        theme: str,
        keymap: Mapping[str, str],
        theme_dirs: Sequence[Path],
        read_only: bool = False,
        ascii_only: bool | None = None,
        notify: Kind = "off",
        refresh_hz: float = 1.0,
        mouse: bool = True,
        keeps: bool = True,
    ) -> int:
        """`keeps`: what stands where is kept for the next time. `ascii_only` None: as the terminal says.
        `notify`: how a terminal nobody looks at is told of an end."""
        ...


class Plain(Protocol):
    """The door of complete sentences, for screen readers, dumb terminals and pipes."""

    def __call__(
        self,
        open_console: Callable[[], AbstractAsyncContextManager[Console]],
        *,
        colour: bool = False,
        read_only: bool = False,
    ) -> int: ...


class Web(Protocol):
    """The screen in a browser. Raises OSError where it cannot listen."""

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        host: str,
        port: int,
        public_url: str | None,
        token: str,
        ready: Callable[[str, bool], None],
    ) -> None:
        """Runs `pointsman` with these arguments for each page, until interrupted. `ready` is told the address, and
        whether it is this machine's alone."""
        ...


class FirstRun(Protocol):
    """The guided start on the screen, where there is no configuration."""

    def __call__(
        self,
        propose: Callable[[], Awaitable[tuple[str, tuple[str, ...]]]],
        write: Callable[[str], str],
        *,
        theme_dir: Path,
    ) -> str:
        """configuration: it was written; demo; quit. `propose` gives the file's text and what was found; `write` raises
        ValueError."""
        ...


@dataclass(slots=True, kw_only=True)
class Way:
    """How the console is shown, and whether what it shows is recorded."""

    plain: bool = False
    colour: bool = False
    record: Path | None = None
    record_text: bool = False
    read_only: bool = False
    ascii_only: bool = False
    no_mouse: bool = False
    no_state: bool = False


@dataclass(slots=True, kw_only=True)
class Place:
    """What the command line named; the option after the verb wins over the one before it."""

    screen: Screen | None = None
    plain: Plain | None = None
    first_run: FirstRun | None = None
    web: Web | None = None
    way: Way = field(default_factory=Way)
    config: Path | None = None
    state: Path | None = None
    policy: str | None = None

    def found(self) -> Path | None:
        """The configuration file of this run, if there is one."""
        from pointsman.config import find_config

        return find_config(self.config, os.environ)

    @property
    def chosen(self) -> bool:
        """Did the user choose a fleet? The built-in one may be routed over, but nothing of it is called unasked."""
        return self.found() is not None or self.policy is not None

    def state_dir(self) -> Path:
        from pointsman.config import state_dir

        return state_dir(self.state, os.environ)

    def settings(self) -> Settings:
        """Raises BadConfiguration with every problem."""
        from pointsman.config import ConfigError, load

        try:
            return load(self.found(), self.policy)
        except ConfigError as wrong:
            raise BadConfiguration(wrong) from None

    def demo_settings(self) -> Settings:
        """The example's fleet, whatever is configured: the simulated servers stand behind all of its endpoints."""
        from pointsman.config import ConfigError, example_path, load

        try:
            return load(example_path(), self.policy)
        except ConfigError as wrong:
            raise BadConfiguration(wrong) from None

    def ui(self) -> Ui:
        """What the user chose for the screen, also where another fleet is shown than the user's own."""
        from pointsman.config import read_ui

        return read_ui(self.found())

    def named_config(self) -> Path:
        """Where a configuration of this run is, or would be."""
        from pointsman.config import user_config_path

        return self.found() or user_config_path()

    def own_settings(self) -> Settings:
        """For verbs that touch endpoints: only what the user configured or named."""
        if not self.chosen:
            raise Mistake("no configuration found: `pointsman init` writes one, or name a policy with --policy")
        return self.settings()


class BadConfiguration(Mistake):
    """Shows every problem, one a line."""

    def __init__(self, error: ConfigError) -> None:
        self.problems = error.problems
        super().__init__("\n".join(str(problem) for problem in error.problems))

    def show(self, file: Any = None) -> None:
        for problem in self.problems:
            say.tell(f"pointsman: {problem}")
        say.tell(f"pointsman: {len(self.problems)} problem(s) in the configuration (exit {USAGE})")


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and param.name is not None:
        setattr(ctx.ensure_object(Place), param.name, value)


_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_keep,
        help="Configuration file (POINTSMAN_CONFIG).",
    ),
    click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False),
        expose_value=False,
        callback=_keep,
        help="State directory (POINTSMAN_STATE).",
    ),
    click.option(
        "--policy", expose_value=False, callback=_keep, help="Use this preset instead of the configuration's policy."
    ),
)


def place_options(command: F) -> F:
    """Adds --config, --state and --policy."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _keep_way(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value and param.name is not None:
        setattr(ctx.ensure_object(Place).way, param.name, value)


_WAY_OPTIONS = (
    click.option(
        "--plain",
        is_flag=True,
        expose_value=False,
        callback=_keep_way,
        help="Sentences line by line instead of the screen.",
    ),
    click.option(
        "--color", "colour", is_flag=True, expose_value=False, callback=_keep_way, help="Colours with --plain."
    ),
    click.option(
        "--record",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        expose_value=False,
        callback=_keep_way,
        help="Record what is shown in a new file, without a word of prompts and answers.",
    ),
    click.option(
        "--record-text", is_flag=True, expose_value=False, callback=_keep_way, help="Record prompts and answers, too."
    ),
)
_LOOKS_OPTIONS = (
    click.option(
        "--read-only",
        is_flag=True,
        expose_value=False,
        callback=_keep_way,
        help="Look on: the screen changes and sends nothing.",
    ),
    click.option(
        "--ascii",
        "ascii_only",
        is_flag=True,
        expose_value=False,
        callback=_keep_way,
        help="Draw the screen with ASCII alone.",
    ),
    click.option(
        "--no-mouse",
        is_flag=True,
        expose_value=False,
        callback=_keep_way,
        help="Leave clicks and selections to the terminal.",
    ),
    click.option(
        "--no-state",
        is_flag=True,
        expose_value=False,
        callback=_keep_way,
        help="Neither recall nor keep what stands where on the screen.",
    ),
)


def way_options(command: F) -> F:
    """Adds --plain, --color, --record, --record-text, --read-only and --ascii."""
    command = looks_options(command)
    for option in reversed(_WAY_OPTIONS):
        command = option(command)
    return command


def looks_options(command: F) -> F:
    """Adds --read-only and --ascii alone."""
    for option in reversed(_LOOKS_OPTIONS):
        command = option(command)
    return command


as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
as_json_lines = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
