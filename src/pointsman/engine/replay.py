"""A console that plays a tape: no engine, no endpoint, no ledger. What is asked of it that would change something is
refused with the word "replaying"; what can be told from the picture alone (a decision's why) is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, get_args

from pointsman.core.audit import AuditRow, AuditState
from pointsman.core.codec import decode
from pointsman.core.decision import Decision
from pointsman.core.drift import Drift
from pointsman.core.fleet import Fleet
from pointsman.core.health import Health, Probe
from pointsman.core.history import Point
from pointsman.core.keywords import task_for
from pointsman.core.measured import Measurement
from pointsman.core.request import Request
from pointsman.core.route import decide
from pointsman.core.snapshot import Override, Snapshot
from pointsman.core.tape import Line, Tape, changed, picture
from pointsman.core.whatif import suppose
from pointsman.engine import events
from pointsman.engine.console import EndpointDetail, Fault
from pointsman.engine.events import EngineEvent
from pointsman.engine.gauges import Gauges
from pointsman.engine.plans import MachineDesk
from pointsman.ports import AuditQuery, Chats, LogLine, LogPieces, ModelTotal, Probed, ScreenFiles, ServiceResult

REPLAYING = "replaying a recording: nothing is changed and no model is asked"
_KINDS: Mapping[str, type[EngineEvent]] = {kind.__name__: kind for kind in get_args(EngineEvent)}
_Reply = asyncio.Queue[EngineEvent | None]


class Replay:
    """`async with Replay(tape) as console:` plays it. `speed` 2 is twice as fast; None: all of it at once, then it
    stands still at its end."""

    policies: tuple[str, ...] = ()
    files: ScreenFiles | None = None
    chats: Chats | None = None
    drift: Drift | None = None
    faults: tuple[Fault, ...] = ()

    def __init__(
        self,
        tape: Tape,
        *,
        speed: float | None = 1.0,
        banners: tuple[str, ...] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._tape, self._speed, self._sleep = tape, speed, sleep
        self._own_banners = banners if tape.problem is None else (*banners, tape.problem)
        self._told: dict[str, Any] = {}
        self._snapshot = Snapshot(now=tape.head.began)
        self._banners: tuple[str, ...] = ()
        self._fleet = tape.head.fleet
        self._rows: dict[int, AuditRow] = {}
        self._size, self._audit_state = 0, AuditState()
        self._totals: tuple[ModelTotal, ...] = ()
        self._logs: dict[str, tuple[str, ...]] = {}
        self._replies: dict[str, _Reply] = {}  # of asks that are on the tape so far
        self._waiting: deque[tuple[str, str]] = deque()  # asks that no door has taken yet
        self._asks: asyncio.Queue[str | None] = asyncio.Queue()
        self._notes: asyncio.Queue[events.Annotated] = asyncio.Queue()
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._ids = 0
        self._gauges = Gauges()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._speed is None:
            await self._play()
        else:
            self._task = asyncio.create_task(self._play(), name="replay")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    # --- the tape

    async def _play(self) -> None:
        at = 0.0
        try:
            for line in self._tape.lines:
                if self._speed is not None and line["t"] > at:
                    await self._sleep((line["t"] - at) / self._speed)
                at = line["t"]
                self._see(line)
        except (ValueError, KeyError, TypeError) as wrong:
            self._own_banners = (*self._own_banners, f"the recording cannot be read on from {at:.1f} s: {wrong}")
        finally:
            self._end()

    def _end(self) -> None:
        for reply in self._replies.values():
            reply.put_nowait(None)
        self._asks.put_nowait(None)
        self._over.set()
        self._news.set()

    def _see(self, line: Line) -> None:
        see = _SEEN.get(line["what"])
        if see is not None:
            see(self, line)

    def _see_picture(self, line: Line) -> None:
        self._told = changed(self._told, line)
        before, self._snapshot = self._snapshot, picture(self._told)
        self._measure(before, self._snapshot)
        self._news.set()

    def _measure(self, before: Snapshot, seen: Snapshot) -> None:
        """What a monitor would have kept of these looks."""
        if seen.host is not None and (before.host is None or seen.host.taken_at != before.host.taken_at):
            self._gauges.host(seen.host, seen.now)
        for name, sample in seen.hosts.items():
            if name not in before.hosts or before.hosts[name].taken_at != sample.taken_at:
                self._gauges.host(sample, seen.now, name)
        for name, status in seen.status.items():
            old = before.status.get(name)
            if old is None or old.checked_at != status.checked_at:
                health = seen.health.get(name, Health())
                probe = Probe(state=health.state, reason=health.reason)
                self._gauges.probed(name, Probed(health=probe, status=status), seen.now)

    def _see_fleet(self, line: Line) -> None:
        self._fleet = decode(Fleet, line["fleet"])

    def _see_banners(self, line: Line) -> None:
        self._banners = tuple(str(text) for text in line["banners"])

    def _see_ask(self, line: Line) -> None:
        self._replies[line["id"]] = asyncio.Queue()
        self._waiting.append((line["id"], line["text"]))
        self._asks.put_nowait(line["text"])

    def _see_event(self, line: Line) -> None:
        told = {name: seen for name, seen in line.items() if name not in ("t", "what", "event")}
        event = decode(_KINDS[line["event"]], told)
        if isinstance(event, events.Annotated):
            self._notes.put_nowait(event)
        elif event.request in self._replies:
            self._replies[event.request].put_nowait(event)

    def _see_end(self, line: Line) -> None:
        if line["id"] in self._replies:
            self._replies[line["id"]].put_nowait(None)

    def _see_audit(self, line: Line) -> None:
        self._rows |= {row.seq: row for row in (decode(AuditRow, seen) for seen in line["rows"])}

    def _see_audit_size(self, line: Line) -> None:
        self._size, self._audit_state = line["size"], decode(AuditState, line["state"])

    def _see_totals(self, line: Line) -> None:
        self._totals = tuple(decode(ModelTotal, seen) for seen in line["totals"])

    def _see_logs(self, line: Line) -> None:
        self._logs[line["service"]] = tuple(line["lines"])

    # --- what a door looks at

    @property
    def fleet(self) -> Fleet:
        return self._fleet

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    @property
    def banners(self) -> tuple[str, ...]:
        ended = (f"the recording ended after {self._tape.seconds:.0f} s",) if self._over.is_set() else ()
        return (*ended, *self._own_banners, *self._banners)

    async def watch(self) -> AsyncIterator[Snapshot]:
        """Ends with the tape."""
        while True:
            yield self._snapshot
            if self._over.is_set():
                return
            await self._news.wait()
            self._news.clear()

    async def asks(self) -> AsyncIterator[str]:
        """The prompts of the recorded run, each when it was asked: for a door that submits them again. Ends with it."""
        while (text := await self._asks.get()) is not None:
            yield text

    @property
    def metrics(self) -> tuple[str, ...]:
        return self._gauges.metrics

    def history(self, metric: str, seconds: float = 900.0) -> tuple[Point, ...]:
        return self._gauges.history(metric, seconds, self._snapshot.now)

    async def measurements(self) -> tuple[Measurement, ...]:
        """Not on the tape."""
        return ()

    def endpoint_detail(self, name: str) -> EndpointDetail:
        seen = self._snapshot
        return EndpointDetail(
            endpoint=self.fleet.endpoints[name],
            health=seen.health.get(name, Health()),
            status=seen.status.get(name),
            traffic=seen.traffic.get(name),
            probes=self._gauges.probes(name),
        )

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        rows = (self._rows[seq] for seq in sorted(self._rows, reverse=True))
        return tuple(row for row in rows if _matches(row, query))[: query.limit]

    async def audit_size(self) -> int:
        return max(self._size, len(self._rows))  # the plain door asks for no size, so its recordings tell none

    @property
    def audit_state(self) -> AuditState:
        return self._audit_state

    async def totals(self, since: float) -> tuple[ModelTotal, ...]:
        return self._totals

    async def hourly(self, since: float) -> Mapping[str, tuple[int, ...]]:
        """Not on the tape."""
        return {}

    def explain(self, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        supposed = suppose(self._snapshot, self.fleet, what_if or {})
        return decide(self.fleet, request, task_for(self.fleet, request), supposed)

    async def explain_under(self, policy: str, request: Request, what_if: Mapping[str, str] | None = None) -> Decision:
        raise ValueError(REPLAYING)

    # --- what it says again

    def new_request_id(self) -> str:
        self._ids += 1
        return f"replay-{self._ids}"

    async def submit(self, request: Request) -> AsyncIterator[EngineEvent]:
        """The recorded reply to the oldest ask that nobody has taken yet; without one, a refusal."""
        if not self._waiting:
            yield events.Blocked(request=request.id, code="replay", why=REPLAYING, by_policy=True)
            return
        asked, _ = self._waiting.popleft()
        while (event := await self._replies[asked].get()) is not None:
            yield replace(event, request=request.id)

    def submit_checked(
        self, request: Request, command: str, directory: str | None = None
    ) -> AsyncIterator[EngineEvent]:
        return self.submit(request)

    def plan(
        self, request: Request, command: str | None = None, directory: str | None = None
    ) -> AsyncIterator[EngineEvent]:
        return self.submit(request)

    async def annotations(self) -> AsyncIterator[events.Annotated]:
        while True:
            yield await self._notes.get()

    # --- what would change something

    def approve(self, plan_id: str) -> AsyncIterator[EngineEvent]:
        raise ValueError(REPLAYING)

    def judge(self, request_id: str) -> AsyncIterator[EngineEvent]:
        raise ValueError(REPLAYING)

    async def reject(self, plan_id: str) -> None:
        raise ValueError(REPLAYING)

    async def judge_reply(self, request_id: str, good: bool) -> int:
        raise ValueError(REPLAYING)

    async def check(self, request_id: str, command: str, directory: str | None = None) -> events.CheckEnded:
        raise ValueError(REPLAYING)

    def adopt(self, request: Request, model: str, text: str) -> None:
        """Nothing can be said about it here."""

    async def set_override(self, override: Override) -> None:
        raise ValueError(REPLAYING)

    async def clear_override(self, override_id: str) -> None:
        raise ValueError(REPLAYING)

    async def reload(self) -> str:
        return REPLAYING

    async def revert_drift(self) -> ServiceResult:
        return ServiceResult(ok=False, text=REPLAYING)

    @property
    def machines(self) -> MachineDesk | None:
        """Nothing can be done to what is not live."""
        return None

    def service_command(self, name: str, verb: str) -> tuple[str, ...]:
        return ("replaying", verb, self.fleet.services[name].unit)

    def streams_on(self, service: str) -> int:
        return 0

    async def service_action(self, name: str, verb: str) -> ServiceResult:
        return ServiceResult(ok=False, text=REPLAYING)

    async def service_logs(self, name: str, lines: int = 200) -> tuple[str, ...]:
        return self._logs.get(name, (REPLAYING,))[-lines:]

    async def follow_logs(self, name: str, lines: int = 1_000) -> LogPieces:
        """What was read of it in the recorded run; nothing is added any more."""
        yield tuple(LogLine(text=text) for text in await self.service_logs(name, lines))

    async def play(self, fault: Fault) -> str:
        raise ValueError(REPLAYING)


_SEEN: Mapping[str, Callable[[Replay, Line], None]] = {
    "picture": Replay._see_picture,
    "fleet": Replay._see_fleet,
    "banners": Replay._see_banners,
    "ask": Replay._see_ask,
    "event": Replay._see_event,
    "end": Replay._see_end,
    "audit": Replay._see_audit,
    "audit-size": Replay._see_audit_size,
    "totals": Replay._see_totals,
    "logs": Replay._see_logs,
}


def _matches(row: AuditRow, query: AuditQuery) -> bool:
    within = (query.before is None or row.seq < query.before) and (query.after is None or row.seq > query.after)
    within = (
        within and (query.since is None or row.at >= query.since) and (query.until is None or row.at <= query.until)
    )
    named = (
        (query.type, row.type),
        (query.request, row.request),
        (query.model, row.model),
        (query.rule, row.rule),
        (query.actor, row.actor),
    )
    same = all(wanted is None or wanted == seen for wanted, seen in named)
    return within and same and (query.text is None or query.text.lower() in row.text.lower())
