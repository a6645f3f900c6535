"""The only maker of Tickets: a call may be made only after its reservation and intent line are durable together."""

from __future__ import annotations

from pointsman.core import narrate
from pointsman.core.audit import AuditEvent
from pointsman.core.decision import Decision, Rung
from pointsman.core.fleet import Fleet, Locality, Model
from pointsman.core.outcome import Attempt, Cancelled, Completed, Failed, TokenUsage, never_sent
from pointsman.core.prices import worst_of
from pointsman.core.route import applicable_budgets
from pointsman.core.tokens import estimate_tokens
from pointsman.engine.board import Board
from pointsman.ports import BudgetFull, Charge, Clock, Reservation, Settlement, Store, StoreUnavailable, Ticket


class Ledger:
    """Reserve, then settle. A store that cannot be written is told to the board, and policy decides."""

    def __init__(self, store: Store, board: Board, clock: Clock) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self._owed: list[tuple[Settlement, tuple[AuditEvent, ...]]] = []

    async def mint(self, fleet: Fleet, decision: Decision, rung: Rung, number: int) -> Ticket | BudgetFull | None:
        """A ticket under that fleet's prices and budgets; or the budget that is too full; or None if the audit is
        unwritable and the call would leave."""
        now, ticket_id = self._clock.now(), self._clock.new_id()
        worst = _worst(fleet.models[rung.model], decision, rung)
        budgets = applicable_budgets(fleet, fleet.models[rung.model], rung.locality)
        reservation = Reservation(
            id=ticket_id,
            request=decision.request,
            model=rung.model,
            endpoint=rung.endpoint,
            at=now,
            worst=worst,
            budgets=tuple(budget.name for budget in budgets),
        )
        line = narrate.intent(decision, rung, ticket_id, number, now, worst.nano_usd)
        recorded = True
        try:
            full = await self._store.reserve(reservation, budgets, (line,))
        except StoreUnavailable as problem:
            self._board.put_audit_problem(str(problem))
            if rung.locality is not Locality.LOCAL:
                return None
            full, recorded = None, False
        if full is not None:
            return full
        return Ticket(
            id=ticket_id, request=decision.request, model=rung.model, endpoint=rung.endpoint, recorded=recorded
        )

    async def settle(self, ticket: Ticket, attempt: Attempt, lines: tuple[AuditEvent, ...] = ()) -> None:
        """Replaces the reserve by what the call did cost, with its outcome line; an unrecorded ticket has neither."""
        if not ticket.recorded:
            return
        now, usage = self._clock.now(), attempt.outcome.usage
        settlement = Settlement(
            reservation=ticket.id,
            at=now,
            charge=self._charge(attempt, usage),
            usage=usage,
            estimated=usage is not None and usage.estimated,
        )
        await self._write_settlement(settlement, (narrate.ended(attempt, ticket.request, ticket.id, now), *lines))

    async def settle_owed(self) -> None:
        """Writes the settlements that could not be written when they were due; safe to repeat."""
        owed, self._owed = self._owed, []
        for settlement, lines in owed:
            await self._write_settlement(settlement, lines)

    async def _write_settlement(self, settlement: Settlement, lines: tuple[AuditEvent, ...]) -> None:
        try:
            await self._store.settle(settlement, lines)
            self._board.put_usage(await self._store.usage(self._board.fleet.budgets, self._clock.now()))
        except StoreUnavailable as problem:
            self._owed.append((settlement, lines))
            self._board.put_audit_problem(str(problem))

    def _charge(self, attempt: Attempt, usage: TokenUsage | None) -> Charge:
        if never_sent(attempt.outcome):
            return Charge(tokens=0, nano_usd=0, requests=0)
        if usage is None:
            return Charge(tokens=0, nano_usd=0)
        return Charge(tokens=usage.total, nano_usd=attempt.cost)

    async def write(self, *lines: AuditEvent) -> bool:
        """Appends lines; False (and the board told) if that is not possible now."""
        if not lines:
            return True
        try:
            await self._store.append(lines)
        except StoreUnavailable as problem:
            self._board.put_audit_problem(str(problem))
            return False
        return True


def _worst(model: Model, decision: Decision, rung: Rung) -> Charge:
    tokens = decision.task.tokens
    price = worst_of(model, input_tokens=tokens, max_output=rung.max_output)
    if rung.locality is Locality.LOCAL:
        price = price or 0
    return Charge(tokens=tokens + rung.max_output, nano_usd=price)


def final_usage(
    outcome: Completed | Failed | Cancelled, seen: TokenUsage | None, text: str, input_tokens: int
) -> TokenUsage | None:
    """What a call used: the provider's figure when a terminal one came, else the larger of what was seen and a
    careful estimate, marked. None when the endpoint refused the call outright: nothing was computed."""
    if isinstance(outcome, Completed) and not outcome.usage.estimated:
        return outcome.usage
    if isinstance(outcome, Failed) and not text and seen is None and (never_sent(outcome) or outcome.status):
        return None
    output = estimate_tokens(text)
    if seen is None:
        return TokenUsage(input=input_tokens, output=output, estimated=True)
    return TokenUsage(
        input=max(seen.input, input_tokens if seen.input == 0 else 0),
        output=max(seen.output, output),
        cached=seen.cached,
        cache_write=seen.cache_write,
        reasoning=seen.reasoning,
        estimated=True,
    )
