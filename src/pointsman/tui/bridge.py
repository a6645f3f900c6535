"""Between the engine and the screen: coroutines that ask the console and post what they heard.

They run as workers of the app. They never touch a widget, and the app never awaits the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from typing import cast

from textual.message import Message

from pointsman.core import caps
from pointsman.core.audit import AuditRow
from pointsman.core.request import Request
from pointsman.core.snapshot import Override, RestartStage
from pointsman.engine.console import Console, Fault
from pointsman.engine.events import EngineEvent, Judged
from pointsman.ports import AuditQuery
from pointsman.tui.conversation import Verdict
from pointsman.tui.messages import (
    Attached,
    AuditPage,
    Changed,
    ClearOverride,
    Compared,
    Found,
    Ledger,
    LogGrew,
    Measured,
    Opened,
    Pictured,
    Replied,
    ServiceActed,
    ServicePlanned,
    SetOverride,
    Tailed,
    Told,
)
from pointsman.tui.render import exports
from pointsman.tui.untrusted import label, one_line

OpenConsole = Callable[[], AbstractAsyncContextManager[Console]]
Post = Callable[[Message], object]

DAY = 86_400
HOURLY_EVERY = 60.0  # seconds
NEWEST = 4  # lines the ticker may need
EXPORT_PAGE = 1_000  # audit lines
EXPORT_MOST = 100_000
LOG_LINES = 2_000  # looked back at
TAIL_LINES = 5  # of a service in trouble
DRAWN_EVERY = 0.1  # seconds


async def hold(open_console: OpenConsole, post: Post, closing: asyncio.Event) -> None:
    """Opens the console, hands it over, and keeps it open until the screen closes."""
    async with open_console() as console:
        post(Opened(console))
        await closing.wait()


class Refused(Exception):
    """The engine said no, and the person knows."""


class Bridge:
    def __init__(self, console: Console, post: Post) -> None:
        self._console = console
        self._post = post
        self._audit_size = -1
        self._hourly: Mapping[str, tuple[int, ...]] = {}
        self._hourly_at = float("-inf")

    async def watch(self) -> None:
        self._post(Pictured(self._console.snapshot))
        await self.read_ledger()
        async for snapshot in self._console.watch():
            self._post(Pictured(snapshot))
            await self.read_ledger()

    async def read_ledger(self) -> None:
        """The newest audit lines and the totals, when there are new ones; the hours of a day, once a minute."""
        size, now = await self._console.audit_size(), self._console.snapshot.now
        due = not 0 <= now - self._hourly_at < HOURLY_EVERY
        if size == self._audit_size and not due:
            return
        if due or not self._hourly:
            self._hourly_at, self._hourly = now, await self._console.hourly(now - DAY)
        self._audit_size = size
        newest = await self._console.audit(AuditQuery(limit=NEWEST))
        totals = await self._console.totals(now - now % DAY)
        self._post(Ledger(newest, size, totals, self._hourly))

    async def ask(self, request: Request, *, plan: bool = False) -> None:
        await self._hear(request.id, self._console.plan(request) if plan else self._console.submit(request))

    async def _hear(self, turn: str, events: AsyncIterator[EngineEvent]) -> None:
        """Streams a request's events. Cancelling this worker closes the stream, which hangs up."""
        stream = cast("AsyncGenerator[EngineEvent, None]", events)
        async with aclosing(stream):
            async for event in stream:
                self._post(Replied(turn, event))
        await self._show_now()

    # --- plans, verdicts, checks ---

    async def approve(self, turn: str, plan: str) -> None:
        await self._hear(turn, self._console.approve(plan))

    async def reject(self, plan: str) -> None:
        await self._said(self._console.reject(plan), "the plan is rejected: nothing of it is done")

    async def verdict(self, answer: str, good: bool) -> None:
        try:
            failed = await self._console.judge_reply(answer, good)
        except ValueError as problem:
            self._post(Told(str(problem), "error"))
            return
        self._post(Found(answer, Verdict(good, failed)))
        await self._show_now()

    async def check(self, answer: str, command: str, directory: str | None) -> None:
        self._post(Told(f"checking: {command}"))
        try:
            self._post(Found(answer, await self._console.check(answer, command, directory)))
        except ValueError as problem:
            self._post(Told(str(problem), "error"))
        await self._show_now()

    async def judge(self, answer: str) -> None:
        self._post(Told("the judge is asked"))
        try:
            stream = cast("AsyncGenerator[EngineEvent, None]", self._console.judge(answer))
            async with aclosing(stream):
                async for event in stream:
                    if isinstance(event, Judged):
                        self._post(Found(answer, event))
        except ValueError as problem:
            self._post(Told(str(problem), "error"))
        await self._show_now()

    async def listen(self) -> None:
        """The critic's notes, whenever they come."""
        async for note in self._console.annotations():
            self._post(Found(note.request, note))

    async def _said(self, doing: Awaitable[None], done: str) -> None:
        try:
            await doing
        except ValueError as problem:
            self._post(Told(str(problem), "error"))
        else:
            self._post(Told(done))
        await self._show_now()

    async def attach(self, prompt: str, paths: tuple[str, ...]) -> None:
        files = self._console.files
        if files is None:
            self._post(Attached(prompt, (), "no file can be read here"))
            return
        try:
            found = tuple([await files.attach(path) for path in paths])
        except ValueError as problem:
            self._post(Attached(prompt, (), str(problem)))
        else:
            self._post(Attached(prompt, found))

    async def edit(self, text: str) -> tuple[str | None, str]:
        """The text as the user's editor leaves it, or why there is none."""
        if self._console.files is None:
            return None, "no editor can be run here"
        try:
            return await self._console.files.edit(text), ""
        except ValueError as problem:
            return None, str(problem)

    async def page(self, query: AuditQuery, older: bool) -> None:
        self._post(AuditPage(query, await self._console.audit(query), older))

    async def set_override(self, override: Override, *, undoable: bool = True) -> None:
        about = f"{caps.what(override)} for {override.scope}"
        replaced = next((entry for entry in self._console.snapshot.overrides if entry.id == override.id), None)
        await self._change(self._console.set_override(override), f"{about} is in force")
        if undoable:
            self._post(Changed(f"{about} set", SetOverride(replaced) if replaced else ClearOverride(override.id)))

    async def clear_override(self, override_id: str, *, undoable: bool = True) -> None:
        known = next((entry for entry in self._console.snapshot.overrides if entry.id == override_id), None)
        await self._change(self._console.clear_override(override_id), "override cleared")
        if undoable and known is not None:
            self._post(Changed(f"{caps.what(known)} cleared", SetOverride(known)))

    async def _change(self, doing: Awaitable[None], done: str) -> None:
        """Raises Refused once the person was told why."""
        try:
            await doing
        except ValueError as problem:
            self._post(Told(str(problem), "error"))
            raise Refused from problem
        self._post(Told(done))
        await self._show_now()

    async def _show_now(self) -> None:
        await self.read_ledger()
        self._post(Pictured(self._console.snapshot, urgent=True))

    async def plan_service(self, name: str, verb: str) -> None:
        """What the action would mean, for the question before it."""
        machines = self._console.machines
        plan = None if machines is None or verb == "stop" else await machines.restart_plan(name, verb)
        self._post(ServicePlanned(name, verb, plan))

    async def act(self, name: str, verb: str, *, when_idle: bool = False) -> None:
        machines = self._console.machines
        if machines is None or verb == "stop":
            self._post(ServiceActed(name, verb, await self._console.service_action(name, verb)))
        else:
            ended = await machines.restart(name, verb, when_idle=when_idle)
            good = ended.stage is RestartStage.HEALTHY
            text = f"{verb} of {label(name)}: {ended.stage}. {one_line(ended.text)}"
            self._post(Told(text, "information" if good else "error", aloud=False))
        await self._show_now()

    async def measurements(self) -> None:
        self._post(Measured(await self._console.measurements()))

    async def hold_model(self, name: str, verb: str, seconds: float | None = None) -> None:
        """Loads it into memory, keeps it there, or takes it out."""
        machines = self._console.machines
        if machines is None:
            return
        self._post(Told(f"{verb} {label(name)}: asked for"))
        if verb == "keep":
            result = await machines.keep_model(name, seconds)
        else:
            result = await (machines.load_model(name) if verb == "load" else machines.unload_model(name))
        self._post(Told(f"{verb} {label(name)}: {one_line(result.text)}", "information" if result.ok else "error"))
        await self._show_now()

    async def follow(self, name: str) -> None:
        """Until it is cancelled. Pieces come no faster than they can be drawn; what is written meanwhile waits."""
        async with aclosing(self._console.follow_logs(name, LOG_LINES)) as pieces:
            async for piece in pieces:
                self._post(LogGrew(name, piece))
                await asyncio.sleep(DRAWN_EVERY)

    async def tail(self, name: str) -> None:
        """The last lines of its log as they are now; nothing is left running for it."""
        try:
            async with aclosing(self._console.follow_logs(name, TAIL_LINES)) as pieces:
                async for piece in pieces:
                    self._post(Tailed(name, piece[-TAIL_LINES:]))
                    return
        except KeyError:
            return  # configured no more: its row goes as well

    async def play(self, fault: Fault) -> None:
        self._post(Told(await self._console.play(fault)))

    # --- files, exports, comparisons ---

    async def keep_picture(self, svg: str) -> None:
        files = self._console.files
        await self._write(None if files is None else files.picture(svg))

    async def export(self, name: str, text: str) -> None:
        files = self._console.files
        await self._write(None if files is None else files.export(name, text))

    async def _write(self, writing: Awaitable[str] | None) -> None:
        if writing is None:
            self._post(Told("nothing can be written here", "error"))
            return
        try:
            path = await writing
        except OSError as problem:
            self._post(Told(f"not written: {problem.strerror or problem}", "error"))
            return
        self._post(Told(f"written, readable by you alone: {path}"))

    async def copy(self, text: str, what: str, *, by_terminal: bool) -> None:
        """`by_terminal`: it was small enough for the terminal's own clipboard, which never says whether it took it."""
        files = self._console.files
        program = await files.copy(text) if files is not None else ""
        if not program and not by_terminal:
            await self.export("copied.txt", text)
            return
        takers = " and ".join([*(["the terminal"] if by_terminal else []), *([program] if program else [])])
        self._post(Told(f"copied {what}, {len(text):,} characters, by {takers}; Y offers more, and a file"))

    async def export_audit(self, query: AuditQuery, ending: str) -> None:
        """Every line that the filter selects, oldest first."""
        found: list[AuditRow] = []
        page = replace(query, before=None, limit=EXPORT_PAGE)
        while len(found) < EXPORT_MOST:
            lines = await self._console.audit(page)
            found += lines
            if len(lines) < EXPORT_PAGE:
                break
            page = replace(page, before=lines[-1].seq)
        found.reverse()
        text = exports.audit_lines(found) if ending == "jsonl" else exports.as_text(exports.audit_table(found), ending)
        await self.export(f"audit.{ending}", text)

    async def keep_arrangement(self, arrangement: Mapping[str, object]) -> None:
        if self._console.files is not None:
            await self._console.files.keep_arrangement(arrangement)

    async def keep_open_talks(self, open_talks: Mapping[str, object]) -> None:
        if self._console.files is not None:
            await self._console.files.keep_open_talks(open_talks)

    async def compare(self, request: Request, what_if: Mapping[str, str], policy: str | None) -> None:
        try:
            if policy is None:
                decision = self._console.explain(request, what_if)
            else:
                decision = await self._console.explain_under(policy, request, what_if)
        except ValueError as problem:
            self._post(Compared(None, str(problem)))
            return
        self._post(Compared(decision))

    async def reload(self) -> None:
        self._post(Told(one_line(await self._console.reload())))
        await self._show_now()

    async def revert_drift(self) -> None:
        result = await self._console.revert_drift()
        self._post(Told(result.text, "information" if result.ok else "error"))
        await self._show_now()
