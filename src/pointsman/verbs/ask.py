"""`ask`: one prompt, the answer on stdout, what happens on stderr."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from pointsman.core.outcome import Attempt, Completed
from pointsman.core.request import Request
from pointsman.engine import events
from pointsman.verbs import figures, say
from pointsman.verbs.asked import asking_options, build_request
from pointsman.verbs.documents import event_document
from pointsman.verbs.mistakes import FAILED, Mistake
from pointsman.verbs.place import Place, as_json_lines, place_options
from pointsman.verbs.run import run
from pointsman.verbs.stages import Hear, LastAnswer, code_of, tell_check, tell_plan, tell_stage, tell_verdict

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

Submit = Callable[["Engine", Request], AsyncIterator[events.EngineEvent]]


@click.command("ask")
@asking_options
@click.option("--demo", is_flag=True, help="Ask the simulated fleet.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@click.option("--stream/--whole", default=None, help="Show the answer as it comes, or once it is complete.")
@click.option("--raw", is_flag=True, help="Leave control characters in the answer.")
@click.option("--check", metavar="CMD", help="Run CMD on the answer; ask again while it fails, three times at most.")
@click.option("--dir", "directory", metavar="DIR", help="Where CMD runs (default: dir under [checks]).")
@click.option("--task", metavar="KEY", help="One more attempt at this task: failed checks of earlier ones count.")
@click.option("--no-plan", is_flag=True, help="Straight to the model, also where the policy would open a plan.")
@as_json_lines
@place_options
@click.pass_obj
def ask(
    place: Place,
    /,
    *,
    demo: bool,
    speed: float,
    stream: bool | None,
    raw: bool,
    check: str | None,
    directory: str | None,
    task: str | None,
    no_plan: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Ask the right model for TEXT (or - for standard input).

    On a terminal the answer is shown as it comes. Into a pipe it is written once it is complete, so that a reader never
    gets one answer spliced from two. CMD gets the answer on its standard input and runs without a shell. Exit 0:
    answered, and checked where asked; 1: failed, cancelled, or the last check failed; 3: no model may answer, or a plan
    waits for approval.
    """
    streaming = sys.stdout.isatty() if stream is None else stream
    hear: Hear = print_line if as_json else Teller(streaming=streaming, raw=raw).hear
    last = LastAnswer(hear) if check is not None and not (as_json or streaming) else None

    def submit(engine: Engine, request: Request) -> AsyncIterator[events.EngineEvent]:
        request = replace(request, planned=no_plan, task=task)
        return engine.submit(request) if check is None else checked(engine, request, check, directory)

    code = run(_ask(console_of(place, demo, speed), asked, hear if last is None else last.hear, submit))
    if last is not None:
        last.end()
    return code


def checked(engine: Engine, request: Request, command: str, directory: str | None) -> AsyncIterator[events.EngineEvent]:
    """Raises Mistake for a check that cannot be run."""
    try:
        return engine.submit_checked(request, command, directory)
    except ValueError as wrong:
        raise Mistake(str(wrong)) from None


def console_of(place: Place, demo: bool, speed: float) -> AbstractAsyncContextManager[Engine]:
    from pointsman import wiring

    if demo:
        return wiring.open_demo(place.demo_settings(), state_dir=place.state_dir(), monitor=False, speed=speed)
    if not place.chosen:
        raise Mistake("no configuration found: `pointsman init` writes one, --demo asks a simulated fleet")
    return wiring.open_engine(place.settings(), state_dir=place.state_dir(), monitor=False)


async def _ask(opening: AbstractAsyncContextManager[Engine], asked: dict[str, Any], hear: Hear, submit: Submit) -> int:
    async with opening as engine:
        request = build_request(engine.new_request_id(), asked.pop("text"), engine.fleet, **asked)
        for banner in engine.banners:
            say.tell(f"note: {banner}")
        await engine.look_before_asking()
        async with aclosing(submit(engine, request)) as heard:  # type: ignore[type-var]
            return await listen(heard, hear)


async def listen(heard: AsyncIterator[events.EngineEvent], hear: Hear) -> int:
    code = FAILED
    async for event in heard:
        hear(event)
        found = code_of(event)
        code = code if found is None else found
    return code


def print_line(event: events.EngineEvent) -> None:
    say.line(event_document(event))


@dataclass(slots=True)
class Teller:
    """Answer text to stdout; who answers, why, and every switch to stderr."""

    streaming: bool
    raw: bool = False
    quiet: bool = False  # what models say now is not the answer: a plan in the making, a second opinion, a verdict
    _shown: str = ""  # the end of what stands on stdout
    _thought: bool = False
    _tell: dict[type, Callable[[Any], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._tell = {
            events.Decided: self._decided,
            events.Attempting: self._attempting,
            events.Waiting: self._waiting,
            events.TextDelta: self._text,
            events.ReasoningDelta: self._reasoning,
            events.Switched: self._switched,
            events.Answered: self._answered,
            events.Blocked: self._blocked,
            events.StageBegan: self._stage,
            events.PlanReady: self._plan,
            events.CheckEnded: tell_check,
            events.Judged: tell_verdict,
        }

    def hear(self, event: events.EngineEvent) -> None:
        tell = self._tell.get(type(event))
        if tell is not None:
            tell(event)

    def _decided(self, event: events.Decided) -> None:
        for told in event.decision.notices:
            say.tell(f"notice: {told.text}")
        if event.decision.ladder:
            say.tell(f"→ {event.decision.model} on {event.decision.endpoint}: {event.decision.why()}")

    def _attempting(self, event: events.Attempting) -> None:
        self._thought = False
        if event.number > 1:
            say.tell(f"→ attempt {event.number}: {event.rung.model} on {event.rung.endpoint}: {event.rung.why}")

    def _waiting(self, event: events.Waiting) -> None:
        if event.seconds > 0:
            say.tell(f"waiting {event.seconds:.1f} s: {event.why}")
        elif event.position is not None:
            say.tell(f"waiting: {event.why}")

    def _text(self, event: events.TextDelta) -> None:
        if self.streaming and not self.quiet:
            self._write(event.text)

    def _reasoning(self, event: events.ReasoningDelta) -> None:
        if not self._thought:
            say.tell("thinking…")
            self._thought = True

    def _switched(self, event: events.Switched) -> None:
        self._end_line()
        cut = "; the text so far is a fragment, the next model answers afresh" if event.fragment else ""
        say.tell(f"✗ {event.from_model} after {event.seconds:.1f} s: {event.why} ({event.kind}){cut}")

    def _answered(self, event: events.Answered) -> None:
        if not self.streaming and not self.quiet:
            self._write(event.text)
        self._end_line()
        say.tell(_figures(event.attempt))

    def _stage(self, event: events.StageBegan) -> None:
        self.quiet = event.stage in ("plan", "compare")
        tell_stage(event)

    def _plan(self, event: events.PlanReady) -> None:
        tell_plan(event)
        self._write(event.text)
        self._end_line()

    def _blocked(self, event: events.Blocked) -> None:
        self._end_line()
        for attempt in event.attempts:
            say.tell(f"✗ {attempt.model} on {attempt.endpoint}: {_ending(attempt)}")
        say.tell(f"no answer [{event.code}]: {event.why}")
        if event.offer is not None:
            say.tell(f"you may ask another: --pin {event.offer}")
        if event.retry_at is not None:
            say.tell(f"it may work again at {figures.moment(event.retry_at)} UTC")

    def _write(self, text: str) -> None:
        if text:
            (say.raw if self.raw else _as_data)(text)
            self._shown = text[-1]

    def _end_line(self) -> None:
        if self._shown not in ("", "\n"):
            say.data("")
        self._shown = ""


def _as_data(text: str) -> None:
    say.data(text, newline=False)


def _ending(attempt: Attempt) -> str:
    outcome = attempt.outcome
    detail = getattr(outcome, "detail", "")
    return f"{detail} ({getattr(outcome, 'kind', type(outcome).__name__.lower())})" if detail else str(outcome)


def _figures(attempt: Attempt) -> str:
    outcome = attempt.outcome
    if not isinstance(outcome, Completed):
        return f"{attempt.model} on {attempt.endpoint}"
    about = "about " if outcome.usage.estimated else ""
    ended = "" if outcome.finish_reason == "stop" else f" · ended by {outcome.finish_reason}"
    return (
        f"{attempt.model} on {attempt.endpoint} · first token {figures.number(outcome.first_token_s, ' s')}"
        f" · {figures.number(outcome.tokens_per_s, ' tokens/s')} · {about}{outcome.usage.total:,} tokens"
        f" · {figures.money(attempt.cost)}{ended}"
    )
