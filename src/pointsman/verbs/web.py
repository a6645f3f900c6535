"""`pointsman web`: the screen in a browser, for whoever knows the address."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import click

from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure, Mistake
from pointsman.verbs.place import Place, looks_options, place_options

WILDCARDS = frozenset({"0.0.0.0", "::"})


@click.command("web")
@click.option("--demo", is_flag=True, help="Over a simulated fleet.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address of this machine to listen at.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0, the default: one that is free.")
@click.option("--public-url", metavar="URL", help="As browsers reach it: behind a proxy, or with --host 0.0.0.0.")
@looks_options
@place_options
@click.pass_obj
def web(place: Place, /, *, demo: bool, host: str, port: int, public_url: str | None) -> int:
    """Show the same screen in a browser, until Ctrl+C.

    The address, with a token that is new each time, is printed on stdout; requests without it get 403.
    """
    if place.web is None or find_spec("textual_serve") is None:
        raise Failure(f"the screen in a browser is an extra: {sys.executable} -m pip install 'pointsman[web]'")
    if host in WILDCARDS and public_url is None:
        raise Mistake(f"--host {host} is every address of this machine: name the one that browsers use, --public-url")
    if not demo and not place.chosen:
        say.tell("no configuration found, so this is a simulated fleet; `pointsman init` writes a configuration")
        demo = True
    try:
        place.web(
            tuple(_arguments(place, demo)),
            host=host,
            port=port,
            public_url=public_url,
            token=secrets.token_urlsafe(32),
            ready=_ready,
        )
    except OSError as problem:
        raise Failure(f"cannot listen at {host} port {port}: {problem.strerror or problem}") from None
    return DONE


def _ready(address: str, loopback: bool) -> None:
    if not loopback:
        say.tell("without TLS, everybody on the way can read this address, and who has it can use your fleet")
    say.data(address)
    say.tell("anybody with this address can do what you can on the screen; Ctrl+C ends it")


def _arguments(place: Place, demo: bool) -> Iterator[str]:
    """Of the program behind each page."""
    for option, path in (("--config", place.config), ("--state", place.state)):
        if path is not None:
            yield from (option, str(path.expanduser().absolute()))
    if place.policy is not None:
        yield from ("--policy", place.policy)
    yield from ["--read-only"] if place.way.read_only else []
    yield from ["--ascii"] if place.way.ascii_only else []
    yield from ["demo"] if demo else []
