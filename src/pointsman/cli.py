"""The command line: which verb, and what becomes of its mistakes. Verbs are imported when they are called.

Never imports Textual: the screen is handed in by `__main__`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import click

from pointsman import __version__
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, FAILED, USAGE, nearest
from pointsman.verbs.place import BadConfiguration, FirstRun, Place, Plain, Screen, Web, place_options, way_options
from pointsman.verbs.screen import check_way, open_recording, open_screen, replay_options

# verb -> (module of pointsman.verbs, its command, the first sentence of its help)
VERBS: Mapping[str, tuple[str, str, str]] = {
    "ask": ("ask", "ask", "Ask the right model for TEXT (or - for standard input)."),
    "route": ("route", "route", "Say which model would answer TEXT, and why every other would not."),
    "plan": ("plan", "plan", "Have TEXT (or - for standard input) planned, and done once you approve the plan."),
    "judge": ("judge", "judge", "Ask the policy's judge whether REPLY (or -) does what it was to do."),
    "status": ("status", "status", "Look once at every endpoint, this machine, the budgets and the services."),
    "usage": ("usage", "usage", "Show every budget with its band, and what each model has used."),
    "models": ("models", "models", "List the models, or change which one is asked first."),
    "services": ("services", "services", "Show, start, stop and restart the services that run local models."),
    "bench": ("bench", "bench", "Measure how fast models answer, beside what is stated."),
    "eval": ("evaluate", "evaluate", "Grade models by small tasks whose answers can be checked."),
    "hierarchy": ("hierarchy", "hierarchy", "Write the model hierarchy page from what is configured and what runs."),
    "audit": ("audit", "audit", "Read the audit."),
    "chats": ("chats", "chats", "List, show, search, export and delete the screen's conversations."),
    "check": ("check", "check", "Check the configuration."),
    "config": ("configuration", "config", "Say where the configuration is, show what is in force, or give its schema."),
    "keys": ("keys", "keys", "List every key of the screen by its id, as the configuration binds it."),
    "prove": ("prove", "prove", "Try the program's promises on this machine."),
    "drift": ("drift", "drift", "Compare a gateway's default model with the policy's."),
    "spec": ("spec", "spec", "Check the override block of specs, or write it."),
    "doctor": ("doctor", "doctor", "Explain what is missing on this machine, and the command that mends it."),
    "init": ("init", "init", "Propose a configuration from what is on this machine, and write it."),
    "web": ("web", "web", "Show the same screen in a browser, until Ctrl+C."),
    "demo": ("screen", "demo", "Open the screen over a simulated fleet."),
}


class Verbs(click.Group):
    """Loads a verb's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, name, _ = VERBS[cmd_name]
        command: click.Command = getattr(import_module(f"pointsman.verbs.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, sentence) for verb, (_, _, sentence) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = None if args[0] in VERBS else nearest(args[0], VERBS)
        if near is not None:
            raise click.UsageError(f"unknown verb {args[0]!r}, did you mean {near!r}?", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="pointsman", message="%(prog)s %(version)s")
@replay_options
@way_options
@place_options
@click.pass_context
def cli(ctx: click.Context, replay: Path | None, speed: float | None) -> int:
    """The right model for each prompt, and never a silent switch.

    Without a verb the screen opens: over your configuration, or over a simulated fleet if there is none. Data goes to
    stdout, narration to stderr. Exit codes: 0 done, 1 failed, 2 usage or configuration error, 3 blocked by policy.
    """
    place = ctx.ensure_object(Place)
    if ctx.invoked_subcommand is not None:
        check_way(place, ctx.invoked_subcommand, replay)
        return DONE
    return open_screen(place) if replay is None else open_recording(place, replay, speed)


def main(
    args: Sequence[str] | None = None,
    screen: Screen | None = None,
    plain: Plain | None = None,
    first_run: FirstRun | None = None,
    web: Web | None = None,
) -> int:
    """Runs the command line and returns the exit code. `args` None: those of the process."""
    place = Place(screen=screen, plain=plain, first_run=first_run, web=web)
    try:
        code = cli.main(args=args, prog_name="pointsman", standalone_mode=False, obj=place)
    except BadConfiguration as wrong:
        wrong.show()
        return wrong.exit_code
    except click.ClickException as wrong:
        say.tell(f"pointsman: {wrong.format_message()}")
        return USAGE if isinstance(wrong, click.UsageError) else wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        say.tell("pointsman: cancelled")
        return FAILED
    except say.ReaderLeft:
        return _reader_left()
    return code if isinstance(code, int) else DONE


def _reader_left() -> int:
    """The interpreter must not complain when it flushes stdout at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
