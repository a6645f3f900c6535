"""`judge`: the cloud judge's verdict on a text, with its evidence; approval is the exit code."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING

import click

from pointsman.core.request import Message, Request
from pointsman.verbs import say
from pointsman.verbs.ask import Teller, console_of, listen, print_line
from pointsman.verbs.asked import prompt
from pointsman.verbs.mistakes import Mistake
from pointsman.verbs.place import Place, as_json_lines, place_options
from pointsman.verbs.run import run
from pointsman.verbs.stages import Hear

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

_ELSEWHERE = "another program"


@click.command("judge")
@click.argument("reply", nargs=-1)
@click.option("--task", "asked", required=True, metavar="TEXT", help="What the reply was to do.")
@click.option(
    "--request", metavar="ID", help="The request it answers: the evidence of its checks is shown to the judge."
)
@click.option("--of", "model", default=_ELSEWHERE, show_default=True, metavar="MODEL", help="Who gave the reply.")
@click.option("--demo", is_flag=True, help="Ask the simulated fleet.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@as_json_lines
@place_options
@click.pass_obj
def judge(
    place: Place,
    /,
    *,
    reply: tuple[str, ...],
    asked: str,
    request: str | None,
    model: str,
    demo: bool,
    speed: float,
    as_json: bool,
) -> int:
    """Ask the policy's judge whether REPLY (or -) does what it was to do.

    REPLY may be a diff, say; - reads it from standard input. An approval is only recorded from a judge in the cloud
    that cites evidence. Exit 0: approved; 1: not approved.
    """
    text = prompt(reply)
    if not text.strip():
        raise Mistake("nothing to judge: give the reply as arguments, or - to read it from standard input")
    hear: Hear = print_line if as_json else Teller(streaming=False, quiet=True).hear
    return run(_judged(console_of(place, demo, speed), text, asked, request, model, hear))


async def _judged(
    opening: AbstractAsyncContextManager[Engine], text: str, asked: str, request_id: str | None, model: str, hear: Hear
) -> int:
    async with opening as engine:
        request = Request(id=request_id or engine.new_request_id(), messages=(Message(role="user", text=asked),))
        engine.adopt(request, model, text)
        for banner in engine.banners:
            say.tell(f"note: {banner}")
        await engine.look_at_endpoints()
        async with aclosing(engine.judge(request.id)) as heard:  # type: ignore[type-var]
            return await listen(heard, hear)
