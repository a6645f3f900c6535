"""The plain door's one conversation: what is typed is asked or obeyed, and what changes meanwhile is said.

Talks to a `Console` and to nothing else. One prompt is answered at a time; what is typed meanwhile waits its turn.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing

from pointsman.core.conditions import FactValue
from pointsman.core.decision import Decision
from pointsman.core.health import Health
from pointsman.core.request import Message, Request
from pointsman.engine import events
from pointsman.engine.console import Console, Replayed
from pointsman.engine.events import EngineEvent
from pointsman.plain import sentences
from pointsman.plain.commands import READ_ONLY, obey
from pointsman.plain.overriding import Undo
from pointsman.plain.streams import Closed, Lines, Out
from pointsman.ports import AuditQuery

LOOK_S = 5.0  # how long the first prompt waits until every endpoint was looked at
_LONGEST_LINE = 400  # characters of an answer that are held back for the end of their line
_NEWEST = 50  # audit lines looked at after each picture


Obey = Callable[["Door", str, str], Awaitable[bool]]  # (door, command, argument) -> go on?


def parse(text: str) -> tuple[str, str] | None:
    """(command, argument), or None when the text is a prompt. A path such as /etc/hosts is a prompt."""
    word, _, argument = text.strip().partition(" ")
    if not word.startswith("/") or "/" in word[1:] or "\n" in text or len(word) < 2:
        return None
    return word.lower(), argument.strip()


class Door:
    """`lines` gives what is typed. State changes are said unless `quiet`."""

    def __init__(self, console: Console, lines: Lines, out: Out, obey: Obey, *, read_only: bool = False) -> None:
        self.console, self.out, self.lines, self._obey = console, out, lines, obey
        self.read_only = read_only
        self.pin: str | None = None
        self.role: str | None = None
        self.undo: Undo | None = None  # the last order that was set or ended
        self.quiet = False
        self.decision: Decision | None = None  # of the last request
        self.request: str | None = None  # the last one that was answered
        self.plan: str | None = None  # one that waits
        self._told: list[Message] = []
        self._answering: asyncio.Task[None] | None = None
        self._conversing: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._seen_line = -1  # of the audit

    async def live(self) -> int:
        """Until the input ends, /quit, or Ctrl-C with nothing to cancel; a recording is played to its end. Returns the
        exit status. Raises Closed if nobody reads the output any more."""
        for banner in self.console.banners:
            self.out.say(f"Note: {banner}.")
        replayed = isinstance(self.console, Replayed)
        watching = asyncio.create_task(self._watch(), name="plain-watch")
        watching.add_done_callback(self._watched)
        others = [watching, asyncio.create_task(self._annotations(), name="plain-notes")]
        if isinstance(self.console, Replayed):
            self.lines.also(self._recorded(self.console))
        self._conversing = asyncio.create_task(self._converse(watching), name="plain-converse")
        try:
            await self._conversing
            if replayed:
                await watching
            return 0
        except asyncio.CancelledError:
            return self._why_it_ended(watching)
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    def _watched(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled() and watching.exception() is not None:
            self.leave()

    def _why_it_ended(self, watching: asyncio.Task[None]) -> int:
        problem = watching.exception() if watching.done() and not watching.cancelled() else None
        if isinstance(problem, Closed):
            raise problem
        if problem is not None:
            self.out.say(f"The engine stopped: {type(problem).__name__}: {problem}.", "bad")
        return 0 if problem is None else 1

    async def _recorded(self, console: Replayed) -> AsyncIterator[str]:
        async for text in console.asks():
            self.out.say(f"Asked in the recording: {text}")
            yield text

    def interrupt(self) -> None:
        """Ctrl-C: cancels the answer; with none, leaves."""
        if self._answering is not None:
            self._answering.cancel()
        else:
            self.leave()

    def leave(self) -> None:
        if self._conversing is not None:
            self._conversing.cancel()

    # --- what changes

    async def _watch(self) -> None:
        changes = sentences.Changes(self.console.fleet)
        async for snapshot in self.console.watch():
            told = changes.of(snapshot)
            if not self.quiet:
                for sentence in told:
                    self._mention(sentence)
            await self._read_audit()
            asked = (name for name, each in self.console.fleet.endpoints.items() if each.retired is None)
            if all(snapshot.health.get(name, Health()).last_seen is not None for name in asked):
                self._looked.set()
        self._looked.set()

    def _mention(self, sentence: str) -> None:
        self.out.say(f"{sentences.clock(self.console.snapshot.now)} {sentence}", "dim")
        if self._answering is None and self._looked.is_set():
            self.out.prompt()

    async def _read_audit(self) -> None:
        if self._seen_line < 0:
            newest = await self.console.audit(AuditQuery(limit=1))
            self._seen_line = newest[0].seq if newest else 0
            return
        rows = await self.console.audit(AuditQuery(after=self._seen_line, limit=_NEWEST))
        for row in reversed(rows):
            self._seen_line = max(self._seen_line, row.seq)
            if row.type in sentences.AUDIT_WORTHY and self._answering is None and not self.quiet:
                self._mention(f"Audit line {row.seq}, {row.type}: {row.text}.")

    async def _annotations(self) -> None:
        async for note in self.console.annotations():
            for sentence in sentences.event(note):
                self.out.say(sentence)

    # --- what is typed

    async def _converse(self, watching: asyncio.Task[None]) -> None:
        await self._first_look(watching)
        self.out.prompt()
        while (text := await self._typed()) is not None:
            command = parse(text)
            if command is not None and not await self._obey(self, *command):
                return
            if command is None and text.strip() and self._may_send():
                await self.ask(text)
            self.out.prompt()

    async def _first_look(self, watching: asyncio.Task[None]) -> None:
        """A decision about endpoints that nobody has looked at yet would be a guess."""
        looked = asyncio.create_task(self._looked.wait(), name="plain-look")
        try:
            await asyncio.wait((looked, watching), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            self._looked.set()
        finally:
            looked.cancel()

    async def _typed(self) -> str | None:
        """What was typed; a line that ends with a backslash goes on in the next."""
        text = ""
        while (line := await self.lines.next()) is not None:
            self.out.entered()
            if not line.endswith("\\"):
                return text + line
            text += line[:-1] + "\n"
            self.out.prompt()
        return text or None

    async def confirmed(self, word: str) -> bool:
        """Was exactly that word typed?"""
        self.out.prompt()
        typed = await self.lines.next()
        self.out.entered()
        return typed is not None and typed.strip() == word

    # --- a reply

    def _may_send(self) -> bool:
        if self.read_only:
            self.out.say(f"Not sent: {READ_ONLY}.", "bad")
        return not self.read_only

    async def ask(self, text: str, *, critical: bool = False, plan: bool = False) -> None:
        request = self.request_for(text, critical=critical)
        await self.follow(self.console.plan(request) if plan else self.console.submit(request), text)

    def request_for(self, text: str, *, critical: bool = False) -> Request:
        """The next one of this conversation."""
        facts: dict[str, FactValue] = {"role": self.role} if self.role else {}
        if critical:
            facts["critical"] = True
        told = (*self._told, Message(role="user", text=text))
        return Request(id=self.console.new_request_id(), messages=told, facts=facts, pin=self.pin)

    async def follow(self, stream: AsyncIterator[EngineEvent], asked: str | None = None) -> None:
        """Tells a reply until its end. Ctrl-C meanwhile hangs up."""
        self._answering = asyncio.create_task(self._tell(stream, asked), name="plain-answer")
        try:
            await self._answering
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
            self.out.say("Cancelled.")
        except ValueError as problem:
            self.out.say(f"Not done: {problem}.", "bad")
        finally:
            self._answering = None

    async def _tell(self, stream: AsyncIterator[EngineEvent], asked: str | None) -> None:
        writing = _Writing(self.out)
        try:
            async with aclosing(stream) as heard:  # type: ignore[type-var]
                async for event in heard:
                    self._heard(event, writing, asked)
        finally:
            writing.end()

    def _heard(self, event: EngineEvent, writing: _Writing, asked: str | None) -> None:
        if isinstance(event, events.TextDelta):
            writing.add(event.text)
            return
        if isinstance(event, events.ReasoningDelta):
            writing.thinks()
            return
        if isinstance(event, events.Attempting | events.Switched | events.Answered | events.Blocked):
            writing.end()
        self._keep(event, asked)
        tone = "bad" if isinstance(event, events.Blocked | events.Switched) else ""
        for sentence in sentences.event(event):
            self.out.say(sentence, tone)

    def _keep(self, event: EngineEvent, asked: str | None) -> None:
        if isinstance(event, events.Decided):
            self.decision = event.decision
        elif isinstance(event, events.PlanReady):
            self.plan = event.plan
        elif isinstance(event, events.Answered):
            self.decision, self.request = event.decision, event.request
            if asked is not None:
                self._told += [Message(role="user", text=asked), Message(role="assistant", text=event.text)]

    def forget(self) -> None:
        """A new conversation."""
        self._told.clear()


class _Writing:
    """An answer, written line by line as it comes."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._kept = ""
        self._thinking = False

    def add(self, text: str) -> None:
        *whole, self._kept = (self._kept + text).split("\n")
        for line in whole:
            self._out.quote(line)
        while len(self._kept) > _LONGEST_LINE:
            place = self._kept.rfind(" ", 0, _LONGEST_LINE) + 1 or _LONGEST_LINE
            self._out.quote(self._kept[:place].rstrip())
            self._kept = self._kept[place:]

    def thinks(self) -> None:
        if not self._thinking:
            self._thinking = True
            self._out.say("It is thinking.")

    def end(self) -> None:
        if self._kept:
            self._out.quote(self._kept)
        self._kept = ""


def run(
    open_console: Callable[[], AbstractAsyncContextManager[Console]], *, colour: bool = False, read_only: bool = False
) -> int:
    """Runs the plain door over standard input and output until it is left; the exit status."""
    out = Out(sys.stdout, prompts=sys.stdin.isatty(), colour=colour)
    return asyncio.run(_run(open_console, out, read_only))


async def _run(open_console: Callable[[], AbstractAsyncContextManager[Console]], out: Out, read_only: bool) -> int:
    async with open_console() as console:
        lines = Lines(sys.stdin.fileno())
        door = Door(console, lines, out, obey, read_only=read_only)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, door.interrupt)
        for ending in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(ending, door.leave)
        try:
            return await door.live()
        except Closed:
            # The interpreter must not complain when it flushes standard output at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
