"""Records what a door sees of a console: pictures as what changed, banners, asks, events, audit lines, totals.

Stands between a door and its console and changes nothing of what either says. Writes nothing itself: it is given
where lines go. Keys never come here; words of prompts, replies and logs are masked unless they are asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

from pointsman.core.audit import AuditRow
from pointsman.core.codec import encode
from pointsman.core.request import Request
from pointsman.core.snapshot import Snapshot
from pointsman.core.tape import changes, without_words
from pointsman.engine.console import Console
from pointsman.engine.events import EngineEvent
from pointsman.ports import AuditQuery, LogPieces, ModelTotal

Write = Callable[[Mapping[str, Any]], None]
_PAGE = 1_000  # audit lines asked for at once


def recorded(
    console: Console,
    write: Write,
    monotonic: Callable[[], float],
    *,
    words: bool,
    problem: Callable[[], str | None] = lambda: None,
) -> Console:
    """The same console, recorded; the tape's head is not written here. `problem`: why the tape ended early."""
    return cast("Console", Recorder(console, write, monotonic, words, problem))


class Recorder:
    """Whatever it does not name itself is the console's own."""

    def __init__(
        self,
        console: Console,
        write: Write,
        monotonic: Callable[[], float],
        words: bool,
        problem: Callable[[], str | None],
    ) -> None:
        self._console, self._write, self._monotonic = console, write, monotonic
        self._words, self._problem = words, problem
        self._began = monotonic()
        self._picture: dict[str, Any] = {}
        self._banners: tuple[str, ...] | None = None
        self._fleet = console.fleet
        self._audit_seen = 0  # the newest line on the tape
        self._audit_size = -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._console, name)

    def _put(self, what: str, line: Mapping[str, Any], *, words: bool = False) -> None:
        """`words`: the line may hold some."""
        shown = without_words(line) if words and not self._words else line
        self._write({"t": round(self._monotonic() - self._began, 3), "what": what, **shown})

    # --- pictures

    async def watch(self) -> AsyncIterator[Snapshot]:
        async for snapshot in self._console.watch():
            self._saw(snapshot)
            yield snapshot

    def _saw(self, snapshot: Snapshot) -> None:
        if self._console.fleet is not self._fleet:
            self._fleet = self._console.fleet
            self._put("fleet", {"fleet": encode(self._fleet)})
        new = encode(snapshot)
        self._put("picture", changes(self._picture, new))
        self._picture = new
        if self._console.banners != self._banners:
            self._banners = self._console.banners
            self._put("banners", {"banners": list(self._banners)})

    @property
    def banners(self) -> tuple[str, ...]:
        problem = self._problem()
        return self._console.banners if problem is None else (problem, *self._console.banners)

    # --- requests

    def submit(self, request: Request) -> AsyncIterator[EngineEvent]:
        return self._heard(request, self._console.submit(request))

    def submit_checked(
        self, request: Request, command: str, directory: str | None = None
    ) -> AsyncIterator[EngineEvent]:
        return self._heard(request, self._console.submit_checked(request, command, directory))

    def plan(
        self, request: Request, command: str | None = None, directory: str | None = None
    ) -> AsyncIterator[EngineEvent]:
        return self._heard(request, self._console.plan(request, command, directory))

    def approve(self, plan_id: str) -> AsyncIterator[EngineEvent]:
        return self._events(self._console.approve(plan_id))

    def judge(self, request_id: str) -> AsyncIterator[EngineEvent]:
        return self._events(self._console.judge(request_id))

    async def _heard(self, request: Request, events: AsyncIterator[EngineEvent]) -> AsyncIterator[EngineEvent]:
        self._put("ask", {"id": request.id, "text": request.text, "pin": request.pin}, words=True)
        try:
            async with aclosing(self._events(events)) as told:  # type: ignore[type-var]
                async for event in told:
                    yield event
        finally:
            self._put("end", {"id": request.id})

    async def _events(self, events: AsyncIterator[EngineEvent]) -> AsyncIterator[EngineEvent]:
        async with aclosing(events) as told:  # type: ignore[type-var]
            async for event in told:
                self._put("event", {"event": type(event).__name__, **encode(event)}, words=True)
                yield event

    # --- audit and ledger

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        rows = await self._console.audit(query)
        self._put_rows(rows)
        return rows

    async def audit_size(self) -> int:
        """Lines that came since are put on the tape, whichever of them the door will ask for."""
        size = await self._console.audit_size()
        if size != self._audit_size:
            first = self._audit_size < 0
            self._audit_size = size
            newest = AuditQuery(limit=_PAGE, after=None if first else self._audit_seen)
            self._put_rows(await self._console.audit(newest))
            self._put("audit-size", {"size": size, "state": encode(self._console.audit_state)})
        return size

    def _put_rows(self, rows: tuple[AuditRow, ...]) -> None:
        fresh = [row for row in rows if row.seq > self._audit_seen]
        if fresh:
            self._audit_seen = max(row.seq for row in fresh)
            self._put("audit", {"rows": [encode(row) for row in fresh]})

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        totals = await self._console.totals(since)
        self._put("totals", {"totals": [encode(total) for total in totals]})
        return totals

    # --- services

    async def service_logs(self, name: str, lines: int = 200) -> tuple[str, ...]:
        found = await self._console.service_logs(name, lines)
        self._put("logs", {"service": name, "lines": list(found)}, words=True)
        return found

    async def follow_logs(self, name: str, lines: int = 1_000) -> LogPieces:
        """Only what there was at first goes on the tape: a log that is watched could fill it."""
        first = True
        async with aclosing(self._console.follow_logs(name, lines)) as pieces:
            async for piece in pieces:
                if first:
                    self._put("logs", {"service": name, "lines": [line.text for line in piece]}, words=True)
                    first = False
                yield piece
