"""`ask`: one prompt, the answer on stdout, what happens on stderr."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from pointsman.core.outcome import Attempt, Completed
from pointsman.engine import events
from pointsman.verbs import figures, say
from pointsman.verbs.asked import asking_options, build_request
from pointsman.verbs.documents import event_document
from pointsman.verbs.mistakes import BLOCKED, DONE, FAILED, Mistake
from pointsman.verbs.place import Place, as_json_lines, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

Hear = Callable[[events.EngineEvent], None]


@click.command("ask")
@asking_options
@click.option("--demo", is_flag=True, help="Ask the simulated fleet.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="How fast the simulated fleet runs.")
@click.option("--stream/--whole", default=None, help="Show the answer as it comes, or once it is complete.")
@click.option("--raw", is_flag=True, help="Leave control characters in the answer.")
@as_json_lines
@place_options
@click.pass_obj
def ask(
    place: Place, /, *, demo: bool, speed: float, stream: bool | None, raw: bool, as_json: bool, **asked: Any
) -> int:
    """Ask the right model for TEXT (or - for standard input).

    On a terminal the answer is shown as it comes. Into a pipe it is written once it is complete, so that a reader never
    gets one answer spliced from two. Exit 0: answered; 1: failed or cancelled; 3: no model may answer.
    """
    if as_json:
        hear: Hear = _print_line
    else:
        hear = Teller(streaming=sys.stdout.isatty() if stream is None else stream, raw=raw).hear
    return run(_ask(_console(place, demo, speed), asked, hear))


def _console(place: Place, demo: bool, speed: float) -> AbstractAsyncContextManager[Engine]:
    from pointsman import wiring

    if demo:
        return wiring.open_demo(place.demo_settings(), state_dir=place.state_dir(), monitor=False, speed=speed)
    if not place.chosen:
        raise Mistake("no configuration found: `pointsman init` writes one, --demo asks a simulated fleet")
    return wiring.open_engine(place.settings(), state_dir=place.state_dir(), monitor=False)


async def _ask(opening: AbstractAsyncContextManager[Engine], asked: dict[str, Any], hear: Hear) -> int:
    async with opening as engine:
        request = build_request(engine.new_request_id(), asked.pop("text"), engine.fleet, **asked)
        for banner in engine.banners:
            say.tell(f"note: {banner}")
        await engine.look_at_endpoints()
        async with aclosing(engine.submit(request)) as heard:  # type: ignore[type-var]
            return await _listen(heard, hear)


async def _listen(heard: AsyncIterator[events.EngineEvent], hear: Hear) -> int:
    code = FAILED
    async for event in heard:
        hear(event)
        if isinstance(event, events.Answered):
            code = DONE
        elif isinstance(event, events.Blocked):
            code = BLOCKED if event.by_policy else FAILED
    return code


def _print_line(event: events.EngineEvent) -> None:
    say.line(event_document(event))


@dataclass(slots=True)
class Teller:
    """Answer text to stdout; who answers, why, and every switch to stderr."""

    streaming: bool
    raw: bool = False
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

    def _text(self, event: events.TextDelta) -> None:
        if self.streaming:
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
        if not self.streaming:
            self._write(event.text)
        self._end_line()
        say.tell(_figures(event.attempt))

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
