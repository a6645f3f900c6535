"""One request from prompt to answer: decide, then walk the ladder until a model answers or none may.

The only loop that makes calls. Each call needs a Ticket; each ticket is settled, also on cancel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pointsman.core import narrate
from pointsman.core.after import LONG_WAIT_S, Done, Rules, Step, Stop, Try, after
from pointsman.core.attempts import with_failures
from pointsman.core.audit import AuditEvent
from pointsman.core.decision import Decision, Rung
from pointsman.core.fleet import Fleet, Locality, Model
from pointsman.core.keywords import task_for
from pointsman.core.outcome import Attempt, Cancelled, Completed, Failed, FailureKind, Outcome, TokenUsage
from pointsman.core.prices import cost_of
from pointsman.core.reconfigured import same_place
from pointsman.core.request import Message, Request
from pointsman.core.route import decide
from pointsman.core.rules import Code, Notice
from pointsman.core.similar import SimilarEvidence
from pointsman.core.snapshot import OverrideKind, Snapshot
from pointsman.core.tokens import estimate_tokens
from pointsman.engine import events
from pointsman.engine.board import Board
from pointsman.engine.calls import Running, run_call
from pointsman.engine.groups import Groups
from pointsman.engine.ledger import Ledger, final_usage
from pointsman.engine.recollection import Recollection
from pointsman.ports import (
    Backend,
    BudgetFull,
    Call,
    CallFailed,
    Chunk,
    Clock,
    InvalidOutput,
    Outputs,
    Progress,
    Reasoning,
    Text,
    Ticket,
)

Emit = Callable[[events.EngineEvent], None]


@dataclass(slots=True, kw_only=True)
class Dispatcher:
    """What every request needs. `running` holds the calls under way, so that others can end them.

    Without `outputs` a role's answer is free text, whatever it should emit. A request keeps the board's fleet and the
    backends that were there when it began, whatever is configured meanwhile (scenarios.md N6).
    """

    backends: Mapping[str, Backend]
    board: Board
    ledger: Ledger
    clock: Clock
    outputs: Outputs | None = None
    recollection: Recollection | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    groups: Groups | None = None  # who may use an exclusive group's memory, in turn
    running: dict[str, Running] = field(default_factory=dict)

    async def serve(self, request: Request, emit: Emit) -> None:
        """Serves one request. Every path ends with exactly one Answered, Blocked or Cancelled event."""
        journey = _Journey(self, self.board.fleet, self.backends, request, emit)
        try:
            await journey.run()
        except asyncio.CancelledError:
            last = journey.attempts[-1] if journey.attempts else None
            emit(events.Cancelled(request=request.id, attempt=last))
            raise


@dataclass(slots=True)
class _Journey:
    """The state of one request on its way."""

    home: Dispatcher
    fleet: Fleet
    backends: Mapping[str, Backend]
    request: Request
    emit: Emit
    attempts: list[Attempt] = field(default_factory=list)
    text: str = ""  # of the attempt that answered
    similar: SimilarEvidence | None = None
    started: float = 0.0  # wall clock
    began: float = 0.0  # monotonic
    retrying: bool = False  # this request is the one that tries a rate-limited endpoint again

    async def run(self) -> None:
        self.started, self.began = self.home.clock.now(), self.home.clock.monotonic()
        decision = await self._decide()
        if decision is None:
            return
        while True:
            rules = self._rules(decision)
            step = after(decision, self.attempts, self._now(), self.home.clock.jitter(), rules)
            if not isinstance(step, Try):
                await self._finish(decision, step)
                return
            with self._early_retry(step, rules):
                await self._switch(decision, step)
                await self._wait(decision, step)
                self.attempts.append(await self._attempt(decision, step.rung))
            self.emit(events.AttemptEnded(request=self.request.id, attempt=self.attempts[-1]))

    def _now(self) -> float:
        """Wall time that a clock set meanwhile does not move."""
        return self.started + self.home.clock.monotonic() - self.began

    def _left(self, decision: Decision) -> float | None:
        """Seconds until the whole chain must have ended (scenarios.md G5)."""
        totals = [self.fleet.endpoints[rung.endpoint].deadlines.total for rung in decision.ladder]
        most = self.request.deadline_s if self.request.deadline_s is not None else max(totals, default=None)
        return None if most is None else most - (self.home.clock.monotonic() - self.began)

    @contextmanager
    def _early_retry(self, step: Try, rules: Rules) -> Iterator[None]:
        """Of all requests that met the same rate limit only one tries again before it is over (scenarios.md C7)."""
        self.retrying = self._after_limit(step) and rules.may_retry
        if not self.retrying:
            yield
            return
        self.home.board.take_retry(step.rung.endpoint)
        try:
            yield
        finally:
            self._end_retry(step.rung.endpoint)

    def _end_retry(self, endpoint: str) -> None:
        if self.retrying:
            self.retrying = False
            self.home.board.end_retry(endpoint)

    def _after_limit(self, step: Try) -> bool:
        """The step tries a model again that has just said that it is rate-limited."""
        last = self.attempts[-1] if self.attempts else None
        return last is not None and last.model == step.rung.model and _kind(last.outcome) is FailureKind.RATE_LIMITED

    # --- deciding

    async def _decide(self) -> Decision | None:
        if self.home.recollection is not None:
            self.similar = await self.home.recollection.of(self.request)
        decision = self._look()
        wait = self._short_wait(decision)
        if wait is not None:
            self.emit(events.Waiting(request=self.request.id, why=decision.blocked or "", seconds=wait))
            await self.home.sleep(wait)
            decision = self._look()
        snapshot = self._snapshot()
        lines = (narrate.decided(decision, self.fleet, self.request, snapshot),)
        written = await self.home.ledger.write(*lines, *narrate.rerouted(decision, snapshot.now))
        self.emit(events.Decided(request=self.request.id, decision=decision))
        if decision.ladder and (written or not _degrades(decision)):
            return decision
        code, why = _refusal(decision)
        self.emit(
            events.Blocked(
                request=self.request.id,
                code=code,
                why=why,
                offer=self._offer(decision),
                retry_at=decision.retry_at,
                by_policy=True,
            )
        )
        return None

    def _look(self) -> Decision:
        task = with_failures(task_for(self.fleet, self.request), self.request)
        snapshot = self._snapshot()
        decision = decide(self.fleet, self.request, task, snapshot, self.home.clock.new_id())
        instruction = self._instruction(decision)
        if not instruction:
            return decision
        # What is added to the prompt is part of what must fit window and budget.
        longer = replace(task, tokens=task.tokens + estimate_tokens(instruction))
        return decide(self.fleet, self.request, longer, snapshot, decision.id)

    def _snapshot(self) -> Snapshot:
        return replace(self.home.board.snapshot(), similar=self.similar)

    def _instruction(self, decision: Decision) -> str:
        """What the role's structured output asks of the model; empty for free text."""
        emits = self.fleet.roles[decision.role].emits
        return self.home.outputs.instruction(emits) if self.home.outputs is not None and emits is not None else ""

    def _short_wait(self, decision: Decision) -> float | None:
        """Everybody is rate-limited, the first one only for a moment: wait rather than fail (scenarios.md C1)."""
        if decision.ladder or decision.retry_at is None:
            return None
        if not any(r.code is Code.RATE_LIMITED for r in decision.rejected):
            return None
        wait = decision.retry_at - self.home.clock.now()
        left = self.request.deadline_s
        if wait > LONG_WAIT_S or (left is not None and wait >= left):
            return None
        # Everybody waits for the same moment: whoever comes first then must not be one of a crowd.
        return max(wait, 0.0) + 0.01 + self.home.clock.jitter() * min(max(wait, 0.0) / 4, 2.0)

    def _rules(self, decision: Decision) -> Rules:
        role = self.fleet.roles[decision.role]
        endpoint = self.attempts[-1].endpoint if self.attempts else decision.endpoint
        load = self.fleet.endpoints[endpoint].deadlines.load if endpoint else 0.0
        board = self.home.board
        opens_at = board.opens_at(endpoint) if endpoint else None
        return Rules(
            on_cut=role.on_cut,
            fall_back_on_refusal=role.fall_back_on_refusal,
            load_s=load,
            left_s=self._left(decision),
            closed=board.closed(rung.endpoint for rung in decision.ladder),
            may_retry=endpoint is None or board.retry_free(endpoint),
            limited_s=None if opens_at is None else opens_at - self.home.clock.now(),
        )

    # --- moving along the ladder

    async def _switch(self, decision: Decision, step: Try) -> None:
        """Tells, in the transcript and in the audit, that another model takes over."""
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.model == step.rung.model or not isinstance(last.outcome, Failed):
            return
        now, failed = self.home.clock.now(), last.outcome
        await self.home.ledger.write(narrate.switched(decision, last, step.rung, failed, now))
        self.emit(
            events.Switched(
                request=self.request.id,
                from_model=last.model,
                to_model=step.rung.model,
                kind=failed.kind,
                why=failed.detail or str(failed.kind),
                seconds=last.seconds,
                fragment=failed.shown,
            )
        )

    async def _wait(self, decision: Decision, step: Try) -> None:
        if step.delay > 0:
            self.emit(events.Waiting(request=self.request.id, why=step.why, seconds=step.delay))
            await self.home.sleep(step.delay)
        if not self.retrying and self._after_limit(step):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._left(decision)):
                    await self.home.board.retry_over(step.rung.endpoint)

    async def _attempt(self, decision: Decision, rung: Rung) -> Attempt:
        """In its turn, where the model's endpoint shares its memory with others."""
        if self.home.groups is None:
            return await self._seated(decision, rung)
        started, began = self._now(), self.home.clock.monotonic()
        try:
            async with self.home.groups.seat(self.request.id, self.fleet, rung.model, self.emit):
                return await self._seated(decision, rung)
        except CallFailed as refused:
            return self._record(rung, refused.failed, started, began, len(self.attempts) + 1)

    async def _seated(self, decision: Decision, rung: Rung) -> Attempt:
        started, began = self._now(), self.home.clock.monotonic()
        number = len(self.attempts) + 1
        by = f"{self.request.id}/{number}"
        if rung.locality is Locality.CLOUD and self.home.board.snapshot().cloud_forbidden:
            failed = Failed(kind=FailureKind.LOCAL_GUARD, detail="local_only was switched on since this was decided")
            return self._record(rung, failed, started, began, number)
        if not self._claim(decision, rung, by):
            return self._record(rung, self._not_now(rung), started, began, number)
        try:
            ticket = await self.home.ledger.mint(self.fleet, decision, rung, number)
            if not isinstance(ticket, Ticket):
                return self._record(rung, _no_ticket(ticket), started, began, number)
            self.emit(events.Attempting(request=self.request.id, rung=rung, number=number))
            return await self._call(decision, rung, ticket, started, began, number)
        finally:
            self.home.board.give_back(rung.endpoint, by)

    def _claim(self, decision: Decision, rung: Rung, by: str) -> bool:
        if self.home.board.claim(rung.endpoint, by):
            return True
        if any(t.notice is Notice.TRIAL for t in decision.notices):
            self.home.board.force(rung.endpoint, by)
            return True
        return self.retrying

    def _not_now(self, rung: Rung) -> Failed:
        """Closed between the decision and the call; others of our requests may have found out."""
        health, opens_at = self.home.board.health(rung.endpoint), self.home.board.opens_at(rung.endpoint)
        left = None if opens_at is None else opens_at - self.home.clock.now()
        why = f"{rung.endpoint} is {health.state}: {health.reason}"
        return Failed(kind=FailureKind.COOLING, detail=why, retry_after=left)

    async def _call(
        self, decision: Decision, rung: Rung, ticket: Ticket, started: float, began: float, number: int
    ) -> Attempt:
        """Makes the call; whatever happens, the ticket is settled and the board told before this returns or raises."""
        model = self.fleet.models[rung.model]
        endpoint = self.fleet.endpoints[rung.endpoint]
        call = Call(
            endpoint=endpoint,
            model=model,
            messages=_instructed(self.request.messages, self._instruction(decision)),
            max_output=rung.max_output,
            params=model.params,
            **self._confined(decision, rung, model),
        )
        running = Running(ticket=ticket, locality=rung.locality, began=self.home.clock.monotonic())
        self.home.running[ticket.id] = running
        outcome: Outcome = Cancelled()
        try:
            backend, left = self.backends[rung.endpoint], self._left(decision)
            if self.request.deadline_s is None and not self.attempts:
                left = None  # the first call of a chain has its endpoint's whole time
            outcome = await run_call(backend, call, running, self.home.clock, partial(self._hear, rung.endpoint), left)
        finally:
            del self.home.running[ticket.id]
            usage = final_usage(outcome, running.seen, running.everything, decision.task.tokens)
            outcome = self._checked(decision, _with_usage(outcome, usage), running.answer)
            attempt = self._record(rung, outcome, started, began, number)
            if isinstance(outcome, Cancelled):
                self.attempts.append(attempt)
            # A cancelled request must still be settled, or its reserve would stay open.
            await _to_its_end(self._settle(ticket, attempt))
        self.text = running.answer
        return attempt

    def _checked(self, decision: Decision, outcome: Outcome, answer: str) -> Outcome:
        """A whole answer that is not what its role must emit is a failed attempt (GR-012)."""
        emits, outputs = self.fleet.roles[decision.role].emits, self.home.outputs
        if not isinstance(outcome, Completed) or emits is None or outputs is None:
            return outcome
        material = "\n".join(message.text for message in self.request.messages)
        try:
            outputs.read(emits, answer, material)
        except InvalidOutput as invalid:
            detail = f"no valid {emits}: {invalid}"
            return Failed(kind=FailureKind.INVALID_OUTPUT, detail=detail, usage=outcome.usage, shown=bool(answer))
        return outcome

    def _confined(self, decision: Decision, rung: Rung, model: Model) -> dict[str, Any]:
        """What the backend needs to know to keep the prompt here, if it must stay here."""
        snapshot = self.home.board.snapshot()
        status = snapshot.status.get(rung.endpoint)
        listed = status is not None and status.available is not None and model.id in status.available - status.relays
        return {
            "local_only": snapshot.cloud_forbidden or self.fleet.roles[decision.role].local_only,
            "server_version": None if status is None else status.version,
            "attested": listed,
        }

    async def _settle(self, ticket: Ticket, attempt: Attempt) -> None:
        await self.home.ledger.settle(ticket, attempt, self._seen(attempt))

    def _seen(self, attempt: Attempt) -> tuple[AuditEvent, ...]:
        """The endpoint's health hears of it, unless its name means another place by now."""
        board, name = self.home.board, attempt.endpoint
        if not same_place(board.endpoint(name), self.fleet.endpoints[name]):
            return ()
        old, new = board.saw(name, attempt.outcome, f"{self.request.id}/{attempt.number}")
        return board.worth_telling(name, narrate.health_changed(name, old, new, self.home.clock.now()))

    def _record(self, rung: Rung, outcome: Outcome, started: float, began: float, number: int) -> Attempt:
        model, usage = self.fleet.models[rung.model], outcome.usage
        return Attempt(
            model=rung.model,
            endpoint=rung.endpoint,
            outcome=outcome,
            number=number,
            started=started,
            seconds=self.home.clock.monotonic() - began,
            cost=None if usage is None else cost_of(model, usage),
        )

    def _hear(self, endpoint: str, chunk: Chunk) -> None:
        if isinstance(chunk, Text | Reasoning):
            self._end_retry(endpoint)  # the limit is over: nobody needs to wait for the whole answer
        if isinstance(chunk, Text):
            self.emit(events.TextDelta(request=self.request.id, text=chunk.text))
        elif isinstance(chunk, Reasoning):
            self.emit(events.ReasoningDelta(request=self.request.id, text=chunk.text))
        elif isinstance(chunk, Progress):
            self.emit(events.Waiting(request=self.request.id, why=chunk.stage, seconds=0.0, done=chunk.done))

    # --- the end

    async def _finish(self, decision: Decision, step: Step) -> None:
        if isinstance(step, Done):
            last = self.attempts[-1]
            self.emit(events.Answered(request=self.request.id, attempt=last, decision=decision, text=self.text))
        elif isinstance(step, Stop):
            now = self.home.clock.now()
            retry_at = self._retry_at(decision, step, now)
            await self.home.ledger.write(narrate.stopped(self.request.id, step.code, step.why, now))
            self.emit(
                events.Blocked(
                    request=self.request.id,
                    code=step.code,
                    why=step.why,
                    attempts=tuple(self.attempts),
                    offer=step.offer or self._offer(decision),
                    retry_at=retry_at,
                )
            )

    def _retry_at(self, decision: Decision, step: Stop, now: float) -> float | None:
        """The earliest moment at which any of the candidates may be asked again (scenarios.md C8)."""
        board = self.home.board
        times = [rejection.retry_at for rejection in decision.rejected]
        times += [board.opens_at(rung.endpoint) for rung in decision.ladder]
        times += [None if step.retry_after is None else now + step.retry_after]
        return min((at for at in times if at is not None and at > now), default=None)

    def _offer(self, decision: Decision) -> str | None:
        """The model that would answer had nobody insisted on another: offered for one key, never taken (A11)."""
        if not any(rejection.code in (Code.PIN, Code.NO_FALLBACK) for rejection in decision.rejected):
            return None
        snapshot = self.home.board.snapshot()
        free = replace(snapshot, overrides=tuple(o for o in snapshot.overrides if o.kind is not OverrideKind.PIN))
        request = replace(self.request, pin=None, allow_fallback=True)
        ladder = decide(self.fleet, request, decision.task, free).ladder
        insisted = {attempt.model for attempt in self.attempts} | {decision.model}
        return next((rung.model for rung in ladder if rung.model not in insisted), None)


def _instructed(messages: tuple[Message, ...], instruction: str) -> tuple[Message, ...]:
    """The conversation with the instruction in its system message, which stands first and once."""
    if not instruction:
        return messages
    if messages and messages[0].role == "system":
        return (replace(messages[0], text=f"{messages[0].text}\n\n{instruction}"), *messages[1:])
    return (Message(role="system", text=instruction), *messages)


async def _to_its_end(work: Coroutine[object, object, None]) -> None:
    """Awaits the work although the caller is cancelled meanwhile; only then the cancel goes on."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _kind(outcome: Outcome) -> FailureKind | None:
    return outcome.kind if isinstance(outcome, Failed) else None


def _no_ticket(refused: BudgetFull | None) -> Failed:
    if refused is None:
        return Failed(kind=FailureKind.BUDGET, detail="the audit cannot be written, so nothing leaves this machine")
    figures = f"{refused.used:,} used + {refused.wanted:,} at worst > {refused.limit:,}"
    return Failed(kind=FailureKind.BUDGET, detail=f"budget {refused.budget}: {figures}")


def _with_usage(outcome: Outcome, usage: TokenUsage | None) -> Outcome:
    if isinstance(outcome, Completed):
        return outcome if usage is None else replace(outcome, usage=usage)
    return replace(outcome, usage=usage)


def _degrades(decision: Decision) -> bool:
    return any(t.notice is Notice.STEP_DOWN for t in decision.notices)


def _refusal(decision: Decision) -> tuple[str, str]:
    if decision.ladder:
        return str(Code.AUDIT), "the audit cannot be written, so no other model may take over (GR-005)"
    codes = sorted({str(r.code) for r in decision.rejected if r.code is not Code.ROLE})
    return ", ".join(codes) or "blocked", decision.blocked or "no model may do this"
