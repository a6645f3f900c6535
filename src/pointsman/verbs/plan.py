"""`plan`: a plan for bigger work, a second opinion, your approval, then the work and its check."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from pointsman.engine import events
from pointsman.verbs import say
from pointsman.verbs.ask import Teller, console_of, listen, print_line
from pointsman.verbs.asked import asking_options, build_request
from pointsman.verbs.mistakes import BLOCKED, Mistake
from pointsman.verbs.place import Place, as_json_lines, place_options
from pointsman.verbs.run import run
from pointsman.verbs.stages import Hear, LastAnswer

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine


@click.command("plan")
@asking_options
@click.option("--approve", is_flag=True, help="Approve the plan unseen: the work begins at once.")
@click.option("--check", metavar="CMD", help="Run CMD on the work; try again while it fails, three times at most.")
@click.option("--dir", "directory", metavar="DIR", help="Where CMD runs (default: dir under [checks]).")
@click.option("--demo", is_flag=True, help="Ask the simulated fleet.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@as_json_lines
@place_options
@click.pass_obj
def plan(
    place: Place,
    /,
    *,
    approve: bool,
    check: str | None,
    directory: str | None,
    demo: bool,
    speed: float,
    as_json: bool,
    **asked: Any,
) -> int:
    """Have TEXT (or - for standard input) planned, and done once you approve the plan.

    On a terminal you are asked. Elsewhere the plan is printed and nothing of it is done, unless --approve is given.
    Exit 0: done, and checked where asked; 1: failed; 3: no model may plan, or the plan was not approved.
    """
    asks = not approve and not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    teller = Teller(streaming=sys.stdout.isatty())
    hear: Hear = print_line if as_json else teller.hear
    work = _Work(check=check, directory=directory, approve=approve, asks=asks, hear=hear, as_json=as_json)
    return run(work.done(console_of(place, demo, speed), asked))


class _Work:
    def __init__(
        self, *, check: str | None, directory: str | None, approve: bool, asks: bool, hear: Hear, as_json: bool
    ) -> None:
        self._check, self._directory, self._approve, self._asks = check, directory, approve, asks
        self._hear, self._as_json = hear, as_json
        self._ready: events.PlanReady | None = None

    async def done(self, opening: AbstractAsyncContextManager[Engine], asked: dict[str, Any]) -> int:
        async with opening as engine:
            request = build_request(engine.new_request_id(), asked.pop("text"), engine.fleet, **asked)
            for banner in engine.banners:
                say.tell(f"note: {banner}")
            await engine.look_at_endpoints()
            try:
                planning = engine.plan(request, self._check, self._directory)
            except ValueError as wrong:
                raise Mistake(str(wrong)) from None
            code = await self._listen(planning, self._keep)
            if self._ready is None:
                return code
            if not self._approved():
                await engine.reject(self._ready.plan)
                say.tell("not approved: nothing of it is done")
                return BLOCKED
            return await self._carried_out(engine.approve(self._ready.plan))

    def _keep(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.PlanReady):
            self._ready = event
            if self._approve and not self._as_json:
                event = replace(event, text="")  # the work's answer is the data then
        self._hear(event)

    def _approved(self) -> bool:
        if self._approve:
            return True
        return self._asks and click.confirm("Approve this plan?", err=True)

    async def _carried_out(self, working: AsyncIterator[events.EngineEvent]) -> int:
        last = LastAnswer(self._hear) if self._check is not None and not self._as_json else None
        code = await self._listen(working, self._hear if last is None else last.hear)
        if last is not None:
            last.end()
        return code

    async def _listen(self, heard: AsyncIterator[events.EngineEvent], hear: Hear) -> int:
        async with aclosing(heard) as stream:  # type: ignore[type-var]
            return await listen(stream, hear)
